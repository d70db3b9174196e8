"""Round trips through translation: masks for the spans that must not be translated, and the choice of pivot languages.

A mask replaces each protected span before the translation, and the span is put back after it. Protected are addresses,
code, quoted texts, placeholders, figures and the phrases that state a constraint. The pivots of the next round are
drawn in proportion to the gains of the last round trips.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from random import Random

import pyarrow as pa

from baleen.measures.words import rouge_l
from baleen.tables.exports import transform
from baleen.tables.rows import TEXT, Row, row_id

__all__ = [
    "allot", "bare", "beside", "mask", "mask_response", "onward", "stay", "survived", "unmask", "unmask_response",
]  # fmt: skip
TRIP = dict.fromkeys(("parent", "route", "original", "masked", "sent"), TEXT) | {"spans": pa.list_(TEXT)}
RETURNED = ("original", "sent", "spans", "back")
ABROAD = ("original", "sent", "spans", "abroad")

FORMATS = "json|yaml|xml|csv|html|markdown|latex|sql|python|bash|javascript|bullet points|bullets|numbers"
NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    "|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-(?:one|two|three|four|five|six|seven|eight|nine))?"
    "|(?:one|a) hundred"
)
SPANS = re.compile(
    "|".join(
        (
            r"```.*?```|`[^`\n]+`",  # code
            r"(?:https?|ftp)://\S+[\w/]|www\.\S+[\w/]|[\w.+-]+@[\w-]+\.[\w.]*\w",  # addresses
            r"\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|「[^」\n]+」",  # quoted texts
            r"\$\{\w+\}|\{\{?\w*\}?\}|<\w+>|%\w\b|\[[A-Z_ ]+\]",  # placeholders
            r"\b(?:at most|at least|no more than|no fewer than|exactly|fewer than|more than|up to|under|over|around)"
            rf" (?:\d[\d.,]*\d|\d|(?:{NUMBERS})\b)"
            r"(?: (?:words?|sentences?|lines?|paragraphs?|characters?|bullet points|bullets|items?|steps?))?",
            rf"\b(?:in|as|with|using) (?:an? )?(?:{FORMATS})\b",  # formats of an answer
            r"\bas an? (?:numbered|bulleted) list|\bon one line|\bseparated by (?:commas|semicolons|spaces|tabs)",
            r"\b(?:do not|don't|without|never) (?:use|using|mention|mentioning|name|naming|include|including) [\w-]+",
            r"(?:不超过|不少于|至少|最多|恰好)\s*\d+\s*[个字词句行段条]*",  # the same in Chinese
            r"\d[\d.,:/-]*\d|\d",  # figures
        )
    ),
    re.DOTALL | re.IGNORECASE,
)
MARK = re.compile(r"⟦(\d+)⟧")  # rare brackets, which translators copy
LANGUAGES = "english|spanish|french|german|chinese|japanese|latin|italian|catalan|arabic|hindi|russian|korean"
ABOUT_LANGUAGE = re.compile(  # the task of such a text is lost in another language
    rf"\b(?:translat(?:e|es|ed|ion|ing)|(?:in|into|to|from) (?:{LANGUAGES})|spell(?:ing)?|rhymes?|pronounc\w+|grammar"
    r"|anagrams?|palindromes?|synonyms?|antonyms?|syllables?|alliteration|puns?|part of speech)\b"
    r"|翻译|译成|拼音|押韵|语法|近义词|反义词",
    re.IGNORECASE,
)


def masked(text: str) -> tuple[str, list[str]]:
    """(the text with a mark in place of every protected span, the spans in order); equal spans share a mark."""
    spans = list(dict.fromkeys(SPANS.findall(text)))
    return SPANS.sub(lambda span: mark(spans.index(span[0])), text), spans


def mark(place: int) -> str:
    return f"⟦{place + 1}⟧"


def restored(text: str, source: str, spans: list[str]) -> str | None:
    """The text with the spans in place of their marks; None unless it has each mark as often as `source` has."""
    if sorted(MARK.findall(text)) != sorted(MARK.findall(source)):
        return None
    return MARK.sub(lambda match: spans[int(match[1]) - 1], text)


def survived(spans: list[str], original: str, text: str) -> float | None:
    """Share of the protected spans that a text has as often as the original; None when there are none."""
    kept = [text.count(span) == original.count(span) for span in spans]
    return sum(kept) / len(kept) if kept else None


def protect(row: Row, column: str, hide: bool = True) -> list[Row] | str:
    """The row before its translation to `pivot`: the text is in `original`, and masked (unless `hide` is off) in `sent`
    and in `masked`, which the next translation replaces."""
    text = row[column]
    if MARK.search(text):
        return "has a mark of its own"
    if ABOUT_LANGUAGE.search(text):
        return "about language"
    hidden, spans = masked(text)
    sent = hidden if hide else text
    way = {"id": row_id(row["id"], "round trip", row["pivot"]), "parent": row["id"], "route": row["pivot"]}
    return [row | way | {"original": text, "masked": sent, "sent": sent, "spans": spans}]


@transform(("instruction", "pivot"), TRIP)
def mask(row: Row) -> list[Row] | str:
    """The row before the translation of its instruction, with masks."""
    return protect(row, "instruction")


@transform(("instruction", "pivot"), TRIP)
def bare(row: Row) -> list[Row] | str:
    """The same without masks, for comparison."""
    return protect(row, "instruction", hide=False)


@transform(("response", "pivot"), TRIP | {"draft": TEXT})
def mask_response(row: Row) -> list[Row] | str:
    """The row before the translation of its response, with masks; `draft` keeps the response."""
    return protect(row | {"draft": row["response"]}, "response")


@transform(("route", "back", "pivot"), {"masked": TEXT, "route": TEXT})
def onward(row: Row) -> list[Row] | str:
    """The row before a translation of `back` to one more pivot."""
    if row["pivot"] in row["route"].split():
        return "been there"
    way = {"id": row_id(row["id"], "round trip", row["pivot"]), "route": f"{row['route']} {row['pivot']}"}
    return [row | way | {"masked": row["back"]}]


@transform(RETURNED, {"instruction": TEXT})
def unmask(row: Row) -> list[Row] | str:
    """The row with `back`, its spans restored, as the instruction; it leaves when a mark is lost or repeated."""
    return with_translation(row, "back", "instruction")


@transform(("instruction", "original"), {"instruction": TEXT, "reworded": TEXT})
def beside(row: Row) -> list[Row] | str:
    """The row with its instruction as it was, and the one that came back in `reworded`: both are asked."""
    return [row | {"instruction": row["original"], "reworded": row["instruction"]}]


@transform(ABROAD, {"instruction": TEXT})
def stay(row: Row) -> list[Row] | str:
    """The row with `abroad` (the text in the pivot language), its spans restored, as the instruction; same response."""
    return with_translation(row, "abroad", "instruction")


@transform(RETURNED, {"response": TEXT})
def unmask_response(row: Row) -> list[Row] | str:
    """The row with `back`, its spans restored, as the response."""
    return with_translation(row, "back", "response")


def with_translation(row: Row, translation: str, column: str) -> list[Row] | str:
    """The row with its column `translation`, spans restored, in place of `column`; the reason when that fails."""
    text = restored(row[translation], row["sent"], row["spans"])
    return "a protected span is lost" if text is None else [row | {column: text}]


def route_gains(table: Iterable[Row]) -> dict[str, float]:
    """The gain of each route: the sum over its kept rows of 1 - ROUGE-L between instruction and original.

    When all routes get the same number of rows, this ranks them as share kept x mean gain does.
    """
    gains = defaultdict[str, float](float)
    for row in table:
        gains[row["route"]] += 1 - rouge_l(row["instruction"], row["original"])
    return dict(sorted(gains.items()))


@transform(("instruction", "pivot", *TRIP), dict.fromkeys(("pivot", "route", "masked", "instruction"), TEXT), "whole")
def allot(table: list[Row]) -> list[tuple[Row, str]]:
    """Each original once more, before a translation to a pivot that is drawn in proportion to its gain (routes of one
    pivot only); further rows of the same original leave."""
    routes = {route: value for route, value in route_gains(table).items() if " " not in route and value > 0}
    seen, made = set[str](), list[tuple[Row, str]]()
    for row in table:
        again = not routes or row["parent"] in seen
        seen.add(row["parent"])
        made.append((row, "same original") if again else (with_pivot(row, routes), ""))
    return made


def with_pivot(row: Row, routes: dict[str, float]) -> Row:
    """The row before a translation to a pivot drawn in proportion to the gains."""
    draw = Random(f"pivot {row['parent']}")
    pivot = draw.choices(list(routes), list(routes.values()))[0]
    again = {"id": row_id(row["parent"], "more", pivot), "pivot": pivot, "route": pivot, "masked": row["sent"]}
    return row | again | {"instruction": row["original"]}
