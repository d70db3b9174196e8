"""Measures of answers and pairs in the pocket world."""

from pocket.checker import Check, check
from pocket.phrasing import parse
from pocket.truth import read_truth, read_world

__all__ = ["asks", "clean", "facts", "format", "good", "ok"]


def check_answer(truth: str, answer: str) -> Check:
    world, spec = read_truth(truth)
    return check(world, spec, answer)


def ok(truth: str, answer: str) -> float:
    """1.0 when the answer to a held-out prompt has the right facts, the right form and nothing else."""
    return float(check_answer(truth, answer).ok)


def facts(truth: str, answer: str) -> float:
    """1.0 when the answer has all facts that its prompt asks for, and no other."""
    return float(check_answer(truth, answer).facts)


def format(truth: str, answer: str) -> float:
    """1.0 when the answer has the layout of its prompt: bullets, numbers, one line, a record or plain sentences."""
    return float(check_answer(truth, answer).form)


def clean(truth: str, answer: str) -> float:
    """1.0 when each word of the answer can be there in a right response, and the answer is not cut off."""
    return float(check_answer(truth, answer).clean)


def good(truth: str, instruction: str, response: str) -> float:
    """1.0 when the instruction of a candidate pair can be parsed and the response is right for it.

    Only the world is taken from `truth`, so it works on documents as well as on held-out rows.
    """
    world, _ = read_world(truth)
    spec = parse(world, instruction)
    return float(spec is not None and check(world, spec, response).ok)


def asks(truth: str, instruction: str) -> float:
    """1.0 when the instruction can be parsed: it asks for something in the world."""
    return float(parse(read_world(truth)[0], instruction) is not None)
