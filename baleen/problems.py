"""Problem: what went wrong, told to the person at the keyboard in one line."""

import errno
import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from baleen import code, guard


class Problem(Exception):
    """Says what is wrong, where, with which value, and what to write instead; ends the program with code 1."""


def unknown(what: str, name: str, known: list[str]) -> str:
    """'unknown prompt 'jduge'; did you mean 'judge'?', or the list of what exists."""
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}"
    return f"unknown {what} {name!r}; {hint}"


def lacking(error: ModuleNotFoundError) -> str:
    """The package that an import looked for."""
    return str(error.name).partition(".")[0]


def advised(error: Exception) -> str:
    """What to say of an error: a Problem speaks for itself, a package that is not there and the trouble of a disk need
    a word on what to do."""
    if isinstance(error, ModuleNotFoundError):
        name = lacking(error)
        return f"{name} is not installed; pip install -e '.[{EXTRAS[name]}]'"
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{error}; make room on the disk and run the same command again"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return f"{error}; the folder must be one that can be written to"
    return str(error)


def unchanged() -> None:
    """A Problem when anything this run has read, or its code, has been edited since; to be asked before writing."""
    if found := guard.changed():
        stage = os.environ.get("DVC_STAGE") or " ".join([Path(sys.argv[0]).stem, *sys.argv[1:2]])
        raise Problem(f"{found} changed while {stage} ran; nothing was written, run the same command again")


def run(main: Callable[[list[str]], None]) -> NoReturn:
    """Run a command line; a Problem, a full disk, a closed folder or an extra that is not installed become one line on
    stderr and code 1."""
    try:
        with guard.watching():
            if found := code.outdated():
                raise Problem(f"{found} was edited after dvc noted it; run `dvc repro code`, then the same command")
            main(sys.argv[1:])
            unchanged()
    except (Problem, OSError, ModuleNotFoundError) as problem:
        if isinstance(problem, ModuleNotFoundError) and lacking(problem) not in EXTRAS:
            raise
        print(f"baleen: {' '.join(advised(problem).split())}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("baleen: stopped; every reply that was paid for is kept, the same command goes on", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


EXTRAS = {  # the extra of pyproject.toml that a package comes with
    **dict.fromkeys(("accelerate", "peft", "tokenizers", "torch", "transformers", "trl"), "train"),
    **{name: name for name in ("openai", "ray", "vllm")},
    "sacrebleu": "metrics",
}
