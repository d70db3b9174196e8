"""code: a target depends on the functions that it can reach, and on no others."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from baleen.project import code_hashes, recipes
from baleen.project.inputs import SILENT
from baleen.project.statements import Place
from baleen.project.yaml_files import parse_yaml
from benchmarks import exact, exact_dvc

ROOT = Path(__file__).parents[2]


def names(verb: str, *places: Place) -> set[str]:
    return set(code_hashes.digests(verb, places))


def test_a_verb_needs_itself_and_what_it_imports_at_the_top_inside_functions_and_further_on() -> None:
    tables = ("footers", "mixing", "row_groups", "rows")
    assert names("mix") == {"stages/mix.py", *(f"baleen/tables/{name}.py" for name in tables)}
    assert {"baleen/training/trainer.py", "baleen/training/processes.py", "baleen/models/load.py"} <= names("train")
    assert {"baleen/engines/chat.py", "baleen/engines/hf.py"} <= names("generate", ("baleen.engines.hf", "ENGINE"))


def test_what_a_line_names_is_needed_by_that_line_alone() -> None:
    assert "baleen/methods/crab.py" in names("map", ("baleen.methods.crab", "verify"))
    assert not {file for file in names("map") if file.startswith(("baleen/methods/", "pocket/"))}
    assert not {file for file in names("train") if file.startswith(("baleen/methods/", "pocket/", "baleen/measures/"))}


@pytest.mark.parametrize("beside", ["benchmarks.tables", "tests", "torch", "yaml"])
def test_what_lies_beside_an_installed_baleen_is_no_module_of_the_project(beside: str) -> None:
    assert code_hashes.module_file(beside) == ""


@pytest.mark.parametrize("verb", ["ingest", "generate", "train", "evaluate"])
def test_modules_that_can_change_no_row_are_not_noted(verb: str) -> None:
    assert not [name for name in names(verb) if name.startswith(SILENT)]


FILES = ["recipes", "profiles", "prompts", "params.yaml", "dvc.yaml"]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without what it builds, planned."""
    folder = tmp_path_factory.mktemp("code")
    for name in ("baleen", "pocket", "stages", *FILES):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    plan(folder)
    return folder


@pytest.fixture(scope="module")
def first_plan(planned: Path) -> dict[str, str]:
    """The plan of each target before any edit."""
    return {path.stem: path.read_text() for path in (planned / "data/plan").glob("*.yaml")}


@pytest.fixture
def project(planned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(planned, tmp_path / "project", copy_function=shutil.copy2))


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "PYTHONPATH"))}
    return subprocess.run([sys.executable, *words], cwd=folder, env=ours | env, text=True, capture_output=True)


def plan(folder: Path) -> dict[str, str]:
    """The plan of each target."""
    ended = run(folder, "-m", "stages.plan")
    assert not ended.returncode, ended.stderr
    return {path.stem: path.read_text() for path in (folder / "data/plan").glob("*.yaml")}


EDITS = {  # file, a function in it, and the verbs whose targets are built again
    "baleen/engines/hf.py": ("class HF", {"generate", "score"}),
    "baleen/training/trainer.py": ("def train", {"train"}),
    "baleen/tables/mixing.py": ("def repeats", {"mix"}),
    "baleen/project/progress.py": ("def ", set[str]()),
    "baleen/commands/check.py": ("def check", set[str]()),
    "baleen/measures/overlap.py": ("def copied", {"filter", "generate"}),
}


@pytest.mark.slow
def test_an_edit_of_a_function_changes_the_plan_of_what_can_reach_it(project: Path, first_plan: dict[str, str]) -> None:
    """All edits at once: a plan notes the code of each file on its own, so that it says which edit changed it."""
    for file, (start, _) in EDITS.items():
        edited(project / file, start)
    touched = {file: set[str]() for file in EDITS}
    for name, text in plan(project).items():
        before, after = parse_yaml(first_plan[name]), parse_yaml(text)
        for file in after["code"].keys() | before["code"].keys():
            if after["code"].get(file) != before["code"].get(file):
                touched[file].add(after["verb"])
        assert after | {"code": {}} == before | {"code": {}}
    assert touched == {file: verbs for file, (_, verbs) in EDITS.items()}


@pytest.mark.slow
def test_no_target_depends_on_another_method_or_engine_or_on_the_generated_world_for_nothing(
    first_plan: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    plans = {name: dict(parse_yaml(text)) for name, text in first_plan.items()}
    assert exact.method_leak(plans, recipes.lines(recipes.all_files())) == []
    assert exact.engine_leak(plans) == exact.pocket_leak(plans) == []


@pytest.mark.parametrize("edit", exact_dvc.EDITS, ids=lambda edit: edit.file)
def test_the_words_that_the_benchmark_of_rebuilds_edits_stand_there_once(edit: exact_dvc.Edit) -> None:
    assert (ROOT / edit.file).read_text(encoding="utf-8").count(edit.old) == 1


def test_the_project_that_this_benchmark_builds_makes_all_that_its_stages_read() -> None:
    known = exact_dvc.stages(ROOT)
    made = {out for stage in known.values() for out in stage.outs}
    plans = {dep for stage in known.values() for dep in stage.deps if dep.startswith("data/plan/")}
    read = {dep for stage in known.values() for dep in stage.deps if dep.startswith(("data/", "models/"))} - plans
    assert read <= made


def edited(path: Path, start: str) -> None:
    """Give the first function or class whose definition begins so one more statement."""
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.ClassDef)
    first = next(node for node in tree.body if isinstance(node, kinds) and ast.unparse(node).find(start) >= 0)
    first.body.append(ast.parse("more = 1").body[0])
    path.write_text(ast.unparse(tree))


@pytest.mark.slow
def test_what_is_added_to_a_module_changes_no_plan(project: Path, first_plan: dict[str, str]) -> None:
    for file in ("baleen/measures/words.py", "baleen/transforms.py", "baleen/formats.py", "baleen/tables/rows.py"):
        text = (project / file).read_text().replace("__all__ = [", '__all__ = ["added", ', 1)
        (project / file).write_text(text + "\n\ndef added(text: str) -> float:\n    return 1.0\n")
    assert plan(project) == first_plan


LAYOUTS: dict[str, Callable[[str], str]] = {  # each of a module that lines of several verbs reach
    "baleen/tables/rows.py": lambda text: text + "# more\n",
    "baleen/formats.py": lambda text: text.replace("\n\n\n", "\n\n\n\n"),
    "baleen/engines/hf.py": lambda text: text.replace('"""', '"""Once more: ', 1),
    "baleen/training/trainer.py": lambda text: text.replace('    """', '    """Once more: ', 1),
    "baleen/tables/mixing.py": lambda text: ast.unparse(ast.parse(text)),
}


@pytest.mark.slow
def test_a_comment_blank_lines_docstrings_and_the_layout_of_a_module_change_nothing(
    project: Path, first_plan: dict[str, str]
) -> None:
    for file, changed in LAYOUTS.items():
        path = project / file
        path.write_text(changed(path.read_text()))
        assert path.read_text() != (ROOT / file).read_text()
    assert plan(project) == first_plan


@pytest.mark.slow
def test_a_module_that_is_the_same_again_is_no_edit(project: Path) -> None:
    path = project / "baleen/tables/rows.py"
    path.write_text(path.read_text() + "# a remark\n")
    assert not run(project, "-m", "stages.mix", "--help", DVC_STAGE="mix@humpback-mix-1").returncode


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["mix@humpback-mix-1", ""])
def test_a_stage_whose_code_was_edited_after_it_was_planned_does_not_begin(stage: str, project: Path) -> None:
    edited(project / "baleen/tables/rows.py", "class Output")
    ended = run(project, "-m", "stages.mix", "--help", **({"DVC_STAGE": stage} if stage else {}))
    message = (
        "baleen: baleen/tables/rows.py was edited after it was planned; run `dvc repro --force --single-item plan`"
    )
    assert (ended.returncode, message in ended.stderr) == ((1, True) if stage else (0, False))


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["generate@humpback-augment", ""])
def test_a_stage_whose_prompt_was_edited_after_it_was_planned_does_not_begin(stage: str, project: Path) -> None:
    path = project / "prompts/ask.md"
    path.write_text(path.read_text().replace("Reply with", "Answer with"))
    ended = run(project, "-m", "stages.generate", "humpback-augment", **({"DVC_STAGE": stage} if stage else {}))
    message = "baleen: prompts/ask.md was edited after it was planned; run `dvc repro plan`"
    assert ended.returncode == 1 and (message in ended.stderr) == bool(stage), ended.stderr
