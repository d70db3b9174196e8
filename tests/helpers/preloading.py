"""Two processes of a test worker: stages that tests run begin as copies of one that has imported torch, as in `make
demo`, and each `dvc` as a copy of one that has imported DVC, which takes ten times as long as what most commands do.

They are started by the first test that runs a program in a project and import nothing before the first one connects.
"""

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from copies import write_program

from baleen.project import preload
from baleen.training.processes import QUIET

PROGRAM = """
import os, preload, sys

def run_with_path(module):
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    run(module)

_, door, *preload.IMPORTS = sys.argv
run, preload.run_stage = preload.run_stage, run_with_path  # a copy reads the code that its stage would have read
preload.wait_and_run(door)
"""


@cache
def variables() -> dict[str, str]:
    """What the environment of a program holds so that its stages and `dvc` find the processes; {} where there can be
    none."""
    if sys.platform != "linux":
        return {}
    folder = Path(mkdtemp(prefix="baleen-"))  # the name of a socket may have 107 bytes, too few for tmp_path
    atexit.register(rmtree, folder, ignore_errors=True)
    (folder / "dvc_parts.py").symlink_to(Path(__file__).with_name("dvc_parts.py"))
    write_program(folder, folder / "dvc-door", "dvc")
    start(folder, folder / "dvc-door", "dvc_parts")
    start(folder, folder / "door", "dvc_parts", *preload.IMPORTS)
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {preload.DOOR: f"{sys.prefix}{os.pathsep}{folder / 'door'}", "PATH": path}


def start(folder: Path, door: Path, *modules: str) -> None:
    """A process that imports modules when the first program connects, and ends with this one."""
    quiet = subprocess.DEVNULL
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])  # for projects that hold no code
    running = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, str(door), *modules],
        cwd=folder,
        env={**QUIET, **os.environ, "PYTHONPATH": path},
        stdin=quiet,
        stdout=subprocess.PIPE,
        stderr=quiet,
    )
    assert running.stdout

    def end() -> None:
        running.kill()
        running.communicate()

    atexit.register(end)
    running.stdout.readline()
