"""The replies to the rows of a table, through the memo: the columns in each or why it has none, and its gates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import tee
from operator import itemgetter

from baleen import prompts
from baleen.engines import reasoning
from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.measures.overlap import copied, distinct
from baleen.memo.ask import AskOptions, EngineQuery, IsUnreadable, ask
from baleen.memo.generation import VALUES, GenerateOptions, numbered
from baleen.memo.queries import Pair
from baleen.memo.store import Memo
from baleen.memo.totals import Totals
from baleen.project import builds
from baleen.project.locks import memo_folder
from baleen.project.progress import Progress
from baleen.project.settings import Once
from baleen.prompts import Prompt
from baleen.tables.rows import Output, Row

SAMPLE = 10_000  # replies whose variety is measured
FORGET = "if the server was at fault: baleen memo prune --empty forgets empty replies"


@dataclass(frozen=True)
class Answered:
    """A row of the input, the reply to its request, and the key of the record that the memo has of the reply."""

    row: Row
    reply: Reply
    key: str

    def step(self, source: Row) -> Row:
        """The entry of this reply in a lineage; `source` is what all entries of a target share."""
        return source | {"key": self.key, "row": self.row["id"]}

    def history(self, source: Row) -> list[Row]:
        """The lineage of the row with the entry of this reply added."""
        return [*(self.row.get("lineage") or []), self.step(source)]


@dataclass
class Spent:
    """What the replies to the rows of a target took so far."""

    totals: Totals = field(default_factory=Totals)
    prompt_tokens: int = 0
    completion_tokens: int = 0


def answers(
    query: EngineQuery,
    pairs: Iterable[Pair],
    output: Output,
    total: int,
    once: Once,
    is_unreadable: IsUnreadable,
    spent: Spent | None = None,
) -> Iterator[Answered]:
    """Every pair with its reply, in order. The tokens of all replies, cached and queried, go to the notes of the
    output; those queried in this run are printed. `spent` is what earlier calls for the same target took."""
    spent = spent or Spent()
    totals, (queried, kept) = spent.totals, tee(pairs)
    with Progress(output.path.stem, once.limit or total) as progress:
        options = AskOptions(budget=once.budget or None, progress=progress, is_unreadable=is_unreadable, totals=totals)
        replies = ask(Memo(memo_folder()), query, map(itemgetter(1), queried), options)
        for (_, reply, key, _cached), (row, _) in zip(replies, kept, strict=True):
            spent.prompt_tokens += reply.prompt_tokens
            spent.completion_tokens += reply.completion_tokens
            yield Answered(row, reply, key)
    tokens = {"prompt_tokens": spent.prompt_tokens, "completion_tokens": spent.completion_tokens}
    output.notes |= {"asked": totals.rows} | tokens
    fresh = totals.rows - totals.cached
    builds.note(shown=summary(totals), queried=fresh, cached=totals.cached, tokens=totals.tokens)


def summary(totals: Totals) -> str:
    """What the last line of a run says of its queries: '2,065 queried, 0 cached, 3% unreadable, 41,300 tokens, prefix
    cache 71%'. It differs from run to run, so it is written to no file."""
    cells = [f"{totals.rows - totals.cached:,} queried", f"{totals.cached:,} cached"]
    cells += [f"{totals.unreadable / totals.rows:.0%} unreadable"] if totals.rows else []
    cells += [f"{totals.tokens:,} tokens"] if totals.tokens else []
    cells += [f"prefix cache {totals.cached_tokens / totals.prompt_tokens:.0%}"] if totals.cached_tokens else []
    return ", ".join(cells)


def answer_of(reply: Reply, prompt: Prompt) -> reasoning.Parts:
    """The reasoning of a reply and its answer."""
    parts = reasoning.split(reply.text)
    if not parts.marked:
        return parts._replace(reasoning=reply.reasoning, marked=bool(reply.reasoning))
    return parts if prompt.format == "tags" else parts._replace(answer=reasoning.unwrapped(parts.answer))


def outcome(start: str, reply: Reply, prompt: Prompt) -> tuple[Row | None, str]:
    """The columns read from a reply after its start, or None and the reason: 'truncated', 'refused', 'too long',
    'only reasoning' or 'unreadable'."""
    _, answer, reasoned = answer_of(reply, prompt)
    text, stop, _ = answer.partition(prompt.stop) if prompt.stop else (answer, "", "")
    if reply.finish != "stop" and not stop:
        return None, {"length": "truncated"}.get(reply.finish, reply.finish)
    if reasoned and not text.strip():
        return None, "only reasoning"
    columns = prompt.parse_reply(start + text if prompt.body else text)
    return columns, "" if columns is not None else "unreadable"


def unread(request: Request, reply: Reply, prompt: Prompt) -> bool:
    return outcome(request.prefill, reply, prompt)[0] is None


def raw(answered: Answered, prompt: Prompt) -> Row:
    """The answer as it came in the first column the prompt writes, if that holds text, all else NULL; one cut off ends
    in ' …', so that no measure takes it for whole."""
    _, answer, reasoned = answer_of(answered.reply, prompt)
    cut = " …" if answered.reply.finish == "length" else ""
    text = None if prompt.format in VALUES or (reasoned and not answer) else answer + cut
    return {column: None for column in prompt.writes} | {prompt.writes[0]: text}


def repeated(row: Row, columns: Row, prompt: Prompt, options: GenerateOptions) -> str:
    """'echo' for a reply that says again what it was asked about, 'leak' for how it was asked, else ''."""
    texts = [str(columns[column]) for column in prompt.writes]
    question = "\n".join(str(row[column]) for column in prompt.reads)
    own = "\n".join(prompts.constant_lines(prompt))
    if options.echo < 1 and copied("\n".join(texts), question) > options.echo:
        return "echo"
    return "leak" if options.leak < 1 and any(copied(text, own) > options.leak for text in texts) else ""


def finish(
    output: Output, replies: Iterable[Answered], prompt: Prompt, source: Row, options: GenerateOptions
) -> tuple[str, list[str]]:
    """File every answer: kept with its columns and lineage, or dropped with the raw reply; the first reply that could
    not be read comes back, and the first answers that could."""
    example, texts = "", list[str]()
    for at, answered in enumerate(replies):
        row = numbered(answered.row, at % options.n)
        columns, reason = outcome(prompt.start(answered.row), answered.reply, prompt)
        reason = reason or repeated(answered.row, columns or {}, prompt, options)
        columns = None if reason else columns
        example = example or (answered.reply.raw if reason else "")
        texts += [] if columns is None or len(texts) >= SAMPLE else [answer_of(answered.reply, prompt).answer]
        history = {"lineage": answered.history(source)}
        if columns is None and not options.keep_unreadable:
            output.drop(row | {"reply": answered.reply.raw} | history, reason)
            continue
        if reason:
            output.flawed[reason] += 1
        output.keep(row | (columns or raw(answered, prompt)) | history)
    return example, texts


def gate(name: str, output: Output, example: str, options: GenerateOptions) -> None:
    """A Problem when too few replies could be read; the memo keeps them, so a better prompt format costs nothing."""
    total = output.kept.rows + output.dropped.rows - output.notes.get("passed", 0)
    unreadable = output.reasons.total() + output.flawed.total()
    output.notes["readable"] = round(1 - unreadable / max(total, 1), 4)
    silent = output.flawed["too long"] + output.flawed["refused"]  # kept rows with no reply at all
    if options.keep_unreadable and 1 - silent / max(total, 1) < options.min_readable:
        raise Problem(
            f"generate {name}: {silent} of {total} requests had no reply (too long for the model, or refused); "
            f"min_readable is {options.min_readable:.0%}; lower max_tokens, or take long rows out with a filter"
        )
    if not options.keep_unreadable:
        reasons = [f"{n} {why}" for why, n in output.reasons.most_common()]
        empty = not example and output.reasons["unreadable"] == output.reasons.total()
        shown = f"for example {example[:80]!r} could not" + f" ({FORGET})" * empty
        require_readable(name, output, total, reasons, shown, options)


def require_readable(
    name: str, output: Output, total: int, reasons: list[str], example: str, options: GenerateOptions
) -> None:
    """A Problem when the share of replies that could be read, in the notes, is less than `min_readable`."""
    if (readable := output.notes["readable"]) < options.min_readable:
        raise Problem(
            f"generate {name}: only {readable:.0%} of {total} replies could be read ({', '.join(reasons)})"
            f"{example and f', {example}'}; min_readable is {options.min_readable:.0%}; "
            f"mend prompts/{options.prompt}.md or lower it"
        )


def variety(name: str, output: Output, texts: list[str], options: GenerateOptions) -> None:
    """A Problem when a model says the same to everybody: training on that would teach another model a code. Without a
    reply that could be read there is nothing to measure."""
    if not options.min_distinct or not texts:
        return
    output.notes["distinct"] = round(distinct(texts), 4)
    if output.notes["distinct"] < options.min_distinct:
        raise Problem(
            f"generate {name}: only {output.notes['distinct']:.1%} of the 2-grams of the replies are different, "
            f"min_distinct is {options.min_distinct:.1%}; such as {texts[0][:80]!r}; "
            f"model {options.model} has collapsed"
        )


def advice(name: str, example: str, prompt: Prompt) -> str:
    """How to see what the model says when nothing could be read; the memo has it, so that it costs nothing."""
    if prompt.format in VALUES:
        return f"the first reply was {example[:80]!r}"
    return f"run it with --keep-unreadable --limit 20 and read data/{name}-preview.parquet"
