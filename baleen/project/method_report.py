"""The methods that are built, from the counts of their targets.

Rows in, kept and dropped by reason, the smallest share of readable replies, who taught, and every evaluation of the
method's arms. A method is a recipe; its arms stand in recipes/<method>-arms.yaml, or <method>-<setting>-arms.yaml.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from baleen.errors import Problem, unknown
from baleen.project import recipes
from baleen.project.counts import counts_of
from baleen.project.recipes import Line
from baleen.project.settings import Settings, load_yaml

WIDTH = 110  # characters of a line
HEAD = f"{'method':<18}{'rows in':>9}{'kept':>9}{'dropped':>9}{'readable':>10}   taught by"


@dataclass(frozen=True)
class Method:
    """A recipe with its arms; `lines` are its own, by rule and name."""

    name: str
    lines: list[Line]
    arms: list[Line]

    @property
    def tables(self) -> list[Line]:
        return [line for line in self.lines if line.verb not in recipes.NO_TABLE]


def methods(paths: Iterable[Path]) -> list[Method]:
    """Every recipe that trains a model of its own name, in the order of dvc.yaml."""
    lines = {path: list(recipes.lines_of(path)) for path in paths}
    by_name = {path.stem: own for path, own in lines.items()}
    return [Method(path.stem, own, arms(path.stem, by_name)) for path, own in lines.items() if recipes.is_method(path)]


def arms(name: str, recipe_lines: dict[str, list[Line]]) -> list[Line]:
    """The lines of <name>-arms, and of <name>-<setting>-arms."""
    files = [own for stem, own in recipe_lines.items() if stem.startswith(f"{name}-") and stem.endswith("-arms")]
    return [line for own in files for line in own]


def entered(method: Method) -> int:
    """Rows of the largest source that the method asks a model about or chooses from; lessons and pages are none."""
    own = {line.name for line in method.lines if line.verb != "ingest"}
    readers = [line for line in method.tables if line.verb not in ("ingest", "mix") and line.given["input"] not in own]
    return max((counts_of(line).get("rows_in", 0) for line in readers), default=0)


def kept(method: Method) -> int:
    """Rows that the final model learned beside seeds: those of its table, or of the second one mixed into it."""
    lines = {(line.verb == "train", line.name): line for line in method.lines}
    final = lines.get((True, method.name))
    if not final:
        return 0
    table = lines.get((False, str(final.given["input"])))
    if table and table.verb == "mix":
        table = lines.get((False, str(table.given["other"]))) or table
    return int(counts_of(table or final).get("rows_out", counts_of(final).get("examples", 0)))


def dropped(method: Method) -> Counter[str]:
    """Rows that left, by reason, over all tables of the method."""
    return sum((Counter(counts_of(line).get("dropped", {})) for line in method.tables), Counter[str]())


def readable(method: Method) -> float | None:
    shares = [counts_of(line)["readable"] for line in method.tables if "readable" in counts_of(line)]
    return min(shares, default=None)


def taught(method: Method, lines: list[Line]) -> str:
    """'itself', or the instruct models that wrote or judged something, or that the models that did so come from."""
    models = {line.name: line.given for line in lines if line.verb == "train"}
    writers = {str(line.given["model"]) for line in method.lines if "model" in line.given}
    teachers = {teacher(name, models, stand_ins()) for name in writers} - {""}
    return f"distilled from {', '.join(sorted(teachers))}" if teachers else "itself"


def teacher(name: str, models: dict[str, Settings], sections: set[str]) -> str:
    """The model itself or the nearest one it comes from whose settings stand for an instruct model; '' for none."""
    while name in models and models[name].get("settings") not in sections:
        name = str(models[name].get("base", ""))
    return name if name in models else ""


def stand_ins() -> set[str]:
    """Sections with which some profile takes an instruct model as it is."""
    profiles = [load_yaml(path) for path in sorted(Path("profiles").glob("*.yaml"))]
    sections = ((name, own) for profile in profiles for name, own in profile.items())
    return {"chat"} | {name for name, own in sections if isinstance(own, dict) and "instead" in own}


def numbers(line: Line) -> Iterable[str]:
    """Every mean of an evaluation, on test rows where there are such, with the difference from its other table."""
    groups = counts_of(line).get("groups", {})
    tested = [name for name in groups if name.split()[0] == "test"] or [name for name in groups if name == "all"]
    for group, measure, figures in ((name, *pair) for name in tested for pair in groups[name].items()):
        if figures["mean"] is None:
            continue
        text = f"{line.name.removeprefix('eval-')}{group.removeprefix('test').removeprefix('all')}: "
        error = figures.get("standard_error")
        certainty = f"n {figures['rows']:,}" + (f", standard error {error:.3f}" if error is not None else "")
        text += f"{measure} {figures['mean']:.3f} ({certainty})"
        if figures.get("difference") is not None and line.given["input"] != line.given["against"]:
            low, high = figures["low"], figures["high"]
            text += f", {figures['difference']:+.3f} [{low:+.3f}, {high:+.3f}] against {line.given['against']}"
        yield text


def blocks(names: list[str]) -> list[str]:
    """What the table says of these methods of the project in the current folder, or of all that are built."""
    paths = recipes.files()
    known, lines = methods(paths), recipes.lines(paths)
    if odd := next((name for name in names if name not in {method.name for method in known}), ""):
        raise Problem(unknown("method", odd, [method.name for method in known]))
    built = [method for method in known if method.name in names or (not names and any(map(counts_of, method.lines)))]
    return [block(method, lines) for method in built]


def block(method: Method, lines: list[Line]) -> str:
    """The counts of a method in a line, then the reasons for rows that left and each evaluation."""
    share, left = readable(method), dropped(method)
    reasons = ", ".join(f"{n:,} {why}" for why, n in left.most_common()) or "none"
    head = (
        f"{method.name:<18}{entered(method):>9,}{kept(method):>9,}{left.total():>9,}"
        f"{'' if share is None else f'{share:.0%}':>10}   {taught(method, lines)}"
    )
    figures = [text for line in method.arms + method.lines if line.verb == "evaluate" for text in numbers(line)]
    inside = [
        fill(text, WIDTH, initial_indent="    ", subsequent_indent="      ") for text in (f"left: {reasons}", *figures)
    ]
    return "\n".join([head, *inside])
