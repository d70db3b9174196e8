"""Problem: an error of the user's input, printed as one line."""

from collections.abc import Mapping
from difflib import get_close_matches


class Problem(Exception):
    """One line: what is wrong, where, with which value, and what to write instead; ends the program with code 1.

    `settings` are those that would mend it, where looking at the input tells them; they are only ever proposed.
    """

    def __init__(self, words: str = "", settings: Mapping[str, object] | None = None) -> None:
        super().__init__(words)
        self.settings = dict(settings or {})


class Interrupted(KeyboardInterrupt):
    """Ctrl-C where more is known of what is kept; the message says it."""


LISTED = 60  # names in one error


def unknown(what: str, name: str, known: list[str]) -> str:
    """'unknown prompt 'jduge'; did you mean 'judge'?', or the list of what exists, at most LISTED of it."""
    close, rest = get_close_matches(name, known, n=1), len(known) - LISTED
    some = ", ".join(sorted(known)[:LISTED]) + (f" and {rest} more" if rest > 0 else "")
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {some or 'none'}"
    return f"unknown {what} {name!r}; {hint}"
