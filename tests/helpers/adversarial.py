"""Texts of shapes that make a careless parser take quadratic time or worse."""

MARKS = "x \n\r\t\0*_[({<`#-+=~\"'>.,|:;&\\$%@!?1世"  # one of them a million times
REPEATED = [
    "word ", "One. ", "Read all of it. ", "a\u0301", "# a\n", "a\n=\n", "a\n-\n", "- ", "> ", "1. ", "? ", "> x\n",
    "- x\n", "```\n", "```a\n", "~~~\n```\n", "---\n", "+++\n", "***\n", "<!--\n", "[a](http://", "![", "](", "|-|\n",
    "a|b\n-|-\n", "&#", "&amp", "<div>", "<p>", "<b><i>", "<ul><li>", "<ol><li value=2>", "<table>", "<tr><td>",
    "<a ", "<a x='", "<!-- a --", "<![CDATA[", "<script>", "<math alttext='", "<math><annotation encoding='tex'>",
    "<ruby><rt>", "<rp>", "<p>```", "<form>", "<header>", "<pre>", "<title>", "<span style=", "<meta charset=",
    "<?xml encoding=", "<think>", "</think>", "<reasoning>", "Score: 5\n", "**Score: ", "Score: 1 2 ", "<response>",
    "</response>", "#response#:", "#instruction#: a\n#response#: ", "Instruction: a\n", "- a\n- ", "[a : b ", "[x ",
    "]", "{a} ", '{"a":', '[{"a":1},', '"a,', '"a""', 'a,"b\n', "a\tb\n", "a: b\n", "a.b: c\n", "a = 1\n", "a.a.",
    "- - ", "--all: what\n", "\\begin{x}", "\\section{", "\\a", "{\\rtf", "From a\n", "Subject: =?utf-8?q?",
    "Content-Type: multipart/mixed; boundary=x\n\n--x\n", "a_ ", "``a", ".. x::\n", "WARC/1.0\r\n",
]  # fmt: skip


def shapes(size: int) -> dict[str, str]:
    """Texts of about `size` bytes by what they repeat or nest."""
    whole = {repr(part): part * (size // len(part.encode())) for part in [*MARKS, *REPEATED]}
    headed = {
        f"{part!r} in a head": f"---\n{part * (size // len(part))}" for part in ("a: b\n", "a: [", "--a: b\n", "\n")
    }
    wide = 2 * size // 1000
    return whole | headed | {
        "": "",
        "a closed head": "---\n" + "a: b\n" * (size // 5) + "---\n",
        "a head of lists": "---\na: " + "[" * size + "\n---\n",
        "levels": "".join("#" * (at % 6 + 1) + " a\n" for at in range(size // 6)),
        "indents": "".join(" " * at + "- x\n" for at in range(int((2 * size) ** 0.5))),
        "a deep quote": "> " * 500 + "\n> x" * (size // 100),
        "deep lists": "<ul><li>" * 500 + "<p>x" * (size // 100),
        "deep blocks": "<blockquote>" * 500 + "<p>x" * (size // 100),
        "a wide row": f"<table><tr>{'<td>x' * wide}{'<tr><td>y' * wide}",
        "words that differ": " ".join(map(str, range(size // 6))),
    }  # fmt: skip
