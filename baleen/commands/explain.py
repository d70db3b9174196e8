"""explain: where a row came from: its source, each step of a model with prompt and reply, and why it stayed or left."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from baleen.commands import row_requests
from baleen.commands.row_fates import why_kept
from baleen.commands.terminal import visible
from baleen.errors import Problem
from baleen.memo.keys import from_record
from baleen.memo.store import Memo
from baleen.project import plan, recipes
from baleen.project.locks import memo_folder
from baleen.project.plan import Planned
from baleen.project.recipes import LINKS
from baleen.tables import rows
from baleen.tables.rows import Row

DROPPED, PREVIEW = ".dropped", "-preview"
NAMED = ("model", "prompt")  # what a lineage has the hash of, and a plan the name
Find = Callable[[Path, str], dict[str, int]]  # ids of a table that begin so, with the numbers of their first rows


@dataclass(frozen=True)
class Place:
    """A row in a table: whether it was kept there, with the reason when not, and why where it could have left."""

    table: str
    row: Row
    why: str = ""

    @property
    def state(self) -> str:
        return f"dropped: {self.row['reason']}" if self.table.endswith(DROPPED) else "kept"


@dataclass(frozen=True)
class Step:
    """What a model did for a row: the lineage, the messages it was sent and its reply, None where they are not here;
    and the names under which the project has the model and the prompt, as long as the request can be made again."""

    lineage: Row
    messages: list[tuple[str, str]] | None = None
    reply: dict[str, Any] | None = None
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Explanation:
    """A row in every table that has it, in the order they were built, and the steps of models that it came from."""

    id: str
    places: list[Place]
    steps: list[Step] = field(default_factory=list)


def is_preview(path: Path) -> bool:
    """Whether a table was made by `baleen run --limit`; a target may have such a name too, and then has a plan."""
    name = path.stem.removesuffix(DROPPED)
    return name.endswith(PREVIEW) and not plan.path_of(name).is_file()


def tables() -> list[Path]:
    """The tables of the project and what each dropped, oldest first. Previews come after all others."""
    paths = Path("data").glob("*.parquet")
    return sorted(paths, key=lambda path: (is_preview(path), path.stat().st_mtime_ns, path.name))


def ids_in(path: Path, start: str) -> dict[str, int]:
    """The ids of a table that begin so, each with the number of its first row."""
    if "id" not in pq.read_schema(path).names:
        return {}
    ids = pq.read_table(path, columns=["id"])["id"]
    places = pc.indices_nonzero(pc.starts_with(ids, start)).to_pylist()
    return {str(ids[place]): place for place in reversed(places)}


def matches(start: str, find: Find = ids_in) -> dict[str, list[tuple[Path, int]]]:
    """The ids that begin so, each with the tables that have it and the number of its first row there. A preview is no
    part of a row's history; it is named for rows that stand nowhere else."""
    found = dict[str, list[tuple[Path, int]]]()
    for path in tables():
        for own, number in sorted(find(path, start).items()):
            if own not in found or not is_preview(path):
                found.setdefault(own, []).append((path, number))
    return found


def row_at(path: Path, number: int) -> Row:
    """A row of a table by its number; only its row group is read."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            if number < size:
                return dict(file.read_row_group(group).slice(number, 1).to_pylist()[0])
            number -= size
    raise Problem(f"{path} was built again while it was read; run the same command again")


def explain(start: str, find: Find = ids_in) -> Explanation:
    """Everything known of the row whose id begins so; a Problem when none or several do. `find` looks for ids in a
    table."""
    found = matches(start, find)
    if not found and not Path("data").is_dir():
        recipes.check_here()
    if len(found) != 1:
        some = ", ".join([*found][:5]) or "no table in data/ has it; run dvc pull or dvc repro first"
        raise Problem(f"{len(found)} rows have an id that begins with {start!r}: {some}")
    [(own, numbered)] = found.items()
    places = [place_of(path, row_at(path, number)) for path, number in in_build_order(numbered)]
    steps = {step["key"]: step for place in places for step in place.row.get("lineage") or []}
    memo = Memo(memo_folder()) if Memo(memo_folder()).path.is_file() else None  # looking at a row makes no memo
    records = memo.get(steps) if memo else {}
    return Explanation(own, places, [*steps_of(steps.values(), records, find, memo)])


def steps_of(lineage: Iterable[Row], records: Mapping[str, Any], find: Find, memo: Memo | None) -> Iterator[Step]:
    """Each step with all that is here of it."""
    before = Counter[tuple[str, str]]()  # steps of a target about a row
    for step in lineage:
        about, record = (str(step["target"]), str(step["row"])), records.get(step["key"])
        reply = {name: value for name, value in vars(from_record(record)).items() if value} if record else None
        planned = plan.planned(about[0])
        messages = messages_of(step, before[about], planned, find, memo) if planned else None
        names = {f"{kind}_name": str(planned.settings.get(kind, "")) for kind in NAMED} if planned and messages else {}
        yield Step(step, messages, reply, names)
        before[about] += 1


def place_of(path: Path, row: Row) -> Place:
    return Place(path.stem, row, "" if path.stem.endswith(DROPPED) else why_kept(path.stem, row))


def in_build_order(numbered: list[tuple[Path, int]]) -> list[tuple[Path, int]]:
    """These tables, each after all that it is made from, as the plan says: what was pulled has the time of the pull.
    Without the plan the oldest comes first."""
    targets, seen, ordered = dict[str, list[tuple[Path, int]]](), set[str](), list[tuple[Path, int]]()
    for one in numbered:
        targets.setdefault(one[0].stem.removesuffix(DROPPED), []).append(one)

    def put(target: str) -> None:
        if target not in seen:
            seen.add(target)
            planned = plan.planned(target)
            settings = planned.settings if planned else {}
            for above in (str(settings[link]) for link in LINKS if settings.get(link)):
                put(above)
            ordered.extend(targets.get(target, []))

    planned_all = all(plan.path_of(target).is_file() for target in targets)
    for target in sorted(targets) if planned_all else targets:
        put(target)
    return ordered


def messages_of(
    step: Row, number: int, planned: Planned, find: Find, memo: Memo | None
) -> list[tuple[str, str]] | None:
    """The messages of a step, the `number`-th of its target about its row, from the target's plan and input; None when
    these are not here, or are others by now."""
    if not planned.settings.get("prompt"):
        return None
    path = rows.table_path(str(planned.settings["input"]))
    numbers = find(path, step["row"]) if path.is_file() else {}
    if step["row"] not in numbers:
        return None
    try:
        return row_requests.messages_of(step, number, row_at(path, numbers[step["row"]]), planned, memo)
    except (Problem, KeyError):  # a prompt that is gone, or a column that the input has no more
        return None


def text(found: Explanation) -> str:
    """The explanation for people, control characters written out."""
    lines = [f"row {found.id}", *source_lines(found), *place_lines(found), *step_lines(found)]
    return visible("\n".join(lines))


def source_lines(found: Explanation) -> Iterator[str]:
    source = next((place.row["source"] for place in found.places if place.row.get("source")), None)
    if source:
        yield "source: " + ", ".join(f"{name} {value}" for name, value in source.items() if value is not None)
    last = found.places[-1].row
    for column in ("instruction", "input", "response"):
        if last.get(column):
            yield f"{column}: {last[column]}"


def place_lines(found: Explanation) -> Iterator[str]:
    yield "tables:"
    for place in found.places:
        grades = ", ".join(f"{name} {place.row[name]:.4g}" for name in rows.GRADES if place.row.get(name) is not None)
        why = f": {place.why}" if place.why else ""
        yield f"  {place.table.removesuffix(DROPPED):<28}{place.state}{why}{f'  ({grades})' if grades else ''}"


def step_lines(found: Explanation) -> Iterator[str]:
    for step in found.steps:
        by = step.lineage
        yield f"step {by['target']}: {by['columns']}"
        named = (f"{kind} {step.names.get(f'{kind}_name', '')} {by[kind]}".replace("  ", " ") for kind in NAMED)
        yield f"  {'; '.join(named)}; {by['sampling']}; about row {by['row']}"
        for role, content in step.messages or [("messages", "not here: the prompt, plan or input is another by now")]:
            yield f"  {role}: {content}"
        yield f"  reply: {json.dumps(step.reply, ensure_ascii=False) if step.reply else 'not in the memo'}"


def as_json(found: Explanation) -> str:
    """The explanation for a program."""
    places = [
        {"table": place.table, "state": place.state, "row": place.row} | ({"why": place.why} if place.why else {})
        for place in found.places
    ]
    steps = [
        {"lineage": step.lineage, "messages": step.messages, "reply": step.reply} | step.names for step in found.steps
    ]
    return json.dumps({"id": found.id, "tables": places, "steps": steps}, ensure_ascii=False, indent=2, default=str)
