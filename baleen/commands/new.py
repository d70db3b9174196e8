"""new: a project of one's own from the recipes, prompts, profiles and rules that come with baleen."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, chdir
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from baleen.commands import check as checks
from baleen.commands import doctor, history, own_data, placing
from baleen.commands.own_data import PYTHON, Corpus, Own
from baleen.errors import Problem, unknown
from baleen.project import assemble, layers, machine, recipes, shipped
from baleen.project.assemble import Selection
from baleen.project.inputs import CODE
from baleen.project.own_numbers import Measures
from baleen.project.recipes import Line
from baleen.project.settings import Settings, load_yaml
from baleen.training import requirements

SOURCES = "recipes/sources.yaml"
README = """# {name}

Built with baleen ({methods}). `pip install -r requirements.txt --find-links WHEELS` installs it; WHEELS is a folder
with its wheel (`pip wheel --no-deps -w WHEELS .` in a clone of baleen); then

    dvc repro                                # build what changed
    baleen plan                              # what would be built, why, and what it takes
    baleen show                              # every target, and what it reads
{sweep}    baleen view                              # look at rows, choose a threshold, label (extra view)

`recipes/sources.yaml` says how {inputs} are read, `params.yaml` holds the settings to sweep.
"""
SWEEP = "    dvc exp run -S {knob}=0.2     # try another threshold\n"
HELD_OUT = 0.2  # share of the seeds that no model is trained on: 40 of 200 give an interval
TAUGHT = 0.3  # and the seeds between both are those that scores are measured on: no model is trained on them either
# By the question, of which there may be several answers: a held-out one is taught with none of them
CALIBRATION = [f"chance(instruction)>={HELD_OUT}", f"chance(instruction)<{TAUGHT}"]
CANDIDATES = ("8b", "small", "laptop", "text")  # profiles for data of one's own, the best first
KNOBS = ("ask.md", "judge.md", "reply.md", "text.md")  # prompts that params.yaml or a rule may name


@dataclass(frozen=True)
class Extras:
    """What is measured when it is there: the path of verifiable prompts in the project, and a judge."""

    verifiable: str = ""
    judge: str = ""


NOTHING = Extras()


@dataclass(frozen=True)
class Wanted:
    """A project to be written: where, its methods and profile ('' to choose), a DVC cache to share, verifiable
    prompts ('' for none), and the section of the profile whose instruct model compares answers ('' for none)."""

    to: Path
    methods: list[str]
    profile: str
    cache: Path | None = None
    verifiable: str = ""
    judge: str = ""

    def place(self) -> AbstractContextManager[Path]:
        """The folder to write in, whose files become the project when all went well."""
        return placing.over(self.to, self.cache) if placing.has_files(self.to) else placing.whole(self.to)


def known_profile(name: str) -> str:
    """The name of a shipped profile, or a Problem."""
    names = sorted(path.stem for path in (shipped.folder() / "profiles").glob("*.yaml"))
    if name not in names:
        raise Problem(unknown("profile", name, names))
    return name


def corpus_tables(corpus: Own, documents: int) -> list[Line]:
    """The lines of the corpus: the whole of it, or so many documents of a usual length, drawn by chance."""
    rule, given = ("load", {"python": "docs"}) if corpus.path == PYTHON else ("ingest", {"source": corpus.path})
    rules = {"settings": "segments"} if "segment" in corpus.settings and not documents else {}
    whole = Line(
        "corpus" if documents else "web", rule, {**given, **corpus.settings, **rules, "origin": "web"}, SOURCES
    )
    drawn = {"input": "corpus", "keep": own_data.USUAL, "best": "chance(id)", "count": documents}
    return [whole, Line("web", "filter", drawn, SOURCES)] if documents else [whole]


def on_own_data(
    to: Path, methods: list[str], profile: str, corpus: Own, seeds: Own, documents: int = 0, more: Extras = NOTHING
) -> None:
    """Write a project of these methods on a user's own corpus and seeds, some of which are held out."""
    settings = dict(seeds.settings)
    if assemble.WITH_REFERENCE & {*methods} and "columns" in settings:
        settings["columns"] = settings["columns"] | {"reference": settings["columns"]["response"]}
    tables = [
        *corpus_tables(corpus, documents),
        Line("pairs", "ingest", {"source": seeds.path, **settings, "origin": "seed"}, SOURCES),
        Line("seed", "filter", {"input": "pairs", "keep": [f"chance(instruction)>={TAUGHT}"]}, SOURCES),
        Line("heldout", "filter", {"input": "pairs", "keep": [f"chance(instruction)<{HELD_OUT}"]}, SOURCES),
        Line("calibration", "filter", {"input": "pairs", "keep": CALIBRATION}, SOURCES),
    ]
    if more.verifiable:
        given = {"source": more.verifiable, "columns": own_data.VERIFIABLE_COLUMNS, "origin": "heldout"}
        tables.append(Line("verifiable", "ingest", given, SOURCES))
    sections, measures = load_yaml(shipped.profile(profile)), Measures(bool(more.verifiable), more.judge)
    write(to, assemble.on_own_data(methods, {line.name: line for line in tables}, sections, measures), methods, profile)


def chosen_profile(write_under: Callable[[Path, str], None]) -> str:
    """The best profile that this machine can run a project under, which is written to try; it is printed with what the
    machine lacks for each better one."""
    lacks, here, hub = dict[str, str](), machine.this_machine(), machine.hub_error()
    for name in filter(lambda name: shipped.profile(name).is_file(), CANDIDATES):
        with TemporaryDirectory(prefix="baleen-new-") as folder:
            try:
                write_under(Path(folder), name)
                with chdir(folder):
                    lacks[name] = doctor.profiles(here, hub)[name]
            except Problem as problem:
                lacks[name] = str(problem)
        if not lacks[name]:
            better = (f"  {other} cannot run here: {why}" for other, why in lacks.items() if why)
            print(f"profile: {name}", *better, sep="\n")
            return name
    reasons = "; ".join(f"{name}: {why}" for name, why in lacks.items())
    raise Problem(f"this machine can run no profile ({reasons}); name one with --profile to write the project anyway")


def write(to: Path, selection: Selection, methods: list[str], profile: str) -> None:
    """Write the files of a project: recipes, rules, knobs, prompts and profiles."""
    ship = shipped.folder()
    to.mkdir(parents=True, exist_ok=True)
    files = assemble.write_recipes(to, selection)
    report = assemble.report_of(selection.lines, methods)
    rules = assemble.rules((ship / "dvc.yaml").read_text(encoding="utf-8"), files, report, code_of_plan(to))
    params = (ship / "params.yaml").read_text(encoding="utf-8")
    texts = {
        "dvc.yaml": rules,
        "params.yaml": re.sub(r"(?<=^profile: )\w+", profile, params, flags=re.MULTILINE),
        ".gitignore": history.IGNORED,
        ".dvcignore": history.IGNORED_BY_DVC,
    }
    for name, text in texts.items():
        (to / name).write_text(text, encoding="utf-8")
    assemble.copy_named(
        to, "profiles", [str(p.relative_to(ship / "profiles")) for p in (ship / "profiles").rglob("*.yaml")]
    )
    copy_prompts(to, selection.lines)
    assemble.copy_named(to, "methods", ["README.md"])
    with chdir(to):
        pin(load_yaml(shipped.profile(profile)))


def pin(profile: Settings) -> None:
    """Write what the project in the current folder needs into its requirements.txt: this version of baleen with the
    extras of its lines; other lines stay."""
    path, files = Path("requirements.txt"), recipes.files()
    extras = requirements.extras(profile, recipes.lines(files), recipes.groups(files))
    others = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    mine = f"baleen-build[{','.join(extras)}]=={version('baleen-build')}\n"
    path.write_text(mine + "".join(line for line in others if not line.startswith("baleen-build[")), encoding="utf-8")


def code_of_plan(to: Path) -> list[str]:
    """What tells the plan that code changed: the code for a project inside the checkout, else the version wanted."""
    if shipped.folder() == CODE and to.is_relative_to(CODE):
        return [f"{os.path.relpath(CODE, to)}/{name}" for name in ("baleen", "pocket", "stages")]
    return ["requirements.txt"]


def copy_prompts(to: Path, lines: Mapping[str, Line]) -> None:
    """Copy the prompts that lines name, all of a folder that they name, and those that knobs and rules may name."""
    ship = shipped.folder() / "prompts"
    single = {f"{line.given['prompt']}.md" for line in lines.values() if "prompt" in line.given}
    folders = {str(line.given["prompts"]) for line in lines.values() if "prompts" in line.given}
    several = {str(path.relative_to(ship)) for name in folders for path in (ship / name).glob("*.md")}
    names = {*KNOBS, *single, *several}
    translations = {str(path.relative_to(ship)) for name in names for path in ship.glob(f"[a-z][a-z]/{name}")}
    assemble.copy_named(to, "prompts", sorted(names | translations))


def on_embedded_world(to: Path, methods: list[str], profile: str) -> None:
    """Write a project of these methods on the generated world that comes with baleen."""
    lines, sections = shipped.lines(), load_yaml(shipped.profile(profile))
    wanted = assemble.closure(assemble.of_methods(methods, lines), lines)
    for name in methods:
        assemble.require_teacher(name, assemble.closure([name], lines).values(), sections)
    write(to, Selection(wanted), methods, profile)


def in_world(wanted: Wanted) -> str:
    """Write a project on the generated world and begin its history; what check says of it."""
    with wanted.place() as part:
        on_embedded_world(part, wanted.methods, wanted.profile or "pocket")
        return begun(part, wanted)


def on_files(wanted: Wanted, corpus: Corpus, seeds: str, seed_columns: dict[str, str]) -> str:
    """Look at a corpus and seeds, print how they would be read, and write a project on them; what check says of it."""
    own_data.require_here(corpus.path, seeds)
    own_data.require_joined(seed_columns, wanted.methods)
    pairs = own_data.proposal(Path(seeds), ["instruction", "response"], seed_columns, "--seed-columns")
    looked = [] if corpus.path == PYTHON else [own_data.corpus_proposal(Path(corpus.path), corpus.columns)]
    own_data.require_outside(wanted.to, [one.source for one in (*looked, pairs)])
    if corpus.documents < 0:
        raise Problem(f"--documents is {corpus.documents}; write how many to draw, or leave it out for all")
    if looked and Path(corpus.path).resolve().name == Path(seeds).resolve().name:
        raise Problem(f"{corpus.path} and {seeds} have the same name, and both go to {own_data.RAW}; rename one")
    with wanted.place() as part:
        documents = Own(PYTHON, {})
        for one in looked:
            documents = Own(own_data.bring(Path(corpus.path), part), one.settings)
        mine = Own(own_data.bring(Path(seeds), part), own_data.seed_settings(pairs))
        chosen = wanted.profile or chosen_profile(
            lambda to, name: on_own_data(to, wanted.methods, name, documents, mine)
        )
        asked = own_data.bring(own_data.verifiable(wanted.verifiable), part) if wanted.verifiable else ""
        on_own_data(part, wanted.methods, chosen, documents, mine, corpus.documents, Extras(asked, wanted.judge))
        read = [replace(one, rows=own_data.read_in(part, "corpus" if corpus.documents else "web")) for one in looked]
        print(*(own_data.describe("corpus", one) for one in read), own_data.describe("seeds", pairs), sep="\n")
        for one in looked[: bool(corpus.documents)]:
            print(own_data.usual(Own(one.source, one.settings), corpus.documents))
        print(own_data.split(part, Own(pairs.source, mine.settings), HELD_OUT, TAUGHT))
        write_readme(part, wanted)
        tracked = [own.path for own in (documents, mine) if own.path != PYTHON] + [asked] * bool(asked)
        return begun(part, wanted, tracked)


def write_readme(to: Path, wanted: Wanted, inputs: str = "the corpus and the seeds") -> None:
    """The page that tells what a project is built with, and how; `inputs` is what it reads of the user's."""
    sweep = SWEEP.format(knob=knob) if (knob := share_kept(to)) else ""
    text = README.format(name=wanted.to.name, methods=", ".join(wanted.methods), inputs=inputs, sweep=sweep)
    (to / "README.md").write_text(text, encoding="utf-8")


def share_kept(to: Path) -> str:
    """The knob that says which share of the candidates is kept, under the scorer in force; '' where none are chosen."""
    with chdir(to):
        project = layers.current()
        if not any(line.given.get("knobs") == "curate" for line in recipes.lines(recipes.files())):
            return ""
        own = layers.scorer_of_knobs(project.params["curate"], project)
        return f"curate.{own}.share" if own else "curate.share"


def begun(part: Path, wanted: Wanted, tracked: Iterable[str] = ()) -> str:
    """Check a project and begin its history, unless it has one already; what check says of it."""
    with chdir(part):
        summary = checks.check([])
    if not placing.has_files(wanted.to):
        history.begin(part, tracked, wanted.cache)
    return summary
