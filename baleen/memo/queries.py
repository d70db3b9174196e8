"""Queries about the rows of a table: the engine, the rows that are read, where the result goes, what it would cost."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import Engine, Request, Sampling
from baleen.errors import Problem
from baleen.memo.ask import EngineQuery
from baleen.memo.dry_run import Estimate, bill_words, estimate
from baleen.memo.keys import canonical
from baleen.memo.store import Memo
from baleen.project.locks import memo_folder
from baleen.project.settings import Once, speed
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from baleen.tables.rows import Row

Pair = tuple[Row, Request]
TEMPLATE = "arguments of the model's chat template, such as {enable_thinking: false}"
Queries = tuple[EngineQuery, Iterable[Pair]]


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
