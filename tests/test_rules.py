"""The rules of dvc.yaml tell the truth about what they depend on, and imports point one way only."""

import ast
from pathlib import Path

import pytest
import yaml

from baleen.code import imported, noted
from baleen.settings import LAYERS
from stages.code import NOTED

RULES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
MODULES = {"judge": "score", "teach": "train"}  # rules whose verb has another name


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_depends_on_the_code_of_its_verb(rule: str) -> None:
    deps = [str(dep) for dep in RULES[rule].get("do", RULES[rule])["deps"]]
    found = [dep for dep in deps if dep.startswith(("baleen", "stages", "data/code-"))]
    assert found == (["baleen", "stages"] if rule == "code" else [f"data/code-{MODULES.get(rule, rule)}.txt"])


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


ORDER = ["guard", "code", "orphans", "problems", "rows", "tagged", "formats", "prompts", "engines"]


@pytest.mark.parametrize("file", sorted(Path("baleen").rglob("*.py")), ids=str)
def test_the_library_imports_neither_stages_nor_dvc(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not any(str(path).startswith("stages/") for path in imported(file))
    assert "import dvc" not in text and "from dvc" not in text


@pytest.mark.parametrize("file", sorted(Path("stages").glob("*.py")), ids=str)
def test_stages_do_not_import_each_other(file: Path) -> None:
    assert not any(str(path).startswith("stages/") for path in imported(file) - {Path("stages/__init__.py")})


@pytest.mark.parametrize(("later", "name"), [(i, name) for i, name in enumerate(ORDER)])
def test_imports_point_one_way(later: int, name: str) -> None:
    allowed = {f"baleen/{earlier}.py" for earlier in ORDER[:later]}
    found = {str(path) for path in imported(Path(f"baleen/{name}.py"))} - {"baleen/__init__.py"}
    assert found <= allowed


HEAVY = {"torch", "transformers", "vllm", "ray", "openai", "trl", "peft", "accelerate", "datasets"}


@pytest.mark.parametrize("file", sorted([*Path("baleen").rglob("*.py"), *Path("stages").glob("*.py")]), ids=str)
def test_heavy_imports_happen_inside_functions(file: Path) -> None:
    top = [n for n in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(n, ast.Import | ast.ImportFrom)]
    names = [n.module or "" if isinstance(n, ast.ImportFrom) else n.names[0].name for n in top]
    assert not HEAVY & {name.partition(".")[0] for name in names}
