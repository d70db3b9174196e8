"""harness: tasks of EleutherAI's lm-evaluation-harness, run on a model of the project through the harness's own API.

The weights, the tokenizer and the chat template are those that the engine hf opens for the same name: a checkpoint, an
adapter on its base, a GGUF file, a pin. How a task asks, and how it counts, is the harness's own.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from baleen.errors import Problem
from baleen.models import load
from baleen.project import settings


@dataclass(frozen=True)
class Figure:
    """A figure of a task: its value, its standard error (None where the harness has none), the number of documents, and
    whether higher is better (None where the harness does not say)."""

    task: str
    metric: str
    value: float
    standard_error: float | None
    n: int
    higher_is_better: bool | None


@dataclass(frozen=True)
class Run:
    """How to run tasks: a folder with tasks of one's own, only the first `limit` documents (0 is all), examples before
    each question (None is the task's own number), the model's chat template or none, and its system message or ''."""

    include: Path | None = None
    limit: int = 0
    few_shot: int | None = None
    chat: bool = True
    system: str = ""


def figures(results: dict[str, Any]) -> list[Figure]:
    """The figures of every task and group in what the harness's `simple_evaluate` returns."""
    return [
        Figure(
            task,
            metric if aggregation == "none" else f"{metric} ({aggregation})",
            float(value),
            float(error) if isinstance(error := values.get(f"{metric}_stderr,{aggregation}"), float | int) else None,
            int(results["n-samples"].get(task, {}).get("effective") or values.get("sample_len") or 0),
            results["higher_is_better"].get(task, {}).get(metric),
        )
        for task, values in results["results"].items()
        for metric, _, aggregation in (key.partition(",") for key in values)
        if aggregation
        and not metric.endswith("_stderr")
        and isinstance(value := values[f"{metric},{aggregation}"], float | int)
    ]


def task_manager(tasks: Sequence[str], include: Path | None) -> Any:
    """The harness's list of tasks with those of a folder; a Problem for a task that is not there."""
    if include and not include.is_dir():
        raise Problem(f"--include {include}: no such folder; name the one that holds the YAML files of your tasks")
    manager_of = import_module("lm_eval.tasks").TaskManager
    if include:  # reading the harness's own 13,000 files as well takes many seconds
        own = manager_of(include_path=str(include), include_defaults=False)
        if {*tasks} <= {*own.all_subtasks}:  # a group may have tasks of the harness
            return own
    manager = manager_of(include_path=str(include) if include else None)
    if unknown := next((name for name in tasks if not manager.match_tasks([name])), ""):
        raise Problem(f"the harness has no task {unknown!r}; `lm-eval ls tasks` lists its own, --include adds yours")
    return manager


def measured(model: str, tasks: Sequence[str], run: Run) -> list[Figure]:
    """The figures of a model on tasks of the harness."""
    manager = task_manager(tasks, run.include)
    load.check_weights(model, [])
    weights, tokenizer = load.load(model, settings.speed(), run.chat)
    results = import_module("lm_eval").simple_evaluate(
        model=import_module("lm_eval.models.huggingface").HFLM(pretrained=weights, tokenizer=tokenizer, batch_size=8),
        tasks=list(tasks),
        task_manager=manager,
        num_fewshot=run.few_shot,
        limit=run.limit or None,
        apply_chat_template=run.chat,
        system_instruction=run.system or None,
        log_samples=False,
    )
    return figures(results)


def table(rows: Sequence[Figure]) -> str:
    """A line for each figure."""
    lines = [f"{'task':<28}{'metric':<24}{'value':>9}{'± s.e.':>9}{'n':>8}"]
    for row in rows:
        error = "-" if row.standard_error is None else f"{row.standard_error:.4f}"
        lines.append(f"{row.task:<28}{row.metric:<24}{row.value:>9.4f}{error:>9}{row.n:>8}")
    return "\n".join(lines)


def command(
    model: str,
    tasks: Annotated[list[str], typer.Argument(help="names of the harness's tasks or groups")],
    include: Annotated[Path | None, typer.Option(help="folder with YAML files of tasks of your own")] = None,
    limit: Annotated[int, typer.Option(min=0, help="only the first documents of each task; 0 is all")] = 0,
    few_shot: Annotated[
        int | None, typer.Option(min=0, help="examples before each question; the task's own number if left out")
    ] = None,
    chat: Annotated[bool, typer.Option(help="ask in the model's chat template, as it was trained")] = True,
    system: Annotated[str, typer.Option(help="system message, such as the one of Humpback's seeds")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
) -> None:
    """Run tasks of lm-evaluation-harness on a model, and print each figure with its standard error and n.

    Example: baleen harness humpback arc_easy --limit 200
    """
    rows = measured(model, tasks, Run(include, limit, few_shot, chat, system))
    print(json.dumps([asdict(row) for row in rows], indent=2) if as_json else table(rows))
