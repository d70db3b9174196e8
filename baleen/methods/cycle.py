"""Cycle-Instruct: pages cut into paragraphs, which of them are questions, and which rewrites are accepted."""

import re

from baleen.measures.overlap import grounded
from baleen.tables.exports import transform
from baleen.tables.rows import NUMBER, TEXT, Row, row_id

__all__ = ["answers", "paragraphs", "questions", "reworded"]
SIDES = {"instruction": TEXT, "response": TEXT}
PARAGRAPH = SIDES | {"gold": TEXT, "page": TEXT, "asks": NUMBER}

GAP = re.compile(r"\n\s*\n")
ADDRESS = re.compile(r"(?:\w+://|www\.)\S+")  # a '?' in it is no question mark
MARK = re.compile(r"[?？¿؟]")
CLOSE = 0.8  # smallest share of a rewrite's content words that are in the paragraph
COMPLETE = 0.5  # smallest share of an answer's content words that are in its rewrite


def asks(text: str) -> bool:
    """Whether the text has a question mark, of any script, outside addresses. As in the paper, a request without one is
    missed, and a rhetorical question counts."""
    return bool(MARK.search(ADDRESS.sub("", text)))


@transform(("response",), PARAGRAPH)
def paragraphs(row: Row) -> list[Row] | str:
    """A row for each paragraph of a page. `gold` is its text, which is the `instruction` when it is a question (`asks`
    is 1) and else the `response` (0); `page` is the id of the page."""
    pieces = [piece.strip() for piece in GAP.split(row["response"]) if piece.strip()]
    return [paragraph(row, place, piece, asks(piece)) for place, piece in enumerate(pieces)] or "empty"


@transform(("response",), PARAGRAPH)
def questions(row: Row) -> list[Row] | str:
    """A text that is one side of a pair and known to ask, whole and whatever its marks; a row of `paragraphs`. The
    paper's tracks of Alpaca and Dolly have pools of such sides."""
    return whole(row, question=True)


@transform(("response",), PARAGRAPH)
def answers(row: Row) -> list[Row] | str:
    """The same of a text that is known to answer."""
    return whole(row, question=False)


def whole(row: Row, question: bool) -> list[Row] | str:
    text = row["response"].strip()
    return [paragraph(row, 0, text, question)] if text else "empty"


def paragraph(page: Row, place: int, text: str, question: bool) -> Row:
    sides = {"instruction": text if question else None, "response": None if question else text}
    own = {"gold": text, "page": page["id"], "asks": float(question)}
    return page | {"id": row_id(page["id"], "paragraph", str(place))} | sides | own


@transform(("gold", "asks", "rewrite", *SIDES), SIDES | {"gold": TEXT, "reworded": NUMBER})
def reworded(row: Row) -> list[Row]:
    """The paragraph, replaced by its `rewrite` when that is faithful; `reworded` is 1 then, else 0."""
    accepted = faithful(row["gold"], row["rewrite"], bool(row["asks"]))
    side = "instruction" if row["asks"] else "response"
    text = row["rewrite"] if accepted else row["gold"]
    return [row | {side: text, "gold": text, "reworded": float(accepted)}]


def faithful(text: str, rewrite: str | None, question: bool) -> bool:
    """Whether a rewrite is not cut off, differs from the text, adds nothing, and is a question (for a question) or
    omits little (for an answer)."""
    if not rewrite or rewrite.endswith("…") or rewrite.strip() == text.strip() or grounded(rewrite, text) < CLOSE:
        return False
    return asks(rewrite) if question else not asks(rewrite) and grounded(text, rewrite) >= COMPLETE
