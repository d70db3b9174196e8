"""Propose: how a source would best be read, by looking at it. Nothing here is applied unless a person accepts it.

The readers themselves say which setting would mend what they refuse (`Problem.settings`); the names and the texts of
the first records say the rest.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any, TypeVar, cast

from baleen.errors import Problem
from baleen.tables.chats import BOTH, is_chat, turns_of
from baleen.tables.fields import BESIDE
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.records import Record
from baleen.tables.rows import Row
from baleen.tables.sources import kept_rows, records
from baleen.tables.splits import file_kind
from baleen.tables.trees import MAPPED, is_tree, likeliest_language

LOOKED_AT = 50  # records
SHOWN = 3  # rows
MENDED = 8  # settings; more cannot be wrong at once
# Names that data sets give these, the likeliest first.
ASKS = "instruction question prompt query problem task user human request input".split()
ANSWERS = "response output answer completion reply solution assistant gpt target chosen answers".split()
TEXTS = "text content body document article page passage markdown html abstract description".split()
CHATS = "messages conversations conversation turns dialog dialogue chosen".split()
BEFORE = ("system", "system_prompt", "history")  # of what belongs to an instruction, what stands before it
WORDS = ("text", "markdown", "html")  # kinds of text
HTML = re.compile(r"\s*<(?:!doctype html|\?xml|html|head|body|article|div|h[1-6]|main|p|section|table|ul|ol)\b", re.I)
MARKDOWN = re.compile(r"^(?:#{1,6} |```|[-*] \S|> |\d+\. |\|.*\|$)|\]\(|\*\*\S", re.MULTILINE)
T = TypeVar("T")


@dataclass(frozen=True)
class Proposal:
    """How a source would be read: the settings of its recipe line beside the source, the fields of its records with
    what each seems to hold (text, markdown, html, chat, number, list, mapping, empty, doubled or unreadable), the
    first rows as they would be read, and for each setting that is no default what the readers said without it."""

    source: str
    format: str
    settings: dict[str, Any]
    fields: dict[str, str]
    rows: list[Row]
    reasons: list[str]

    @property
    def columns(self) -> dict[str, str]:
        """The mapping that is proposed; empty where no field looks like text to learn from."""
        return dict(self.settings.get("columns", {}))


def propose(path: str) -> Proposal:
    """How a file, folder, archive or address would be read; a Problem where no setting would make it readable."""
    reasons, options = list[str](), IngestOptions(str(path), origin="web")
    looked, options = mended(first_records, options, reasons)
    if not looked:
        raise Problem(f"{path} is empty; name another source")
    looked = [record for record in looked if not record.reason] or looked
    if inside := records_inside(looked, options):
        reasons.append(f"the records are a list inside an object: --field {inside}")
        looked, options = mended(first_records, replace(options, field=inside), reasons)
    values = field_values(looked, options)
    kinds = {name: kind_of_values(contents) for name, contents in values.items()}
    if looked[0].markup:
        kinds["text"] = looked[0].markup
    columns = {"response": "text"} if looked[0].markup else proposed_columns(values, kinds, len(looked))
    if trees := proposed_trees(looked, values):
        columns, options = MAPPED, replace(options, trees=trees)
    options = replace(options, columns=columns, kind=proposed_kind(options, columns, kinds, looked[0].markup))
    rows, options = mended(first_rows, options, reasons) if columns else ([], options)
    return Proposal(options.source, format_of(looked, options), changed_settings(options), kinds, rows, reasons)


def records_inside(looked: Sequence[Record], options: IngestOptions) -> str:
    """The path of the records in JSON files of one object each, which has no text of its own; '' for other files."""
    kinds = {options.file_kind or file_kind(record.file) for record in looked}
    objects = [record.fields for record in looked]
    if kinds != {"json"} or len({record.file for record in looked}) < len(looked) or any(map(own_text, objects)):
        return ""
    if all(len(one) > 1 and are_alike([*one.values()]) for one in objects):
        return "*"
    lists = [name for name, value in objects[0].items() if isinstance(value, list) and are_alike(value)]
    lists = [name for name in lists if "." not in name]
    return max(lists, key=lambda name: len(objects[0][name]), default="")


def own_text(fields: Row) -> bool:
    """Whether an object has a text or a chat under a usual name."""
    known = {*ASKS, *ANSWERS, "text", "content", "body", "document", "article", "markdown", "html"}
    return any(
        is_chat(value) if name.lower() in CHATS else isinstance(value, str) and name.lower() in known
        for name, value in fields.items()
    )


def are_alike(values: Sequence[Any]) -> bool:
    """Whether values are objects with fields, of which the first two have some in common."""
    objects = [value for value in values if isinstance(value, dict) and value]
    return bool(objects) and len(objects) == len(values) and bool({*objects[0]} & {*objects[-1]})


def proposed_trees(looked: Sequence[Record], values: dict[str, list[Any]]) -> str:
    """The language of the trees of messages that records are, '' for other records."""
    if not is_tree(looked[0].names or looked[0].fields, looked[0].fields):
        return ""
    return likeliest_language([{"lang": language} for language in values.get("lang", values.get("prompt.lang", []))])


def proposed_kind(options: IngestOptions, columns: dict[str, str], kinds: dict[str, str], markup: str) -> Any:
    """The setting kind: what the texts of columns seem to be, where no suffix says it, beside the kind of the files."""
    texts = {column: kinds.get(field, "") for column, field in columns.items() if not markup}
    texts = {column: kind for column, kind in texts.items() if kind in ("markdown", "html")}
    return texts | ({"files": options.file_kind} if options.file_kind else {}) if texts else options.kind


def mended(reader: Callable[[IngestOptions], T], options: IngestOptions, reasons: list[str]) -> tuple[T, IngestOptions]:
    """What a reader gives, with the settings that the Problems on the way asked for; each is noted."""
    for _ in range(MENDED):
        try:
            return reader(options), options
        except Problem as problem:
            if not problem.settings:
                raise
            reasons.append(str(problem))
            options = replace(options, **cast(Any, problem.settings))
    raise Problem(f"{options.source} cannot be read ({reasons[-1]})")


def first_records(options: IngestOptions) -> list[Record]:
    """The first records, of Arrow tables without their fields: one of them may be unreadable."""
    blind = replace(options, columns={"response": "\0"})
    return [*islice(records(blind, Counter()), LOOKED_AT)]


def first_rows(options: IngestOptions) -> list[Row]:
    """The first rows that would be kept, the mapped columns alone; all records that are looked at must be readable."""
    kept = [*kept_rows(options, LOOKED_AT)]
    return [{column: row[column] for column in options.columns} for row in kept[:SHOWN]]


def field_values(looked: Sequence[Record], options: IngestOptions) -> dict[str, list[Any]]:
    """The values of every field, also of those inside mappings and lists of mappings; none for an unreadable one."""
    if not (names := looked[0].names):
        return flattened([record.fields for record in looked])
    values = dict[str, list[Any]]()
    for name in names:
        try:
            looked_at = [*islice(records(replace(options, columns={"response": name}), Counter()), LOOKED_AT)]
            values |= flattened([{name: record.fields[name]} for record in looked_at if name in record.fields])
        except Problem:
            values[name] = []
    return values


def flattened(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The values by path: `a`, and `a.b` or `a.0.b` where a is a mapping or a list of mappings, but no chat."""
    values = dict[str, list[Any]]()
    for row in rows:
        for name, value in row.items():
            first, path = (value[0], f"{name}.0") if isinstance(value, list) and value else (value, name)
            inside = first.items() if isinstance(first, dict) and not is_chat(value) else [("", value)]
            for key, content in inside:
                values.setdefault(f"{path}.{key}" if key else name, []).append(content)
    return values


def kind_of_values(values: Sequence[Any]) -> str:
    """What values seem to hold; a text is what at least half of the texts look like."""
    full = [decoded(value) for value in values if value not in (None, "", [], {}, b"") and value == value]
    if not full:
        return "empty" if values else "unreadable"
    if all(is_chat(value) for value in full):
        return "chat"
    if all(isinstance(value, bool | int | float) or is_number(value) for value in full):
        return "number"
    texts = [value for value in full if isinstance(value, str)]
    if 2 * len(texts) < len(full):
        other = type(full[0]).__name__
        return {"dict": "mapping", "Doubled": "doubled"}.get(other, other)
    kinds = {"html": sum(bool(HTML.match(text)) for text in texts)}
    kinds["markdown"] = sum(bool(MARKDOWN.search(text)) for text in texts) - kinds["html"]
    return next((kind for kind, count in kinds.items() if 2 * count >= len(texts)), "text")


def decoded(value: Any) -> Any:
    """The text that bytes are in UTF-8; any other value as it is."""
    with suppress(AttributeError, UnicodeDecodeError):
        return value.decode()
    return value


def is_number(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\s*(?:[-+]?\d+(?:\.\d*)?|nan)\s*", value, re.I))


def proposed_columns(values: dict[str, list[Any]], kinds: dict[str, str], count: int) -> dict[str, str]:
    """A mapping to instruction and response, or to one of them alone, by the names of the fields; {} for none."""
    names = {name: f"{name}?" if len(values[name]) < count else name for name in values}
    texts = [name for name, kind in kinds.items() if kind in WORDS]
    roles = {name: roles_in(values[name]) for name, kind in kinds.items() if kind == "chat"}
    whole = likeliest(CHATS, [name for name in roles if roles[name] >= BOTH])
    asked = whole or likeliest([*ASKS, *CHATS], [name for name in roles if "user" in roles[name]])
    told = whole or likeliest([*ANSWERS, *CHATS], [name for name in roles if roles[name] == {"assistant"}])
    asks = asked or likeliest(ASKS, texts)
    answer = told or likeliest([*ANSWERS, *TEXTS], [name for name in texts if name != asks])
    letters = {name.lower(): name for name in texts}
    if not (asks or told) and {"q", "a"} <= {*letters}:  # one letter alone may mean anything
        asks, answer = letters["q"], letters["a"]
    beside = [name for name in texts if name.rpartition(".")[2] in BESIDE and name not in (asks, answer)]
    before = [names[name] for name in beside if name in BEFORE]
    after = [names[name] for name in beside if name not in BEFORE]
    question = names.get(asks, "")
    if asked:
        question = f"{asked}.system?,{asked}.user" if "system" in roles[asked] else f"{asked}.user"
    instruction = ",".join([*before, question, *after])
    if asks and answer:
        return {"instruction": instruction, "response": f"{told}.assistant" if told else names[answer]}
    only = likeliest(TEXTS, texts) or (texts[0] if len(texts) == 1 and not asks else "")
    if only:
        return {"response": names[only]}
    return {"instruction": instruction} if asks else {}


def likeliest(known: Sequence[str], names: Sequence[str]) -> str:
    """The name that stands first among the known ones, the shortest path first; '' for none."""
    ranks = {name: known.index(last) for name in names if (last := name.rpartition(".")[2].lower()) in known}
    return min(ranks, key=lambda name: (ranks[name], name.count(".")), default="")


def roles_in(chats: Sequence[Any]) -> set[str]:
    """The roles of the turns of chats, both of one that cannot be read: that is said when its rows are."""
    try:
        return {role for chat in chats if chat for role, _ in turns_of(chat)}
    except ValueError:
        return {*BOTH}


def format_of(looked: Sequence[Record], options: IngestOptions) -> str:
    """The kinds of the files that the first records are from."""
    kinds = {options.file_kind or file_kind(record.file) or "saved data set" for record in looked}
    return ", ".join(sorted(kinds))


def changed_settings(options: IngestOptions) -> dict[str, Any]:
    """The settings that are no defaults, without the source and where rows come from."""
    usual = asdict(IngestOptions(options.source, origin=options.origin))
    return {name: value for name, value in asdict(options).items() if value != usual[name]}
