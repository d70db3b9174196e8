"""The command line of a verb: `target --input web --keep a b --columns.instruction q`, as DVC writes a recipe line."""

import errno
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any, NoReturn

from baleen.errors import Problem
from baleen.project import builds, inputs, interrupts, plan, preload
from baleen.project.inputs import unchanged
from baleen.project.progress import duration


def read(argv: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """('target', {'input': 'web', 'keep': ['a', 'b']}) from `target --input web --keep a b`."""
    if not argv or argv[0].startswith("--"):
        raise Problem("the first word must be the name of the target to build")
    return argv[0], {key: scalar_or_list(words[1:]) for key, words in raw(argv).items()}


def raw(argv: Sequence[str]) -> dict[str, list[str]]:
    """Each flag's name with the words that make it up, the flag itself first; one given twice has the words of both."""
    found, name = dict[str, list[str]](), ""
    for word in argv[1:]:
        if word.startswith("--"):
            flag, equals, given = word.partition("=")
            name = flag[2:].replace("-", "_")
            found.setdefault(name, [flag]).extend([given] if equals else [])
        elif name:
            found[name].append(word)
        else:
            raise Problem(f"{word!r} has no setting before it; write --<setting> {word}")
    return found


def scalar_or_list(words: list[str]) -> Any:
    """The value of a flag: nothing is true, one word itself, several a list; its setting's type is read into it later,
    so that a table may be called `no`."""
    return True if not words else words[0] if len(words) == 1 else words


def nested(found: dict[str, Any]) -> dict[str, Any]:
    """{'columns.instruction': 'q'} as {'columns': {'instruction': 'q'}} (DVC unpacks nested maps into dotted flags)."""
    plain = {key: value for key, value in found.items() if "." not in key}
    for key, value in found.items():
        if "." in key:
            head, _, tail = key.partition(".")
            plain.setdefault(head, {})[tail] = value
    return plain


def lacking(error: ModuleNotFoundError) -> str:
    """The package that an import looked for."""
    return str(error.name).partition(".")[0]


def own_place(error: BaseException) -> str:
    """The line of a user's own module that an error comes from, such as methods/mine.py:3; '' for none."""
    folder = inputs.module_path(inputs.OWN)
    frames = [(Path(frame.filename), frame.lineno) for frame in extract_tb(error.__traceback__)]
    lines = [f"{path.relative_to(folder.parent)}:{line}" for path, line in frames if path.is_relative_to(folder)]
    return lines[-1] if lines else ""


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What is said of it by safetensors and tokenizers, numpy and torch, who raise no error of the system
UNWRITTEN = re.compile(
    rf"\(os error ({'|'.join(map(str, FULL))})\)|\d+ requested and \d+ written|unexpected pos \d+ vs \d+"
)


def is_full_disk(error: Exception) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in FULL or bool(UNWRITTEN.search(str(error)))


def advised(error: Exception) -> str:
    """What to say of an error: a Problem speaks for itself, a package that is not there and the trouble of a disk need
    a word on what to do."""
    if isinstance(error, ModuleNotFoundError):
        name = lacking(error)
        return f"{name} is not installed; pip install 'baleen-build[{EXTRAS[name]}]'"
    if is_full_disk(error):
        return f"{error}; make room on the disk and run the same command again"
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return f"{error}; the folder must be one that can be written to"
    return str(error)


@contextmanager
def report_problems() -> Iterator[None]:
    """Turn a Problem, a full disk, a closed folder, an extra that is not installed and an error in a user's own module
    into one line on stderr and exit code 1, and Ctrl-C into 130."""
    try:
        interrupts.raise_interrupts()
        with inputs.watching():
            yield
    except BaseException as error:
        if interrupts.is_interrupt(error):
            end_interrupted(error)
        if not isinstance(error, Exception):
            raise
        end_with_problem(error)


def end_interrupted(error: BaseException) -> NoReturn:
    """Say what is kept, and exit."""
    interrupts.exit_silently()
    print(interrupts.words(error), file=sys.stderr)
    sys.exit(interrupts.EXIT_CODE)


def end_with_problem(problem: Exception) -> NoReturn:
    """Say what is wrong in one line, and exit; an error that nobody foresaw is raised."""
    place = "" if isinstance(problem, Problem) else own_place(problem)
    known = isinstance(problem, Problem | OSError) or is_full_disk(problem)
    if isinstance(problem, ModuleNotFoundError):
        known = lacking(problem) in EXTRAS
    if not (place or known):
        raise problem
    words = f"{place}: {type(problem).__name__}: {problem}" if place else advised(problem)
    print(f"baleen: {' '.join(words.split())}", file=sys.stderr)
    sys.exit(1)


def run(main: Callable[[list[str]], None]) -> NoReturn:
    """Run the command line of a stage and exit; see `report_problems`."""
    with report_problems():
        if outdated := plan.outdated():
            raise Problem(f"{outdated} was edited after it was planned; run `{plan.ANEW}`, then the same command")
        main(sys.argv[1:])
        unchanged()
    print_last_line(sys.argv[1:])
    preload.STATUS.append(0)
    sys.exit(0)


def print_last_line(argv: list[str]) -> None:
    """One line of counts, to stderr; none for --help and --dry-run, which make nothing."""
    stage, target, begun = plan.stage_name(), argv[0] if argv else "", builds.BEGUN
    line = builds.last_line(Path(sys.argv[0]).stem, target, begun)
    if (line or stage) and not {"--help", "-h", "--dry-run"} & set(argv):
        print(line or f"{stage}: {duration(time.time() - begun)}", file=sys.stderr)
    if stage:
        builds.finish(stage, target)
    if stage == "report":  # nothing is built from it
        print(f"build: {builds.summary(builds.last_build())}", file=sys.stderr)


EXTRAS = {  # the extra of pyproject.toml that a package comes with
    **dict.fromkeys(("accelerate", "peft", "tokenizers", "torch", "transformers", "trl"), "train"),
    **{name: name for name in ("ray", "vllm")},
    "aiohttp": "openai",
    "gguf": "gguf",
    "lingua": "languages",
    "lm_eval": "harness",
    **dict.fromkeys(("sacremoses", "sentencepiece"), "translators"),
    **dict.fromkeys(("altair", "jinja2", "vl_convert"), "report"),
    **dict.fromkeys(("duckdb", "starlette", "uvicorn"), "view"),
    **dict.fromkeys(("bm25s", "datafog_core", "detect_secrets"), "cleaning"),
    **dict.fromkeys(("if_verifiable", "langdetect", "nltk", "punkt", "sacrebleu"), "metrics"),
    **dict.fromkeys(("lxml", "nbformat", "pptx", "pypandoc", "pypdfium2", "python_calamine", "warcio"), "documents"),
}
