"""Nothing that reads a text takes more than linear time, or makes it many times longer, whatever its shape."""

import io
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from inspect import signature

import pytest
from adversarial import shapes

from baleen.engines import reasoning
from baleen.errors import Problem
from baleen.formats import FORMATS
from baleen.measures.expressions import MEASURES
from baleen.measures.ratings import written_choice
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile
from baleen.tables.sections import Rules, segments

SECONDS = 2.0  # of CPU time, for a million characters
RULES = Rules(600, 3000, 10, 0.8, True, 4000)


def reading(kind: str) -> Callable[[str], object]:
    return lambda text: [*READERS[kind](OpenFile("f", io.BytesIO(text.encode())))]


def cutting(markup: str) -> Callable[[str], object]:
    return lambda text: [*segments(text, markup, RULES)]


def parsing(name: str) -> Callable[[str], object]:
    return lambda text: FORMATS[name].read(text, ["instruction", "response"])


def measuring(name: str) -> Callable[[str], object]:
    count = len(signature(MEASURES[name]).parameters)
    return lambda text: MEASURES[name](*[text, f"z {text[1000:]}", text][:count])


def takes_texts(name: str) -> bool:
    return all(parameter.annotation is str for parameter in signature(MEASURES[name]).parameters.values())


EVERYTHING = (
    {f"reader {kind}": reading(kind) for kind in READERS}
    | {f"cut {markup}": cutting(markup) for markup in ("markdown", "html", "text")}
    | {f"format {name}": parsing(name) for name in FORMATS}
    | {"reasoning": reasoning.split, "choice": lambda text: written_choice(text, "Verdict:", [" no", " yes"])}
    | {f"measure {name}": measuring(name) for name in MEASURES if takes_texts(name)}
)


def seconds_of(use: Callable[[str], object], text: str) -> float:
    """CPU time of this process and of those that it has ended; a Problem or a missing extra is an answer too."""
    before = os.times()
    with suppress(Problem, ModuleNotFoundError):
        use(text)
    return sum(os.times()[:4]) - sum(before[:4])


@cache
def shapes_of(size: int) -> dict[str, str]:
    return shapes(size)


def is_far_from(limit: float, use: Callable[[str], object], text: str) -> bool:
    """Whether a fifth of a text takes so little that the whole keeps the limit even if the time grows by the cube."""
    return seconds_of(use, text) * 5**3 < limit


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_million_characters_of_any_shape_take_two_seconds(name: str) -> None:
    use, fifths = EVERYTHING[name], shapes_of(200_000)
    doubtful = [shape for shape, text in fifths.items() if not is_far_from(SECONDS, use, text)]
    taken = {shape: seconds_of(use, shapes_of(1_000_000)[shape]) for shape in doubtful}
    assert {shape: round(took, 1) for shape, took in taken.items() if took > SECONDS} == {}


@pytest.mark.parametrize("markup", ["markdown", "html"])
def test_no_shape_makes_a_text_many_times_longer(markup: str) -> None:
    texts = shapes(5_000)
    lengths = {shape: sum(len(piece.text) for piece in segments(text, markup, RULES)) for shape, text in texts.items()}
    assert {shape: length for shape, length in lengths.items() if length > 12 * len(texts[shape])} == {}
