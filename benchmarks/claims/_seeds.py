"""Training seeds of a claim in the pocket worlds: every arm trained again with another seed, from the same rows.

Only the last training of an arm is repeated. What its rows are made with, such as teachers and backward models, is of
one seed: the interval is that of the arms on these rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from baleen.measures.statistics import DRAWS, LEVEL
from baleen.project import assemble, recipes
from baleen.project.recipes import Line

FILE = "recipes/claim-seeds.yaml"
INPUTS = ("input", "other", "against")  # what a line calls the tables that it reads
Gains = Mapping[Any, tuple[str, float]]  # of a row or a part: what it is drawn with, the difference of two arms


def named(table: str, seed: int) -> str:
    """The name of an arm's table with another seed of training; 0 is the arm itself."""
    return f"{table}-s{seed}" if seed else table


def copies(lines: Iterable[Line], tables: Iterable[str], seeds: int) -> list[Line]:
    """For each table that a trained model has written, and each seed but the first, the lines of the training with that
    seed and of what is written then, with all that the same model has written before."""
    every = list(lines)
    models = {line.name: line for line in every if line.verb == "train"}
    known = {line.name: line for line in every if line.verb != "train"}
    made = dict[str, Line]()
    for line in filter(None, map(known.get, dict.fromkeys(tables))):
        if training := models.get(str(line.given.get("model"))):
            for seed in range(1, seeds):
                model = named(training.name, seed)
                made[model] = replace(training, name=model, given=training.given | {"seed": seed}, file=FILE)
                made |= {one.name: one for one in written(line, training.name, seed, known)}
    return list(made.values())


def written(line: Line, model: str, seed: int, known: Mapping[str, Line]) -> list[Line]:
    """The line of a table, if a model has written it or one that it is made of, as lines of another seed of the model,
    those before first; [] otherwise."""
    before = {key: known.get(str(line.given.get(key))) for key in INPUTS}
    lines = {key: written(one, model, seed, known) for key, one in before.items() if one}
    given = {key: some[-1].name for key, some in lines.items() if some}
    given |= {"model": named(model, seed)} if line.given.get("model") == model else {}
    own = replace(line, name=named(line.name, seed), given=line.given | given, file=FILE)
    return [*chain.from_iterable(lines.values()), own] if given else []


def add(folder: Path, paths: list[Path], tables: Iterable[str], seeds: int) -> list[str]:
    """Write these lines into a copy of the checkout, and list them; returns the stages of the tables."""
    made = copies(recipes.lines(paths), tables, seeds)
    rules = dict.fromkeys(line.rule for line in made)
    text = "".join(f"{rule}:\n" + "".join(assemble.entry(one) for one in made if one.rule == rule) for rule in rules)
    (folder / FILE).unlink(missing_ok=True)  # the plan reads every recipe, and one without a line is none
    if made:
        (folder / FILE).write_text(f"# Arms of a claim with other seeds of training.\n{text}", encoding="utf-8")
    rule_book, first = folder / "dvc.yaml", "  - recipes/sources.yaml\n"
    rules_before = rule_book.read_text(encoding="utf-8").replace(f"  - {FILE}\n", "")
    rule_book.write_text(rules_before.replace(first, f"{first}  - {FILE}\n" if made else first), encoding="utf-8")
    return [f"{line.rule}@{line.name}" for line in made if line.verb != "train"]


def interval(worlds: Iterable[Mapping[int, Gains]], draw: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the mean of all rows of all worlds and seeds. In each draw every world draws its
    seeds with replacement, and groups of rows with replacement, the same groups for all its seeds."""
    random = np.random.default_rng(draw)
    total, count = np.zeros(DRAWS), np.zeros(DRAWS)
    for gains in worlds:
        values, rows = tables_of(gains)
        seeds, groups = (random.multinomial(n, np.full(n, 1 / n), DRAWS) for n in values.shape)
        total += (seeds @ values * groups).sum(1)
        count += (seeds @ rows * groups).sum(1)
    low, high = np.quantile(total / count, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def tables_of(gains: Mapping[int, Gains]) -> tuple[np.ndarray, np.ndarray]:
    """The sum of the differences of each seed and group, and the number of rows."""
    names = {group: None for one in gains.values() for group, _ in one.values()}
    places = {name: at for at, name in enumerate(names)}
    total, count = np.zeros((len(gains), len(places))), np.zeros((len(gains), len(places)))
    for at, one in enumerate(gains.values()):
        for group, value in one.values():
            total[at, places[group]] += value
            count[at, places[group]] += 1
    return total, count
