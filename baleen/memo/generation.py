"""Asking a model about the rows of a table: the settings, and the request that each row becomes."""

import json
import math
from collections.abc import Container, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import Request, Sampling
from baleen.errors import Problem, unknown
from baleen.memo import queries
from baleen.memo.ask import EngineQuery
from baleen.memo.queries import Pair
from baleen.models import pins, stand_ins
from baleen.project import settings
from baleen.project.settings import REQUIRED, setting
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import Row, row_id
from baleen.transforms import parse_transform


@dataclass
class GenerateOptions:
    input: str = setting(REQUIRED, "table to read")
    model: str = setting(REQUIRED, "model to ask")
    prompt: str = setting(REQUIRED, "prompt to ask")
    instead: dict[str, Any] = setting({}, "pin of a model to query in place of `model`, such as a larger judge")
    writes: str = setting("", "write the reply to this column instead of the prompt's own")
    tag: str = setting("", "use the system message of this origin instead of the row's own")
    only: str = setting("", "ask only about rows in which this column is not empty; the others pass first, as they are")
    n: int = setting(1, "replies to each row")
    again: str = setting("", "transform that says after each reply whether the row is done, or queried once more")
    turns: int = setting(10, "with `again`: queries to each row and reply at most")
    seed: int = setting(0, "seed of the samples; each row and reply has its own, derived from it")
    temperature: float = setting(0.7, "0 is greedy")
    top_p: float = setting(0.9, "nucleus of this probability; 1 is off")
    top_k: int = setting(0, "the k likeliest tokens; 0 is off")
    repetition_penalty: float = setting(1.0, "1 is off")
    max_tokens: int = setting(512, "new tokens at most")
    engine: str = setting("hf", "engine that answers")
    template: dict[str, Any] = setting({}, queries.TEMPLATE)
    stop: list[str] = setting([], "texts at which a reply ends, beside the one of a prompt that a base model continues")
    structured: str = setting(
        "auto", "true: the engine writes nothing but the prompt's format; auto: where engine and format can; or false"
    )
    min_readable: float = setting(0.5, "stop the build when a smaller share of the replies has the stated shape")
    echo: float = setting(1.0, "drop a reply when more than this share of its word 3-grams stands in what it reads")
    leak: float = setting(1.0, "drop a reply with a column of which more than this share is the prompt's own wording")
    min_distinct: float = setting(0.0, "stop the build when a smaller share of the replies' 2-grams is different")
    keep_unreadable: bool = setting(False, "keep rows whose reply is cut off or unreadable, with the raw reply")


STRUCTURED = ["auto", "true", "false"]
VALUES = {"rating": 0.0, "lines": list[str]()}  # what a format reads that is no text
BOUNDS = {  # smallest and largest value
    "n": (1, 10_000), "turns": (1, 10_000),
    "temperature": (0, 100), "top_p": (1e-6, 1), "top_k": (0, math.inf), "max_tokens": (1, math.inf),
    "repetition_penalty": (1e-6, 100), "min_readable": (0, 1), "echo": (0, 1),
    "leak": (0, 1), "min_distinct": (0, 1),
}  # fmt: skip


def check(options: GenerateOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    settings.within(options, where, BOUNDS)
    stand_ins.check(options.instead, where)
    if options.structured.lower() not in STRUCTURED:
        raise Problem(f"{where}: {unknown('structured', options.structured, STRUCTURED)}")
    if options.again:
        check_again(options, where)
    if not all(options.stop):
        raise Problem(f"{where}: stop has an empty text, which ends every reply; take it out")
    if options.structured.lower() == "true":
        table.require(options.engine, "structured", where, "cannot hold replies to a format")
    if options.template:
        queries.check_template(options.engine, options.prompt, where)
    if options.structured.lower() == "true" and options.prompt:
        _ = prompts.load(options.prompt, options.writes).shape


def check_again(options: GenerateOptions, where: str) -> None:
    """A Problem for a transform that cannot say whether a row is done, and for settings without effect beside it."""
    try:
        taken = parse_transform(options.again)
    except Problem as problem:
        raise Problem(f"{where}: again: {problem}") from None
    if taken.function is None or "again" not in taken.reads:
        raise Problem(
            f"{where}: again: {options.again} is not made for turns; name a transform of a row that reads again"
        )
    for name, usual in {"keep_unreadable": False, "min_distinct": 0.0}.items():
        if getattr(options, name) != usual:
            raise Problem(f"{where}: {name} has no effect with again; take it out")


def seed_of(seed: int, row: Row, copy: int, turn: int = 0) -> int:
    """The seed of one reply: a function of the setting, the row's id and the number of the reply and of its turn."""
    return int(row_id(str(seed), str(row["id"]), str(copy), *[str(turn)] * bool(turn)), 16) >> 2


def copies(table: Iterable[Row], prompt: Prompt, n: int) -> Iterator[tuple[Row, int]]:
    """Each row n times; when the prompt revises, what it will write over becomes the draft."""
    for row in table:
        drafted = row | {"draft": row[prompt.writes[0]]} if "draft" in prompt.reads and "draft" not in row else row
        yield from ((drafted, copy) for copy in range(n))


def numbered(row: Row, copy: int) -> Row:
    """The row of one reply: of several the first keeps the id."""
    return row if copy == 0 else row | {"id": row_id(row["id"], "reply", str(copy))}


def request(row: Row, copy: int, prompt: Prompt, options: GenerateOptions) -> Request:
    seed = seed_of(options.seed, numbered(row, copy), copy) if options.temperature > 0 else 0
    return conversation_of(row, seed, prompt, options)


def conversation_of(row: Row, seed: int, prompt: Prompt, options: GenerateOptions) -> Request:
    """What a model is asked about a row, with this seed."""
    template = queries.template_text(options.template)
    return Request(prompt.messages(row, options.tag), prompt.start(row), seed, template=template)


def is_queried(row: Row, options: GenerateOptions) -> bool:
    """Whether the model is asked about the row at all."""
    return not options.only or bool(row[options.only])


def passed(output: rows.Output, table: Iterable[Row], prompt: Prompt, options: GenerateOptions) -> int:
    """How many rows are not asked about; each is kept, what it lacks of the columns added being NULL."""
    for row in table:
        if not is_queried(row, options):
            output.keep(dict.fromkeys(added(prompt)) | {"lineage": []} | row)
    return output.kept.rows


def questions(table: Iterable[Row], prompt: Prompt, options: GenerateOptions) -> Iterator[Pair]:
    """Every row that is asked about, as often as it is, with its request."""
    some = (row for row in table if is_queried(row, options))
    return ((row, request(row, copy, prompt, options)) for row, copy in copies(some, prompt, options.n))


def added(prompt: Prompt, again: str = "") -> dict[str, pa.DataType]:
    """Columns that every row of the target has, whatever the input has, with their types; `again` is a transform."""
    taken = parse_transform(again).writes if again else {}
    more = {column: rows.column_type(column, VALUES.get(prompt.format, "")) for column in prompt.writes}
    draft = {"draft": rows.TEXT} if "draft" in prompt.reads else {}
    return draft | more | taken | {"lineage": rows.LINEAGE}


def needed(options: GenerateOptions, prompt: Prompt, there: Container[str]) -> list[str]:
    """Columns that are read of a table that has these; a draft that it lacks is what the prompt writes over."""
    own = "draft" if "draft" in there else prompt.writes[0]
    columns = [own if column == "draft" else column for column in prompt.reads]
    later = parse_transform(options.again).reads if options.again else ()
    return [
        *columns,
        *(column for column in later if column not in (*prompt.writes, "again")),
        *filter(None, [options.only]),
    ]


def table_of(path: Path, prompt: Prompt, options: GenerateOptions) -> pa.Schema:
    """The columns of the input, which has all that is read."""
    schema = rows.schema(path)
    return rows.require_columns(path, schema, needed(options, prompt, schema.names))


def sampling_of(options: GenerateOptions, prompt: Prompt) -> Sampling:
    drawn = (options.temperature, options.top_p, options.top_k, options.repetition_penalty, options.max_tokens)
    return Sampling(*drawn, shape=shape_of(options, prompt), stop=stops_of(options, prompt))


def shape_of(options: GenerateOptions, prompt: Prompt) -> str:
    """The regular expression that replies are held to, '' for none, known before a row is asked: a reply
    is looked up under the same key whether its server runs or not."""
    mode = options.structured.lower()
    able = table.can(options.engine, "structured") and prompt.has_shape and holds_formats(options.model)
    return prompt.shape if mode == "true" or (mode == "auto" and able) else ""


def holds_formats(model: str) -> bool:
    """Whether a model, if it is at a server, is at one whose pin says that it can hold replies to a format."""
    pinned = pins.pin(model) if pins.is_there(model) else None
    return not (pinned and pinned.endpoint) or pinned.server == "vllm"


def stops_of(options: GenerateOptions, prompt: Prompt) -> tuple[str, ...]:
    """The texts that end a reply. That of a prompt which a model answers in a chat is looked for in the answer alone,
    when the reply is read: it may stand in the reasoning before it."""
    own = [prompt.stop] if prompt.stop and not prompt.body else []
    return tuple(dict.fromkeys([*own, *options.stop]))


def lineage(name: str, prompt: Prompt, query: EngineQuery, options: GenerateOptions) -> Row:
    """What all rows of the target share in their history."""
    drawn = (
        {name: value for name, value in asdict(query.sampling).items() if value not in ("", ())}
        if query.sampling
        else {}
    )
    more = {"seed": options.seed} | ({"template": options.template} if options.template else {})
    sampling = json.dumps(drawn | more if drawn else {}, sort_keys=True)
    written = ",".join(prompt.writes)
    return {"target": name, "columns": written, "prompt": prompt.digest, "model": query.identity, "sampling": sampling}
