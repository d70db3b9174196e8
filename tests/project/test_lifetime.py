"""A stage ends with the dvc that runs it, at whatever moment dvc is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from baleen.project import lifetime

STAGE = {"DVC_STAGE": "generate@asked"}
WAITS = "import stages, sys; print('ready', flush=True); sys.stdin.read()"
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); time.sleep(600)"
SHELL = 'import subprocess, time; subprocess.Popen(["/bin/sh", "-c", {command!r}]); time.sleep(600)'
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs prctl and process groups of Linux")


def test_code_imports_the_verbs_outside_dvc_whoever_its_parent_is() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "DVC_STAGE"}
    subprocess.run([sys.executable, "-c", "import stages"], env=environment, start_new_session=True, check=True)


@linux
def test_a_stage_that_starts_after_its_dvc_was_killed_does_nothing() -> None:
    command = [sys.executable, "-c", WAITS]
    done = subprocess.run(command, env=os.environ | STAGE, start_new_session=True, text=True, capture_output=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "baleen: the dvc that started this stage is gone; run dvc repro again\n"


@linux
def test_a_stage_is_killed_with_its_dvc() -> None:
    command = [sys.executable, "-c", PARENT, WAITS]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=os.environ | STAGE, text=True, stdin=pipe, stdout=pipe) as dvc:
        assert dvc.stdout and dvc.stdout.readline() == "ready\n"
        stage = Path(f"/proc/{dvc.pid}/task/{dvc.pid}/children").read_text().split()
        dvc.send_signal(signal.SIGKILL)
        assert dvc.stdout.read() == ""  # ends when the last process that holds it does
        assert len(stage) == 1


@linux
def test_a_stage_is_killed_with_its_dvc_when_a_shell_stands_between_them() -> None:
    """As where SHELL is not set: dash stays, and bash does when there is more to do."""
    command = f'{sys.executable} -c "{WAITS}"; true'
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", SHELL.format(command=command)],
        env=os.environ | STAGE,
        text=True,
        stdin=pipe,
        stdout=pipe,
    ) as dvc:
        assert dvc.stdout and dvc.stdout.readline() == "ready\n"
        dvc.send_signal(signal.SIGKILL)
        assert dvc.stdout.read() == ""


def test_a_killed_process_that_nobody_waited_for_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not lifetime.alive(child.pid)
    child.wait()
