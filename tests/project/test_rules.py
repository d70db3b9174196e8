"""The rules of dvc.yaml tell the truth about what they depend on, and imports point one way only."""

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from baleen.engines import table
from baleen.project import code_hashes, recipes, statements
from baleen.project.yaml_files import parse_yaml

RULES = parse_yaml(Path("dvc.yaml").read_text())["stages"]
SINGLE = {"plan", "origin", "report"}  # rules without lines


def files_in(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in Path(folder).rglob("*.py"))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


@cache
def imported(file: Path) -> set[Path]:
    """Project modules a file imports itself, at the top or inside a function; by their paths in the project."""
    nodes = [node for node in ast.walk(tree(file)) if isinstance(node, ast.Import | ast.ImportFrom)]
    places = [place for node in nodes for place in statements.imported(node).values()]
    names = {name for module, own in places for name in (module, f"{module}.{own}")}
    return {Path(path) for path in map(code_hashes.module_file, names) if path} - {file}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_depends_on_the_plan_of_its_target_and_on_no_code(rule: str) -> None:
    deps = [str(dep) for dep in RULES[rule].get("do", RULES[rule])["deps"]]
    found = [
        dep for dep in deps if not dep.startswith(("data/$", "labels/$", "models/", "$")) and not dep.endswith(".json")
    ]
    plan = ["baleen", "pocket", "stages", "methods", "recipes", "profiles", "prompts"]
    own = rule if rule in SINGLE else "${key}"
    assert found == (plan if rule == "plan" else [f"data/plan/{own}.yaml"])


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_runs_its_own_verb(rule: str) -> None:
    command = str(RULES[rule].get("do", RULES[rule])["cmd"])
    verb = rule if rule in SINGLE else recipes.RULES[rule].verb
    assert f"{command} ".startswith(f"python -m stages.{verb} ")


def test_every_rule_of_dvc_yaml_is_one_that_recipes_may_use() -> None:
    assert {*RULES} == SINGLE | {*recipes.RULES}


def imports_dvc(file: Path) -> bool:
    return bool(re.search(r"^\s*(?:import|from) dvc\b", file.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.slow
def test_the_library_imports_no_dvc_and_its_commands_alone_import_stages() -> None:
    ours = [file for file in files_in("baleen") if room(file) != "commands"]
    assert [file for file in ours if any(str(path).startswith("stages/") for path in imported(file))] == []
    assert [file for file in ours if file.name != "dvc_storage.py" and imports_dvc(file)] == []


def test_a_stage_imports_no_other_stage_but_the_list_of_verbs_and_no_command() -> None:
    allowed = {Path("stages/__init__.py"), Path("stages/verbs.py")}
    needs = {file: imported(file) - allowed for file in Path("stages").glob("*.py")}
    bad = [(file, path) for file, paths in needs.items() for path in paths if path.parts[0] == "stages"]
    assert bad + [(f, p) for f, paths in needs.items() for p in paths if p.parts[:2] == ("baleen", "commands")] == []


def test_stages_has_a_module_for_each_rule_of_dvc_yaml_and_three_more() -> None:
    verbs = {recipes.RULES[rule].verb for rule in RULES if rule not in SINGLE}
    assert {file.stem for file in Path("stages").glob("[a-z]*.py")} == SINGLE | verbs | {"verbs", "sources", "warm"}


ROOMS = [
    "commands",
    "reporting",
    "viewer",
    "methods",
    "training",
    "memo",
    "engines",
    "models",
    "roots",
    "measures",
    "tables",
    "project",
    "errors",
]  # top to bottom


ROOT_FILES = {"errors": "errors", "__main__": "commands"}


def room(file: Path) -> str:
    inside = file.relative_to("baleen")
    return inside.parts[0] if len(inside.parts) > 1 else ROOT_FILES.get(inside.stem, "roots")


def test_contributing_lists_the_rooms_from_top_to_bottom() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", Path("CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [name for name in ROOMS if name not in ("roots", "errors")]
    assert {*rows} == {path.parent.name for path in Path("baleen").glob("*/__init__.py")}


def test_no_room_imports_one_above_it() -> None:
    pairs = [(file, path) for file in files_in("baleen") for path in imported(file)]
    ours = [(file, path) for file, path in pairs if path.parts[0] == "baleen" and path != Path("baleen/__init__.py")]
    assert [(file, path) for file, path in ours if ROOMS.index(room(path)) < ROOMS.index(room(file))] == []
    assert [(file, path) for file, path in pairs if path.parts[0] == "pocket"] == []


def reached(file: Path) -> set[Path]:
    """The file and every module of the project that it needs."""
    seen, waiting = set[Path](), [file]
    while waiting:
        if (path := waiting.pop()) not in seen:
            seen.add(path)
            waiting += imported(path)
    return seen


@pytest.mark.parametrize("engine", table.ENGINES)
def test_no_engine_needs_a_module_of_another_one_or_of_ray(engine: str) -> None:
    engines = Path("baleen", "engines")
    others = {name for name in (*table.ENGINES, "ray") if name != engine}
    ours = reached(Path(*table.module_of(engine).split(".")).with_suffix(".py"))
    assert not [path for path in ours if path.is_relative_to(engines) and others & {*path.with_suffix("").parts}]
    assert not [path for path in reached(engines / "table.py") if {*path.with_suffix("").parts} & {engine, "ray"}]


METHODS = {file.stem.replace("-", "_") for file in Path("recipes").glob("*.yaml") if recipes.is_method(file)}
LIBRARY = files_in("baleen", "pocket")
OF_ROWS = [file for file in LIBRARY if not str(file).startswith(("baleen/commands", "baleen/__main__"))]


def methods_of(files: set[Path]) -> set[str]:
    """The methods whose modules, such as linguist.py and linguist_tags.py, are among these files."""
    ours = [f"{file.stem}_" for file in files if file.parent in (Path("baleen/methods"), Path("pocket"))]
    return {method for method in METHODS if any(name.startswith(f"{method}_") for name in ours)}


def test_no_module_needs_one_of_a_method_but_those_of_the_same_method() -> None:
    assert [(file, more) for file in OF_ROWS if (more := methods_of(reached(file)) - methods_of({file}))] == []


def test_no_import_at_the_top_or_inside_a_function_closes_a_circle() -> None:
    TopologicalSorter({file: imported(file) for file in LIBRARY}).prepare()  # a CycleError names the modules of one


HEAVY = {"torch", "transformers", "vllm", "ray", "aiohttp", "trl", "peft", "accelerate", "datasets"}


def imported_at_the_top(file: Path) -> set[str]:
    """The packages that are imported with a module."""
    top = [node for node in tree(file).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name for node in top]
    return {name.partition(".")[0] for name in names}


def test_heavy_imports_happen_inside_functions() -> None:
    files = files_in("baleen", "pocket", "stages")
    assert [(file, heavy) for file in files if (heavy := HEAVY & imported_at_the_top(file))] == []


SAY_NOTHING = {
    "alike", "asked", "common", "do", "done", "found", "given", "go", "handle", "helper", "helpers", "here", "look",
    "made", "misc", "plain", "process", "said", "seen", "stuff", "there", "thing", "things", "told", "util", "utils",
}  # fmt: skip
DEFINED = re.compile(r"\b(?:def|class)\s+(\w+)")
NAMED_BY_RECIPES = {"crab.plain", "linguist.asked", "self_lengthen.told"}


def names_that_say_nothing(file: Path) -> set[str]:
    """Those of a module, its functions and its classes; only a file with such a line is parsed."""
    if not {name.lower() for name in DEFINED.findall(file.read_text(encoding="utf-8"))} & SAY_NOTHING:
        return {file.stem} & SAY_NOTHING
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for node in ast.walk(tree(file)) if isinstance(node, definitions)]
    bad = {f"{file.stem}.{node.name}" for node in nodes if node.name.lower() in SAY_NOTHING}
    return ({file.stem} & SAY_NOTHING) | (bad - NAMED_BY_RECIPES)


def test_a_name_says_what_it_holds_or_does() -> None:
    files = files_in("baleen", "pocket", "stages", "benchmarks", "tests")
    assert [(file, bad) for file in files if (bad := names_that_say_nothing(file))] == []


def test_a_file_has_at_most_300_lines() -> None:
    files = files_in("baleen", "pocket", "stages", "benchmarks")
    assert [file for file in files if file.read_text(encoding="utf-8").count("\n") > 300] == []
