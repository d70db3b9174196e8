"""Where a table or a model came from, as the plan and the counts of the project say: for the cards of `export`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from baleen.errors import Problem, unknown
from baleen.models import identity, pins
from baleen.project import layers, plan, recipes
from baleen.project.counts import counts_of
from baleen.project.recipes import Line
from baleen.project.settings import Settings, typed
from stages import verbs

TABLES, MODELS = ("input", "other"), ("model", "base")  # settings that name what a line is made of
PAPER = re.compile(r"#\s*(?P<title>.+?),?\s+arXiv:(?P<number>\d{4}\.\d{4,5})")
SAME_ROWS = ("map", "mix")  # verbs whose rows are those of their tables


@dataclass(frozen=True)
class Lines:
    """Every line of the project's recipes by its target, and the recipes that `dvc repro` builds."""

    by_name: dict[str, Line]
    built: frozenset[str] = frozenset()

    def of(self, target: str) -> Line:
        """The line of a target, written as DVC does (map@humpback-dataset) or without its rule."""
        name = target.rpartition("@")[2]
        if name not in self.by_name:
            raise Problem(unknown("target", name, list(self.by_name)))
        return self.by_name[name]

    def named(self, line: Line, settings: Iterable[str]) -> list[str]:
        return [str(line.given[key]) for key in settings if line.given.get(key)]

    def upstream(self, target: str) -> list[Line]:
        """The lines that made a table, those first that were built first."""
        found = dict[str, Line]()

        def visit(name: str) -> None:
            if name in self.by_name and name not in found and self.by_name[name].verb != "train":
                for before in self.named(self.by_name[name], TABLES):
                    visit(before)
                found[name] = self.by_name[name]

        visit(target)
        return list(found.values())

    def models(self, lines: Iterable[Line]) -> list[str]:
        """The models that some lines ask or start from, each after the one that it was trained from."""
        found = dict[str, None]()

        def visit(name: str) -> None:
            if name in found:
                return
            if name in self.by_name:
                for base in self.named(self.by_name[name], ("base",)):
                    visit(base)
            found[name] = None

        for line in lines:
            for name in self.named(line, MODELS):
                visit(name)
        return list(found)

    def readers(self, names: Iterable[str], made_by: tuple[str, ...]) -> list[Line]:
        """The lines of some verbs that read one of these tables."""
        wanted, links = {*names}, (*TABLES, "against")
        return [line for line in self.by_name.values() if line.verb in made_by and wanted & {*self.named(line, links)}]

    def trainers(self, target: str) -> list[Line]:
        """The train lines that learn the rows of a table: those that read it, or what it was mapped from; if there are
        none, those that read what it was mixed or mapped into. Of recipes that are not built only where no other has
        one."""
        names = [target]
        while (line := self.by_name.get(names[-1])) and line.verb == "map":
            names.append(str(line.given["input"]))
        seen = {*names}
        while names:
            if found := self.readers(names, ("train",)):
                return [line for line in found if line.file in self.built] or found
            names = [line.name for line in self.readers(names, SAME_ROWS) if line.name not in seen]
            seen |= {*names}
        return []


def project_lines() -> Lines:
    built = frozenset(map(str, recipes.files()))
    return Lines({line.name: line for line in recipes.lines(recipes.all_files())}, built)


def options(line: Line) -> Any:
    """The settings of a target: as planned, or where there is no plan as its recipe says."""
    planned = plan.planned(line.name)
    kind = verbs.options_of(line.verb)
    return verbs.options_of_plan(planned) if planned else layers.resolved(kind, line, layers.current())


def chosen_settings(line: Line) -> Settings:
    """The settings of a target that are not the defaults; of a path on this machine only its last part."""
    values = asdict(options(line))
    defaults = defaults_of(verbs.options_of(line.verb))
    return {name: public(value) for name, value in values.items() if value != defaults[name]}


def defaults_of(kind: type[Any]) -> Settings:
    """The default of every setting of a verb."""
    return {f.name: f.default if f.default is not MISSING else cast(Any, f.default_factory)() for f in fields(kind)}


def public(value: Any) -> Any:
    """A value without the folders of this machine."""
    if isinstance(value, dict):
        return {key: public(item) for key, item in value.items()}
    return Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value


def prompts_of(lines: Iterable[Line]) -> dict[str, str]:
    """The prompts that some lines name, by name, as they stand in their files."""
    named = [
        name for line in lines for kind, name in verbs.names(line.verb, options(line)) if kind == "prompt" and name
    ]
    return {name: Path("prompts", f"{name}.md").read_text(encoding="utf-8") for name in dict.fromkeys(named)}


@dataclass(frozen=True)
class Paper:
    """A paper that a recipe names in its first lines."""

    title: str
    number: str

    @property
    def bibtex(self) -> str:
        key = re.sub(r"\W+", "", self.title.lower())[:24] + self.number.partition(".")[0]
        return (
            f"@misc{{{key},\n  title = {{{self.title}}},\n  eprint = {{{self.number}}},\n"
            f"  archivePrefix = {{arXiv}},\n  url = {{https://arxiv.org/abs/{self.number}}}\n}}"
        )


def papers(lines: Iterable[Line]) -> list[Paper]:
    """The papers of the recipes that hold some lines."""
    found = dict[str, Paper]()
    for file in dict.fromkeys(line.file for line in lines):
        head = Path(file).read_text(encoding="utf-8").splitlines()[:1] if Path(file).is_file() else []
        for text in head:
            if match := PAPER.match(text):
                found.setdefault(match["number"], Paper(match["title"], match["number"]))
    return list(found.values())


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model of the project."""

    name: str
    lines: Lines

    @property
    def on_this_machine(self) -> bool:
        return Path("models", self.name).is_dir()

    @cached_property
    def pin(self) -> pins.Pin | None:
        return pins.pin(self.name) if self.on_this_machine else None

    @property
    def origin(self) -> str:
        """Where its weights come from, without addresses and folders of this machine."""
        line = self.lines.by_name.get(self.name)
        if line and self.pin is None:
            if options(line).steps == 0:
                return f"{line.given['base']}, as it is"
            return f"trained from {line.given['base']} on the table {line.given['input']}"
        if self.pin is None:
            return "a folder of weights" if self.on_this_machine else "not on this machine"
        return pin_origin(self.pin)

    @property
    def identity(self) -> str:
        """The hash of its weights, or what names them elsewhere."""
        if not self.on_this_machine:
            return "not on this machine"
        if self.pin and self.pin.endpoint:
            return self.pin.weights or "known to its server alone"
        return identity.identity(self.name)


def stand_ins(some: list[Line]) -> dict[str, pins.Pin]:
    """The models that lines query in place of those that they name, by the line."""
    given = {line.name: options(line).instead for line in some if line.verb in ("generate", "score")}
    return {name: typed(pins.Pin, name, pin) for name, pin in given.items() if pin}


def pin_origin(pinned: pins.Pin) -> str:
    if pinned.hub:
        return f"{pinned.hub} at commit {pinned.revision}"
    if pinned.endpoint:
        return f"{pinned.model}, asked at a server"
    if pinned.apertium:
        return f"Apertium {pinned.apertium}, version {pinned.version}"
    if pinned.package:
        return f"the package {pinned.package}, version {pinned.version}"
    return f"weights in {Path(pinned.path or pinned.gguf).name}" if pinned.path or pinned.gguf else "made from scratch"


def evaluations(names: set[str], lines: Lines) -> Iterator[tuple[Line, Settings]]:
    """The evaluations of some tables that are here, with their figures."""
    for line in lines.readers(names, ("evaluate",)):
        if (figures := counts_of(line)).get("groups"):
            yield line, figures
