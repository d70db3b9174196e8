"""Masks: what must come through a translation as it stands, put behind marks before it and back in its place after.

Protected are addresses, code, quoted texts, placeholders, figures and the phrases in which a constraint is put.

Pivots: which languages the next round trips go through, from what became of the last ones.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from random import Random

from baleen.measures.words import common
from baleen.tables.rows import Row, row_id

FORMATS = "json|yaml|xml|csv|html|markdown|latex|sql|python|bash|javascript|bullet points|bullets|numbers"
SPANS = re.compile(
    "|".join(
        (
            r"```.*?```|`[^`\n]+`",  # code
            r"(?:https?|ftp)://\S+[\w/]|www\.\S+[\w/]|[\w.+-]+@[\w-]+\.[\w.]*\w",  # addresses
            r"\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|「[^」\n]+」",  # quoted texts
            r"\$\{\w+\}|\{\{?\w*\}?\}|<\w+>|%\w\b|\[[A-Z_ ]+\]",  # placeholders
            r"(?:at most|at least|no more than|no fewer than|exactly|fewer than|more than|up to|under|over|around)"
            r" (?:\d[\d.,]*\d|\d|one|two|three|four|five|six|seven|eight|nine|ten)"
            r"(?: (?:words?|sentences?|lines?|paragraphs?|characters?|bullet points|bullets|items?|steps?))?",
            rf"(?:in|as|with|using) (?:an? )?(?:{FORMATS})\b",  # what a text is laid out as
            r"as an? (?:numbered|bulleted) list|on one line|separated by (?:commas|semicolons|spaces|tabs)",
            r"\b(?:do not|don't|without|never) (?:use|using|mention|mentioning|name|naming|include|including) [\w-]+",
            r"(?:不超过|不少于|至少|最多|恰好)\s*\d+\s*[个字词句行段条]*",  # the same in Chinese
            r"\d[\d.,:/-]*\d|\d",  # figures
        )
    ),
    re.DOTALL | re.IGNORECASE,
)
MARK = re.compile(r"⟦(\d+)⟧")  # brackets that no text needs and that translators leave alone
LANGUAGES = "english|spanish|french|german|chinese|japanese|latin|italian|catalan|arabic|hindi|russian|korean"
ABOUT_LANGUAGE = re.compile(  # what such a text asks for is gone or wrong once it is said in another language
    rf"\b(?:translat(?:e|es|ed|ion|ing)|(?:in|into|to|from) (?:{LANGUAGES})|spell(?:ing)?|rhymes?|pronounc\w+|grammar"
    r"|anagrams?|palindromes?|synonyms?|antonyms?|syllables?|alliteration|puns?|part of speech)\b"
    r"|翻译|译成|拼音|押韵|语法|近义词|反义词",
    re.IGNORECASE,
)


def masked(text: str) -> tuple[str, list[str]]:
    """The text with a mark for every protected span, and the spans in order; equal spans share a mark."""
    spans = list(dict.fromkeys(SPANS.findall(text)))
    return SPANS.sub(lambda span: mark(spans.index(span[0])), text), spans


def mark(place: int) -> str:
    return f"⟦{place + 1}⟧"


def restored(text: str, source: str, spans: list[str]) -> str | None:
    """The text with the spans in place of their marks; None unless it has each mark as often as its source."""
    if sorted(MARK.findall(text)) != sorted(MARK.findall(source)):
        return None
    return MARK.sub(lambda found: spans[int(found[1]) - 1], text)


def survived(spans: list[str], original: str, text: str) -> float | None:
    """Share of the protected spans of an original that a text has as often; None where there is nothing to protect."""
    kept = [text.count(span) == original.count(span) for span in spans]
    return sum(kept) / len(kept) if kept else None


def protect(row: Row, column: str, hide: bool = True) -> list[Row] | str:
    """The row on its way to `pivot`: its text in `original`, and as sent, in `sent` and in `masked`, which the next hop
    replaces."""
    text = row[column]
    if MARK.search(text):
        return "has a mark of its own"
    if ABOUT_LANGUAGE.search(text):
        return "about language"
    told, spans = masked(text)
    sent = told if hide else text
    way = {"id": row_id(row["id"], "round trip", row["pivot"]), "parent": row["id"], "route": row["pivot"]}
    return [row | way | {"original": text, "masked": sent, "sent": sent, "spans": spans}]


def mask(row: Row) -> list[Row] | str:
    return protect(row, "instruction")


def bare(row: Row) -> list[Row] | str:
    """The same without marks: to see what they save."""
    return protect(row, "instruction", hide=False)


def mask_response(row: Row) -> list[Row] | str:
    return protect(row | {"draft": row["response"]}, "response")


def onward(row: Row) -> list[Row] | str:
    """What came back, on its way to one more pivot."""
    if row["pivot"] in row["route"].split():
        return "been there"
    way = {"id": row_id(row["id"], "round trip", row["pivot"]), "route": f"{row['route']} {row['pivot']}"}
    return [row | way | {"masked": row["back"]}]


def unmask(row: Row) -> list[Row] | str:
    """What came back with its spans, in place of the instruction; every mark must be there as often as it was sent."""
    return replaced(row, "back", "instruction")


def stay(row: Row) -> list[Row] | str:
    """What was said abroad with its spans, in place of the instruction: the same response, asked for in the pivot."""
    return replaced(row, "abroad", "instruction")


def unmask_response(row: Row) -> list[Row] | str:
    return replaced(row, "back", "response")


def replaced(row: Row, translation: str, column: str) -> list[Row] | str:
    text = restored(row[translation], row["sent"], row["spans"])
    return "a protected span is lost" if text is None else [row | {column: text}]


def worth(table: Iterable[Row]) -> dict[str, float]:
    """What each route has brought: the sum over the kept rows of how far (1 - ROUGE-L) they are from their original.

    Asked equally often, routes rank by this as they do by share kept x mean gain.
    """
    found = defaultdict[str, float](float)
    for row in table:
        found[row["route"]] += 1 - common(row["instruction"], row["original"])
    return dict(sorted(found.items()))


def allotted(table: list[Row]) -> list[tuple[Row, str]]:
    """Each original once more on its way, through a route drawn by worth, those of one language only; the rows that
    are left over leave."""
    routes = {route: value for route, value in worth(table).items() if " " not in route and value > 0}
    seen, made = set[str](), list[tuple[Row, str]]()
    for row in table:
        again = not routes or row["parent"] in seen
        seen.add(row["parent"])
        made.append((row, "same original") if again else (sent(row, routes), ""))
    return made


def sent(row: Row, routes: dict[str, float]) -> Row:
    draw = Random(f"pivot {row['parent']}")
    pivot = draw.choices(list(routes), list(routes.values()))[0]
    again = {"id": row_id(row["parent"], "more", pivot), "pivot": pivot, "route": pivot, "masked": row["sent"]}
    return row | again | {"instruction": row["original"]}
