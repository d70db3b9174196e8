"""generate: ask a model the prompt about every row, and write the columns of its reply.

python -m stages.generate humpback-augment --input web --model ask --prompt ask --profile pocket
"""

import json
import math
from collections.abc import Container, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import Reply, Request, Sampling
from baleen.errors import Problem
from baleen.measures.overlap import copied, distinct
from baleen.memo import answers
from baleen.memo.answers import Answered, Pair
from baleen.memo.ask import EngineQuery
from baleen.memo.dry_run import Estimate
from baleen.project import settings
from baleen.project.command_line import run
from baleen.project.options import options_of_run, run_flags
from baleen.project.settings import REQUIRED, Once, setting
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import Row, row_id
from baleen.training import requirements


@dataclass
class GenerateOptions:
    input: str = setting(REQUIRED, "table to read")
    model: str = setting(REQUIRED, "model to ask")
    prompt: str = setting(REQUIRED, "prompt to ask")
    writes: str = setting("", "write the reply to this column instead of the prompt's own")
    tag: str = setting("", "use the system message of this origin instead of the row's own")
    only: str = setting("", "ask only about rows in which this column is not empty; the others pass first, as they are")
    n: int = setting(1, "replies to each row")
    seed: int = setting(0, "seed of the samples; each row and reply has its own, derived from it")
    temperature: float = setting(0.7, "0 is greedy")
    top_p: float = setting(0.9, "nucleus of this probability; 1 is off")
    top_k: int = setting(0, "the k likeliest tokens; 0 is off")
    repetition_penalty: float = setting(1.0, "1 is off")
    max_tokens: int = setting(512, "new tokens at most")
    engine: str = setting("hf", "engine that answers")
    structured: bool = setting(False, "let the engine write nothing but the prompt's format (engines vllm and openai)")
    min_readable: float = setting(0.5, "stop the build when a smaller share of the replies has the stated shape")
    echo: float = setting(1.0, "drop a reply when more than this share of its word 3-grams stands in what it reads")
    leak: float = setting(1.0, "drop a reply with a column of which more than this share is the prompt's own wording")
    min_distinct: float = setting(0.0, "stop the build when a smaller share of the replies' 2-grams is different")
    keep_unreadable: bool = setting(False, "keep rows whose reply is cut off or unreadable, with the raw reply")


def seed_of(seed: int, row: Row, copy: int) -> int:
    """The seed of one reply: a function of the setting, the row's id and the number of the reply."""
    return int(row_id(str(seed), str(row["id"]), str(copy)), 16) >> 2


def copies(table: Iterable[Row], prompt: Prompt, n: int) -> Iterator[tuple[Row, int]]:
    """Each row n times; when the prompt revises, what it will write over becomes the draft."""
    for row in table:
        drafted = row | {"draft": row[prompt.writes[0]]} if "draft" in prompt.reads and "draft" not in row else row
        yield from ((drafted, copy) for copy in range(n))


def numbered(row: Row, copy: int) -> Row:
    """The row of one reply: of several the first keeps the id."""
    return row if copy == 0 else row | {"id": row_id(row["id"], "reply", str(copy))}


def request(row: Row, copy: int, prompt: Prompt, options: GenerateOptions) -> Request:
    messages = answers.conversation(prompt, row, options.tag)
    seed = seed_of(options.seed, numbered(row, copy), copy) if options.temperature > 0 else 0
    return Request(messages, prefill=prompt.start(row), seed=seed)


def outcome(start: str, reply: Reply, prompt: Prompt) -> tuple[Row | None, str]:
    """The columns read from a reply after its start, or None and the reason: 'truncated', 'refused', 'too long' or
    'unreadable'."""
    said, stop, _ = reply.text.partition(prompt.stop) if prompt.stop else (reply.text, "", "")
    if reply.finish != "stop" and not stop:
        return None, {"length": "truncated"}.get(reply.finish, reply.finish)
    columns = prompt.parse_reply(start + said if prompt.body else said)
    return columns, "" if columns is not None else "unreadable"


def open_to(row: Row, options: GenerateOptions) -> bool:
    """Whether the row is to be asked about at all."""
    return not options.only or bool(row[options.only])


def passed(output: rows.Output, table: Iterable[Row], prompt: Prompt, options: GenerateOptions) -> int:
    """How many rows are not asked about; each is kept, what it lacks of the columns added being NULL."""
    for row in table:
        if not open_to(row, options):
            output.keep(dict.fromkeys(added(prompt)) | {"lineage": []} | row)
    return output.kept.rows


def unread(request: Request, reply: Reply, prompt: Prompt) -> bool:
    return outcome(request.prefill, reply, prompt)[0] is None


def raw(answered: Answered, prompt: Prompt) -> Row:
    """The reply as it came in the first column the prompt writes, if that holds text, all else NULL; one cut off ends
    in ' …', so that no measure takes it for whole."""
    cut = " …" if answered.reply.finish == "length" else ""
    said = None if prompt.format in VALUES else answered.reply.text + cut
    return {column: None for column in prompt.writes} | {prompt.writes[0]: said}


def added(prompt: Prompt) -> dict[str, pa.DataType]:
    """Columns that every row of the target has, whatever the input has, with their types."""
    more = {column: rows.column_type(column, VALUES.get(prompt.format, "")) for column in prompt.writes}
    draft = {"draft": rows.TEXT} if "draft" in prompt.reads else {}
    return draft | more | {"lineage": rows.LINEAGE}


def needed(options: GenerateOptions, prompt: Prompt, there: Container[str]) -> list[str]:
    """Columns that are read of a table that has these; a draft that it lacks is what the prompt writes over."""
    own = "draft" if "draft" in there else prompt.writes[0]
    read = [own if column == "draft" else column for column in prompt.reads]
    return [*read, *filter(None, [options.only])]


def table_of(path: Path, prompt: Prompt, options: GenerateOptions) -> pa.Schema:
    """The columns of the input, which has all that is read."""
    found = rows.schema(path)
    return rows.require_columns(path, found, needed(options, prompt, found.names))


def repeated(row: Row, columns: Row, prompt: Prompt, options: GenerateOptions) -> str:
    """'echo' for a reply that says again what it was asked about, 'leak' for how it was asked, else ''."""
    texts = [str(columns[column]) for column in prompt.writes]
    asked = "\n".join(str(row[column]) for column in prompt.reads)
    own = "\n".join(prompts.constant_lines(prompt))
    if options.echo < 1 and copied("\n".join(texts), asked) > options.echo:
        return "echo"
    return "leak" if options.leak < 1 and any(copied(text, own) > options.leak for text in texts) else ""


def finish(
    output: rows.Output, replies: Iterable[Answered], prompt: Prompt, source: Row, options: GenerateOptions
) -> tuple[str, list[str]]:
    """File every answer: kept with its columns and lineage, or dropped with the raw reply; the first reply that could
    not be read comes back, and the first replies that could."""
    example, said = "", list[str]()
    for at, answered in enumerate(replies):
        row = numbered(answered.row, at % options.n)
        columns, reason = outcome(prompt.start(answered.row), answered.reply, prompt)
        reason = reason or repeated(answered.row, columns or {}, prompt, options)
        columns = None if reason else columns
        example = example or (answered.reply.text if reason else "")
        said += [] if columns is None or len(said) >= SAID else [answered.reply.text]
        history = {"lineage": answered.history(source)}
        if columns is None and not options.keep_unreadable:
            output.drop(row | {"reply": answered.reply.text} | history, reason)
            continue
        if reason:
            output.flawed[reason] += 1
        output.keep(row | (columns or raw(answered, prompt)) | history)
    return example, said


def gate(name: str, output: rows.Output, example: str, options: GenerateOptions) -> None:
    """A Problem when too few replies could be read; the memo keeps them, so a better prompt format costs nothing."""
    total = output.kept.rows + output.dropped.rows - output.notes.get("passed", 0)
    unread = output.reasons.total() + output.flawed.total()
    output.notes["readable"] = round(1 - unread / max(total, 1), 4)
    if not options.keep_unreadable and output.notes["readable"] < options.min_readable:
        reasons = ", ".join(f"{n} {why}" for why, n in output.reasons.most_common())
        raise Problem(
            f"generate {name}: only {output.notes['readable']:.0%} of {total} replies could be read ({reasons}), "
            f"for example {example[:80]!r} could not; min_readable is {options.min_readable:.0%}; "
            f"mend prompts/{options.prompt}.md or lower the gate"
        )


def advice(name: str, example: str, prompt: Prompt) -> str:
    """How to see what the model says when nothing could be read; the memo has it, so that it costs nothing."""
    if prompt.format in VALUES:
        return f"the first reply was {example[:80]!r}"
    return f"run it with --keep-unreadable --limit 20 and read data/{name}-preview.parquet"


def variety(name: str, output: rows.Output, said: list[str], options: GenerateOptions) -> None:
    """A Problem when a model says the same to everybody: training on that would teach another model a code. Without a
    reply that could be read there is nothing to measure."""
    if not options.min_distinct or not said:
        return
    output.notes["distinct"] = round(distinct(said), 4)
    if output.notes["distinct"] < options.min_distinct:
        raise Problem(
            f"generate {name}: only {output.notes['distinct']:.1%} of the 2-grams of the replies are different, "
            f"min_distinct is {options.min_distinct:.1%}; such as {said[0][:80]!r}; model {options.model} has collapsed"
        )


def questions(table: Iterable[Row], prompt: Prompt, options: GenerateOptions) -> Iterator[Pair]:
    """Every row that is asked about, as often as it is, with its request."""
    some = (row for row in table if open_to(row, options))
    return ((row, request(row, copy, prompt, options)) for row, copy in copies(some, prompt, options.n))


def lineage(name: str, prompt: Prompt, asked: EngineQuery, options: GenerateOptions) -> Row:
    """What all rows of the target share in their history."""
    drawn = {name: value for name, value in asdict(asked.sampling).items() if value != ""} if asked.sampling else {}
    sampling = json.dumps(drawn | {"seed": options.seed} if drawn else {}, sort_keys=True)
    written = ",".join(prompt.writes)
    return {"target": name, "columns": written, "prompt": prompt.digest, "model": asked.identity, "sampling": sampling}


def sampling_of(options: GenerateOptions, prompt: Prompt) -> Sampling:
    drawn = (options.temperature, options.top_p, options.top_k, options.repetition_penalty, options.max_tokens)
    return Sampling(*drawn, shape=prompt.shape if options.structured else "")


def check(options: GenerateOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    settings.within(options, where, BOUNDS)
    if options.structured and not table.can(options.engine, "structured"):
        raise Problem(f"{where}: engine {options.engine} cannot hold replies to a format; write engine: vllm or openai")
    if options.structured and options.prompt:
        _ = prompts.load(options.prompt, options.writes).shape


def names(options: GenerateOptions) -> list[tuple[str, str]]:
    """The engine and the prompt that the settings name."""
    return [("engine", options.engine), ("prompt", options.prompt)]


def estimate(options: GenerateOptions) -> Estimate:
    """What would be queried of the table that is there."""
    once, prompt = Once(dry_run=True), prompts.load(options.prompt, options.writes)
    asked = answers.engine_query(options.engine, options.model, "generate", sampling_of(options, prompt), once)
    return answers.estimated(asked, questions(rows.read(rows.table_path(options.input)), prompt, options))


def main(argv: list[str]) -> None:
    argv, once = run_flags(argv)
    name, options = options_of_run(GenerateOptions, argv, "generate", once)
    check(options, f"generate {name}")
    requirements.check_stage("generate", options)
    prompt, path = prompts.load(options.prompt, options.writes), rows.table_path(options.input)
    columns = rows.extend_schema(table_of(path, prompt, options), added(prompt))
    asked = answers.engine_query(options.engine, options.model, "generate", sampling_of(options, prompt), once)
    pairs = questions(answers.input_rows(path, once), prompt, options)
    if once.dry_run:
        return answers.print_dry_run(f"generate {name}", options.model, asked, pairs)
    with rows.Output(answers.output_path(name, once), columns) as output:
        if options.only:
            output.notes["passed"] = passed(output, answers.input_rows(path, once), prompt, options)
        total = (rows.size(path) - output.notes.get("passed", 0)) * options.n
        replies = answers.answers(asked, pairs, output, total, once, partial(unread, prompt=prompt))
        example, said = finish(output, replies, prompt, lineage(name, prompt, asked, options), options)
        gate(name, output, example, options)
        variety(name, output, said, options)
        output.require_rows(f"generate {name}", advice(name, example, prompt))


SAID = 10_000  # replies whose variety is measured
VALUES = {"rating": 0.0, "lines": list[str]()}  # what a format reads that is no text
BOUNDS = {  # smallest and largest value
    "n": (1, 10_000), "temperature": (0, 100), "top_p": (1e-6, 1), "top_k": (0, math.inf), "max_tokens": (1, math.inf),
    "repetition_penalty": (1e-6, 100), "min_readable": (0, 1), "echo": (0, 1),
    "leak": (0, 1), "min_distinct": (0, 1),
}  # fmt: skip

if __name__ == "__main__":
    run(main)
