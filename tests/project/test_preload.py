"""warm: a stage goes on as a copy of a process that is ready, and nothing but its speed tells the two apart."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from baleen.project import preload
from baleen.project.lifetime import alive

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")]
ROOT = Path(__file__).parents[2]
PROBE = """
import os, sys, time
grouped = os.getpgid(0) == int(sys.argv[1])
print("torch" in sys.modules, sys.argv[1:], os.getcwd(), os.environ["TOLD"], grouped, flush=True)
print(os.getpid(), flush=True)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with one more stage."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("baleen", "pocket", "stages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = str(tmp_path_factory.mktemp("warm") / "door")
    with subprocess.Popen([sys.executable, "-P", preload.__file__, path], stdout=subprocess.PIPE, text=True) as ready:
        assert ready.stdout and ready.stdout.readline() == "ready\n"
        yield path
        ready.kill()


def start(project: Path, socket_path: str, code: str, prefix: str = sys.prefix) -> subprocess.Popen[str]:
    """The stage `probe`, in a process group of its own, as DVC starts one."""
    (project / "stages/probe.py").write_text(PROBE + code)
    told = {**os.environ, "TOLD": "so", preload.DOOR: f"{prefix}{os.pathsep}{socket_path}", "PYTHONPATH": ""}
    command = ["sh", "-c", f"exec {sys.executable} -m stages.probe $$ 'two words'"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=project, env=told, stdout=pipe, stderr=pipe, text=True, process_group=0)


def result(stage: subprocess.Popen[str]) -> tuple[int, str, list[str]]:
    out, err = stage.communicate(timeout=600)
    return stage.returncode, err, out.splitlines()


def test_a_stage_goes_on_in_a_copy_with_its_own_arguments_folder_environment_and_group(
    project: Path, socket_path: str
) -> None:
    stage = start(project, socket_path, "")
    code, err, out = result(stage)
    assert (code, err) == (0, "")
    assert out[0] == f"True ['{stage.pid}', 'two words'] {project} so True" and int(out[1]) != stage.pid


def test_code_is_read_anew_for_every_stage(project: Path, socket_path: str) -> None:
    for number in (1, 2):
        (project / "baleen/counted.py").write_text(f"NUMBER = {number}{' ' * number}")
        assert result(start(project, socket_path, "from baleen.counted import NUMBER; print(NUMBER)"))[2][2:] == [
            str(number)
        ]


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no')", 1, "no\n"),
        (
            "from baleen.errors import Problem\nfrom baleen.project.command_line import run\n"
            "def main(argv): raise Problem('this')\nrun(main)",
            1,
            "baleen: this",
        ),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import atexit\natexit.register(print, 'the end', file=sys.stderr)", 0, "the end"),
        ("import threading\nthreading.Timer(0.3, print, ['waited'], {'file': sys.stderr}).start()", 0, "waited"),
        ("os.kill(os.getpid(), 9)", 137, ""),
    ],
)
def test_a_stage_ends_as_its_copy_ends(project: Path, socket_path: str, code: str, status: int, said: str) -> None:
    found, err, _ = result(start(project, socket_path, code))
    assert found == status and said in err


def test_the_copy_of_a_stage_that_is_killed_ends_too(project: Path, socket_path: str) -> None:
    stage = start(project, socket_path, "time.sleep(600)")
    assert stage.stdout
    stage.stdout.readline()
    copy = psutil.Process(int(stage.stdout.readline()))
    assert alive(copy.pid)
    stage.send_signal(signal.SIGKILL)
    stage.communicate(timeout=600)  # the copy has the pipes too: this returns when it ends
    psutil.wait_procs([copy], timeout=600)
    assert not alive(copy.pid)
    assert result(start(project, socket_path, ""))[0] == 0


@pytest.mark.parametrize(("place", "prefix"), [("nowhere", sys.prefix), ("", "/another/python")])
def test_without_a_process_of_the_same_python_a_stage_runs_by_itself(
    project: Path, socket_path: str, place: str, prefix: str
) -> None:
    stage = start(project, place or socket_path, "", prefix)
    code, _, out = result(stage)
    assert code == 0 and out[0].startswith("False") and int(out[1]) == stage.pid


def test_the_command_ends_with_its_status_and_takes_everything_with_it(project: Path) -> None:
    (project / "stages/probe.py").write_text(PROBE + "sys.exit(7)")
    command = [sys.executable, "-m", "stages.warm", "sh", "-c", f"{sys.executable} -m stages.probe 0"]
    told = {**os.environ, "TOLD": "so", "PYTHONPATH": ""}
    found = subprocess.run(command, cwd=project, env=told, capture_output=True, text=True, timeout=600)
    assert found.returncode == 7 and found.stdout.startswith("True")
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(project) not in listed


def test_without_a_command_it_says_how_to_call_it(project: Path) -> None:
    found = subprocess.run([sys.executable, "-m", "stages.warm"], cwd=project, capture_output=True, text=True)
    assert found.returncode == 1 and found.stderr.startswith("baleen: say which command to run")
