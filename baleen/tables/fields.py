"""Fields: which of a record's fields make which column, and the values that a row gets from them."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from baleen.errors import Problem
from baleen.tables.chats import ROLE_KEYS, Exchange, NotAChat, chat_of, chosen, holds_lists, role_of
from baleen.tables.records import Doubled, Record, count
from baleen.tables.rows import NUMBER, TEXT, TYPES, Row

CONTENT = ("instruction", "input", "response", "draft", "reference")  # what makes the id, and must be text
# what belongs to an instruction that has it
BESIDE = ("input", "context", "passage", "choices", "options", "system", "system_prompt", "history")
ARGUMENTS = "kwargs"  # a list of mappings: the arguments of verifiable instructions
ASKED_ROLES = ("system", "user", "assistant")
Exchanges = dict[str, Exchange]  # of the chats of a record, by the path of each


@dataclass(frozen=True)
class Path:
    """A dotted path of a mapping, whether it may be absent, and the path of the chat whose role it names, or ''."""

    text: str
    parts: tuple[str, ...]
    optional: bool
    chat: str


@cache
def paths(field: str) -> tuple[Path, ...]:
    """The paths that are joined for one column."""
    return tuple(map(path_of, field.split(",")))


def path_of(text: str) -> Path:
    name = text.strip().removesuffix("?")
    parts = tuple(name.split("."))
    chat = ".".join(parts[:-1]) if parts[-1] in ASKED_ROLES else ""
    return Path(text.strip(), parts, text.strip().endswith("?"), chat)


@dataclass(frozen=True)
class Mapping:
    """Which field makes which column, which exchanges of a chat become rows, and which fields are left out."""

    columns: dict[str, str]
    turns: str = ""
    leave_out: tuple[str, ...] = ()

    @cached_property
    def paths(self) -> list[tuple[str, Path]]:
        """Every path with its column."""
        return [(column, path) for column, field in self.columns.items() for path in paths(field)]

    @cached_property
    def chats(self) -> tuple[str, ...]:
        """The paths of what may be chats."""
        return tuple(sorted({path.chat for _, path in self.paths} - {""}))

    @cached_property
    def numbered(self) -> list[tuple[str, Path, str, int]]:
        """(column, path, list, number) of the paths of content that take an item of a list."""
        items = [(c, path, n) for c, path in self.paths for n, part in enumerate(path.parts) if n and part.isdecimal()]
        return [(c, path, ".".join(path.parts[:n]), int(path.parts[n])) for c, path, n in items if c in CONTENT]

    @cached_property
    def beside(self) -> tuple[str, ...]:
        """The fields that belong to an instruction and are not read."""
        used = {path.parts[0] for _, path in self.paths} | {*self.columns.values(), *self.leave_out}
        return tuple(name for name in BESIDE if name not in used) if "instruction" in self.columns else ()

    @cached_property
    def wanted(self) -> frozenset[str] | None:
        """The dotted paths that are read, and those whose loss would not be noticed; None for all fields."""
        ways = {way for _, path in self.paths for way in (".".join(path.parts), path.chat)}
        return frozenset({*self.columns.values(), *ways, *self.beside} - {""}) if self.columns else None


def values(record: Record, mapping: Mapping, notes: Counter[str]) -> list[tuple[Row, str | None]]:
    """The values of the columns of each row that a record gives, with its place in a chat that gives several."""
    if mapping.beside:
        check_beside(record, mapping)
    if mapping.numbered:
        check_numbered(record, mapping, notes)
    talks = exchanges_of(record, mapping, notes) if mapping.chats else [{}]
    rows = [{c: value(record, c, field, talk) for c, field in mapping.columns.items()} for talk in talks]
    if len(rows) == 1:
        return [(rows[0], None)]
    return [(row, f"exchange {number}") for number, row in enumerate(rows, 1)]


def exchanges_of(record: Record, mapping: Mapping, notes: Counter[str]) -> list[Exchanges]:
    """For each row of a record, the exchange of every chat that is mapped; several chats must have equally many."""
    talks = dict[str, tuple[Exchange, ...]]()
    for root in mapping.chats:
        mapped = [path for _, path in mapping.paths if path.chat == root]
        chat = chat_at(record, root)
        if chat is None and record.fields.get(root, "") is None and not all(path.optional for path in mapped):
            chat = []
        if chat is not None:
            roles = {path.parts[-1] for path in mapped}
            talks[root] = talked(record, root, chat, roles, mapping.turns, notes)
            lost = sum("system" not in roles and exchange.system is not None for exchange in talks[root][:1])
            count(notes, "system_turns_left_out", lost)
    if len({len(talk) for talk in talks.values()}) > 1:
        raise Problem(f"{record.place}: {' and '.join(talks)} have different numbers of exchanges; write --turns first")
    return [dict(zip(talks, talk, strict=True)) for talk in zip(*talks.values(), strict=True)] if talks else [{}]


def chat_at(record: Record, root: str) -> Any:
    """The chat at a path, None where there is something else or nothing."""
    chat = reached(record, path_of(f"{root}?"), {})
    return None if isinstance(chat, dict) and not holds_lists(chat) else chat


def talked(
    record: Record, root: str, chat: Any, roles: set[str], turns: str, notes: Counter[str]
) -> tuple[Exchange, ...]:
    """The exchanges of one chat that become rows; a Problem that names the row for a chat that cannot be read."""
    try:
        return chosen(chat_of(chat, roles), turns, notes)
    except NotAChat as error:
        likely = "first" if "assistant" in roles else "last"  # where the answer to a prompt stands elsewhere
        settings = {"turns": likely} if "--turns" in str(error) else {}
        hint = "" if settings else "; correct the row or leave it out"
        raise Problem(f"{record.place}: {root} {error}{hint}", settings) from None


def value(record: Record, column: str, field: str, talk: Exchanges) -> Any:
    """What a record has for a column; several fields are joined by a blank line, empty ones left out."""
    if field in record.fields:
        content = record.fields[field]
        if type(content) is str and column not in TYPES:  # most are, and stay as they are
            return content
        return typed(record, column, field, single(record, field, content))
    parts = [typed(record, column, path.text, reached(record, path, talk)) for path in paths(field)]
    return parts[0] if len(parts) == 1 else "\n\n".join(str(text) for text in parts if text and str(text).strip())


def reached(record: Record, path: Path, talk: Exchanges) -> Any:
    """The value at a dotted path, None when a field with '?' is absent."""
    if path.text in record.fields:
        return single(record, path.text, record.fields[path.text])
    if path.chat in talk:
        text = talk[path.chat].text(path.parts[-1])
        if text is None and not path.optional:
            raise Problem(f"{record.place}: {path.chat} has no system turn; write {path.text}? where it may be absent")
        return text
    at: Any = record.fields
    for part in path.parts:
        if isinstance(at, dict) and part in at:
            at = single(record, path.text, at[part])
        elif isinstance(at, list) and part.isdecimal() and int(part) < len(at):
            at = at[int(part)]
        elif path.optional:
            return None
        else:
            raise no_field(record, path, at)
    return at


def single(record: Record, field: str, content: Any) -> Any:
    """A value, unless a name stands for several."""
    if isinstance(content, Doubled):
        raise Problem(f"{record.place} has {content.count} fields named {field!r}; rename all but one")
    return content


def no_field(record: Record, path: Path, at: Any) -> Problem:
    """The Problem for a path that leads nowhere, with what is there."""
    names = record.names if at is record.fields and record.names else at
    there = ", ".join(map(str, names)) if isinstance(names, dict | tuple) else names
    there = f"{len(at)} items" if isinstance(at, list) else there or "no fields"
    hint = f"there {'is' if isinstance(at, str) else 'are'} {there}"
    return Problem(f"{record.place} has no field {path.text!r}; {str(hint)[:300]}; correct the columns")


def typed(record: Record, column: str, field: str, content: Any) -> Any:
    """The value in the type of its column: text for content, a number for scores, text or a list of texts elsewhere."""
    if isinstance(content, str) and column not in TYPES:
        return content
    kind, place = TYPES.get(column, TEXT), f"{record.place}: {field} = {str(content)[:60]!r}"
    if kind == NUMBER:
        return number(place, column, content)
    if isinstance(content, list) and column not in CONTENT and all(isinstance(item, str) for item in content):
        return content
    if column == ARGUMENTS and isinstance(content, list) and all(isinstance(item, dict | None) for item in content):
        return [json.dumps(without_nulls(item or {}), ensure_ascii=False, sort_keys=True) for item in content]
    if kind == TEXT and column in CONTENT:
        return text(place, column, content)
    if content is None:
        return None
    if kind != TEXT:
        raise Problem(f"{place} is no list of texts, which column {column} needs")
    return json.dumps(content) if isinstance(content, bool | int | float) else text(place, column, content)


def without_nulls(arguments: Row) -> Row:
    """The arguments that have a value: a table of one type for all rows has every name in each."""
    return {name: value for name, value in arguments.items() if value is not None}


def number(place: str, column: str, content: Any) -> float | None:
    """A number; None for none, which is also what NaN says, and what is infinite is no score."""
    try:
        figure = None if content is None else float(content)
    except (TypeError, ValueError, OverflowError):
        raise Problem(f"{place} is no number, which column {column} needs") from None
    return None if figure is None or not math.isfinite(figure) else figure


def text(place: str, column: str, content: Any) -> str:
    """Text; '' for none, which is also what NaN says, and bytes are text in UTF-8."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, float) and math.isnan(content):
        return ""
    if isinstance(content, bytes):
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise Problem(f"{place} is no text in UTF-8 ({error.reason} at {error.start}); correct it") from None
    hint = "map a field inside it" if isinstance(content, dict | list) else "choose another field"
    raise Problem(f"{place} is {type(content).__name__}, not text, which column {column} needs; {hint}")


def check_beside(record: Record, mapping: Mapping) -> None:
    """A Problem for a field that belongs to the instruction and that no column reads."""
    for name in mapping.beside:
        if not_blank(record.fields.get(name)):
            joint = f"--columns.instruction {mapping.columns['instruction']},{name}"
            hint = f"write {joint} or --columns.input {name}, or --leave-out {name}"
            settings = {}
            if not isinstance(record.fields[name], str):
                hint, settings = f"it is no text; write --leave-out {name}", {"leave_out": [*mapping.leave_out, name]}
            raise Problem(f"{record.place} has a field {name!r}, which no column reads; {hint}", settings)


def not_blank(content: Any) -> bool:
    return bool(content.strip()) if isinstance(content, str) else bool(content) and content == content  # NaN is none


def check_numbered(record: Record, mapping: Mapping, notes: Counter[str]) -> None:
    """A Problem for turns of a chat that are mapped by their number and have another role, or are not all there are;
    other items of a list that no column reads are counted."""
    for root in {root for _, _, root, _ in mapping.numbered}:
        items, last = reached(record, path_of(f"{root}?"), {}), max(n for _, _, r, n in mapping.numbered if r == root)
        count(notes, "items_left_out", max(0, len(items) - last - 1) if isinstance(items, list) else 0)
    for column, path, root, at in mapping.numbered:
        roles = roles_of(reached(record, path_of(f"{root}?"), {}))
        if at >= len(roles) or not roles[at]:
            continue
        hint = f"write {root}.user, {root}.assistant and, where there are several exchanges, --turns"
        wrong = {"instruction": "user", "response": "assistant"}.get(column, roles[at])
        if wrong != roles[at]:
            raise Problem(f"{record.place}: {path.text} is a turn of the {roles[at]}; {hint}")
        mapped = {number for _, _, other, number in mapping.numbered if other == root}
        left = next((n for n, role in enumerate(roles) if role and n not in mapped), None)
        if left is not None:
            raise Problem(f"{record.place}: no column reads turn {left} of {root}, of the {roles[left]}; {hint}")


def roles_of(turns: Any) -> list[str]:
    """The role of each item of a list, '' for one that is no turn of a chat."""
    items = turns if isinstance(turns, list) else []
    names = [
        next((item[key] for key in ROLE_KEYS if key in item), "") if isinstance(item, dict) else "" for item in items
    ]
    return [role_of(name) or "" for name in names]
