"""What is edited while a stage runs is noticed before anything is written, and DVC records nothing false."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import project
import pytest
from scripted import ASK, Script, documents, no_outputs, run_verb, scripted_project

from baleen.engines.protocol import Request
from baleen.errors import Problem
from baleen.project import inputs
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from benchmarks import small_project

BIG = b"x" * inputs.SMALL


def rewrite_file(folder: Path) -> None:
    (folder / "file").write_bytes((folder / "file").read_bytes())


def set_mtime(folder: Path) -> None:
    os.utime(folder / "file", ns=(1, 1))


EDITS: dict[str, tuple[bytes, Callable[[Path], object], bool]] = {
    "other words": (b"old", lambda folder: (folder / "file").write_bytes(b"new"), True),
    "the same words saved again": (b"old", rewrite_file, False),
    "deleted": (b"old", lambda folder: (folder / "file").unlink(), True),
    "a big file written again": (BIG, set_mtime, True),
    "a big file left alone": (BIG, lambda folder: None, False),
    "a file added to a folder": (b"old", lambda folder: (folder / "folder/more").write_text("more"), True),
    "what an editor hides": (b"old", lambda folder: (folder / "folder/.more.swp").write_text("more"), False),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_change_is_another_content_or_another_big_file(name: str, tmp_path: Path) -> None:
    content, edit, noticed = EDITS[name]
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(content)
    with inputs.watching():
        inputs.reads(tmp_path / "file")
        inputs.reads(tmp_path / "folder")
        edit(tmp_path)
        assert bool(inputs.changed()) == noticed


def test_what_was_read_first_counts(tmp_path: Path) -> None:
    with inputs.watching():
        inputs.reads(tmp_path / "file")
        (tmp_path / "file").write_text("new")
        inputs.reads(tmp_path / "file")
        assert inputs.changed() == str(tmp_path / "file")


def test_code_that_was_edited_since_it_was_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    file = rows.__file__
    assert file
    monkeypatch.setitem(inputs.CODE_AT_START, Path(file), "as it was")
    with (
        inputs.watching(),
        pytest.raises(Problem, match="baleen/tables/rows.py changed while .* ran; nothing was written"),
    ):
        inputs.unchanged()


def test_code_that_was_not_imported_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(inputs.CODE_AT_START, Path("baleen/other.py"), "as it was")
    with inputs.watching():
        inputs.unchanged()


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted_project(tmp_path, monkeypatch, Script())


def prompt() -> None:
    Path("prompts/ask.md").write_text(ASK + "Please.\n")


def table() -> None:
    rows.write("in", documents("b"))


def model() -> None:
    Path("models/m/config.json").write_text("{}")


def own_section() -> None:
    Path("profiles/p.yaml").write_text("speed: {}\ngenerate: {n: 2}\n")


def other_section() -> None:
    Path("profiles/p.yaml").write_text("speed: {}\nscore: {min_mass: 0.1}\n")


NOTICED = {
    "prompts/ask.md": prompt,
    "data/in.parquet": table,
    "models/m": model,
    "profiles/p.yaml: generate": own_section,
}


def generate_with_edit(script: Script, edit: Callable[[], None]) -> None:
    """Generate, with an edit before the first reply comes."""

    def text(request: Request) -> str:
        edit()
        return "A question"

    script.text = text
    with inputs.watching():
        run_verb("generate", documents("a"), "--prompt", "ask", "--profile", "p")


@pytest.mark.parametrize("name", NOTICED)
def test_an_edit_during_a_run_is_named_and_nothing_is_left(name: str, script: Script) -> None:
    with pytest.raises(Problem, match=f"{name} changed while .* ran; nothing was written, run the same command again"):
        generate_with_edit(script, NOTICED[name])
    assert no_outputs()


def test_settings_that_the_stage_does_not_use_may_change(script: Script) -> None:
    generate_with_edit(script, other_section)
    assert not no_outputs()


NOTED = """
import os
import sys
from importlib import import_module

from baleen.project import inputs

os.environ["DVC_STAGE"] = sys.argv[1]
with inputs.watching():
    import_module(sys.argv[2]).main(sys.argv[3:])
    print(*inputs.watched(), sep="\\n")
"""


def noted_inputs(folder: Path, name: str, command: str) -> set[str]:
    """The inputs that a stage notes when its command runs."""
    python, run, *words = shlex.split(command)
    return set(project.run_command(folder, python, run, "stages.noted", name, *words).stdout.splitlines())


def declared_inputs(stage: dict[str, object]) -> set[str]:
    """What DVC hashes for a stage."""
    return {dep["path"] for dep in stage["deps"]}  # type: ignore[attr-defined]


@pytest.mark.slow
def test_every_verb_notes_what_dvc_hashes(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = project.copy_project(project.built_small(tmp_path_factory), tmp_path_factory.mktemp("noted") / "project")
    (folder / "stages/noted.py").write_text(NOTED)
    stages = parse_yaml((folder / "dvc.lock").read_text())["stages"]
    one_each = {name.partition("@")[0]: name for name in stages if name not in ("plan", "origin", "report")}
    for name in one_each.values():
        assert declared_inputs(stages[name]) <= noted_inputs(folder, name, stages[name]["cmd"]), name


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project.create(tmp_path_factory.mktemp("small") / "project", 150)


def start_build(folder: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, cwd=folder, env=small_project.environment(folder), text=True, stderr=subprocess.PIPE, bufsize=1
    )


@pytest.mark.slow
@pytest.mark.usefixtures("preloaded")
@pytest.mark.parametrize("name", ["prompts/ask.md", "baleen/formats.py"])
def test_dvc_records_nothing_false_when_a_dependency_is_edited_while_it_builds(name: str, small_folder: Path) -> None:
    small_project.empty(small_folder)
    path = small_folder / name
    before = path.read_bytes()
    with start_build(small_folder, "dvc", "repro", "generate") as build:
        small_project.until(lambda: bool(small_project.batches(small_folder)), build)
        path.write_bytes(CHANGES[path.suffix](before))
        _, said = build.communicate()
    assert build.returncode and f"{name} changed while generate@asked ran; nothing was written" in said
    assert recorded_stages(small_folder) == {"plan"}
    assert [*small_project.built(small_folder)] == []
    paid = small_project.paid(small_folder)
    path.write_bytes(before)
    small_project.run(small_folder, "dvc", "repro", "generate")
    assert small_project.paid(small_folder) == paid and recorded_stages(small_folder) == {"plan", "generate@asked"}


def recorded_stages(folder: Path) -> set[str]:
    return set(parse_yaml((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"])


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    ".md": lambda text: text.replace(b"Which", b"What"),
    ".py": lambda text: text + b"# a remark\n",
}
