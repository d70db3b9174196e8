"""A long text is cut into passages: at headers where there are some, else at paragraphs up to a length."""

from itertools import pairwise

import pytest

from baleen.tables.passages import passages
from baleen.tables.sections import LARGE, Rules, segments

PARAGRAPH = "Some words make a sentence. " * 10
BOOK = "\n\n".join(f"{number}. {PARAGRAPH}" for number in range(LARGE // 250))


@pytest.mark.parametrize(
    "text, cut",
    [
        ("one\n\ntwo\n\nthree", ["one\n\ntwo", "three"]),
        ("one\r\n\r\ntwo", ["one", "two"]),
        ("one\n \n\ntwo", ["one\n \n\ntwo"]),
        ("one two\nthree\nfour", ["one two", "three\nfour"]),
        ("One. Two! Three? Ten", ["One. Two!", "Three? Ten"]),
        ("这是。那是。另一个。最后", ["这是。那是。", "另一个。最后"]),
        ("one two three four five", ["one two", "three four", "five"]),
        ("x" * 25, ["x" * 10, "x" * 10, "x" * 5]),
        ("a\n\n" + "x" * 12 + "\n\n  b", ["a", "x" * 10, "xx", "  b"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_paragraphs_go_together_as_long_as_they_fit(text: str, cut: list[str]) -> None:
    limit = 6 if "\r" in text or "。" in text else 10
    assert [*passages(text.replace("\r\n", "\n"), "text", limit)] == cut


def test_a_block_of_markdown_is_not_cut_where_it_fits() -> None:
    code, items = "```\na\n\n\nb\n```", "- a\n\n- b"
    assert [*passages(f"text\n\n{code}\n\n{items}\n\nend", "markdown", 15)] == ["text", code, f"{items}\n\nend"]


@pytest.mark.parametrize("markup", ["text", "markdown", "html"])
def test_a_large_document_is_passages_of_the_length_that_is_set(markup: str) -> None:
    book = BOOK if markup != "html" else "".join(f"<p>{part}" for part in BOOK.split("\n\n"))
    pieces = [*segments(book, markup, Rules(passage_chars=4000))]
    assert max(len(piece.text) for piece in pieces) <= 4000
    assert all(len(a.text) + len(b.text.partition("\n\n")[0]) + 2 > 4000 for a, b in pairwise(pieces))
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(BOOK.split())
    assert [pieces[0].span, pieces[-1].span] == ["passage 1", f"passage {len(pieces)}"]


def test_a_large_document_with_headers_is_cut_there_first() -> None:
    short, long = f"## Short\n\n{PARAGRAPH.strip()}", f"## Long\n\n{BOOK.strip()}"
    pieces = [*segments(f"# Book\n\n{short}\n\n{long}", "markdown", Rules(passage_chars=4000))]
    assert [piece.span for piece in pieces[:3]] == [
        "Book > Short",
        "Book > Long > passage 1",
        "Book > Long > passage 2",
    ]
    assert pieces[0].text == short and all(len(piece.text) <= 4000 for piece in pieces)


def test_a_text_without_headers_is_cut_to_the_limit_of_a_response() -> None:
    text = "\n\n".join([PARAGRAPH] * 9)
    pieces = [*segments(text, "text", Rules(min_chars=300, max_chars=600, passage_chars=4000))]
    assert [(len(piece.text), piece.reason) for piece in pieces] == [(561, "")] * 4 + [(279, "too short")]


@pytest.mark.parametrize("markup", ["text", "markdown"])
def test_a_text_that_fits_or_may_not_be_cut_is_one_row(markup: str) -> None:
    assert [piece.text for piece in segments(PARAGRAPH, markup, Rules(passage_chars=100))] == [PARAGRAPH]
    assert [piece.reason for piece in segments(PARAGRAPH, markup, Rules(max_chars=100))] == ["too long"]
    assert [len(piece.text) for piece in segments(BOOK, markup, Rules())] == [len(BOOK)]
