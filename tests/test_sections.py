"""Documents fall into self-contained sections; every refusal has its reason."""

import pytest

from baleen.tables.sections import Piece, Rules, outline, plain, poor_header, refusal, segments

PAGE = "# Title\n\nIntro text.\n\n## Usage\n\n- one\n- two\n\n### Details\n\nMore text.\n\n## Notes\n\nLast words.\n"
HTML = """<html><head><title>T</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><header><h1>Site</h1></header>
<article><header><h1>Tea</h1></header><p>Boil <b>fresh</b>
water.<br>Wait.</p><ul><li>Green<ul><li>Sencha</li></ul></li><li><p>Black</p></li></ul>
<ol><li>Pour</li><li>Drink</li></ol>
<pre>def f():
    return 1
</pre><table><tr><th>kind</th><th>minutes</th></tr><tr><td>green</td><td>2</td></tr></table>
<h2>Storage</h2><div>Keep it dry.<!-- not this --><script>x()</script> And dark.</div></article>
<form><input>Search</form><aside>Ads</aside><footer>End</footer></body></html>"""
TEA = """# Tea

Boil fresh water.
Wait.

- Green
  - Sencha
- Black
1. Pour
2. Drink

```
def f():
    return 1
```

kind | minutes
green | 2

## Storage

Keep it dry. And dark."""


def cut(text: str, markup: str = "markdown", **rules: float) -> list[Piece]:
    return list(segments(text, markup, Rules(**rules)))  # type: ignore[arg-type]


def test_a_document_that_fits_is_one_segment_as_written() -> None:
    assert cut(PAGE) == [Piece(PAGE.strip(), "Title")]


def test_the_largest_subtrees_that_fit_are_taken() -> None:
    found = [(piece.span, piece.text) for piece in cut(PAGE, max_chars=60)]
    assert found == [
        ("Title", "# Title\n\nIntro text."),
        ("Title > Usage", "## Usage\n\n- one\n- two\n\n### Details\n\nMore text."),
        ("Title > Notes", "## Notes\n\nLast words."),
    ]


def test_html_becomes_text_with_its_lists_code_and_tables() -> None:
    assert plain(HTML, "html") == TEA


def test_html_is_cut_at_headers() -> None:
    assert [piece.span for piece in cut(HTML, "html", max_chars=160)] == ["Tea", "Tea > Storage"]
    assert cut(HTML, "html") == [Piece(TEA, "Tea")]


@pytest.mark.parametrize("page", ["", " ", "<!-- -->", "<html></html>", "<script>x</script>", '<?xml version="1.0"?>'])
def test_html_without_text_is_empty(page: str) -> None:
    assert plain(page, "html") == ""
    assert [piece.reason for piece in cut(page, "html")] == ["empty"]


def test_html_with_an_encoding_declaration_or_deep_nesting_is_read() -> None:
    assert plain('<?xml version="1.0" encoding="latin-1"?><html><p>世界</p></html>', "html") == "世界"
    assert plain("<div>" * 500 + "deep", "html") == "deep"


@pytest.mark.parametrize(
    "text",
    ["```\n# no header\n```", "- a\n  # no header", "    # no header", "\\# no header", "#no header", "a # b"],
)
def test_a_hash_in_code_or_text_is_no_header(text: str) -> None:
    assert cut(f"# T\n\n{text}\n\nend", max_chars=8) == [Piece(f"# T\n\n{text}\n\nend", "T", "too long")]


def test_underlined_headers_count() -> None:
    assert [piece.span for piece in cut("One\n===\n\ntext\n\nTwo\n---\n\ntext", max_chars=20)] == ["One", "One > Two"]


def test_front_matter_is_no_text() -> None:
    text = "---\ntitle: A page\ntags:\n  - x\n---\n# Head\n\ntext"
    assert plain(text, "markdown") == "# Head\n\ntext"
    assert plain("---\nno key\n---\ntext", "markdown") == "---\nno key\n---\ntext"


def test_text_without_headers_is_one_segment() -> None:
    assert cut("just\n\ntext") == [Piece("just\n\ntext")]
    assert cut("# not Markdown", "text") == [Piece("# not Markdown")]


@pytest.mark.parametrize(
    "page, refused",
    [
        ("# T\n\ntext\n\n## Related posts\n\n- a", [("## Related posts\n\n- a", "header")]),
        ("# T\n\ntext\n\n## Share this page\n\n### On\n\na", [("## Share this page\n\n### On\n\na", "header")]),
        ("# T\n\ntext\n\n## Nothing\n", [("## Nothing", "empty")]),
        ("# T\n\ntext\n\n##\n\nno title", []),
        ("BUY NOW\n\n# T\n\ntext", [("BUY NOW", "header")]),
        ("# Share\n\ntext", []),
        ("# T\n\ntext\n\n## Cookie recipes\n\ntext", []),
    ],
)
def test_navigation_empty_headers_and_what_has_no_header_go(page: str, refused: list[tuple[str, str]]) -> None:
    assert [(piece.text, piece.reason) for piece in cut(page) if piece.reason] == refused


def test_header_rules_can_be_off() -> None:
    page = "lead\n\n# LOUD\n\ntext\n\n## Related posts\n\n- a"
    assert cut(page, headers=False) == [Piece(page)]


def test_a_header_in_capitals_goes_but_sections_below_it_stay() -> None:
    found = [(piece.span, piece.reason) for piece in cut("# SHOUTING\n\ntext\n\n## Quiet\n\ntext")]
    assert found == [("SHOUTING", "header"), ("SHOUTING > Quiet", "")]


@pytest.mark.parametrize(
    "name",
    ["Related Articles", "Advertisement", "Quick Links", "Community forum", "Newsletter", "Subscribe now", 
     "Follow us on X", "Cookie policy", "Leave a reply", "12 comments", "» Menu", "Recent posts", "You may also like",
     "Sign up today", "Table of contents", "Share this:", "About the author", "All rights reserved 2020"],
)  # fmt: skip
def test_headers_for_navigation_are_known(name: str) -> None:
    assert cut(f"# T\n\ntext\n\n## {name}\n\n- a")[0].reason == "header"


@pytest.mark.parametrize(
    "name",
    ["Related work", "Cookies with nuts", "Forum shopping in law", "Searching a tree", "Menu planning", "Tagging files",
     "Sharing data", "Archive formats", "Comments in Python", "Registers of the CPU", "References"],
)  # fmt: skip
def test_headers_of_real_sections_stay(name: str) -> None:
    assert cut(f"# T\n\ntext\n\n## {name}\n\n- a")[0].reason == ""


@pytest.mark.parametrize(
    "title, poor",
    [("", True), ("ABOUT US", True), ("NASA and ESA", True), ("A Walk in the Park", False), ("tar", False),
     ("世界", False), ("2024", False), ("ÜBER UNS", True)],
)  # fmt: skip
def test_headers_in_capitals_are_poor(title: str, poor: bool) -> None:
    assert poor_header(title) is poor


@pytest.mark.parametrize(
    "text, rules, reason",
    [
        ("", Rules(), "empty"),
        (" \n", Rules(), "empty"),
        ("abc", Rules(min_chars=4), "too short"),
        (" abc ", Rules(min_chars=3, max_chars=3), ""),
        ("abcd", Rules(max_chars=3), "too long"),
        ("long enough\n\nno", Rules(min_line_chars=5), "short line"),
        ("long enough\n\nindeed", Rules(min_line_chars=5), ""),
        ("Read all of it. Read all of it.", Rules(max_repetition=0.8), "repetitive"),
        ("Read all of it. Read all of it.", Rules(), ""),
        ("Read all of it. Then write some more.", Rules(max_repetition=0.8), ""),
    ],
)
def test_rules_refuse_with_a_reason(text: str, rules: Rules, reason: str) -> None:
    assert refusal(text, rules) == reason


def test_levels_may_be_skipped() -> None:
    page = "### Deep\n\na\n\n# Top\n\nb\n\n#### Deeper\n\nc"
    assert [piece.span for piece in cut(page, max_chars=12)] == ["Deep", "Top", "Top > Deeper"]
    assert outline([]).text == ""
