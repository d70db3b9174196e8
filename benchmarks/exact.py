"""What an edit re-runs, for every module and every kind of edit: python -m benchmarks.exact [--json] [--plans]

The plan of every target is made in a copy of the checkout, before and after edits of each kind, and compared. Leaks
count targets that re-run though the edit cannot change them, misses edits that change a result and re-run nothing.
Then a sample of the edits is checked against `dvc repro --dry` of a project in which every output is there; `--plans`
leaves that out.
"""

import ast
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from baleen.engines import table
from baleen.project import recipes
from baleen.project.settings import load_yaml
from baleen.project.yaml_files import parse_yaml, yaml_text
from benchmarks import exact_dvc

CHECKOUT = Path(__file__).parents[1]
FILES = ("baleen", "pocket", "stages", "methods", "recipes", "profiles", "prompts", "params.yaml", "dvc.yaml")
Plans = dict[str, dict[str, Any]]


def copy(folder: Path) -> Path:
    """All that a plan is made of, in a folder of its own."""
    for name in FILES:
        copied = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copied(CHECKOUT / name, folder / name)
    return folder


def plans(folder: Path) -> Plans:
    """The plan of every target, made by the stage."""
    subprocess.run([sys.executable, "-m", "stages.plan"], cwd=folder, check=True)
    return {path.stem: load_yaml(path, plain=False) for path in sorted((folder / "data/plan").glob("*.yaml"))}


def changed(before: Plans, after: Plans) -> list[str]:
    return sorted(name for name in before if after.get(name) != before[name])


@cache
def methods() -> list[str]:
    return [path.stem for path in Path("recipes").glob("*.yaml") if recipes.is_method(path)]


def method_of(name: str) -> str:
    """The method whose name a file's begins with; '' for what methods share."""
    stem = name.replace("_", "-")
    matches = [method for method in methods() if stem == method or stem.startswith(f"{method}-")]
    return max(matches, key=len, default="")


def owner(line: recipes.Line) -> str:
    return method_of(Path(line.file).stem)


def needs(plan: dict[str, Any]) -> set[str]:
    """The methods whose modules, parts or prompts the plan of a target depends on."""
    modules = (Path(file).stem for file in plan["code"] if file.startswith(("baleen/methods/", "pocket/")))
    folders = (name.partition("/")[0] for name in plan["prompts"] if "/" in name)
    return {method for name in (*modules, *folders) if (method := method_of(name))}


def method_leak(before: Plans, lines: list[recipes.Line]) -> list[str]:
    """Targets of a method that an edit of another's module, part of the world, prompt or settings would re-run."""
    groups = recipes.groups(recipes.all_files())
    leaks = []
    for line in (line for line in lines if owner(line)):
        group = groups.get(str(line.given.get("settings", "")))
        own = needs(before[line.name]) | {method_of(Path(group.file).stem) if group else ""}
        leaks += [f"{line.name}: {other}" for other in own - {owner(line), ""}]
    return leaks


def engine_leak(before: Plans) -> list[str]:
    """Targets that depend on the module of an engine which they do not name."""
    leaks = []
    for name, plan in before.items():
        other = [engine for engine in table.modules() if engine != plan["settings"].get("engine")]
        places = tuple(f"baleen/engines/{engine}{end}" for engine in other for end in (".py", "/"))
        leaks += [f"{name}: {file}" for file in plan["code"] if file.startswith(places)]
    return leaks


def pocket_leak(before: Plans) -> list[str]:
    """Targets that depend on the generated world, though they read no part of it and name no measure of it."""
    return [
        f"{name}: {file}"
        for name, plan in before.items()
        for file in plan["code"]
        if file.startswith("pocket/") and not any(text.startswith("pocket") for text in plan["named"])
    ]


ADDED = {  # a file of its own for each kind of thing
    "baleen/measures/added.py": '__all__ = ["added"]\n\n\ndef added(text: str) -> float:\n    return 1.0\n',
    "baleen/measures/added_selector.py": (
        '__all__ = ["firsts"]\n\n\ndef firsts(values: list[object], count: int) -> list[int]:\n'
        "    return [*range(count)]\n"
    ),
    "baleen/methods/added.py": (
        "from baleen.tables.exports import Format, transform\n\n__all__ = ['step', 'shape']\n\n\n"
        "@transform(('id',), {})\ndef step(row):\n    return [row]\n\n\nshape = Format(str, str)\n"
    ),
    "baleen/engines/added.py": "SEMANTICS = 'added-1'\nABILITIES = ()\nENGINE = None\n",
    "pocket/added.py": "__all__ = ['pages']\n\n\ndef pages(world, rows, noise):\n    yield {}\n",
    "prompts/added.md": "---\nwrites: [instruction]\n---\n$response\n",
    "prompts/added/ask.md": "---\nwrites: [instruction]\n---\n$response\n",
    "recipes/more/added.yaml": "settings:\n  added: {max_tokens: 3}\nmap:\n  added: {input: web, apply: document}\n",
    "profiles/added.yaml": "speed: {}\n",
}


def addition_leak(folder: Path, before: Plans) -> list[str]:
    """Targets that re-run because a file of its own was added, or a function to a module of which they name none."""
    for name, text in ADDED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    leaks = [f"{name}: a file" for name in changed(before, plans(folder))]
    for name in ADDED:
        (folder / name).unlink()
    for file in sorted(path for part in ("baleen", "pocket") for path in (folder / part).rglob("*.py")):
        if not (text := file.read_text(encoding="utf-8")):
            continue
        grown = text.replace("__all__ = [", '__all__ = ["added_here", ', 1)
        file.write_text(grown + "\n\ndef added_here(text: str) -> float:\n    return 1.0\n", encoding="utf-8")
    return leaks + [f"{name}: a function in each module" for name in changed(before, plans(folder))]


LAYOUTS: dict[str, Callable[[str], str]] = {
    "a comment": lambda text: f"# first\n{text}# last\n",
    "a blank line": lambda text: text.replace("\n\n", "\n\n\n"),
    "a docstring": lambda text: text.replace('"""', '"""Once more. ', 1),
    "another layout": lambda text: ast.unparse(ast.parse(text)) + "\n",
}


def format_leak(folder: Path, before: Plans) -> list[str]:
    """Targets that re-run because of comments, docstrings, blank lines and layout of every Python and YAML file."""
    leaks = []
    for name, layout in LAYOUTS.items():
        shutil.rmtree(folder)
        for file in sorted(copy(folder).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            file.write_text(layout(text) if text else "", encoding="utf-8")
        for file in sorted(path for path in folder.rglob("*.yaml") if "data" not in path.parts):
            text = file.read_text(encoding="utf-8")
            only_commented = file.name == "dvc.yaml" or name != "another layout"
            file.write_text(f"# first\n\n{text}" if only_commented else yaml_text(parse_yaml(text)), encoding="utf-8")
        leaks += [f"{target}: {name}" for target in changed(before, plans(folder))]
    return leaks


def misses(folder: Path, before: Plans, edits: Iterable[exact_dvc.Edit]) -> dict[str, list[str]]:
    """For each edit that changes a result the targets that re-run, made one after the other."""
    targets = {}
    for edit in edits:
        shutil.rmtree(folder)
        edit.make(copy(folder))
        targets[edit.words] = changed(before, plans(folder))
    return targets


def reach(before: Plans) -> dict[str, int]:
    """How many targets an edit anywhere in a module can re-run, by module."""
    count = Counter(file for plan in before.values() for file in plan["code"])
    files = sorted(path.as_posix() for part in ("baleen", "pocket") for path in Path(part).rglob("*.py"))
    return {file: count[file] for file in files if Path(file).stat().st_size}


def measured(with_dvc: bool) -> dict[str, Any]:
    with TemporaryDirectory() as name:
        folder = copy(Path(name, "project"))
        before, lines = plans(folder), recipes.lines(recipes.all_files())
        leaks = {
            "method_leak": method_leak(before, lines),
            "engine_leak": engine_leak(before),
            "pocket_leak": pocket_leak(before),
            "addition_leak": addition_leak(folder, before),
            "format_leak": format_leak(folder, before),
        }
        rerun = misses(folder, before, exact_dvc.EDITS)
        missed = [edit.words for edit in exact_dvc.EDITS if not set(edit.targets) <= set(rerun[edit.words])]
        counts = {key: len(value) for key, value in leaks.items()} | {"misses": len(missed)}
        dvc = exact_dvc.compared(Path(name), copy, rerun) if with_dvc else {}
    return counts | {
        "targets": len(before), "edits": {words: len(targets) for words, targets in rerun.items()},
        "which": leaks | {"misses": missed}, "dvc": dvc, "reach": reach(before),
    }  # fmt: skip


def main(argv: list[str]) -> None:
    result = measured("--plans" not in argv)
    if "--json" in argv:
        return print(json.dumps(result, indent=1))
    for name in ("method_leak", "engine_leak", "addition_leak", "format_leak", "pocket_leak", "misses"):
        print(f"{name:<14}{result[name]:>5}  {', '.join(result['which'][name][:4])}")
    for words, count in result["edits"].items():
        print(f"{count:>5} of {result['targets']}  {words}  {result['dvc'].get(words, '')}")


if __name__ == "__main__":
    main(sys.argv[1:])
