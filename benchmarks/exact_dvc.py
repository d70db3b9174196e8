"""Edits that change what a function returns, with targets they must re-run, and what a real `dvc repro --dry` says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from baleen.project import graph, layers, recipes
from baleen.project.settings import load_yaml

RUN = re.compile(r"^Running stage '([^']+)':", re.MULTILINE)
LISTED = (  # recipes of the project that DVC is asked about
    "sources", "constraints", "humpback", "humpback-arms", "humpback-loss-arms", "humpback-calibration-arms",
    "crab", "crab-arms", "linguist", "linguist-arms", "kun",
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """Words of a file that are there once, what stands in their place afterwards, and targets that must re-run."""

    file: str
    old: str
    new: str
    targets: tuple[str, ...]

    @property
    def words(self) -> str:
        return f"{self.file}: {self.new.strip()[:70]}"

    def make(self, folder: Path) -> None:
        path = folder / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.file} has {self.old!r} {text.count(self.old)} times"
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


EDITS = (
    Edit(
        "baleen/methods/crab.py",
        'return "" if row["holds"] else',
        'return "" if not row["holds"] else',
        ("crab-verified",),
    ),
    Edit(
        "baleen/methods/linguist.py",
        'return "requested value missing"',
        'return "a value is missing"',
        ("linguist-labelled",),
    ),
    Edit(
        "baleen/training/examples.py",
        "draw = np.random.default_rng(seed)",
        "draw = np.random.default_rng(seed + 1)",
        ("base", "humpback", "kun"),
    ),
    Edit(
        "baleen/memo/queries.py",
        'return canonical(arguments) if arguments else ""',
        'return canonical(arguments) if arguments else "{}"',
        ("humpback-augment", "humpback-judge-1"),
    ),
    Edit("baleen/engines/hf.py", 'SEMANTICS = "hf-', 'SEMANTICS = "hf-1', ("humpback-augment", "answers-kun")),
    Edit(
        "baleen/models/scratch.py",
        "hidden_size: int = setting(128",
        "hidden_size: int = setting(129",
        ("base", "humpback"),
    ),
    Edit(
        "baleen/measures/overlap.py",
        "for gram in mine) / len(mine) if mine else 0.0",
        "for gram in mine) / len(mine) if mine else 1.0",
        ("humpback-pool", "humpback-augment"),
    ),
    Edit("baleen/measures/statistics.py", "DRAWS, len(total)", "DRAWS + 1, len(total)", ("eval-humpback", "eval-crab")),
    Edit(
        "baleen/tables/rows.py",
        ".hexdigest()[:16]\n\n\ndef table_path",
        ".hexdigest()[1:17]\n\n\ndef table_path",
        ("web", "seed", "humpback-augment"),
    ),
    Edit(
        "baleen/formats.py",
        "return {columns[0]: kept} if kept and all(kept) else None",
        "return {columns[0]: kept[:9]} if kept and all(kept) else None",
        ("crab-written",),
    ),
    Edit("baleen/transforms.py", '"prompt_id": row["id"]}]', '"prompt_id": row["id"][:9]}]', ("humpback-dataset",)),
    Edit(
        "baleen/prompts.py",
        'rstrip("\\n")  # an empty',
        "rstrip()  # an empty",
        ("humpback-augment", "ask", "humpback-judge-1"),
    ),
    Edit(
        "baleen/project/layers.py",
        'group.values if group else {"prompt": name}',
        '{"prompt": "judge"}',
        ("humpback-judge-1",),
    ),
    Edit("pocket/world.py", "rng.shuffle(words)", "words.reverse()", ("web", "seed", "crab-pages", "eval-humpback")),
    Edit(
        "pocket/measures.py",
        "return float(check_answer(truth, answer).ok)",
        "return float(not check_answer(truth, answer).ok)",
        ("eval-humpback", "eval-kun"),
    ),
    Edit(
        "baleen/measures/rankings.py",
        "lambda known: rules.count or",
        "lambda known: 1 + rules.count or",
        ("humpback-curate-1",),
    ),
    Edit(
        "baleen/tables/mixing.py",
        "return max(1, round(second * share",
        "return max(2, round(second * share",
        ("humpback-mix-1",),
    ),
    Edit("profiles/pocket.yaml", "kun:         {steps: 300}", "kun:         {steps: 301}", ("kun-primary",)),
    Edit("recipes/kun.yaml", "chars(response)>=20", "chars(response)>=21", ("kun-clean",)),
    Edit(
        "prompts/ask.md",
        "Reply with the instruction alone.",
        "Write the instruction alone.",
        ("ask", "humpback-augment"),
    ),
)


def compared(place: Path, copy: Callable[[Path], Path], rerun: dict[str, list[str]]) -> dict[str, str]:
    """For each edit 'as planned', or how `dvc repro --dry` differs from what the plans say."""
    folder = built(copy(place / "dvc"))
    verdicts = {}
    for edit in EDITS:
        edited = place / "edited"
        shutil.copytree(folder, edited, symlinks=True)
        edit.make(edited)
        dvc(edited, "repro", "plan")
        known = stages(edited)
        ran = {known[name].target for name in RUN.findall(dvc(edited, "repro", "--dry"))}
        wanted = {stage.target for stage in known.values()} & {*rerun[edit.words]}
        more, less = sorted(ran - downstream(known, wanted)), sorted(wanted - ran)
        verdicts[edit.words] = f"dvc also {more}, dvc not {less}" if more or less else "as planned"
        shutil.rmtree(edited)
    return verdicts


def stages(folder: Path) -> graph.Stages:
    """The stages of the project in a folder."""
    lines = recipes.lines([folder / f"recipes/{name}.yaml" for name in LISTED])
    rules = load_yaml(folder / "dvc.yaml", plain=False)["stages"]
    return graph.stages(rules, lines, load_yaml(folder / layers.PARAMS))


def downstream(known: graph.Stages, names: Iterable[str]) -> set[str]:
    """These targets and all that are made of them."""
    reached, count = set(names), -1
    makers = {out: stage.target for out, stage in graph.makers(known).items()}
    while count < len(reached):
        count = len(reached)
        reached |= {stage.target for stage in known.values() if any(makers.get(dep) in reached for dep in stage.deps)}
    return reached


def built(folder: Path) -> Path:
    """A project under DVC in which every output is there, though none was made: `dvc commit` takes them as they are."""
    rules = (folder / "dvc.yaml").read_text(encoding="utf-8")
    listed = re.findall(r"  - recipes/[\w-]+\.yaml\n", rules)
    mine = "".join(f"  - recipes/{name}.yaml\n" for name in LISTED)
    (folder / "dvc.yaml").write_text(rules.replace("".join(listed), mine))
    for path in (folder / "recipes").glob("*.yaml"):
        if path.stem not in LISTED:
            path.rename(folder / "recipes/more" / path.name)
    dvc(folder, "init", "-q", "--no-scm")
    dvc(folder, "repro", "plan")
    for stage in stages(folder).values():
        for out in stage.outs:
            if out != "data/plan":
                path = folder / out / "x" if out.startswith("models/") and not out.endswith(".json") else folder / out
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f'{{"{out}": 1}}', encoding="utf-8")
    dvc(folder, "commit", "-q", "-f")
    return folder


def dvc(folder: Path, *words: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the `python` of the stages
    command, env = [sys.executable, "-m", "dvc", *words], os.environ | {"PATH": path}
    done = subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True)
    assert not done.returncode, f"dvc {' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout + done.stderr
