from pathlib import Path

import pytest

from baleen import prompts
from baleen.errors import Problem

ALL = sorted(path.stem for path in Path("prompts").glob("*.md"))


def write(folder: Path, text: str) -> Path:
    (folder / "p.md").write_text(text, encoding="utf-8")
    return folder


HEADS = [  # a head, and what is read of it
    ("---\nwrites: [a]\n# ------------\n# house style ---\nsystem: {default: Be brief.}\n---\nx\n", "x"),
    ("---\nwrites: [a]\nsystem:\n  default: |-\n    Be brief.\n---\n---\nx\n", "---\nx"),
    ("---\nwrites: [a]\nsystem:\n  default: |-\n    Be brief.\nstop: |-\n  a\n  ---\n  b\n---\nx\n", "x"),
    ("\ufeff---\nwrites: [a]\nsystem: {default: Be brief.}\n---\nx\n", "x"),
    ("\ufeff---\r\nwrites: [a]\r\nsystem: {default: Be brief.}\r\n---\r\nx\r\n", "x"),
    ("--- \nwrites: [a]\nsystem: {default: Be brief.}\n---\t \nx\n", "x"),
    ("\n\n---\nwrites: [a]\nsystem: {default: Be brief.}\n---\n\nx\n\n", "x"),
    ("---\nwrites: [a]\nsystem: {default: Be brief.}\n---\nx ---\n--- y\n---\n", "x ---\n--- y\n---"),
    ("---\nwrites: [a]\nsystem: {default: Be brief.}\n---", ""),
    ("---\nwrites: [a]\nsystem: {no: Kort., default: Be brief.}\n---\nx\n", "x"),
]


@pytest.mark.parametrize(("text", "body"), HEADS)
def test_only_a_line_of_three_dashes_ends_the_head(tmp_path: Path, text: str, body: str) -> None:
    (tmp_path / "p.md").write_bytes(text.encode())
    prompt = prompts.load("p", folder=tmp_path)
    assert (prompt.writes, prompt.system["default"], prompt.body) == (("a",), "Be brief.", body)


def test_no_yes_on_and_off_are_words(tmp_path: Path) -> None:
    text = "---\nwrites: [no]\nchoices: [no, yes, on, off]\nsystem: {no: Svar kort., default: Answer.}\n---\nx\n"
    prompt = prompts.load("p", folder=write(tmp_path, text))
    assert (prompt.writes, prompt.choices, prompt.system["no"]) == (("no",), ("no", "yes", "on", "off"), "Svar kort.")
    assert prompt.messages({"origin": "no"})[0][1] == "Svar kort."


@pytest.mark.parametrize("name", ALL)
def test_every_prompt_of_the_project_loads(name: str) -> None:
    prompt = prompts.load(name)
    assert prompt.writes
    assert prompt.digest == prompts.load(name).digest


def test_columns_fill_the_names_in_the_body(tmp_path: Path) -> None:
    prompt = prompts.load(
        "p", folder=write(tmp_path, "---\nwrites: [response]\n---\nQ: $instruction\n{json: 1} costs $$5\n")
    )
    said = prompt.messages({"id": "1", "instruction": 'what is {"a"}? $x 中文'})
    assert said == (("user", 'Q: what is {"a"}? $x 中文\n{json: 1} costs $5'),)


def test_the_origin_chooses_the_system_message(tmp_path: Path) -> None:
    text = "---\nwrites: [response]\nsystem: {seed: A., web: B., default: A. B.}\n---\n$instruction\n"
    prompt = prompts.load("p", folder=write(tmp_path, text))
    systems = [prompt.messages({"instruction": "x", "origin": o})[0][1] for o in ("seed", "web", "heldout")]
    assert systems == ["A.", "B.", "A. B."]
    assert prompt.messages({"instruction": "x", "origin": "web"}, tag="seed")[0][1] == "A."


def test_reply_asks_with_both_tags_together_what_was_never_trained() -> None:
    prompt = prompts.load("reply")
    assert prompt.system["default"] == f"{prompt.system['seed']} {prompt.system['web']}"


def test_a_list_column_is_shown_as_a_list(tmp_path: Path) -> None:
    prompt = prompts.load("p", folder=write(tmp_path, "---\nwrites: [response]\n---\n$constraints\n"))
    assert prompt.messages({"constraints": ["a", "b"]})[0][1] == "- a\n- b"


def test_a_prompt_without_a_body_is_plain_text() -> None:
    assert prompts.load("text").messages({"id": "1", "response": "x"}) == ()


def test_writes_can_be_renamed_by_the_recipe() -> None:
    assert prompts.load("reply", writes="answer").writes == ("answer",)


def test_one_changed_word_changes_the_digest(tmp_path: Path) -> None:
    one = prompts.load("p", folder=write(tmp_path, "---\nwrites: [a]\n---\n$b now\n")).digest
    assert prompts.load("p", folder=write(tmp_path, "---\nwrites: [a]\n---\n$b then\n")).digest != one


def test_the_digest_is_pinned_so_that_an_upgrade_re_runs_nothing() -> None:
    one = prompts.Prompt("p", "Grade: $response", ("rating",), "rating", choices=(" 1", " 2"), cue="Score:")
    assert one.digest == "bc1e540a429290b5"


MISTAKES = [
    ("---\nwrites: [a\n---\nx\n", "its head is not YAML"),
    ("---\n- a\n---\nx\n", "its head must be settings"),
    ("---\nwrites: a\n---\nx\n", r"setting 'writes' must be a list, like \[a, b\], not 'a'"),
    ("---\nwrites: [a]\nsystem: be kind\n---\nx\n", "setting 'system' must be a mapping of origins to texts"),
    ("no head at all", "must begin with a line '---'"),
    ("---\nformat: text\n---\nx\n", "its head must say which columns the reply becomes, such as 'writes"),
    ("---\nwrites: [a]\nfromat: text\n---\nx\n", "unknown setting 'fromat'; did you mean 'format'"),
    ("---\nwrites: [a]\nformat: lnes\n---\nx\n", "unknown format 'lnes'; did you mean 'lines'"),
    ("---\nwrites: [a]\n---\ncosts 5$ today\n", "a '\\$' that names no column; write '\\$\\$'"),
]


MISTAKES += [  # what is read as YAML must be the text that was written
    ("---\nwrites: [a]\n--- # the end\nx\n", "must begin with a line '---'"),
    ("---\nwrites: [a]\n----\nx\n", "must begin with a line '---'"),
    (" ---\n--- x\nwrites: [a]\n---\nx\n", "its head is not YAML"),
    ("# title\n---\nwrites: [a]\n---\nx\n", "must begin with a line '---'"),
    ("---\nwrites: []\n---\nx\n", "'writes' must name at least one column, and none twice, not"),
    ("---\nwrites: [a, a]\n---\nx\n", "'writes' must name at least one column, and none twice, not"),
    ("---\nwrites: [a]\nchoices: [true, false]\n---\nx\n", "'choices' has True, which is no text; write it in quotes"),
    ("---\nwrites: [a]\nchoices: [01, 02]\n---\nx\n", "'choices' has 1, which is no text; write it in quotes"),
    ("---\nwrites: [a]\nchoices: ['1', ~]\n---\nx\n", "'choices' has None, which is no text"),
    ("---\nwrites: [a]\nsystem: {1: x}\n---\nx\n", "'system' has 1, which is no text"),
    ("---\nwrites: [a]\nsystem: {none: }\n---\nx\n", "'system' has None, which is no text"),
    ("---\nwrites: [a]\nmarks: ['1']\n---\nx\n", "setting 'marks' is called 'choices'; rename it"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_in_a_prompt_is_one_clear_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        prompts.load("p", folder=write(tmp_path, text))


def test_a_misspelt_prompt_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="unknown prompt 'jduge'; did you mean 'judge'"):
        prompts.load("jduge")


def test_a_row_without_the_column_is_named() -> None:
    with pytest.raises(Problem, match=r"prompts/reply.md reads \$instruction, but row 7 has none"):
        prompts.load("reply").messages({"id": "7", "instruction": None})


def test_a_prompt_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_bytes(b"---\nwrites: [a]\n---\n\xff\n")
    with pytest.raises(Problem, match="byte 20 is not UTF-8"):
        prompts.load("p", folder=tmp_path)


def test_body_and_prefill_are_read_apart(tmp_path: Path) -> None:
    prompt = prompts.load("p", folder=write(tmp_path, "---\nwrites: [a]\nprefill: it is $b\n---\n$instruction\n"))
    assert prompt.reads == ["instruction", "b"]
    assert prompt.start({"instruction": "x", "b": "done"}) == "it is done"
