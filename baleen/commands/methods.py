"""One table of all methods that are built: python -m baleen.commands.methods [METHOD or FOLDER ...]

Rows in, kept and dropped by reason, the smallest share of readable replies, who taught, and every evaluation of the
method's arms. A folder is a project of the method that has its name.
"""

from contextlib import chdir
from pathlib import Path

from baleen.errors import Problem
from baleen.project.command_line import run
from baleen.project.method_report import HEAD, blocks


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    folders = [Path(name) for name in argv if Path(name, "dvc.yaml").is_file()]
    names = [name for name in argv if Path(name) not in folders]
    shown = blocks(names) if names or not argv else []
    for folder in folders:
        with chdir(folder):
            shown += blocks([folder.name])
    if not shown:
        raise Problem("no method is built yet; build some first, such as: dvc repro")
    print("\n".join([HEAD, *shown]))


if __name__ == "__main__":
    run(main)
