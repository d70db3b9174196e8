"""code: each verb is noted with the modules that can change what it writes, and with no others."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from baleen.project import code_hashes
from baleen.project.inputs import SILENT

ROOT = Path(__file__).parents[1]


def names(verb: str) -> set[str]:
    return {path.as_posix() for path in code_hashes.closure(Path(f"stages/{verb}.py"))}


def test_a_verb_needs_itself_and_what_it_imports_at_the_top_inside_functions_and_further_on() -> None:
    assert names("mix") == {"stages/mix.py", "baleen/tables/rows.py"}
    assert {"baleen/engines/hf.py", "baleen/engines/chat.py", "baleen/engines/vllm.py"} <= names("generate")
    assert {"pocket/__init__.py", "pocket/world.py", "pocket/crab.py"} <= names("ingest")


def test_a_verb_needs_what_its_lines_can_name() -> None:
    assert {"baleen/methods/crab.py", "baleen/transforms.py", "baleen/methods/constraints.py"} <= names("map")
    assert {"baleen/methods/kun.py", "baleen/measures/selectors.py", "pocket/measures.py"} <= names("filter")
    assert {"baleen/methods/linguist.py", "baleen/formats.py"} <= names("train")
    assert not names("train") & {"baleen/methods/kun.py", "baleen/methods/crab.py", "pocket/measures.py"}


@pytest.mark.parametrize("verb", ["ingest", "generate", "train", "evaluate"])
def test_modules_that_can_change_no_row_are_not_noted(verb: str) -> None:
    assert not names(verb) & SILENT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The code alone, noted."""
    for name in ("baleen", "pocket", "stages"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    note(tmp_path)
    return tmp_path


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "PYTHONPATH"))}
    return subprocess.run([sys.executable, *words], cwd=folder, env=ours | env, text=True, capture_output=True)


def note(folder: Path) -> dict[str, str]:
    """What is noted of each verb."""
    done = run(folder, "-m", "stages.code")
    assert not done.returncode, done.stderr
    return {path.stem: path.read_text() for path in (folder / "data").glob("code-*.txt")}


EDITS = {
    "baleen/engines/hf.py": {"code-generate", "code-score"},
    "baleen/training/trainer.py": {"code-train"},
    "stages/mix.py": {"code-mix"},
    "baleen/project/progress.py": set[str](),
    "stages/check.py": set[str](),
}


@pytest.mark.parametrize("file", EDITS)
def test_an_edit_changes_what_is_noted_of_the_verbs_that_use_the_module(file: str, project: Path) -> None:
    before = note(project)
    (project / file).write_text((project / file).read_text() + "MORE = 1\n")
    after = note(project)
    assert {name for name in after if after[name] != before[name]} == EDITS[file]


LAYOUTS: dict[str, Callable[[str], str]] = {
    "a comment": lambda text: text + "# more\n",
    "blank lines": lambda text: text.replace("\n\n\n", "\n\n\n\n"),
    "the docstring": lambda text: text.replace('"""', '"""Once more: ', 1),
    "a docstring of a function": lambda text: text.replace('    """', '    """Once more: ', 1),
    "another layout": lambda text: ast.unparse(ast.parse(text)),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_comment_a_docstring_and_the_layout_of_a_module_change_nothing(name: str, project: Path) -> None:
    before, path = note(project), project / "baleen/tables/rows.py"
    path.write_text(LAYOUTS[name](path.read_text()))
    assert path.read_text() != (ROOT / "baleen/tables/rows.py").read_text() and note(project) == before


def test_a_module_that_is_the_same_again_is_no_edit(project: Path) -> None:
    path = project / "baleen/tables/rows.py"
    path.write_text(path.read_text() + "# a remark\n")
    assert not run(project, "-m", "stages.mix", "--help", DVC_STAGE="mix@a").returncode


@pytest.mark.parametrize("stage", ["mix@a", ""])
def test_a_stage_whose_code_was_edited_after_dvc_looked_at_it_does_not_begin(stage: str, project: Path) -> None:
    with (project / "baleen/tables/rows.py").open("a") as file:
        file.write("MORE = 1\n")
    done = run(project, "-m", "stages.mix", "--help", **({"DVC_STAGE": stage} if stage else {}))
    told = "baleen: baleen/tables/rows.py was edited after dvc noted it; run `dvc repro code`"
    assert (done.returncode, told in done.stderr) == ((1, True) if stage else (0, False))
