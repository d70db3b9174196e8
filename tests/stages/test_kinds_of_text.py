"""What a text is, the file or a setting says; tags inside a text never do."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from stages.ingest import main

CASES = Path(__file__).parents[3] / "shared" / "cases"
PARAGRAPH = "Some words make a sentence. " * 10
BOOK = "\n\n".join(f"{number}. {PARAGRAPH}" for number in range(400))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ingest_rows(source: str | Path, *flags: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of a source, and the counts."""
    main(["out", "--origin", "web", "--source", str(source), *flags])
    return pq.read_table("data/out.parquet").to_pylist(), json.loads(Path("data/out.json").read_text())


def jsonl(*rows: object) -> str:
    Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "in.jsonl"


@pytest.mark.parametrize(
    "text",
    [
        "# Boxes\n\n```html\n<div>\n  <b>hi</b>\n</div>\n```\n\nThe <p> tag.",
        "<p align='center'>\n\n# Tool\n\n```sh\nrun it\n```\n</p>",
        "Wrap it in <div> tags.\n    as so",
        "<!DOCTYPE html><p>is how a page begins</p>",
        "<html> is the first tag\n\n<body> the second",
        "<p>one <b>two</b></p>\n<ul><li>three</li></ul>",
        "<div>\n\nMarkdown *in* a block\n\n</div>",
        "<ul>\n  <li>a list\n</ul>",
    ],
)
@pytest.mark.parametrize("segment", ["true", "false"])
@pytest.mark.parametrize("kind", [(), ("--kind.response", "markdown"), ("--kind.response", "text")])
def test_tags_inside_a_text_do_not_make_it_html(text: str, segment: str, kind: tuple[str, ...]) -> None:
    flags = ("--columns.response", "text", "--segment", segment, "--header-rules", "false", *kind)
    [row], _ = ingest_rows(jsonl({"text": text}), *flags)
    assert row["response"] == text


@pytest.mark.parametrize("segment", ["true", "false"])
@pytest.mark.parametrize(
    "kind, text, response",
    [
        ("html", "<h1>Tea</h1><p>Boil <b>it</b>.", "# Tea\n\nBoil it."),
        ("html", "no tag at all\nbut HTML", "no tag at all but HTML"),
        ("html", "# Tea &amp; milk", "# Tea & milk"),
        ("markdown", "---\ntitle: A\n---\n# Tea\n\n<b>Boil</b> it.", "# Tea\n\n<b>Boil</b> it."),
        ("text", "---\ntitle: A\n---\n# Tea", "---\ntitle: A\n---\n# Tea"),
    ],
)
def test_a_column_is_what_the_setting_says(kind: str, text: str, response: str, segment: str) -> None:
    flags = ("--columns.response", "text", "--kind.response", kind, "--segment", segment)
    [row], counts = ingest_rows(jsonl({"text": text}), *flags)
    assert row["response"] == response and "html_taken_for_text" not in counts


def test_every_column_has_its_own_kind() -> None:
    row = {"q": "<p>What is <i>x</i>?", "a": "See <p>.", "d": "<p>draft"}
    columns = ("--columns.instruction", "q", "--columns.response", "a", "--columns.draft", "d")
    [row], _ = ingest_rows(jsonl(row), *columns, "--kind.instruction", "html", "--kind.draft", "html")
    assert (row["instruction"], row["response"], row["draft"]) == ("What is x?", "See <p>.", "draft")


def test_the_setting_goes_before_the_suffix() -> None:
    Path("a.txt").write_text("<h1>Tea</h1>\n\n<p>Boil")
    assert ingest_rows("a.txt")[0][0]["response"] == "<h1>Tea</h1>\n\n<p>Boil"
    assert ingest_rows("a.txt", "--kind.response", "html")[0][0]["response"] == "# Tea\n\nBoil"
    assert ingest_rows("a.txt", "--kind", "html")[0][0]["response"] == "# Tea\n\nBoil"


def test_pages_that_nobody_declared_are_counted() -> None:
    rows = [{"t": "<!doctype html><p>a"}, {"t": " <HTML lang=en><p>b"}, {"t": "<p>c"}, {"t": "the <html> tag"}]
    _, counts = ingest_rows(jsonl(*rows), "--columns.response", "t")
    assert counts["html_taken_for_text"] == 2


def test_the_files_may_have_a_kind_beside_the_texts() -> None:
    Path("in.dump").write_text('{"t": "<p>Boil"}\n')
    [row], _ = ingest_rows("in.dump", "--columns.response", "t", "--kind.files", "jsonl", "--kind.response", "html")
    assert row["response"] == "Boil"


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--kind.response", "htm"], "kind.response: unknown kind of text 'htm'; did you mean 'html'?"),
        (["--kind.response", "jsonl"], "kind.response: unknown kind of text 'jsonl'"),
        (["--kind.reply", "html"], "kind: unknown column 'reply'"),
        (["--kind", "htm"], "unknown kind 'htm'; did you mean 'html'?"),
        (["--passage-chars", "-1"], "passage_chars -1 must be 0 or more"),
        (["--max-chars", "3"], "1 too long (max_chars 3)"),
        (["--min-chars", "99"], "1 too short (min_chars 99)"),
        (["--min-line-chars", "9"], "1 short line (min_line_chars 9)"),
        (["--max-document-mb", "0.000003"], "1 too large (max_document_mb 3e-06)"),
    ],
)
def test_a_mistake_and_a_limit_are_named(flags: list[str], words: str) -> None:
    with pytest.raises(Problem) as error:
        ingest_rows(jsonl({"t": "words"}), "--columns.response", "t", *flags)
    assert words in str(error.value)


@pytest.mark.parametrize("name", ["book.txt", "book.md", "book.html", "book.jsonl"])
def test_a_book_becomes_passages(name: str) -> None:
    html = "".join(f"<p>{part}" for part in BOOK.split("\n\n"))
    Path(name).write_text({"html": html, "jsonl": json.dumps({"t": BOOK})}.get(name[5:], BOOK))
    rows, counts = ingest_rows(name, *(["--columns.response", "t"] if name.endswith("jsonl") else []))
    assert counts["documents"] == 1 and counts["rows_out"] == len(rows) > 25
    assert all(len(row["response"]) <= 4000 for row in rows)
    assert rows[1]["source"] == {"file": name, "position": 1, "span": "passage 2", "licence": None}


def test_an_answer_is_not_cut() -> None:
    flags = ("--columns.instruction", "q", "--columns.response", "a")
    assert len(ingest_rows(jsonl({"q": "Write a book.", "a": BOOK}), *flags)[0]) == 1
    assert len(ingest_rows(jsonl({"a": BOOK}), "--columns.response", "a", "--passage-chars", "0")[0]) == 1


@pytest.mark.skipif(not CASES.is_dir(), reason="no folder shared/cases beside the project")
@pytest.mark.parametrize(
    "case, flags, rows, text",
    [
        ("markdown-as-html/pages.jsonl", ["--columns.response", "text", "--segment"], 4, "```sh\npip install tool\n"),
        ("front-matter", ["--match", "[!oR]*.md"], 1, "How to begin."),
        ("front-matter/options.md", [], 1, "--all: what this option does"),
        ("inline-elements/inline.html", [], 1, "漢(かん)字(じ)を書く。"),
        ("whole-page-form/aspnet.html", [], 1, "Beans and their care"),
        ("pre-lines/prebr.html", [], 1, "mkdir demo\ncd demo\nmake all"),
        ("pre-lines/prediv.html", [], 1, "def area(r):\n    return"),
        ("pre-lines/prespan.html", [], 1, "\n"),
        ("after-html-end/after.html", [], 1, "# A"),
        ("after-html-end/twodocs.html", [], 1, "# B"),
        ("small/cp1252.html", [], 1, "Crème brûlée for € 5."),
        ("small/frames.html", [], 1, "the text of the page itself."),
    ],
)
def test_the_collected_cases_are_read(case: str, flags: list[str], rows: int, text: str) -> None:
    made, _ = ingest_rows(CASES / case, *flags)
    assert len(made) == rows and any(text in row["response"] for row in made)
