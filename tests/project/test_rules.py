"""The rules of dvc.yaml tell the truth about what they depend on, and imports point one way only."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from baleen.engines import table
from baleen.project import code_hashes, recipes
from baleen.project.yaml_files import parse_yaml

RULES = parse_yaml(Path("dvc.yaml").read_text())["stages"]
SINGLE = {"plan", "origin", "report"}  # rules without lines


def imported(file: Path) -> set[Path]:
    """Project modules a file imports itself, at the top or inside a function; by their paths in the project."""
    nodes = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Import | ast.ImportFrom)]
    places = [place for node in nodes for place in code_hashes.imported(node).values()]
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


@pytest.mark.parametrize("file", sorted(Path("baleen").rglob("*.py")), ids=str)
def test_the_library_imports_neither_stages_nor_dvc(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not any(str(path).startswith("stages/") for path in imported(file))
    assert file.name == "dvc_storage.py" or not re.search(r"^\s*(?:import|from) dvc\b", text, re.MULTILINE)


COMMANDS = {
    Path("stages", f"{name}.py")
    for name in (
        *(
            "command",
            "new",
            "own_data",
            "own_utterances",
            "doctor",
            "forecast",
            "check",
            "explain",
            "view",
            "diff_page",
        ),
        *("export", "dataset_card", "model_card", "provenance"),
    )
}


@pytest.mark.parametrize("file", sorted({*Path("stages").glob("*.py")} - COMMANDS), ids=str)
def test_stages_do_not_import_each_other_but_for_the_list_of_verbs(file: Path) -> None:
    assert not any(
        str(path).startswith("stages/")
        for path in imported(file) - {Path("stages/__init__.py"), Path("stages/verbs.py")}
    )


ROOMS = [
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


def room(file: Path) -> str:
    inside = file.relative_to("baleen")
    return inside.parts[0] if len(inside.parts) > 1 else "errors" if inside.stem == "errors" else "roots"


@pytest.mark.parametrize("file", sorted(Path("baleen").rglob("*.py")), ids=str)
def test_no_room_imports_one_above_it(file: Path) -> None:
    below = ROOMS[ROOMS.index(room(file)) :]
    ours = {path for path in imported(file) if path.parts[0] == "baleen" and path != Path("baleen/__init__.py")}
    assert {str(path) for path in ours if room(path) not in below} == set()
    assert not any(path.parts[0] == "pocket" for path in imported(file))


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
LIBRARY = sorted(path for folder in ("baleen", "pocket") for path in Path(folder).rglob("*.py"))


def methods_of(files: set[Path]) -> set[str]:
    """The methods whose modules, such as linguist.py and linguist_tags.py, are among these files."""
    ours = [f"{file.stem}_" for file in files if file.parent in (Path("baleen/methods"), Path("pocket"))]
    return {method for method in METHODS if any(name.startswith(f"{method}_") for name in ours)}


@pytest.mark.parametrize("file", LIBRARY, ids=str)
def test_no_module_needs_one_of_a_method_but_those_of_the_same_method(file: Path) -> None:
    assert methods_of(reached(file)) <= methods_of({file})


def test_no_import_at_the_top_or_inside_a_function_closes_a_circle() -> None:
    TopologicalSorter({file: imported(file) for file in LIBRARY}).prepare()  # a CycleError names the modules of one


HEAVY = {"torch", "transformers", "vllm", "ray", "aiohttp", "trl", "peft", "accelerate", "datasets"}


@pytest.mark.parametrize(
    "file", sorted(path for folder in ("baleen", "pocket", "stages") for path in Path(folder).rglob("*.py")), ids=str
)
def test_heavy_imports_happen_inside_functions(file: Path) -> None:
    top = [n for n in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(n, ast.Import | ast.ImportFrom)]
    names = [n.module or "" if isinstance(n, ast.ImportFrom) else n.names[0].name for n in top]
    assert not HEAVY & {name.partition(".")[0] for name in names}


SAY_NOTHING = {
    "alike", "asked", "common", "do", "done", "found", "given", "go", "handle", "helper", "helpers", "here", "look",
    "made", "misc", "plain", "process", "said", "seen", "stuff", "there", "thing", "things", "told", "util", "utils",
}  # fmt: skip
NAMED_BY_RECIPES = {"crab.plain", "linguist.asked", "self_lengthen.told"}


@pytest.mark.parametrize(
    "file",
    sorted(
        path for folder in ("baleen", "pocket", "stages", "benchmarks", "tests") for path in Path(folder).rglob("*.py")
    ),
    ids=str,
)
def test_a_name_says_what_it_holds_or_does(file: Path) -> None:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, definitions)]
    bad = {f"{file.stem}.{node.name}" for node in nodes if node.name.lower() in SAY_NOTHING}
    assert file.stem not in SAY_NOTHING and bad - NAMED_BY_RECIPES == set()
