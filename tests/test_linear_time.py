"""Nothing that reads a text takes more than linear time, or makes it many times longer, whatever its shape."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from inspect import signature

import pytest
from adversarial import shapes

from baleen.errors import Problem
from baleen.formats import FORMATS
from baleen.measures.expressions import MEASURES
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile
from baleen.tables.sections import Rules, segments

SECONDS = 2.0  # of CPU time, for a megabyte, on an idle core
BUSY = 2  # times as much where other tests share the core's cache
SUSPECT = 0.02  # seconds for a tenth of it: what is faster stays within SECONDS even in quadratic time
LINEAR = 30  # times a tenth, whatever the processor: linear time takes 10, quadratic time 100
SHARES = (0.3, 0.6)  # of a megabyte: where time that grows by POWER from there would not reach the limit, it is enough
POWER = 2.5  # time that grows by a higher one from above SUSPECT passes the limit at the first share already
PARTS = 8  # each is fed an eighth of the shapes, another one in turn; all of them with ALL_SHAPES=1 in the environment
SLOW = dict.fromkeys(("reader rst", "reader latex", "measure bleu"), 24)  # the costliest: a third of that
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
    """Whether a measure is of texts that people bring; `truth` of the generated world is a record of its own."""
    parameters = signature(MEASURES[name]).parameters.values()
    return not name.startswith("pocket.") and all(parameter.annotation is str for parameter in parameters)


EVERYTHING = (
    {f"reader {kind}": reading(kind) for kind in READERS}
    | {f"cut {markup}": cutting(markup) for markup in ("markdown", "html", "text")}
    | {f"format {name}": parsing(name) for name in FORMATS}
    | {f"measure {name}": measuring(name) for name in MEASURES if takes_texts(name)}
)


def seconds_of(use: Callable[[str], object], text: str) -> float:
    """CPU time of this process and of those that it has ended; a refusal or a missing extra is an answer too."""
    before = os.times()
    with suppress(Problem, ValueError, ModuleNotFoundError):
        use(text)
    return sum(os.times()[:4]) - sum(before[:4])


@cache
def texts_of(share: float) -> dict[str, str]:
    """Texts of all shapes, of this share of a megabyte."""
    return shapes(round(1_000_000 * share))


@pytest.fixture(scope="module", autouse=True)
def forgotten_texts() -> Iterator[None]:
    """Leave no hundreds of megabytes to later tests."""
    yield
    texts_of.cache_clear()


def seconds_at_most(use: Callable[[str], object], shape: str, tenth: float) -> float:
    """CPU time of a megabyte; where less shows that it is below the limit, what it were if time grew by POWER."""
    for share in SHARES:
        if 10 * tenth * share / share**POWER <= BUSY * SECONDS:  # as linear time would be
            most = seconds_of(use, texts_of(share)[shape]) / share**POWER
            if most <= BUSY * SECONDS:
                return most
    return seconds_of(use, texts_of(1)[shape])


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_megabyte_of_any_shape_takes_two_seconds_or_not_much_more_than_ten_tenths(name: str) -> None:
    use = EVERYTHING[name]
    parts = SLOW.get(name, PARTS)
    part = slice(0, None) if "ALL_SHAPES" in os.environ else slice([*EVERYTHING].index(name) % parts, None, parts)
    tenths = {shape: seconds_of(use, text) for shape, text in [*texts_of(0.1).items()][part]}
    taken = {shape: (tenth, seconds_at_most(use, shape, tenth)) for shape, tenth in tenths.items() if tenth > SUSPECT}
    slow = {shape: pair for shape, pair in taken.items() if pair[1] > BUSY * SECONDS and pair[1] > LINEAR * pair[0]}
    assert slow == {}


@pytest.mark.parametrize("markup", ["markdown", "html"])
def test_no_shape_makes_a_text_many_times_longer(markup: str) -> None:
    texts = shapes(5_000)
    lengths = {shape: sum(len(piece.text) for piece in segments(text, markup, RULES)) for shape, text in texts.items()}
    assert {shape: length for shape, length in lengths.items() if length > 12 * len(texts[shape])} == {}
