"""The rules of dvc.yaml tell the truth about what they depend on, and imports point one way only."""

import ast
from pathlib import Path

import pytest
import yaml

from baleen.project.code_hashes import imported, noted
from baleen.project.settings import LAYERS
from stages.code import NOTED

RULES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
MODULES = {"judge": "score", "teach": "train"}  # rules whose verb has another name


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_depends_on_the_code_of_its_verb(rule: str) -> None:
    deps = [str(dep) for dep in RULES[rule].get("do", RULES[rule])["deps"]]
    found = [dep for dep in deps if dep.startswith(("baleen", "pocket", "stages", "data/code-"))]
    assert found == (["baleen", "pocket", "stages"] if rule == "code" else [f"data/code-{MODULES.get(rule, rule)}.txt"])


def test_the_code_of_every_verb_is_noted() -> None:
    assert {*RULES["code"]["outs"]} == {str(noted(verb)) for verb in NOTED}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_runs_its_own_verb(rule: str) -> None:
    command = str(RULES[rule].get("do", RULES[rule])["cmd"])
    assert f"{command} ".startswith(f"python -m stages.{MODULES.get(rule, rule)} ")


@pytest.mark.parametrize("rule", [rule for rule in RULES if "foreach" in RULES[rule]])
def test_a_line_may_name_the_layers_of_settings_that_its_rule_watches(rule: str) -> None:
    watched = str(RULES[rule]["do"].get("params", ""))
    places = {"profile": "${profile}", "settings": "${item.settings}", "knobs": "${item.knobs}"}
    found = {layer for layer, place in places.items() if place in watched}
    assert found == {layer for layer, verbs in LAYERS.items() if MODULES.get(rule, rule) in verbs}


@pytest.mark.parametrize("file", sorted(Path("baleen").rglob("*.py")), ids=str)
def test_the_library_imports_neither_stages_nor_dvc(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not any(str(path).startswith("stages/") for path in imported(file))
    assert "import dvc" not in text and "from dvc" not in text


@pytest.mark.parametrize("file", sorted(Path("stages").glob("*.py")), ids=str)
def test_stages_do_not_import_each_other(file: Path) -> None:
    assert not any(str(path).startswith("stages/") for path in imported(file) - {Path("stages/__init__.py")})


ROOMS = [
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


HEAVY = {"torch", "transformers", "vllm", "ray", "openai", "trl", "peft", "accelerate", "datasets"}


@pytest.mark.parametrize(
    "file", sorted(path for folder in ("baleen", "pocket", "stages") for path in Path(folder).rglob("*.py")), ids=str
)
def test_heavy_imports_happen_inside_functions(file: Path) -> None:
    top = [n for n in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(n, ast.Import | ast.ImportFrom)]
    names = [n.module or "" if isinstance(n, ast.ImportFrom) else n.names[0].name for n in top]
    assert not HEAVY & {name.partition(".")[0] for name in names}
