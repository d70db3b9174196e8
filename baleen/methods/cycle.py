"""Paragraphs: pages cut at blank lines, which of the pieces ask, and whether a rewrite may stand for one."""

import re

from baleen.measures.overlap import grounded
from baleen.tables.rows import Row, row_id

GAP = re.compile(r"\n\s*\n")
ADDRESS = re.compile(r"(?:\w+://|www\.)\S+")  # its '?' asks nothing
MARK = re.compile(r"[?？¿؟]")
CLOSE = 0.8  # of a rewrite's content words must stand in the paragraph
WHOLE = 0.5  # of an answer's content words must stand in its rewrite


def asks(text: str) -> bool:
    """Whether there is a question mark of some script; addresses do not count. Requests without one are missed and
    rhetorical questions are not told apart, as in the paper."""
    return bool(MARK.search(ADDRESS.sub("", text)))


def paragraphs(row: Row) -> list[Row] | str:
    """The paragraphs of a page: `gold` is the text, which is the `instruction` when it asks (1) and the `response` when
    it does not (0); `page` is the id they share."""
    pieces = [piece.strip() for piece in GAP.split(row["response"]) if piece.strip()]
    return [paragraph(row, place, piece) for place, piece in enumerate(pieces)] or "empty"


def paragraph(page: Row, place: int, text: str) -> Row:
    question = asks(text)
    sides = {"instruction": text if question else None, "response": None if question else text}
    found = {"gold": text, "page": page["id"], "asks": float(question)}
    return page | {"id": row_id(page["id"], "paragraph", str(place))} | sides | found


def reworded(row: Row) -> list[Row]:
    """The paragraph with its `rewrite` in its place if that is faithful, else as it was; `reworded` tells which."""
    good = faithful(row["gold"], row["rewrite"], bool(row["asks"]))
    side = "instruction" if row["asks"] else "response"
    text = row["rewrite"] if good else row["gold"]
    return [row | {side: text, "gold": text, "reworded": float(good)}]


def faithful(text: str, rewrite: str | None, question: bool) -> bool:
    """Whether a rewrite is whole, another text than before, says nothing new, and asks (if a question) or leaves little
    out (if not)."""
    if not rewrite or rewrite.endswith("…") or rewrite.strip() == text.strip() or grounded(rewrite, text) < CLOSE:
        return False
    return asks(rewrite) if question else not asks(rewrite) and grounded(text, rewrite) >= WHOLE
