"""Ctrl-C: one line that says what is kept and how to go on, exit code 130 and no traceback, wherever a program is."""

import os
import signal
import sys
from types import FrameType

from baleen.project.preload import OURS

EXIT_CODE = 130
STARTING = b"baleen: interrupted while it was starting; nothing was changed, the same command goes on\n"
KEPT = {  # by the verb: what a run that is interrupted leaves for the next one
    "generate": "every reply so far is cached",
    "score": "every reply so far is cached",
    "train": "models and tables built before are kept, no checkpoint was due yet",
    "plan": "the plan of before is kept",
    "warm": "what was built is kept",
}


def exit_while_starting() -> None:
    """Until `raise_interrupts`, Ctrl-C ends this program at once: an interrupted import ends in any error."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler and is_program():
        signal.signal(signal.SIGINT, end_at_start)


def is_program() -> bool:
    """Whether this process is a stage, a copy that the preloaded process made for one, or the command `baleen`, and not
    one that imports them."""
    words = sys.orig_argv
    return os.path.basename(sys.argv[0]) == "baleen" or any(
        word.startswith(OURS) and words[at - 1] == "-m" for at, word in enumerate(words)
    )


def end_at_start(_signal: int, _frame: FrameType | None) -> None:
    os.write(2, STARTING)
    os._exit(EXIT_CODE)


def raise_interrupts() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt, as Python does."""
    if signal.getsignal(signal.SIGINT) is end_at_start:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def exit_silently() -> None:
    """From here on a further Ctrl-C ends this process without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_CODE))


def is_interrupt(error: BaseException) -> bool:
    """Whether an error is a KeyboardInterrupt, or what a library made of one."""
    seen = set[int]()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        if isinstance(at, KeyboardInterrupt):
            return True
        seen.add(id(at))
        at = at.__cause__ or at.__context__
    return False


def words(error: BaseException) -> str:
    """What an interrupted program says."""
    verb = os.path.basename(sys.argv[0]).removesuffix(".py")
    own = str(error) if isinstance(error, KeyboardInterrupt) else ""
    return f"baleen: interrupted; {own or KEPT.get(verb, 'nothing was changed')}, the same command goes on"
