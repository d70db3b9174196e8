"""Nothing that reads a text takes more than linear time, or makes it many times longer, whatever its shape."""

import io
import os
from collections.abc import Callable
from contextlib import suppress
from inspect import signature
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import pytest
from adversarial import shapes

from baleen.errors import Problem
from baleen.formats import FORMATS
from baleen.measures.expressions import MEASURES
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile
from baleen.tables.sections import Rules, segments

LENGTH = 300_000  # characters
SECONDS = 0.18  # of CPU time, for so many on an idle core: what takes quadratic time takes two for a megabyte
BUSY = 2  # times as much where other tests share the core's cache
SUSPECT = SECONDS / 100  # for a tenth of it: what is faster stays within SECONDS even in quadratic time
LINEAR = 30  # times a tenth, whatever the processor: linear time takes 10, quadratic time 100
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
    before = processor()
    with suppress(Problem, ValueError, ModuleNotFoundError):
        use(text)
    return processor() - before


def processor() -> float:
    used = map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.fixture(scope="module")
def whole() -> dict[str, str]:
    return shapes(LENGTH)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_long_text_of_any_shape_is_read_at_once_or_in_not_much_more_than_ten_tenths(
    name: str, whole: dict[str, str]
) -> None:
    use = EVERYTHING[name]
    parts = SLOW.get(name, PARTS)
    part = slice(0, None) if "ALL_SHAPES" in os.environ else slice([*EVERYTHING].index(name) % parts, None, parts)
    tenths = {shape: seconds_of(use, text) for shape, text in [*shapes(LENGTH // 10).items()][part]}
    taken = {shape: (tenth, seconds_of(use, whole[shape])) for shape, tenth in tenths.items() if tenth > SUSPECT}
    slow = {shape: pair for shape, pair in taken.items() if pair[1] > BUSY * SECONDS and pair[1] > LINEAR * pair[0]}
    assert slow == {}


@pytest.mark.slow
@pytest.mark.parametrize("markup", ["markdown", "html"])
def test_no_shape_makes_a_text_many_times_longer(markup: str) -> None:
    texts = shapes(5_000)
    lengths = {shape: sum(len(piece.text) for piece in segments(text, markup, RULES)) for shape, text in texts.items()}
    assert {shape: length for shape, length in lengths.items() if length > 12 * len(texts[shape])} == {}
