"""What was measured on real text, for the table of methods in README: docs/real.json has the figures, by method and
project, as `python -m benchmarks.claims METHOD --real --record` wrote them; README's last column is made of it.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from baleen.errors import Problem
from baleen.tables.rows import Row, write_json
from benchmarks.claims import real

ROOT = Path(__file__).parents[3]
RECORD, README = Path("docs/real.json"), Path("README.md")
NOTHING = "not measured"
USUAL = 3  # seeds of training
ROW = re.compile(r"^\| .*\]\(recipes/(?P<method>[\w-]+)\.yaml\)")
UNITS = {  # how a measure begins: its unit, what it is multiplied with, and digits
    "loss": ("nats a token", 1, 4),
    "words": ("words", 1, 1),
    "chrf": ("chrF", 1, 1),
    "instructions_followed": ("instructions a prompt", 1, 2),
}
POINTS = ("points", 100, 1)  # of every other one, a share from 0 to 1


def record(method: str, result: Row, root: Path = ROOT) -> None:
    """Put what a claim came to into docs/real.json, in place of what stood there of its projects, and into README. A
    Problem when nothing of it is built."""
    path = root / RECORD
    projects = {
        name: one for name, one_project in result["projects"].items() if (one := measured(one_project, result["seeds"]))
    }
    if not projects:
        raise Problem(f"nothing of {method} is built here; build it, or name with --folder where it is")
    known: Row = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[method] = dict(known.get(method, {})) | projects
    write_json(path, dict(sorted(known.items())))
    page = root / README
    page.write_text(with_cells(page.read_text(encoding="utf-8"), known), encoding="utf-8")


def measured(result: Row, seeds: list[int]) -> Row:
    """The figures of one project without those that are not built yet; nothing when none is."""
    made = {name: one for name, one in result["differences"].items() if one["verdict"] != "not built"}
    return {"seeds": seeds, **result, "differences": made} if made else {}


def with_cells(text: str, known: Mapping[str, Row]) -> str:
    """README with the last cell of each row of the table of methods written anew."""
    return "\n".join(with_cell(line, known) for line in text.split("\n"))


def with_cell(line: str, known: Mapping[str, Row]) -> str:
    row = ROW.match(line)
    return f"{line[: line.rstrip(' |').rindex(' | ')]} | {cell(row['method'], known)} |" if row else line


def cell(method: str, known: Mapping[str, Row]) -> str:
    """The headline of a claim in the first of its projects that is measured: what, figure with interval, verdict; and
    of each other one the verdict, where that is another."""
    if method not in known or method not in real.METHODS:
        return NOTHING
    claim, found = real.claim(method), {name: one["differences"] for name, one in known[method].items()}
    places = {name: place for place, name in enumerate(claim.projects)}
    names = sorted(found, key=lambda name: places.get(name, len(places)))
    measured = [(name, found[name][claim.main_pair]) for name in names if claim.main_pair in found[name]]
    if not measured:
        return NOTHING
    (_, first), *others = measured
    unlike = [f"; {name}: {one['verdict']}" for name, one in others if one["verdict"] != first["verdict"]]
    return f"{claim.main_pair} {figure(first)}{''.join(unlike)}"


def figure(difference: Row) -> str:
    """A difference with its 95 % interval in the unit of its measure, the verdict, and how many seeds if few; where
    nothing can be compared, the verdict alone."""
    if "difference" not in difference:
        return str(difference["verdict"])
    measure = difference["measure"]
    known = {} if " / " in measure else UNITS  # a ratio of what is counted is a share
    unit, times, digits = next((how for name, how in known.items() if measure.startswith(name)), POINTS)
    mean, low, high = (f"{times * difference[key]:+.{digits}f}" for key in ("difference", "low", "high"))
    seeds = len(difference["seeds"])
    few = f" ({seeds} seed{'s' if seeds > 1 else ''} alone)" if seeds < USUAL else ""
    return f"{mean} {unit} [{low}, {high}]: {difference['verdict']}{few}"
