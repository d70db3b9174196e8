"""Run a command whose stages start in no time: python -m stages.warm dvc repro

Importing torch, transformers and TRL takes some ten seconds of a CPU, and a stage of the pocket world little more. The
command runs beside one process that has imported them, and its stages begin as copies of that one
(baleen/project/preload.py). A
speed knob: nothing is rebuilt for it. Linux only; elsewhere the command runs as it would without.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from baleen.errors import Problem
from baleen.project import dvc_leftovers, preload
from baleen.project.command_line import run
from baleen.training.processes import QUIET


def main(command: list[str]) -> None:
    """Run a command beside a process that is ready, and end with its status."""
    signal.signal(signal.SIGINT, lambda *_: None)  # the command gets it too, and says what is kept
    if not command:
        raise Problem("say which command to run, such as python -m stages.warm dvc repro")
    for path in dvc_leftovers.removed():
        print(f"baleen: deleted {path}, of which a DVC that was killed left half", file=sys.stderr)
    if sys.platform != "linux" or preload.DOOR in os.environ:
        sys.exit(subprocess.run(command).returncode)
    with TemporaryDirectory(prefix="baleen-") as folder:
        door = str(Path(folder, "door"))
        own = [sys.executable, "-P", preload.__file__, door]  # -P: a module of ours may be called as one of Python's
        with subprocess.Popen(own, env={**QUIET, **os.environ}, stdout=subprocess.PIPE) as waiting:
            assert waiting.stdout
            waiting.stdout.readline()
            try:
                environment = {**os.environ, preload.DOOR: f"{sys.prefix}{os.pathsep}{door}"}
                sys.exit(subprocess.run(command, env=environment).returncode)
            finally:
                waiting.kill()


if __name__ == "__main__":
    run(main)
