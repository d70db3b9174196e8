"""Claims on real text with a real model: what a module of this folder says of its method, METHOD.py beside METHOD.yaml.

METHOD.py has a `REAL`; METHOD.yaml is a recipe that is added to the project. In its lines `$seed` stands for a seed of
training: a line with it is written once for each, and so are the names of tables in `REAL`. `$first` is the first
seed, `$draw` a value to rank by that is another random order for each seed; other `$names` are those of the project.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any

from baleen.errors import Problem
from baleen.tables.rows import Row

RECIPES = Path(__file__).parent
METHODS = sorted(path.stem.replace("_", "-") for path in RECIPES.glob("[a-z]*.yaml"))
DRAWS = ("chance(id)", "chance(instruction)", "chance(response)")  # hashes of different texts: independent orders


@dataclass(frozen=True)
class Project:
    """One project of a claim: the words after `baleen new FOLDER`, in which $data is the folder of the data and $here
    the checkout; files that are put into data/raw; what `$names` in the lines stand for; and files of JSON lines in
    data/raw whose rows are made of the folder of the data."""

    new: tuple[str, ...]
    files: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, Callable[[Path], Iterable[Row]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """Two tables whose rows pair up by id, for each seed; the measure, or two whose sums are divided ('a / b', with b a
    whole number that is the same in both tables), of a split and of rows that meet a condition. The claim is that the
    first is better: higher, or lower where that is better."""

    better: str
    other: str
    measure: str = "loss"
    lower: bool = True
    split: str = "test"
    keep: str = ""


@dataclass(frozen=True)
class Real:
    """A claim on real text: projects by name, the pairs that are the claim, sections of the profile that are written
    whole in place of its own, settings of params.yaml likewise, and figures of counts files worth showing: a file of
    data/ or models/ without its suffix, and the keys that lead to a number in it. Pairs of `later` are built when
    --pairs names them. `headline` names the pair that README tells, '' for the first. `lines` is the text of
    METHOD.yaml."""

    projects: Mapping[str, Project]
    pairs: Mapping[str, Pair]
    sections: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    later: Mapping[str, Pair] = field(default_factory=dict)
    profile: str = "laptop"
    headline: str = ""
    lines: str = ""

    @property
    def main_pair(self) -> str:
        """The name of the pair that README tells."""
        return self.headline or next(iter(self.pairs))

    def of_all(self) -> "Real":
        """The claim with the pairs of `later` too, of which what is built can be told."""
        return replace(self, pairs={**self.pairs, **self.later})

    def of_pairs(self, words: Sequence[str]) -> "Real":
        """The claim with the pairs alone whose name has one of these words; without figures."""
        every = self.of_all().pairs
        pairs = {name: pair for name, pair in every.items() if any(word in name for word in words)}
        if not pairs:
            raise Problem(f"no pair has a name with {' or '.join(words)}; there are {'; '.join(every)}")
        return replace(self, pairs=pairs, figures={})


def claim(method: str) -> Real:
    """The claim of a method, with the lines that it adds to its projects."""
    stem = method.replace("-", "_")
    made: Real = import_module(f"benchmarks.claims.real.{stem}").REAL
    return replace(made, lines=(RECIPES / f"{stem}.yaml").read_text(encoding="utf-8"))


def for_seed(text: str, seed: int) -> str:
    """A name of a table or file, for one seed of training."""
    return Template(text).substitute(seed=seed)


def lines(text: str, seeds: Sequence[int], names: Mapping[str, str]) -> str:
    """The recipe of a claim with its `$names` filled in; a line with $seed stands once for each seed."""
    if len(seeds) > len(DRAWS):
        raise Problem(
            f"{len(seeds)} seeds of training: there are {len(DRAWS)} random orders; name at most as many seeds"
        )
    written = list[str]()
    for line in text.splitlines(keepends=True):
        for seed, draw in list(zip(seeds, DRAWS, strict=False))[: None if "$seed" in line else 1]:
            written.append(filled(line, {**names, "seed": str(seed), "draw": draw, "first": str(seeds[0])}))
    return "".join(written)


def filled(line: str, names: Mapping[str, str]) -> str:
    try:
        return Template(line).substitute(names)
    except KeyError as error:
        known = ", ".join(names)
        raise Problem(f"${error.args[0]} in {line.strip()!r} is no name of the project, which has {known}") from None
    except ValueError:
        raise Problem(f"{line.strip()!r} has a '$' before no name; write '$$' for the sign") from None
