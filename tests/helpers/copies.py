"""Programs that run a module as a copy of a process that has imported what takes long."""

import sys
from pathlib import Path

from baleen.project import preload

PROGRAM = """#!{python} -ES
import os, sys
from preload import become_copy
become_copy({door!r}, {module!r}, sys.argv[1:], dict(os.environ))
sys.exit("{module}: the preloaded process of the tests is gone")
"""


def write_program(folder: Path, door: Path, module: str) -> str:
    """The path of a program in a folder that runs a module as a copy of the process behind a door."""
    (folder / "preload.py").symlink_to(preload.__file__)
    program = folder / module.rpartition(".")[2]
    program.write_text(PROGRAM.format(python=sys.executable, door=str(door), module=module))
    program.chmod(0o755)
    return str(program)
