"""Formats: how a reply becomes columns, and how columns become the reply we train on.

Each format is a pair of inverse functions: `read(reply, columns)` gives the columns, or None when the
reply does not have the stated shape; `show(row, columns)` gives the reply that would have produced them. Some have
for structured output `shape(columns)`, a regular expression that every reply matches.

Models put words round what they were asked for: a sentence before it, a kind one after it, bold labels, quotes. Such
words are left out where it is plain that they are not part of it; where it is not, the reply does not fit.
"""

import re

from baleen.measures.ratings import written_rating
from baleen.measures.wrapping import (
    ANALYSIS,
    NOTES,
    NOTHING,
    text_alone,
    unemphasised,
    unfenced,
    unquoted,
    without_closing,
)
from baleen.project.lookup import Named
from baleen.tables.exports import Format
from baleen.tables.rows import Row

__all__ = ["alone", "fields", "lines", "marked", "rating", "tags", "text"]


def read_text(reply: str, columns: list[str]) -> Row | None:
    """The whole reply, without the white space round it; an empty one does not fit."""
    return {columns[0]: reply.strip()} if reply.strip() else None


def read_alone(reply: str, columns: list[str]) -> Row | None:
    """The text that was asked for alone, without words round it (`text_alone`)."""
    text = text_alone(reply, columns[0])
    return {columns[0]: text} if text else None


def show_text(row: Row, columns: list[str]) -> str:
    return str(row[columns[0]])


def read_rating(reply: str, columns: list[str]) -> Row | None:
    """The rating from 1 to 5 that the reply plainly says (`written_rating`)."""
    rating = written_rating(reply)
    return None if rating is None else {columns[0]: rating}


def show_rating(row: Row, columns: list[str]) -> str:
    return f"Score: {row[columns[0]]:g}"


NUMBERED = re.compile(
    r"(?:(\d{1,3})(?:[.)]\s+|[.)](?=[\u4e00-\u9fff“])|[、．）]\s*)|[（(](\d{1,3})[)）]\s*|([①-⑳])\s*|([一二三四五六七八九十])、\s*)(.+)"
)
HAN_DIGITS = "一二三四五六七八九十"
BULLETS = ("* ", "• ", "+ ", "· ", "‣ ", "◦ ", "● ", "▪ ")  # beside '- '; a dash of prose is none
ITEM_LABEL = re.compile(r"(\*\*|__)([^*_\n:：]{1,30})(?:([:：])\1|\1(?=[:：]))")
NO_ITEM = re.compile(rf"(?:[^\n:：]{{1,20}}[:：]\s*)?(?:{NOTHING.pattern})", re.IGNORECASE)
ASIDE = re.compile(rf"(?![-*•] ){NOTES.pattern.removeprefix('^')}", re.IGNORECASE)
LIST_NAME = re.compile(
    r"[^\w\n-]{0,6}[^\n:：]{0,40}(?:constraints?|约束(?:条件)?|要求|限制)"
    r"[^\n:：]{0,10}[:：]?[*_]{0,2}[:：]?",
    re.IGNORECASE,
)


def read_lines(reply: str, columns: list[str]) -> Row | None:
    """The list items of the reply, one for each line that starts with '- '; where there is none, with another bullet or
    with the numbers 1, 2, 3. None when there is no list, or one that says 'none' alone."""
    lines = own_lines([line.strip() for line in unfenced(reply.strip()).split("\n")])
    items = [line[2:].strip() for line in lines if line.startswith("- ")] or other_items(lines)
    texts = [item_text(item) for item in items]
    kept = [text for text in texts if not NO_ITEM.fullmatch(text) and not text.endswith((":", "："))]
    return {columns[0]: kept} if kept and all(kept) else None


def own_lines(lines: list[str]) -> list[str]:
    """The lines without notes after the list, and without an analysis before it, which may have a list of its own; []
    for an analysis after which no line names the list."""
    begin, end = 0, next((at for at, line in enumerate(lines) if at and ASIDE.match(line)), len(lines))
    if ANALYSIS.match(lines[0] + "\n"):
        names = [at for at, line in enumerate(lines) if at and LIST_NAME.fullmatch(line)]
        begin = names[-1] if names else end
    return lines[begin:end]


def item_text(item: str) -> str:
    """A list item without quotes and bold letters round all of it or round its label."""
    whole = item if item.startswith(("`", "*")) and not item.startswith("**") else unquoted(item)
    return ITEM_LABEL.sub(r"\2\3", whole, count=1) if ITEM_LABEL.match(whole) else whole


def other_items(lines: list[str]) -> list[str]:
    """The items of a list of lines that all begin with the same bullet, or with numbers in order; [] for no list."""
    for bullet in BULLETS:
        if items := [line.removeprefix(bullet).strip() for line in lines if line.startswith(bullet)]:
            return items
    numbered = [match for line in lines if (match := NUMBERED.match(line))]
    in_order = [number_of(match) for match in numbered] == [*range(1, len(numbered) + 1)]
    return [match[5].strip() for match in numbered] if in_order else []


def number_of(item: re.Match[str]) -> int:
    if item[4]:
        return HAN_DIGITS.index(item[4]) + 1
    return ord(item[3]) - ord("①") + 1 if item[3] else int(item[1] or item[2])


def show_lines(row: Row, columns: list[str]) -> str:
    return "\n".join(f"- {line}" for line in row[columns[0]])


def read_tags(reply: str, columns: list[str]) -> Row | None:
    """One `<column>...</column>` for each column, once each; None when one is missing, doubled or empty."""
    texts = {column: text_between(reply, f"<{column}>", f"</{column}>") for column in columns}
    return dict(texts) if all(texts.values()) else None


def text_between(reply: str, start: str, end: str) -> str:
    """The text between two marks, '' when it is empty or they are not there exactly once."""
    _, _, rest = reply.partition(start)
    text, closed, after = rest.partition(end)
    again = end in after.partition(start)[2]
    return text.strip() if closed and not again else ""


def show_tags(row: Row, columns: list[str]) -> str:
    return "\n".join(f"<{c}>\n{row[c]}\n</{c}>" for c in columns)


def read_fields(reply: str, columns: list[str]) -> Row | None:
    """A line 'Column: text' for each column, in order, once each, with lines of other words before them and, after an
    empty line, behind them. 'None' instead of them, alone or with a sentence that says why, leaves them all empty."""
    lines = [unemphasised(line) for line in unfenced(reply.strip()).split("\n")]
    labels = {at: match for at, line in enumerate(lines) if (match := label_of(line, columns))}
    if not labels or NONE.fullmatch(lines[0]):
        return dict.fromkeys(columns, "") if not labels and NONE.fullmatch(" ".join(lines)) else None
    texts = {match[1].lower(): unquoted(match[2]) for match in labels.values()}
    between = [lines[at] for at in range(min(labels), max(labels) + 2) if at < len(lines) and at not in labels]
    fits = [match[1].lower() for match in labels.values()] == columns and all(texts.values()) and not any(between)
    nothing = all(NONE.fullmatch(text) for text in texts.values())
    return {column: "" if nothing else texts[column] for column in columns} if fits else None


def label_of(line: str, columns: list[str]) -> re.Match[str] | None:
    """The label and the text of a line such as 'Kind: tone', '**Kind:** tone' or '1. Kind: tone'."""
    name = rf"({'|'.join(map(re.escape, columns))})(?:\s?[(（][^()（）\n]{{1,10}}[)）])?"
    return re.fullmatch(
        rf"(?:[-*•] |\d[.)] |\d、)?[*_]{{0,2}}{name}[*_]{{0,2}}\s?[:：][*_]{{0,2}}(.*)",
        line,
        re.IGNORECASE,
    )


def show_fields(row: Row, columns: list[str]) -> str:
    return "\n".join(f"{column.capitalize()}: {row[column]}" for column in columns) if row[columns[0]] else "None"


NONE = re.compile(r"(?:none|无)(?:[.!,;:。！，；：].*|\s?[-–—]\s.*|\s?[(（][^()（）]*[)）][.。]?)?", re.IGNORECASE)
MARKER = re.compile(r"#\w+#")
FIELD = re.compile(r"^[^\S\n]*(?:\*\*)?#(\w+)#[:：]?(?:\*\*)?(?<=[:：*])[:：]?", re.MULTILINE)
OPTIONAL = {"input"}  # fields that may stay empty
EMPTY = re.compile(
    r"\W{0,2}(?:none|null|n/a|no input(?: (?:is )?(?:needed|required))?|(?:(?:leave|left|stays?|is) )?(?:empty|blank)|"
    r"not (?:applicable|needed|required)|无|空|没有|无需输入|不需要输入|留空|为空|无输入)\W{0,2}|[-–—]+",
    re.IGNORECASE,
)


def read_marked(reply: str, columns: list[str]) -> Row | None:
    """The fields of the reply, each after its marker '#column#:' at the start of a line, in order and once each, with
    other words only before them; only the input may be empty. A marker inside a field shows that fields have run
    together, a last paragraph that offers help that the reply goes on after its end: such replies do not fit."""
    reply = unfenced(reply.strip())
    marks = list(FIELD.finditer(reply))
    ends = [*(mark.start() for mark in marks[1:]), len(reply)]
    texts = {mark[1]: reply[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=False)}
    texts |= {c: "" for c in OPTIONAL & texts.keys() if EMPTY.fullmatch(texts[c])}
    whole = [mark[1] for mark in marks] == columns and all(text or c in OPTIONAL for c, text in texts.items())
    words = [reply[: marks[0].start()], *texts.values()] if whole else []
    ended = whole and without_closing(words[-1]) == words[-1]
    return texts if ended and not any(MARKER.search(text) for text in words) else None


def show_marked(row: Row, columns: list[str]) -> str:
    return "\n".join(f"#{c}#: {row[c] or ''}".rstrip() for c in columns)


TEXT = r"[^\s][^\n]*"  # to the end of a line


def shape_rating(_: list[str]) -> str:
    """Reasons in some lines, then the rating."""
    return rf"({TEXT}\n){{0,40}}Score: [1-5]"


def shape_lines(_: list[str]) -> str:
    return rf"- {TEXT}(\n- {TEXT})*"


def shape_fields(columns: list[str]) -> str:
    return r"\n".join(rf"{column.capitalize()}: {TEXT}" for column in columns) + "|None"


text = Format(read_text, show_text)
alone = Format(read_alone, show_text)
rating = Format(read_rating, show_rating, shape_rating)
lines = Format(read_lines, show_lines, shape_lines)
tags = Format(read_tags, show_tags)
fields = Format(read_fields, show_fields, shape_fields)
marked = Format(read_marked, show_marked)
FORMATS = Named[Format]("format", lambda format_: format_)
