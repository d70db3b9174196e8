"""Answers: every row of a table with the reply to its request, through the memo, with progress and token counts."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic

from baleen.engines import table
from baleen.engines.protocol import Engine, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo.ask import Totals, Unread, ask
from baleen.memo.dry_run import estimate, spoken
from baleen.memo.store import Memo
from baleen.project.locks import root
from baleen.project.progress import Progress
from baleen.project.settings import Once, speed
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import Output, Row

Pair = tuple[Row, Request]


@dataclass(frozen=True)
class Asked:
    """Who is asked and how: what `asking.ask` needs but the requests. `kind` is generate, loss or choose."""

    engine_kind: str
    identity: str
    load: Callable[[], Engine]
    kind: str
    sampling: Sampling | None = None


@dataclass(frozen=True)
class Answered:
    """One reply with the row of the input that it belongs to and the key of its record in the memo."""

    row: Row
    reply: Reply
    key: str

    def history(self, source: Row) -> list[Row]:
        """The lineage of the row with this reply after what was there; `source` is what all rows of a target share."""
        return [*(self.row.get("lineage") or []), source | {"key": self.key, "row": self.row["id"]}]


def conversation(prompt: Prompt, row: Row, tag: str) -> tuple[tuple[str, str], ...]:
    """The messages of a request: role and content."""
    return tuple((message["role"], message["content"]) for message in prompt.messages(row, tag))


def limited(path: Path, once: Once) -> Iterator[Row]:
    """The rows of a table, or only the first of them for a preview."""
    return islice(rows.read(path), once.limit or None)


def target(name: str, once: Once) -> Path:
    """Where the table goes; a preview never takes the place of the real one."""
    return rows.table_path(f"{name}-preview" if once.limit else name)


def answers(
    asked: Asked, pairs: Iterable[Pair], output: Output, total: int, once: Once, unread: Unread
) -> Iterator[Answered]:
    """Every pair with its reply, in order; the tokens of all replies, whoever paid for them, go to the notes of the
    output, and what this run paid to the screen."""
    waiting, read, written, totals, begun = deque[Row](), 0, 0, Totals(), monotonic()
    with Progress(output.path.stem, once.limit or total) as progress:
        for _, reply, key, _hit in ask(
            Memo(root()),
            asked.load,
            asked.kind,
            noted(pairs, waiting),
            asked.sampling,
            asked.identity,
            asked.engine_kind,
            budget=once.budget or None,
            progress=progress,
            unread=unread,
            totals=totals,
        ):
            read += reply.prompt_tokens
            written += reply.completion_tokens
            yield Answered(waiting.popleft(), reply, key)
    output.notes |= {"asked": totals.rows, "prompt_tokens": read, "completion_tokens": written}
    progress.say(closing(totals, monotonic() - begun))


def closing(totals: Totals, seconds: float) -> str:
    """'2,065 rows, 2,065 paid, 0 memo hits, 3% unreadable, 41,300 tokens, prefix cache 71%, 41 s'; all but the rows
    depends on the run and so stands in no file."""
    cells = [f"{totals.rows:,} rows", f"{totals.rows - totals.hits:,} paid", f"{totals.hits:,} memo hits"]
    cells += [f"{totals.unread / totals.rows:.0%} unreadable"] if totals.rows else []
    cells += [f"{totals.tokens:,} tokens"] if totals.tokens else []
    cells += [f"prefix cache {totals.cached_tokens / totals.prompt_tokens:.0%}"] if totals.cached_tokens else []
    return ", ".join([*cells, spoken(seconds)])


def noted(pairs: Iterable[Pair], waiting: deque[Row]) -> Iterator[Request]:
    """The requests, each row being put aside until its reply comes."""
    for row, request in pairs:
        waiting.append(row)
        yield request


def asked(engine: str, model: str, kind: str, sampling: Sampling | None, once: Once) -> Asked:
    """Who is asked; a --dry-run may name a model that is not built yet, of which the memo then knows nothing."""
    if once.dry_run and engine in table.ENGINES and "/" not in model and not Path("models", model).exists():
        return Asked(engine, "", unbuilt, kind, sampling)
    return Asked(*table.loader(engine, model, speed()), kind, sampling)


def unbuilt() -> Engine:
    raise Problem("a model that is not built yet can be counted for, not asked")


def tell(where: str, model: str, asked: Asked, pairs: Iterable[Pair]) -> None:
    """Print what a run would ask, cost and take: --dry-run."""
    found = estimate(Memo(root()), asked.kind, (r for _, r in pairs), asked.sampling, asked.identity, asked.engine_kind)
    known = f"{found.hits:,} paid for or repeated" if asked.identity else f"model {model} is not built yet"
    print(f"{where}: {found.rows:,} rows, {known}, {found}; nothing was asked")
