"""Verifiable instructions: which of a prompt's instructions a response follows, checked by program (IFEval,
arXiv:2311.07911).

A prompt has a list of instruction ids (`punctuation:no_comma`) and for each a JSON object with its arguments. Strict
verdicts are of the response as it is; loose ones also of the response without its first line, its last line or both,
and without asterisks (section 2.2 of the paper). The checkers are those of the package `if_verifiable`, but for three
that need data from the network or leave arguments to chance.
"""

import json
import logging
import random
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project.preload import quick_imports
from baleen.tables.exports import Amount

__all__ = ["follows_all", "follows_all_loosely", "instructions_followed", "instructions_followed_loosely"]

Arguments = Mapping[str, Any]
BOUNDS = ("less than", "at least")


def follows_all(instruction_id_list: list[str], kwargs: list[str], response: str) -> float:
    """1.0 when a response follows every instruction strictly: IFEval's accuracy of prompts."""
    return float(all(strict for strict, _ in verdicts(tuple(instruction_id_list), texts(kwargs), response)))


def follows_all_loosely(instruction_id_list: list[str], kwargs: list[str], response: str) -> float:
    """1.0 when a response follows every instruction loosely."""
    return float(all(loose for _, loose in verdicts(tuple(instruction_id_list), texts(kwargs), response)))


def instructions_followed(instruction_id_list: list[str], kwargs: list[str], response: str) -> Amount:
    """How many instructions a response follows strictly, whose mean is per prompt; IFEval's accuracy of instructions is
    the ratio of sums `instructions_followed(...) / count(instruction_id_list)`, in `ratio:` of an evaluation."""
    return float(sum(strict for strict, _ in verdicts(tuple(instruction_id_list), texts(kwargs), response)))


def instructions_followed_loosely(instruction_id_list: list[str], kwargs: list[str], response: str) -> Amount:
    """How many instructions a response follows loosely; the same ratio is IFEval's loose accuracy of instructions."""
    return float(sum(loose for _, loose in verdicts(tuple(instruction_id_list), texts(kwargs), response)))


def texts(kwargs: list[Any]) -> tuple[str, ...]:
    """The arguments of each instruction as JSON, as `ingest` keeps them; a table of elsewhere may have structs."""
    return tuple(one if isinstance(one, str) else json.dumps(one or {}) for one in kwargs)


@lru_cache(maxsize=10_000)  # several measures ask about the same rows
def verdicts(names: tuple[str, ...], kwargs: tuple[str, ...], response: str) -> list[tuple[bool, bool]]:
    """Strict and loose verdict of each instruction; an empty response follows none."""
    from if_verifiable.common import evaluate_instructions

    if len(names) != len(kwargs):
        raise Problem(f"{len(names)} instructions have {len(kwargs)} sets of arguments ({', '.join(names)})")
    arguments = [arguments_of(name, text) for name, text in zip(names, kwargs, strict=True)]
    for name, own in zip(names, arguments, strict=True):
        check_arguments(name, own)
    found, _ = evaluate_instructions(response, list(names), arguments, "", checkers())
    return [(one.strict_pass, one.loose_pass) for one in found] or [(False, False)] * len(names)


def arguments_of(name: str, text: str) -> dict[str, Any]:
    """The arguments that an instruction has, without those that are null."""
    try:
        return {key: value for key, value in dict(json.loads(text)).items() if value is not None}
    except (TypeError, ValueError):
        raise Problem(f"kwargs of {name} is {text[:60]!r}; write a JSON object, such as {{}}") from None


def check_arguments(name: str, arguments: Arguments) -> None:
    """A Problem for an instruction that there is not, and for arguments that are missing or that its checker would
    replace by random ones."""
    if name not in checkers():
        raise Problem(unknown("instruction", name, sorted(checkers())))
    before = random.getstate()
    try:
        checkers()[name](name).build_description(**arguments)
        usable = random.getstate() == before
    except (KeyError, TypeError, ValueError, AttributeError):
        usable = False
    random.setstate(before)
    if not usable:
        raise Problem(f"instruction {name} cannot be checked with {json.dumps(arguments)}; correct its kwargs")


@cache
def checkers() -> dict[str, Callable[[str], Any]]:
    """What makes the checker of each instruction."""
    import langdetect
    from if_verifiable.ifeval.instructions_registry import INSTRUCTION_DICT

    logging.getLogger().addFilter(has_no_response)
    langdetect.DetectorFactory.seed = 0  # without it the language of a short text changes from call to call
    ours = {
        "length_constraints:number_sentences": partial(Counted, sentences, ("num_sentences", "relation")),
        "change_case:capital_word_frequency": partial(Counted, capitals, ("capital_frequency", "capital_relation")),
        "keywords:letter_frequency": partial(Counted, letters, ("let_frequency", "let_relation")),
    }
    return {**INSTRUCTION_DICT, **ours}


def has_no_response(record: logging.LogRecord) -> bool:
    """Not what if_verifiable logs, the whole response with it, where a response is in no language, as '42' is; such a
    one follows the instruction, here as in IFEval's own code."""
    return not str(record.msg).startswith("Unable to detect language")


class Counted:
    """A checker, with the methods that if_verifiable calls, of how often something may stand in a response."""

    def __init__(self, count: Callable[[str, Arguments], int], names: tuple[str, str], instruction: str) -> None:
        self.count, self.names, self.instruction = count, names, instruction
        self.arguments: Arguments = {}

    def build_description(self, **arguments: Any) -> None:
        number, bound = (arguments[name] for name in self.names)
        if bound not in BOUNDS or number < 0:
            raise ValueError(f"{self.instruction}: {bound} {number}")
        self.count("", arguments)  # are the others there?
        self.arguments = arguments

    def get_instruction_args(self) -> Arguments:
        return self.arguments

    def check_following(self, response: str) -> bool:
        number, bound = (self.arguments[name] for name in self.names)
        found = self.count(response, self.arguments)
        return bool(found < number if bound == BOUNDS[0] else found >= number)


def sentences(text: str, _: Arguments) -> int:
    """Sentences by the Punkt model of English, which NLTK would download."""
    return len(split(text))


def capitals(text: str, _: Arguments) -> int:
    """Words and abbreviations in capital letters; a hyphen separates nothing."""
    return sum(word.isupper() for one in split(text) for word in tokenizer().tokenize(one))


@cache
def tokenizer() -> Any:
    """NLTK's, without the classifiers and tests of significance that it imports with it, in a fifth of the time."""
    with quick_imports(("sklearn", "scipy")):
        from nltk.tokenize.destructive import NLTKWordTokenizer
    return NLTKWordTokenizer()


def letters(text: str, arguments: Arguments) -> int:
    """How often a letter stands in the text, in either case; also a sign such as #, which two prompts of IFEval have
    and if_verifiable replaces by a random letter."""
    letter = str(arguments["letter"]).strip().lower()
    if len(letter) != 1:
        raise ValueError(f"{letter!r} is no letter")
    return text.lower().count(letter)


def split(text: str) -> list[str]:
    """The sentences of a text."""
    import punkt

    return list(punkt.sent_tokenize(text))
