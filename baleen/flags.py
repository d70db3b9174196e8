"""The command line of a verb: `target --input web --keep a b --columns.instruction q`, as DVC writes a recipe line."""

from collections.abc import Sequence
from typing import Any

from baleen.problems import Problem


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
