"""Ctrl-C at any moment: one line that says what is kept and how to go on, exit code 130; the same command goes on."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from typing import IO

import own_project
import project
import pytest
from project import set_yaml

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]
LINE = "baleen: interrupted"
# opens a pipe that the test waits for, then sleeps for ever in short pieces: one long call that is entered just after
# the signal came would never hear of it
SLEEP = 'open(os.environ["BEGUN"]).close()\nwhile True:\n    time.sleep(0.05)\n'
WAITS = f"import os\nimport time\n\n{SLEEP}"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a user, planned."""
    home = own_project.start(tmp_path_factory.mktemp("planned") / "home")
    assert own_project.run(home, sys.executable, "-m", "stages.plan").returncode == 0
    return home


@pytest.fixture
def folder(planned: Path, tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "begun")
    return project.copy_project(planned, tmp_path / "home")


# what runs in a shell's background is deaf to Ctrl-C, and so are its children
HEARING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"


@contextmanager
def started(folder: Path, *words: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A program in a process group of its own, as a terminal starts it."""
    words = (sys.executable, "-c", HEARING, *words)
    env = project.environment(folder) | {"BEGUN": str(folder.parent / "begun")} | more
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd=folder, env=env, text=True, stdout=pipe, stderr=pipe, start_new_session=True
    ) as one:
        try:
            yield one
        finally:
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGKILL)


def interrupted(one: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and stderr after Ctrl-C, which every process of the group gets."""
    os.killpg(one.pid, signal.SIGINT)
    _, said = one.communicate(timeout=120)
    return one.returncode, said


def assert_one_line(ended: tuple[int, str], kept: str) -> None:
    code, said = ended
    assert code == 130 and "Traceback" not in said, said
    assert [line for line in said.splitlines() if line.startswith(LINE)] == [f"{LINE}{kept}, the same command goes on"]


def wait_for_reader(folder: Path, one: subprocess.Popen[str]) -> IO[str]:
    """The pipe, open for writing, when the program reads it; an AssertionError when the program ends before."""
    while one.poll() is None:
        try:
            return os.fdopen(os.open(folder.parent / "begun", os.O_WRONLY | os.O_NONBLOCK), "w")
        except OSError as error:
            assert error.errno == errno.ENXIO  # nobody reads it yet
            time.sleep(0.01)
    raise AssertionError(one.communicate())


def stage(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *name.split())


def test_while_the_modules_of_a_verb_are_imported(folder: Path) -> None:
    with started(folder, *stage("stages.filter calm")) as one:
        while "pyarrow" not in Path(f"/proc/{one.pid}/maps").read_text() and one.poll() is None:
            pass
        assert_one_line(interrupted(one), " while it was starting; nothing was changed")


def test_while_a_users_module_is_imported(folder: Path) -> None:
    (folder / "data").mkdir(exist_ok=True)
    own = (folder / "methods/mine.py").read_text()
    own_project.write(folder, {"methods/mine.py": own + WAITS})
    with started(folder, *stage("stages.filter calm")) as one, wait_for_reader(folder, one):
        assert_one_line(interrupted(one), "; nothing was changed")


def test_while_it_plans(folder: Path) -> None:
    own = (folder / "methods/mine.py").read_text()
    own_project.write(folder, {"methods/mine.py": own + WAITS})
    before = {path.name: path.read_bytes() for path in (folder / "data/plan").iterdir()}
    with started(folder, *stage("stages.plan")) as one, wait_for_reader(folder, one):
        assert_one_line(interrupted(one), "; the plan of before is kept")
    assert {path.name: path.read_bytes() for path in (folder / "data/plan").iterdir()} == before
    own_project.write(folder, {"methods/mine.py": own})
    assert own_project.run(folder, *stage("stages.plan")).returncode == 0


def test_while_it_reads_a_source(folder: Path) -> None:
    many = "".join(f'{{"text": "{number} {number:0200}"}}\n' for number in range(200_000))
    own_project.write(folder, {"web.jsonl": many})
    with started(folder, *stage("stages.ingest web")) as one:
        while not list((folder / "data").glob(".web.parquet.*")) and one.poll() is None:
            pass
        assert_one_line(interrupted(one), "; nothing was changed")
    assert [path.name for path in (folder / "data").iterdir()] == ["plan"]
    own_project.write(folder, {"web.jsonl": own_project.ROWS})
    ended = own_project.run(folder, *stage("stages.ingest web"))
    assert ended.returncode == 0 and ended.stderr.startswith("ingest web: 4 rows in, 4 out, "), ended.stderr


@pytest.mark.parametrize("command", ["check", "plan"])
def test_while_the_command_baleen_looks_at_a_project(command: str, folder: Path) -> None:
    own = (folder / "methods/mine.py").read_text()
    own_project.write(folder, {"methods/mine.py": own + WAITS})
    with started(folder, "baleen", command) as one, wait_for_reader(folder, one):
        assert_one_line(interrupted(one), "; nothing was changed")


def test_in_dvc_repro_the_same_command_goes_on(folder: Path) -> None:
    own = (folder / "methods/mine.py").read_text()
    project.dvc(folder, "repro", "ingest@web")
    slow = own.replace("def shout(text):\n", f"def shout(text):\n{indent(WAITS, '    ')}")
    own_project.write(folder, {"methods/mine.py": slow})
    with started(folder, "dvc", "repro", "filter@calm") as one, wait_for_reader(folder, one):
        code, said = interrupted(one)
    assert code and said.count(f"{LINE}; nothing was changed, the same command goes on\n") == 1, said
    assert "Traceback" not in said
    own_project.write(folder, {"methods/mine.py": own})
    assert project.repro(folder, "filter@calm") == {"filter@calm"}


def test_in_dvc_exp_run_the_same_command_goes_on(folder: Path) -> None:
    set_yaml(folder / "params.yaml", "pace", {"best": "chars(response)", "share": 0.5})
    project.replace_once(folder / "recipes/own.yaml", '<=0.1"]', '<=0.1"], knobs: pace')
    project.git(folder, "config", "user.email", "somebody@example.org")
    project.git(folder, "config", "user.name", "Somebody")
    project.repro(folder)
    project.commit(folder, "built")
    own = (folder / "methods/mine.py").read_text()
    own_project.write(folder, {"methods/mine.py": own + WAITS})
    words = ("dvc", "exp", "run", "-S", "pace.share=1.0", "filter@calm")
    with started(folder, *words) as one, wait_for_reader(folder, one):
        code, said = interrupted(one)
    assert code and said.count(LINE) == 1 and "Traceback" not in said, said
    own_project.write(folder, {"methods/mine.py": own})
    assert project.stages_run(project.dvc(folder, *words[1:])) >= {"filter@calm"}


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose only model learns for minutes, up to that model."""
    home = own_project.start(tmp_path_factory.mktemp("untrained") / "home")
    lines = (
        "ingest:\n  web: {source: web.jsonl, columns: {response: text}, origin: web}\n"
        "train:\n  base: {input: web, base: origin, prompt: text, steps: 100000, settings: own}\n"
        "settings:\n  own: {batch: 2, lr: 1.0e-3}\n"
    )
    rules = project.load(project.CHECKOUT / "dvc.yaml")["stages"]
    stages = {name: rules[name] for name in ("plan", "origin", "ingest", "train")}
    project.dump(home / "dvc.yaml", {"vars": ["params.yaml", "recipes/own.yaml"], "stages": stages})
    own_project.write(home, {"recipes/own.yaml": lines})
    for name in ("stages.plan", "stages.origin origin", "stages.ingest web"):
        ended = own_project.run(home, *stage(name))
        assert ended.returncode == 0, ended.stderr
    return home


def training(untrained: Path, tmp_path: Path, processes: int) -> Path:
    """A copy that trains in so many processes."""
    home = project.copy_project(untrained, tmp_path / "home")
    speed = {"device": "cpu", "processes": processes, "checkpoint_seconds": 3600}
    set_yaml(home / "profiles/pocket.yaml", "speed", speed)
    return home


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("moment", ["torch", "steps"])
def test_while_it_trains_before_the_first_checkpoint(
    processes: int, moment: str, untrained: Path, tmp_path: Path
) -> None:
    home = training(untrained, tmp_path, processes)
    with started(home, *stage("stages.train base")) as one:
        if moment == "torch":
            while "libtorch" not in Path(f"/proc/{one.pid}/maps").read_text() and one.poll() is None:
                pass
            kept = "; models and tables built before are kept, no checkpoint was due yet"
        else:
            assert one.stderr
            shown = next((line for line in one.stderr if " steps" in line), "")
            assert shown
            kept = "; the prepared examples are kept, no checkpoint of the 100000 steps was due yet"
        assert_one_line(interrupted(one), kept)
    assert not list((home / "models").glob("base*"))


def test_while_the_preloaded_process_imports_libraries(folder: Path) -> None:
    own_project.write(folder.parent, {"slow/pandas.py": WAITS})
    words = (sys.executable, "-m", "stages.warm", "dvc", "repro", "filter@calm")
    with started(folder, *words, PYTHONPATH=str(folder.parent / "slow")) as one, wait_for_reader(folder, one):
        code, said = interrupted(one)
    assert code and said.count(f"{LINE} while it was starting; nothing was changed, the same command goes on") == 1, (
        said
    )
    assert "Traceback" not in said
    assert project.repro(folder, "filter@calm") == {"ingest@web", "filter@calm"}


def test_while_a_copy_of_the_preloaded_process_trains(untrained: Path, tmp_path: Path) -> None:
    home = training(untrained, tmp_path, 1)
    with started(home, sys.executable, "-m", "stages.warm", "dvc", "repro", "train@base") as one:
        assert one.stderr and next((line for line in one.stderr if " steps" in line), "")
        code, said = interrupted(one)
    assert code and said.count(LINE) == 1 and "no checkpoint of the 100000 steps was due yet" in said, said
    assert "Traceback" not in said
