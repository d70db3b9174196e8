"""The replies to the rows of a table, through the memo, with progress and token counts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, tee
from operator import itemgetter
from pathlib import Path
from typing import Any

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import Engine, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo.ask import AskOptions, EngineQuery, IsUnreadable, Totals, ask
from baleen.memo.dry_run import Estimate, bill_words, estimate
from baleen.memo.keys import canonical
from baleen.memo.store import Memo
from baleen.project import builds
from baleen.project.locks import memo_folder
from baleen.project.progress import Progress
from baleen.project.settings import Once, speed
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from baleen.tables.rows import Output, Row

Pair = tuple[Row, Request]
TEMPLATE = "arguments of the model's chat template, such as {enable_thinking: false}"
Queries = tuple[EngineQuery, Iterable[Pair]]


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


def template_text(template: Mapping[str, Any]) -> str:
    """The arguments of a chat template as a request holds them; words of a command line are read as YAML."""
    arguments = {name: parse_yaml(value) if isinstance(value, str) else value for name, value in template.items()}
    return canonical(arguments) if arguments else ""


def check_template(engine: str, prompt: str, where: str) -> None:
    """A Problem where arguments of a chat template would have no effect."""
    table.require(engine, "template", where, "has no chat template, so `template` has no effect")
    if prompt and not prompts.load(prompt).body:
        raise Problem(f"{where}: prompts/{prompt}.md is no chat, so `template` has no effect; take it out")


def input_rows(path: Path, once: Once) -> Iterator[Row]:
    """The rows of a table; with --limit only the first of them."""
    return islice(rows.read(path), once.limit or None)


def output_path(name: str, once: Once) -> Path:
    """Where the table is written; with --limit to data/<name>-preview.parquet, so that the full table stays."""
    return rows.table_path(f"{name}-preview" if once.limit else name)


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


def engine_query(engine: str, model: str, kind: str, sampling: Sampling | None, once: Once) -> EngineQuery:
    """Which model is queried and how. With --dry-run the model may be one that is not built yet; it has no identity and
    no cached reply."""
    if once.dry_run and engine in table.ENGINES and "/" not in model and not Path("models", model).exists():
        return EngineQuery(engine, "", model_not_built, kind, sampling)
    return EngineQuery(*table.loader(engine, model, speed()), kind, sampling)


def model_not_built() -> Engine:
    raise Problem("the model is not built yet: only --dry-run works; build it with dvc repro")


def estimated(query: EngineQuery, pairs: Iterable[Pair]) -> Estimate:
    """What a run would query."""
    return estimate(Memo(memo_folder()), query.settings, (request for _, request in pairs))


def cost(model: str, query: EngineQuery, plan: Estimate) -> str:
    """What an estimate says, and how many rows are cached."""
    cached = f"{plan.cached:,} cached or repeated" if query.identity else f"model {model} is not built yet"
    return "; ".join(filter(None, [f"{cached}, {plan}", bill_words(model, plan)]))


def print_dry_run(
    where: str,
    model: str,
    query: EngineQuery,
    pairs: Iterable[Pair],
    more: Mapping[str, Queries] | None = None,
) -> None:
    """Print what a run would cost, in one line: --dry-run. `more` has by name what else it would query, or could."""
    plan = estimated(query, pairs)
    others = [f"{name}: {cost(model, other, estimated(other, own))}" for name, (other, own) in (more or {}).items()]
    print("; ".join([f"{where}: {plan.rows:,} rows, {cost(model, query, plan)}", *others, "nothing was queried"]))
