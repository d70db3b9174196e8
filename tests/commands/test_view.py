"""`baleen view` begins with what was asked for, on loopback, and says in one line what it lacks."""

import subprocess
import sys
from pathlib import Path

import project
import pytest

from baleen.commands import view
from baleen.errors import Problem
from baleen.tables import rows


def test_a_project_without_tables_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb", reason="the extra view is not installed")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Problem, match=r"no project here: dvc\.yaml is missing"):
        view.serve(view.Wanted())
    Path("dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(Problem, match="no table in data/; build some with dvc repro"):
        view.serve(view.Wanted())
    rows.write("t", [{"id": "a", "response": "b"}])
    with pytest.raises(Problem, match="unknown table 'u'"):
        view.serve(view.Wanted("u"))


def test_a_port_that_is_taken_is_one_line() -> None:
    with view.bound(0) as first:
        assert first.getsockname()[0] == "127.0.0.1"
        with pytest.raises(Problem, match=f"port {first.getsockname()[1]} cannot be used"):
            view.bound(first.getsockname()[1])
    with pytest.raises(Problem, match="port 70000 cannot be used"):
        view.bound(70_000)


def test_the_labeller_is_the_one_named_or_the_one_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    project.git(tmp_path, "init", "-q")
    project.git(tmp_path, "config", "user.name", "Somebody")
    assert view.labeller("") == "Somebody" and view.labeller(" Ada ") == "Ada"


@pytest.mark.slow
def test_without_the_extra_one_line_names_it(tmp_path: Path) -> None:
    (tmp_path / "duckdb.py").write_text("raise ModuleNotFoundError(\"No module named 'duckdb'\", name='duckdb')\n")
    words = [sys.executable, "-m", "baleen", "view"]
    environment = project.environment(tmp_path) | {"PYTHONPATH": f"{tmp_path}:{project.CHECKOUT}"}
    ended = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == "baleen: duckdb is not installed; pip install 'baleen-build[view]'\n"


@pytest.mark.slow
def test_tables_of_another_revision_come_from_dvcs_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path.parent / "site"))
    project.git(tmp_path, "init", "-q", "-b", "main")
    project.git(tmp_path, "config", "user.name", "Somebody")
    project.git(tmp_path, "config", "user.email", "somebody@example.org")
    project.dvc(tmp_path, "init", "-q")
    rows.write("made", [{"id": "a", "response": "first"}])
    Path("dvc.yaml").write_text(
        "stages:\n  t:\n    cmd: cp data/made.parquet data/t.parquet\n    outs: [data/t.parquet]\n"
    )
    project.dvc(tmp_path, "repro")
    project.commit(tmp_path, "first")
    rows.write("t", [{"id": "a", "response": "second"}])
    [(name, paths)] = view.tables_of(["main"]).items()
    assert name == "t@main" and [row["response"] for row in rows.read(paths[0])] == ["first"]
    with pytest.raises(Problem, match="'nowhere' has no dvc.lock; name a commit"):
        view.tables_of(["nowhere"])
