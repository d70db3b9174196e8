"""Numbers: what a project's evaluations say of its models, as one table and one sentence, by the rule of
docs/evaluation.md.

`of_project` reads the recipes, data/<evaluation>.json and models/<model>.json of the current folder and returns plain
values for whatever shows them. Nothing here chooses a model or a threshold.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from baleen.measures.evaluation import ALL, UNDIVIDED
from baleen.measures.expressions import is_share
from baleen.measures.figures import TEST, Arm, Comparison, Figure
from baleen.measures.verdict import sentence
from baleen.project import recipes
from baleen.project.counts import MODELS, TABLES, counts
from baleen.project.recipes import Line

ORDER = (
    "loss", "words", "repeated", "distinct", "refused", "followed", "followed_loosely", "instructions",
    "instructions_loosely", "win", "win_at_equal_length",
)  # fmt: skip
NAMES = {  # what a measure is called in the table
    "follows_all": "followed",
    "follows_all_loosely": "followed_loosely",
    "instructions_followed": "instructions",
    "instructions_followed_loosely": "instructions_loosely",
    "distinct_2": "distinct",
}
GAP = {"difference": "difference", "difference_low": "low", "difference_high": "high"}  # of a figure, in an evaluation
Z = 1.96  # of a 95 % interval of the normal distribution, for means of many rows


@dataclass(frozen=True)
class Numbers:
    """All arms of a project in the order of its recipes, the measure that decides, the comparisons by it, the sentence,
    what is unequal about the training of the arms ('' when nothing is), and that the held-out rows are too few to be
    divided into dev and test ('' where they are divided)."""

    arms: list[Arm]
    primary: str
    comparisons: list[Comparison]
    sentence: str
    unequal: str
    undivided: str = ""

    def measures(self) -> list[str]:
        """The measures of all arms: the primary one, then those of ORDER, then the others."""
        found = list(dict.fromkeys(name for arm in self.arms for name in arm.figures))
        return sorted(found, key=lambda name: (name != self.primary, ORDER.index(name) if name in ORDER else 99))


@dataclass(frozen=True)
class Evaluation:
    """An evaluation of held-out answers that is built: the model it measures, the one beside it, and its figures."""

    line: Line
    arm: str
    than: str
    figures: dict[str, dict[str, Any]]
    undivided: bool = False

    def of(self, model: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each measure with its figures of one of both models; of the one beside it the mean alone is known."""
        for text, found in self.figures.items():
            other = {"rows": found["rows"], "mean": found["against"]} if model != self.arm else found
            if model == self.arm or other["mean"] is not None:
                yield text, other


def evaluations(lines: Mapping[str, Line]) -> Iterable[Evaluation]:
    """The evaluations of tables that a model answered or graded, of the held-out test rows where rows are split."""
    for line in lines.values():
        sides = [model_of(lines, str(line.given.get(side))) for side in ("input", "against")]
        built = counts(line.name, TABLES) if line.verb == "evaluate" and all(sides) else {}
        groups = built.get("groups", {}).items()
        if tested := next((own for name, own in groups if name.split()[0] in (TEST, ALL)), None):
            yield Evaluation(line, sides[0], sides[1], tested, bool(built.get("undivided")))


def model_of(lines: Mapping[str, Line], table: str) -> str:
    """The model that answered or graded held-out rows; '' for a table of anything else, such as candidates."""
    line = lines.get(table)
    if line is None or line.verb not in ("generate", "score", "map"):
        return ""
    above = str(line.given["input"])
    judged = model_of(lines, above) if line.verb in ("score", "map") else ""
    return judged or (str(line.given["model"]) if "model" in line.given and is_held_out(above, lines) else "")


def is_held_out(table: str, lines: Mapping[str, Line]) -> bool:
    """Whether no model learns from a table or from what is made of it."""
    learned = {str(one.given["input"]) for one in lines.values() if one.verb == "train"}
    waiting, seen = [table], set[str]()
    while waiting:
        seen.add(name := waiting.pop())
        readers = [one for one in lines.values() if name in (one.given.get("input"), one.given.get("other"))]
        waiting += [one.name for one in readers if one.verb not in ("train", "evaluate") and one.name not in seen]
    return not seen & learned


def measure_name(text: str) -> str:
    """How a measure is called in the table: without its columns and its module."""
    if " by " in text:
        return "win_at_equal_length"
    name = text.partition("(")[0].strip().rpartition(".")[2]
    return NAMES.get(name, name)


def figure(text: str, found: Mapping[str, Any], arm: str, than: str) -> Figure:
    """The figure of one measure of an evaluation."""
    value, error = found["mean"], found.get("standard_error")
    near = (None, None) if value is None or error is None else (value - Z * error, value + Z * error)
    low, high = (found.get(name, other) for name, other in zip(("mean_low", "mean_high"), near, strict=True))
    share = " by " in text or (" / count(" in text) or is_share(text.partition(" / ")[0])
    if share and low == high and value in (0.0, 1.0) and found["rows"]:  # none of n is no proof: the rule of three
        low, high = max(0.0, value - 3 / found["rows"]), min(1.0, value + 3 / found["rows"])
    paired = found.get("paired") and arm != than
    made = Figure(
        measure_name(text), text, found["rows"], value, error, low, high, share, unread=found.get("unread", 0)
    )
    return replace(made, against=than, **{mine: found[its] for mine, its in GAP.items()}) if paired else made


def label(name: str, lines: Mapping[str, Line]) -> str:
    """What a model was trained on, in words; its name where the recipes do not say it plainly."""
    model = lines.get(name)
    table = lines.get(str(model.given["input"])) if model else None
    if model and (model.given["input"] == "seed" or (table and table.name == "seed")):
        equal = any(line.rule == "arm" and line.given["input"] == "seed" for line in lines.values())
        return "seeds alone" if model.rule == "arm" or not equal else "seeds alone, own steps"
    other = lines.get(str(table.given.get("other", ""))) if table else None
    if other is None or other.verb != "filter":
        return name
    if other.given.get("control"):
        return "random pairs"
    if other.given.get("knobs") == "pool":
        return "all pairs"
    last = other.name.rpartition("-")[2]
    return f"curated, round {last if last.isdigit() else 1}" if other.given.get("knobs") == "curate" else name


def of_project(files: Iterable[Path] | None = None) -> Numbers | None:
    """The numbers of the project in the current folder, or of these recipes; None before an evaluation is built."""
    lines = {line.name: line for line in recipes.lines(list(files) if files is not None else recipes.files())}
    return of_lines(lines)


def of_lines(lines: Mapping[str, Line]) -> Numbers | None:
    """The numbers that these recipe lines have been built to."""
    found = list(evaluations(lines))
    if not found:
        return None
    names = dict.fromkeys([*(one.arm for one in found), *(one.than for one in found)])
    order = [name for name in lines if name in names] + [name for name in names if name not in lines]
    arms = [arm(name, found, lines) for name in sorted(order, key=lambda name: label(name, lines) != "seeds alone")]
    primary = primary_measure(found)
    compared = [
        Comparison(one.arm, one.than, made)
        for one in found
        for text, figures in one.figures.items()
        if (made := figure(text, figures, one.arm, one.than)).measure == primary and made.better
    ]
    once = {(one.arm, one.than): one for one in reversed(compared)}
    compared = list(reversed(once.values()))
    finals = [line.name for line in lines.values() if line.ends_method]
    whole = undivided(found, primary)
    return Numbers(arms, primary, compared, sentence(arms, primary, compared, finals), unequal(arms), whole)


def undivided(found: Iterable[Evaluation], primary: str) -> str:
    """That the rows of the primary measure are too few for dev and test, if they are."""
    rows = {
        figures["rows"] + figures.get("unread", 0)
        for one in found
        for text, figures in one.figures.items()
        if one.undivided and measure_name(text) == primary
    }
    return f"{max(rows):,} held-out rows are {UNDIVIDED}" if rows else ""


def primary_measure(found: Iterable[Evaluation]) -> str:
    """The measure that decides: the first one that the recipe evaluates beyond length, or else the loss of held-out
    answers. Which one it is does not depend on any figure."""
    names = [[measure_name(text) for text in one.figures] for one in found]
    firsts = [own[0] for own in names if own[0] not in ("words", "loss", "win", "followed")]
    everywhere = {name for own in names for name in own}
    return firsts[0] if firsts else "loss" if "loss" in everywhere else names[0][0]


def arm(name: str, found: Iterable[Evaluation], lines: Mapping[str, Line]) -> Arm:
    """A model with its figures; of one measure in several evaluations, the first, and what others were compared with
    where it has none of its own."""
    made = [figure(text, values, name, e.than) for e in found if e.arm == name for text, values in e.of(name)]
    made += [figure(text, values, name, name) for e in found if e.than == name for text, values in e.of(name)]
    figures = dict[str, Figure]()
    for one in made:
        figures.setdefault(one.measure, one)
    learned = counts(name, MODELS)
    seen, steps, batch = (learned.get(key) for key in ("examples", "steps", "batch"))
    return Arm(name, label(name, lines), seen, steps, batch, figures)


def unequal(arms: Iterable[Arm]) -> str:
    """In which of steps and batch the arms were trained differently; '' when in neither, or it is not known."""
    told = dict[str, dict[str, int]]()
    for one in arms:
        for key, value in (("steps", one.steps), ("batch", one.batch)):
            if value:
                told.setdefault(key, {})[one.name] = value
    return "; ".join(
        f"{key} differ: " + ", ".join(f"{name} {value}" for name, value in values.items())
        for key, values in told.items()
        if len(set(values.values())) > 1
    )
