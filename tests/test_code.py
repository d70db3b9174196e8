"""code: each verb is noted with the modules that can change what it writes, and with no others."""

import os
import shutil
import subprocess
import sys
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
    assert "pocket/world.py" in names("ingest")


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
    (project / file).write_text((project / file).read_text() + "# more\n")
    after = note(project)
    assert {name for name in after if after[name] != before[name]} == EDITS[file]


def test_what_is_noted_can_be_checked_with_sha256sum(project: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "data/code-train.txt"], cwd=project, check=True)


@pytest.mark.parametrize("stage", ["mix@a", ""])
def test_a_stage_whose_code_was_edited_after_dvc_looked_at_it_does_not_begin(stage: str, project: Path) -> None:
    with (project / "baleen/tables/rows.py").open("a") as file:
        file.write("# more\n")
    done = run(project, "-m", "stages.mix", "--help", **({"DVC_STAGE": stage} if stage else {}))
    told = "baleen: baleen/tables/rows.py was edited after dvc noted it; run `dvc repro code`"
    assert (done.returncode, told in done.stderr) == ((1, True) if stage else (0, False))
