"""Answers: every row of a table with the reply to its request, through the memo, with progress and token counts."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from baleen import loading, rows
from baleen.asking import ask, estimate
from baleen.engines import Engine, Reply, Request, Sampling
from baleen.memo import Memo, root
from baleen.problems import Problem
from baleen.progress import Progress
from baleen.prompts import Prompt
from baleen.rows import Output, Row
from baleen.settings import Once, speed

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
    """One reply with the row it belongs to and the key of its record in the memo."""

    row: Row
    reply: Reply
    key: str

    def history(self, source: Row) -> list[Row]:
        """The lineage of the row with this reply after what was there; `source` is what all rows of a target share."""
        return [*(self.row.get("lineage") or []), source | {"key": self.key}]


def conversation(prompt: Prompt, row: Row, tag: str) -> tuple[tuple[str, str], ...]:
    """The messages of a request: role and content."""
    return tuple((message["role"], message["content"]) for message in prompt.messages(row, tag))


def limited(path: Path, once: Once) -> Iterator[Row]:
    """The rows of a table, or only the first of them for a preview."""
    return islice(rows.read(path), once.limit or None)


def target(name: str, once: Once) -> Path:
    """Where the table goes; a preview never takes the place of the real one."""
    return rows.table_path(f"{name}-preview" if once.limit else name)


def answers(asked: Asked, pairs: Iterable[Pair], output: Output, total: int, once: Once) -> Iterator[Answered]:
    """Every pair with its reply, in order; the counts of what was paid go to the notes of the output."""
    waiting, tokens = deque[Row](), {"asked": 0, "prompt_tokens": 0, "completion_tokens": 0}
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
        ):
            tokens = {
                "asked": tokens["asked"] + 1,
                "prompt_tokens": tokens["prompt_tokens"] + reply.prompt_tokens,
                "completion_tokens": tokens["completion_tokens"] + reply.completion_tokens,
            }
            yield Answered(waiting.popleft(), reply, key)
    output.notes |= tokens


def noted(pairs: Iterable[Pair], waiting: deque[Row]) -> Iterator[Request]:
    """The requests, each row being put aside until its reply comes."""
    for row, request in pairs:
        waiting.append(row)
        yield request


def asked(engine: str, model: str, kind: str, sampling: Sampling | None, once: Once) -> Asked:
    """Who is asked; a --dry-run may name a model that is not built yet, of which the memo then knows nothing."""
    if once.dry_run and engine in loading.ENGINES and "/" not in model and not Path("models", model).exists():
        return Asked(engine, "", unbuilt, kind, sampling)
    return Asked(*loading.loader(engine, model, speed()), kind, sampling)


def unbuilt() -> Engine:
    raise Problem("a model that is not built yet can be counted for, not asked")


def tell(where: str, model: str, asked: Asked, pairs: Iterable[Pair]) -> None:
    """Print what a run would ask and at most cost: --dry-run."""
    found = estimate(Memo(root()), asked.kind, (r for _, r in pairs), asked.sampling, asked.identity, asked.engine_kind)
    known = f"{found.hits} paid for or repeated" if asked.identity else f"model {model} is not built yet"
    out = found.completion_tokens_at_most
    print(
        f"{where}: {found.rows} rows, {known}, {found.missing} to ask; about {found.prompt_tokens} tokens to read "
        f"(4 characters each), at most {out} to write ({4 * out / 1e6:.1f} MB); nothing was asked"
    )
