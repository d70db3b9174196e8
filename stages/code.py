"""code: note which modules can change what each verb writes, and their hashes: python -m stages.code

One file a verb, data/code-VERB.txt. An edit of any module runs this stage, and then those whose verb uses the module.
"""

from pathlib import Path

from baleen.errors import Problem
from baleen.project import code_hashes
from baleen.project.command_line import run
from baleen.project.recipes import VERBS

NOTED = (*dict.fromkeys(VERBS.values()), "origin", "report")


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    if argv:
        raise Problem(f"usage: python -m stages.code, without {argv[0]}")
    for verb in NOTED:
        path = code_hashes.noted(verb)
        path.parent.mkdir(exist_ok=True)
        path.write_text(code_hashes.hashed(code_hashes.closure(Path(f"stages/{verb}.py"))), encoding="utf-8")


if __name__ == "__main__":
    run(main)
