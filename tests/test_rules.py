"""The rules of dvc.yaml tell the truth about what they depend on, and imports point one way only."""

import ast
from pathlib import Path

import pytest
import yaml

from baleen.guard import SILENT

RULES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
MODULES = {"judge": "score", "teach": "train"}  # rules whose verb has another name


def modules(name: str) -> list[Path]:
    """The files of a dotted name, when they are the project's."""
    path = Path(*name.split("."))
    return [p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()]


def imported(file: Path) -> set[Path]:
    """Project modules a file imports itself, at the top or inside a function."""
    found = set[Path]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found.update(path for name in names for path in modules(name))
        if isinstance(node, ast.Import):
            found.update(path for alias in node.names for path in modules(alias.name))
    return found - {file}


def closure(file: Path) -> set[Path]:
    """The file and every project module it needs, silent ones and what only they need left out."""
    seen, waiting = set[Path](), [file]
    while waiting:
        path = waiting.pop()
        if path not in seen and str(path) not in SILENT:
            seen.add(path)
            waiting += imported(path)
    return seen


def declared(rule: dict[str, object]) -> set[str]:
    """Python files a rule depends on, folders of the project spelt out."""
    body = rule.get("do", rule)
    deps = [str(dep) for dep in body["deps"]]  # type: ignore[index]
    folders = [dep for dep in deps if dep.startswith("baleen/") and not dep.endswith(".py")]
    inside = {str(path) for folder in folders for path in Path(folder).glob("*.py")}
    return inside | {dep for dep in deps if dep.endswith(".py")}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_depends_on_exactly_the_code_it_runs(rule: str) -> None:
    needed = {str(path) for path in closure(Path(f"stages/{MODULES.get(rule, rule)}.py"))}
    assert declared(RULES[rule]) == needed


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_runs_its_own_verb(rule: str) -> None:
    command = str(RULES[rule].get("do", RULES[rule])["cmd"])
    assert command.startswith(f"python -m stages.{MODULES.get(rule, rule)} ")


ORDER = ["guard", "orphans", "problems", "rows", "tagged", "formats", "prompts", "engines"]


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
