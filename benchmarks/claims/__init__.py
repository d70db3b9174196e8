"""The claim of a method, tested over several pocket worlds: arms at equal steps and batch, paired by held-out row.

Each world is built in its own copy of the checkout under build/claims, with `dvc repro`; a copy that is there already
takes the newest sources and goes on where it stopped, and methods share what they have in common.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from statistics import fmean

from baleen.measures.expressions import parse_condition, parse_value
from baleen.measures.statistics import bootstrap_interval
from baleen.measures.words import ngrams
from baleen.project import recipes
from baleen.tables import rows
from baleen.tables.rows import Row
from benchmarks.claims import _seeds

FOLDER = Path("build", "claims")
OK = "pocket.ok(truth,answer)"
GOOD = "pocket.good(truth,instruction,response)"
GOOD_DRAFT = "pocket.good(truth,instruction,draft)"  # the same pairs before they were rewritten
OF_GOOD = ("groups", "all", GOOD)  # where the counts of an evaluation have it


@dataclass(frozen=True)
class Pair:
    """Two tables whose rows pair up by id, and the measure (0 to 1) that should be higher in the first, of a split, and
    of the rows of it that meet a condition, which must be the same in both. A share is told in points, so 100 times."""

    better: str
    other: str
    measure: str = OK
    split: str = "test"
    keep: str = ""
    times: float = 100.0


def arms(better: str, other: str) -> Pair:
    """Two models by the answers they gave to the held-out test prompts."""
    return Pair(f"answers-{better}", f"answers-{other}")


@dataclass(frozen=True)
class Claim:
    """What is listed and built in a world, the pairs that are the claim, and figures of counts files worth telling.

    `figures` names a file of data/ or models/ without its suffix and the keys that lead to a number in it; `fits` names
    answers by the number of pairs their model learned from: right answers = alpha * ln(pairs) + constant; `trigrams`
    names tables and columns whose different word 3-grams are counted.
    """

    recipes: tuple[str, ...]
    targets: tuple[str, ...]
    pairs: dict[str, Pair]
    figures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fits: dict[str, dict[int, str]] = field(default_factory=dict)
    trigrams: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What a claim's worlds have that the checkout's has not: another share of useless documents; models of another
    width, for all that is trained in a world, with as many layers and heads."""

    noise: float | None = None
    width: int | None = None

    def folder(self, world: int) -> Path:
        """A folder of its own for each change."""
        parts = [f"world-{world}", *(f"{name}-{x:g}" for name, x in vars(self).items() if x is not None)]
        return FOLDER / "-".join(parts)

    def apply(self, folder: Path) -> None:
        """Change a copy of the checkout."""
        if self.noise is not None:
            edit(folder / "recipes/sources.yaml", r"(part: web, .*noise: )[\d.]+", rf"\g<1>{self.noise:g}")
        if self.width is not None:
            profile = folder / "profiles/pocket.yaml"
            edit(profile, r"(  hidden_size: )\d+", rf"\g<1>{self.width}")
            edit(profile, r"(  intermediate_size: )\d+", rf"\g<1>{round(self.width * 336 / 128)}")


AS_IT_IS = Change()


def copy(world: int, claim: Claim, change: Change = AS_IT_IS) -> Path:
    """A copy of the files git knows, with its world set, one training process, and only the recipes of the claim."""
    folder = change.folder(world)
    folder.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
    packed = subprocess.run(["tar", "c", "--null", "-T", "-"], input=listed, check=True, capture_output=True)
    subprocess.run(["tar", "x"], cwd=folder, input=packed.stdout, check=True)
    if not (folder / ".git").is_dir():
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    edit(folder / "profiles/pocket.yaml", r"world: \d+", f"world: {world}")
    edit(folder / "profiles/pocket.yaml", r"processes: \d+", "processes: 1")
    change.apply(folder)
    kept = "|".join(re.escape(name) for name in ("sources", "constraints", *claim.recipes))
    edit(folder / "dvc.yaml", rf"  - recipes/(?!(?:{kept})\.yaml)[\w-]+\.yaml\n", "")
    edit(folder / "dvc.yaml", r"(?s)\n  report:.*", "\n")
    for name in ("constraints", *claim.recipes):
        if f"  - recipes/{name}.yaml\n" not in (folder / "dvc.yaml").read_text(encoding="utf-8"):
            edit(folder / "dvc.yaml", r"(  - recipes/sources.yaml\n)", rf"\1  - recipes/{name}.yaml\n")
    return folder


def edit(path: Path, pattern: str, words: str) -> None:
    path.write_text(re.sub(pattern, words, path.read_text(encoding="utf-8")), encoding="utf-8")


def build(world: int, claim: Claim, seeds: int = 1, change: Change = AS_IT_IS) -> Path:
    """The world's folder with the targets built, and arms of so many seeds; what DVC says goes to build.log."""
    folder = copy(world, claim, change)
    tables = [table for pair in claim.pairs.values() for table in (pair.better, pair.other)]
    more = _seeds.add(folder, recipe_files(claim, folder), tables, seeds)
    with (folder / "build.log").open("a", encoding="utf-8") as log:
        command = [sys.executable, "-m", "stages.warm", sys.executable, "-m", "dvc", "repro", *claim.targets]
        command += more if claim.targets else []  # without targets everything is built
        subprocess.run(command, cwd=folder, check=True, stdout=log, stderr=subprocess.STDOUT)
    return folder


def measured(folder: Path, table: str, measure: str, split: str, keep: str = "") -> dict[str, tuple[str, float]]:
    """Of each row of a split that can be measured: the group it is drawn with (its cell, else itself), the measure."""
    value, wanted = parse_value(measure), [parse_condition(keep)] if keep else []
    split_rows = (row for row in rows.read(folder / f"data/{table}.parquet") if row.get("split", split) == split)
    kept = (row for row in split_rows if not any(one.reason(row) for one in wanted))
    values = ((row, value.of(row)) for row in kept)
    return {row["id"]: (str(row.get("cell", row["id"])), number) for row, number in values if number is not None}


def difference(folders: dict[int, Path], pair: Pair, seeds: int = 1) -> Row:
    """Points of difference in each world and over all of them, with 95 % intervals; cells are drawn whole, and seeds of
    training are drawn, where there are several."""
    found = {world: gains(folder, pair, seeds) for world, folder in folders.items()}
    return {f"world {w}": gain_interval([one]) for w, one in found.items()} | {"all": gain_interval([*found.values()])}


def gains(folder: Path, pair: Pair, seeds: int) -> dict[int, _seeds.Gains]:
    """Of each seed and row of both arms: its group, and the difference in points. An arm without trainings of other
    seeds is the same for all; when neither has one, there is one seed."""
    sides = {seed: tuple(of_seed(folder, table, seed) for table in (pair.better, pair.other)) for seed in range(seeds)}
    result = dict[int, _seeds.Gains]()
    for seed, both in sides.items():
        if seed and both == sides[0]:
            continue
        mine, theirs = (measured(folder, table, pair.measure, pair.split, pair.keep) for table in both)
        result[seed] = {i: (mine[i][0], pair.times * (mine[i][1] - theirs[i][1])) for i in mine if i in theirs}
    return result


def of_seed(folder: Path, table: str, seed: int) -> str:
    """The table of a seed, or of the first where the other has not been built."""
    other = _seeds.named(table, seed)
    return other if (folder / f"data/{other}.parquet").is_file() else table


def gain_interval(worlds: list[dict[int, _seeds.Gains]]) -> Row:
    """The mean of gains with its 95 % interval, in percentage points, and with several seeds the mean of each."""
    every = [
        (f"{w} {group}", x) for w, seeds in enumerate(worlds) for one in seeds.values() for group, x in one.values()
    ]
    rows_of_one = sum(len(next(iter(seeds.values()))) for seeds in worlds)
    numbers = [x for _, x in every]
    several = max(map(len, worlds)) > 1
    low, high = _seeds.interval(worlds) if several else bootstrap_interval(numbers, [group for group, _ in every])
    result = {"points": round(fmean(numbers), 1), "low": round(low, 1), "high": round(high, 1), "rows": rows_of_one}
    return result | ({"by seed": by_seed(worlds)} if several else {})


def by_seed(worlds: list[dict[int, _seeds.Gains]]) -> list[float]:
    """The mean of each seed over all worlds that have it."""
    every = sorted({seed for seeds in worlds for seed in seeds})
    return [round(fmean(x for seeds in worlds for _, x in seeds.get(n, {}).values()), 1) for n in every]


def mean(folder: Path, table: str, measure: str, split: str, keep: str = "", times: float = 100.0) -> float:
    return round(times * fmean(number for _, number in measured(folder, table, measure, split, keep).values()), 1)


def trigrams(folder: Path, table: str, column: str) -> float:
    """How many different word 3-grams a column has."""
    return len({gram for row in rows.read(folder / f"data/{table}.parquet") for gram in ngrams(row[column])})


def figure(folder: Path, file: str, keys: Iterable[str]) -> float:
    """A number in a counts file."""
    path = folder / f"{file}.json"
    value = json.loads((path if path.is_file() else folder / f"data/{file}.json").read_text(encoding="utf-8"))
    first, *rest = keys
    value = defaultdict(float, value[first]) if first == "dropped" else value[first]  # a reason that nobody left for
    for key in rest:
        value = value[key]
    return float(value)


def recipe_files(claim: Claim, folder: Path) -> list[Path]:
    """The recipes that a claim lists."""
    return [folder / f"recipes/{name}.yaml" for name in ("sources", "constraints", *claim.recipes)]


def learned_from(folder: Path, claim: Claim) -> dict[str, int]:
    """How many rows each model that was asked has learned from: arms are fair only where these are alike."""
    tables = {table for pair in claim.pairs.values() for table in (pair.better, pair.other)}
    lines = recipes.lines(recipe_files(claim, folder))
    writers = sorted({str(line.given["model"]) for line in lines if line.verb == "generate" and line.name in tables})
    trained = {line.name for line in lines if line.verb == "train"}
    return {model: int(figure(folder, f"models/{model}", ["examples"])) for model in writers if model in trained}


def results(claim: Claim, folders: dict[int, Path], seeds: int = 1) -> Row:
    """Means of all arms (of the first seed), paired differences over so many seeds, and the figures, by world."""
    pairs = claim.pairs.values()
    sides = dict.fromkeys((table, p.measure, p.split, p.keep, p.times) for p in pairs for table in (p.better, p.other))
    means = {
        ", ".join([f"{side[0]} {side[1]}", *(part for part in side[2:4] if part not in ("", "test"))]): {
            f"world {w}": mean(folder, *side) for w, folder in folders.items()
        }
        for side in sides
    }
    alphas = {
        name: {
            f"world {w}": slope({n: mean(folder, t, OK, "test") for n, t in sizes.items()})
            for w, folder in folders.items()
        }
        for name, sizes in claim.fits.items()
    }
    figures = {
        name: {f"world {w}": figure(folder, file, keys) for w, folder in folders.items()}
        for name, (file, *keys) in claim.figures.items()
    } | {
        name: {f"world {w}": trigrams(folder, *place) for w, folder in folders.items()}
        for name, place in claim.trigrams.items()
    }
    result = {
        "means": means,
        "differences": {n: difference(folders, p, seeds) for n, p in claim.pairs.items()},
        "learned from": {f"world {w}": learned_from(folder, claim) for w, folder in folders.items()},
    }
    return result | ({"figures": figures} if figures else {}) | ({"alpha": alphas} if alphas else {})


def slope(points: dict[int, float]) -> float:
    """Points of right answers for each factor e of pairs, by least squares."""
    sizes = [log(n) for n in points]
    middle, height = fmean(sizes), fmean(points.values())
    return round(
        sum((x - middle) * (y - height) for x, y in zip(sizes, points.values(), strict=True))
        / sum((x - middle) ** 2 for x in sizes),
        2,
    )
