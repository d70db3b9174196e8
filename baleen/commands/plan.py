"""What the next `dvc repro` will run, why, and what it takes, for `baleen plan`. DVC is asked what changed on disk."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.memo import dry_run as memo_dry_run
from baleen.memo.dry_run import Estimate
from baleen.project import bills, builds, dvc_lock, forecast, graph, layers, plan, recipes, settings
from baleen.project.changes import Place, counted
from baleen.project.counts import counts
from baleen.project.forecast import Outlook, Recorded
from baleen.project.graph import Stage
from baleen.project.layers import Project
from baleen.project.plan import Planned
from baleen.project.progress import duration
from baleen.project.yaml_files import parse_yaml
from baleen.tables.rows import table_path
from baleen.training import costs, dry_run
from baleen.training.costs import Cost, Known, Training
from baleen.training.examples import read_lessons
from baleen.training.options import batch_for, steps_for
from stages import verbs

RULES = Path("dvc.yaml")
MODULES = 3
WORDS = {"run": "runs", "maybe": "may run", "restore": "restored from DVC's run cache", "keep": "unchanged"}


def recorded() -> Recorded:
    """What DVC knows of the project; this alone touches its internals."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo

    try:
        with lock_repo(repo := Repo()):  # DVC reads its files anew in each lock
            status, built = repo.status(), repo.index.stages
    except DvcException as error:
        raise Problem(f"dvc status: {error}; run it to see more") from None
    changed = {path for parts in status.values() for path in changed_paths(parts)}
    deps = {dep.def_path: dep for stage in built for dep in stage.deps if dep.def_path in changed}
    hashes = {path: str(dep.get_hash().value) for path, dep in deps.items() if Path(path).exists()}
    lock = Path(dvc_lock.LOCK)
    entries = parse_yaml(lock.read_text(encoding="utf-8"))["stages"] if lock.is_file() else {}
    return Recorded(entries, status, Path(repo.cache.local.path).parents[1], hashes)


def changed_paths(parts: list[Any]) -> Iterator[str]:
    """The files and folders that a stage reads and that changed."""
    for part in parts:
        if isinstance(part, dict):
            yield from (path for path, how in part.get("changed deps", {}).items() if isinstance(how, str))


def options_of(target: str, plans: dict[str, Planned]) -> Any:
    """The settings of a target, in the type of its verb."""
    planned = plans[target]
    return settings.typed(verbs.options_of(planned.verb), target, planned.settings)


def origins_of(stage: Stage, project: Project) -> dict[str, str]:
    """The place that each setting of a stage comes from."""
    if not stage.line:
        return {}
    found = layers.origins(verbs.options_of(stage.line.verb), stage.line, project)
    return {name: place for name, (_, place) in found.items()}


def training_of(target: str, rows: int | None, plans: dict[str, Planned]) -> Training | None:
    """What a training takes; of so many rows, by the tokens of the last build, when its table is not built yet."""
    options = options_of(target, plans)
    if dry_run.nothing_to_train(options):
        return Training(0, 0, 0.0)
    if rows is None and not Path(table_path(options.input)).is_file():
        return Training(options.steps) if options.steps >= 0 else None  # nobody knows how many rows there will be
    if rows is None:
        sized = dry_run.size_up(read_lessons(options), options)
        steps, tokens = sized.steps, sized.learned
    else:
        last = counts(target)
        steps = steps_for(options, rows)
        if not last.get("steps") or not last.get("tokens"):
            return Training(steps)
        tokens = round(last["tokens"] / last["steps"] / last["batch"] * steps * batch_for(options, rows))
    speed = dry_run.measured_speed(options)
    return Training(steps, tokens, tokens / speed if speed else None)


def estimate_of(target: str, plans: dict[str, Planned]) -> Estimate:
    """What would be queried of a table and a model that are there."""
    return import_module(f"stages.{plans[target].verb}").estimate(options_of(target, plans))  # type: ignore[no-any-return]


def outlooks(targets: list[str]) -> tuple[list[Outlook], dict[str, Planned]]:
    """What will become of the targets, all of dvc.yaml if there are none, and their plans."""
    files, project = recipes.files(RULES), layers.current()
    rules = settings.load_yaml(RULES, plain=False)["stages"]
    stages = graph.stages(rules, recipes.lines(files), project.params)
    known, disk = dict[str, dict[str, str]](), recorded()
    plans, other = forecast.in_force(dict(import_module("stages.plan").everything(files)), disk)
    if other:
        print(
            f"baleen: the plan of {counted(len(other), 'target')} is of other code than is installed, and dvc repro "
            f"keeps it; to build with this code run `{plan.ANEW}` first",
            file=sys.stderr,
        )

    def place(stage: Stage) -> Place:
        return lambda name: known.setdefault(stage.name, origins_of(stage, project)).get(name, project.profile_name)

    return forecast.forecast(stages, targets, plans, place, disk), plans


def with_costs(targets: list[str]) -> list[tuple[Outlook, Cost | None]]:
    """Every outlook, with what it takes where something will or may run."""
    found, plans = outlooks(targets)
    runs = {run.stage: run for run in builds.recorded()}
    known = Known(
        {one.stage.target: one for one in found}, plans, runs,
        lambda target: estimate_of(target, plans), lambda target, rows: training_of(target, rows, plans),
    )  # fmt: skip
    names = [one.stage.target for one in found if one.builds and one.stage.line]
    priced = {name: billed(costs.cost(name, known), name, plans) for name in names}
    return [(one, priced.get(one.stage.target)) for one in found]


def billed(cost: Cost, target: str, plans: dict[str, Planned]) -> Cost:
    """The cost with its bill, where a model is queried or trained and the tokens are known."""
    verb, options, here = plans[target].verb, options_of(target, plans), settings.speed()
    if cost.tokens is None or verb not in (*costs.QUERIES, "train"):
        return cost
    if verb == "train":
        return replace(cost, bill=bills.bill(dry_run.work(cost.tokens, options), here, cost.seconds))
    own = options.instead.get("parameters", 0) if options.instead else memo_dry_run.parameters_if_known(options.model)
    written = cost.written or 0
    work = bills.queries(int(own), cost.queries or 0, cost.tokens - written, written)
    return replace(cost, bill=memo_dry_run.query_bill(work, here, cost.seconds))


def cost_words(cost: Cost) -> str:
    """'3,000 rows, 80 cached, 2,920 to query, 41,300 tokens, 2 min (estimate)', by the last build's counts; '' where
    nothing is known."""
    cells = {"rows": cost.rows, "cached": cost.cached, "to query": cost.queries, "tokens": cost.tokens}
    found = [f"{number:,} {name}" for name, number in (cells | {"steps": cost.steps}).items() if number is not None]
    if not found and cost.seconds is None:
        return ""
    found += ["time not measured yet" if cost.seconds is None else duration(cost.seconds)]
    return ", ".join(found) + (" (estimate)" if cost.estimated else "")


def text(found: list[tuple[Outlook, Cost | None]]) -> str:
    """One target a line with its reasons, what it takes below it, and the total."""
    lines = []
    for one, cost in found:
        if one.state != forecast.KEEP:
            lines.append(f"{one.stage.name}  {WORDS[one.state]}: {'; '.join(shortened(one.reasons))}")
            lines += [f"    {words}"] if cost and (words := cost_words(cost)) else []
    kept = [one.stage.target for one, _ in found if one.state == forecast.KEEP]
    lines += [f"unchanged: {', '.join(kept)}"] if kept else []
    return "\n".join([*lines, total_words(found)])


def shortened(reasons: tuple[str, ...]) -> list[str]:
    """At most MODULES reasons of code, which an update of baleen has by the dozen, and all the others."""
    code = [text for text in reasons if text.endswith((".py changed", ".py"))]
    more = [f"{len(code) - MODULES} more modules changed"] if len(code) > MODULES + 1 else []
    left_out = set(code[MODULES:]) if more else set[str]()
    return [text for text in reasons if text not in left_out] + more


def total_words(found: list[tuple[Outlook, Cost | None]]) -> str:
    states = [one.state for one, _ in found]
    every = [cost for _, cost in found if cost]
    whole, open_ = costs.total(every), sum(cost.seconds is None for cost in every)
    head = f"{states.count('run')} of {len(states)} targets run, {states.count('maybe')} may run"
    head += f", {states.count('restore')} are restored" if "restore" in states else ""
    if not every:
        return head
    cells = {"cached": whole.cached, "to query": whole.queries, "tokens": whole.tokens, "steps": whole.steps}
    figures = [f"{number:,} {name}" for name, number in cells.items() if number or not open_]
    figures += [duration(whole.seconds or 0.0)] if whole.seconds or not open_ else []
    most = f"at most {', '.join(figures)}" if figures else ""
    tail = f"the time of {counted(open_, 'target')} is not measured yet" if open_ else ""
    price = bills.words(whole.bill, settings.speed().dollars_per_gpu_hour) if whole.bill else ""
    return "; ".join(filter(None, [head, most, tail, price]))


def as_json(found: list[tuple[Outlook, Cost | None]]) -> str:
    """The same for a program: `targets`, each with stage, state, reasons and figures, and their `total`."""
    targets = [
        {"stage": one.stage.name, "target": one.stage.target, "state": one.state, "reasons": list(one.reasons)}
        | (asdict(cost) if cost else {})
        for one, cost in found
    ]
    whole = asdict(costs.total(cost for _, cost in found if cost))
    return json.dumps({"targets": targets, "total": whole}, indent=2, ensure_ascii=False)
