"""Forecast: which stages the next `dvc repro` will run, and why.

DVC compares each stage with its entry in dvc.lock and looks into its run cache. The same is done here, with the plan as
it would be made now and stage after stage, so that what follows from an edit is known before anything runs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Any

from baleen.project import graph, plan
from baleen.project.changes import Place, file_change, plan_changes
from baleen.project.graph import Stage, Stages
from baleen.project.plan import Planned
from baleen.project.settings import load_yaml
from baleen.project.yaml_files import parse_yaml

RUN, MAYBE, RESTORE, KEEP = "run", "maybe", "restore", "keep"
CHANGED = "changed"  # in place of the hash that DVC has of what is not on this disk
Entry = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """What DVC knows of a project: the stages of dvc.lock, what `dvc status` says of each, the folder of its cache, and
    the hashes of files that changed."""

    lock: Mapping[str, Entry]
    status: Mapping[str, list[Any]]
    cache: Path
    hashes: Mapping[str, str] = field(default_factory=dict)

    def cached(self, digest: str) -> Path:
        """Where the cache has, or would have, a content."""
        return self.cache / "files" / "md5" / digest[:2] / digest[2:]

    def changed(self, stage: str, kind: str) -> dict[str, Any]:
        """What `dvc status` lists of a stage under 'changed deps' or 'changed outs'."""
        parts = [part for part in self.status.get(stage, []) if isinstance(part, dict)]
        return {path: how for part in parts for path, how in part.get(kind, {}).items()}


@dataclass(frozen=True)
class Outlook:
    """What will become of a stage: `run` it will, `maybe` it will if what it reads comes out differently, `restore` DVC
    has the result in its run cache, `keep` nothing changed. `settings` and `prompts` are those that changed, `added`
    the rows that are new in its source, None when nobody can say."""

    stage: Stage
    state: str
    reasons: tuple[str, ...] = ()
    settings: frozenset[str] = frozenset()
    prompts: bool = False
    added: int | None = None

    @property
    def builds(self) -> bool:
        return self.state in (RUN, MAYBE)


@dataclass
class Forecast:
    """Outlooks so far, and the hash that each output will have; None while nobody can say."""

    recorded: Recorded
    plans: Mapping[str, Planned]
    place: Callable[[Stage], Place]
    within: Callable[[str], str]
    makers: Mapping[str, Stage]
    outlooks: dict[str, Outlook] = field(default_factory=dict)
    outputs: dict[str, str | None] = field(default_factory=dict)

    def add(self, stage: Stage) -> None:
        """The next stage in build order."""
        entry, deps = self.recorded.lock.get(stage.name), {path: self.hash_of(stage, path) for path in stage.deps}
        made = self.outlook(stage, entry, deps)
        outs, known = hashes(entry, "outs"), None not in deps.values()
        if made.builds and known and (restored := self.restorable(stage, entry, deps)):
            made, outs = replace(made, state=RESTORE), restored
        self.outlooks[stage.name] = made
        self.outputs |= {path: None if made.builds else outs.get(path) for path in stage.outs}

    def hash_of(self, stage: Stage, path: str) -> str | None:
        """The hash that a dependency will have when the stage begins."""
        before = hashes(self.recorded.lock.get(stage.name), "deps").get(path)
        if Path(path).parent == plan.FOLDER:
            planned = self.plans.get(Path(path).stem)
            return md5(plan.text_of(planned).encode()).hexdigest() if planned else ""
        if (out := self.within(path)) == path:
            return self.outputs[path]
        if out:
            return None if self.outputs[out] is None else before
        if graph.is_remote(path) and path in self.recorded.changed(stage.name, "changed deps"):
            return CHANGED
        return self.recorded.hashes.get(path, before or "")

    def outlook(self, stage: Stage, entry: Entry | None, deps: Mapping[str, str | None]) -> Outlook:
        if entry is None:
            return Outlook(stage, RUN, ("not built yet",))
        before, planned = hashes(entry, "deps"), self.plan_of(stage)
        changed = {path: now for path, now in deps.items() if now is not None and now != before.get(path)}
        why = [f"its command is now {stage.command}"] * (stage.command != entry["cmd"])
        added = None
        for path in (path for path in changed if path in before):
            words, rows = self.dependency_change(stage, path, entry)
            why, added = [*why, *words], rows if rows is not None else added
        if not any(" -> " in text for text in why):  # else a setting tells of it
            why += [f"it now reads {path}" for path in deps if path not in before]
            why += [f"it no longer reads {path}" for path in before if path not in deps]
        why += self.parameter_changes(stage, why) + self.output_changes(stage)
        further = [self.upstream_words(path) for path, now in deps.items() if now is None]
        state = RUN if why else MAYBE if further else KEEP
        return Outlook(stage, state, tuple(dict.fromkeys([*why, *further])), *planned, added)

    def plan_of(self, stage: Stage) -> tuple[frozenset[str], bool]:
        """The settings of a stage that changed, and whether a prompt did."""
        old, new = self.earlier_plan(stage), self.plans.get(stage.target)
        if not old or not new:
            return frozenset(), False
        names = {name for name in {*old.settings, *new.settings} if old.settings.get(name) != new.settings.get(name)}
        return frozenset(names), old.prompts != new.prompts

    def earlier_plan(self, stage: Stage) -> Planned | None:
        """The plan that the stage was built by, from the work tree or DVC's cache; None when neither has it."""
        path = plan.path_of(stage.target).as_posix()
        digest = hashes(self.recorded.lock.get(stage.name), "deps").get(path, "")
        for place in (Path(path), self.recorded.cached(digest)):
            if digest and place.is_file() and md5(place.read_bytes()).hexdigest() == digest:
                return Planned(**load_yaml(place, plain=False))
        return None

    def dependency_change(self, stage: Stage, path: str, entry: Entry) -> tuple[list[str], int | None]:
        """Why a dependency has another hash than dvc.lock says, and how many rows are new in it."""
        if Path(path).parent == plan.FOLDER:
            old, new = self.earlier_plan(stage), self.plans.get(stage.target)
            unknown = [f"its plan changed; the earlier one is not at hand, dvc fetch {plan.FOLDER} brings it"]
            return (plan_changes(old, new, self.place(stage)) if old and new else unknown), None
        if path in self.outputs:
            how = "will be another" if self.outlooks[self.makers[path].name].state == RESTORE else "was built again"
            return [f"{self.makers[path].target} {how}"], None
        if graph.is_remote(path):
            return [f"{path} changed"], None
        recorded: Entry = next((dep for dep in entry.get("deps", []) if dep["path"] == path), {})
        words, rows = file_change(Path(path), recorded, self.recorded.cached)
        return [words], rows

    def parameter_changes(self, stage: Stage, known: list[str]) -> list[str]:
        """Values of a params file that dvc.yaml names, unless the settings tell of them already."""
        found = self.recorded.changed(stage.name, "changed deps")
        names = [f"{file}: {key}" for file, keys in found.items() if isinstance(keys, dict) for key in keys]
        return [] if any(" -> " in text for text in known) else [f"{name} changed" for name in names]

    def output_changes(self, stage: Stage) -> list[str]:
        words = {"deleted": "is missing", "modified": "was changed by hand"}
        found = self.recorded.changed(stage.name, "changed outs")
        return [f"{path} {words[how]}" for path, how in found.items() if how in words]

    def upstream_words(self, path: str) -> str:
        maker = self.makers[self.within(path)]
        if self.outlooks[maker.name].state == RUN:
            return f"because {maker.target} changes, unless it comes out the same"
        return f"if {maker.target} changes"

    def restorable(self, stage: Stage, entry: Entry | None, deps: Mapping[str, str | None]) -> dict[str, str]:
        """The outputs that DVC would restore instead of running the stage: the newest of its run cache; {} for none."""
        known = [entry] if entry else []
        for found in [*known, *run_cache(self.recorded.cache, stage.command)]:
            same = found["cmd"] == stage.command and hashes(found, "deps") == dict(deps) and current(found)
            outs = hashes(found, "outs")
            if same and outs.keys() == set(stage.outs) and all(map(self.has, outs.values())):
                return outs
        return {}

    def has(self, digest: str) -> bool:
        return self.recorded.cached(digest).is_file()


def hashes(entry: Entry | None, kind: str) -> dict[str, str]:
    """The hash of each path that an entry of dvc.lock has as 'deps' or 'outs'."""
    return {str(one["path"]): str(one.get("md5", "")) for one in (entry or {}).get(kind) or []}


def current(entry: Entry) -> bool:
    """Whether every parameter of an entry has the value that its file has now."""
    for file, values in (entry.get("params") or {}).items():
        whole = load_yaml(Path(file)) if Path(file).is_file() else {}
        for key, value in values.items():
            at: Any = whole
            for part in key.split("."):
                at = at.get(part) if isinstance(at, dict) else None
            if at != value:
                return False
    return True


def run_cache(folder: Path, command: str) -> list[Entry]:
    """What DVC's run cache has of a command, the newest first."""
    start = f"cmd: {command}"[:40]  # a longer line is folded
    found = [parse_yaml(text) for text in run_cache_texts(folder / "runs") if text.startswith(start)]
    return [entry for entry in found if entry["cmd"] == command]


@cache
def run_cache_texts(folder: Path) -> list[str]:
    files = sorted(folder.glob("*/*/*"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [path.read_text(encoding="utf-8") for path in files]


def in_force(plans: dict[str, Planned], recorded: Recorded) -> tuple[dict[str, Planned], list[str]]:
    """The plans that `dvc repro` will go by, and the targets that it would plan otherwise if it planned anew: it does
    so when a file of the project changed, and does not see the code of a baleen that is installed outside of it."""
    if plan.STAGE in recorded.status or plan.STAGE not in recorded.lock:
        return plans, []
    files = {target: path for target in plans if (path := plan.path_of(target)).is_file()}
    other = [name for name, path in files.items() if path.read_text(encoding="utf-8") != plan.text_of(plans[name])]
    return plans | {name: written for name in other if (written := plan.planned(name))}, other


def forecast(
    stages: Stages, targets: Iterable[str], plans: Mapping[str, Planned], place: Callable[[Stage], Place],
    recorded: Recorded,
) -> list[Outlook]:  # fmt: skip
    """What will become of the targets and of all that they are built from, in build order; the plan itself is left
    out."""
    chosen = graph.needed(stages, list(targets) or list(stages))
    made = graph.makers(stages)
    found = Forecast(recorded, plans, place, graph.within(made), made)
    for stage in chosen.values():
        if plan.FOLDER.as_posix() not in stage.outs:
            found.add(stage)
    return list(found.outlooks.values())
