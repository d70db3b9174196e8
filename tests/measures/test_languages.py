"""Languages are identified by script and stop words, in test sentences and on real pages."""

import tarfile
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.measures.languages import STOP_WORDS, language, speaks
from pocket import round_trip
from pocket.round_trip import into
from pocket.world import build

DATA = Path(__file__).parents[3] / "shared" / "data"
SAID = [
    ("what is the job of anna calra ?", "en"),
    ("Write a poem about the sea and give it to me.", "en"),
    ("¿Cuál es la capital de Francia y por qué?", "es"),
    ("Escribe una lista de los ingredientes para la sopa", "es"),
    ("请写一首关于春天的诗", "zh"),
    ("用 Python 写一个排序函数", "zh"),
    ("rag shoop zibble", ""),
    ("", ""),
    ("12 + 3", ""),
]


@pytest.mark.parametrize(("text", "code"), SAID)
def test_the_language_of_a_sentence(text: str, code: str) -> None:
    assert language(text) == code
    assert speaks(text, "en") == (float(code == "en") if code else None)


def test_no_small_word_is_of_two_languages() -> None:
    assert not STOP_WORDS["en"] & STOP_WORDS["es"]


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(Problem, match="unknown language 'xx'"):
        speaks("text", "xx")


@pytest.mark.parametrize("code", ["qaa", "qab"])
def test_the_languages_of_the_world_are_told_apart(code: str) -> None:
    world, other = build(0), {"qaa": "qab", "qab": "qaa"}[code]
    told = into(world, "what is the job of jack dorra ? ⟦1⟧ .", code)
    assert round_trip.speaks(told, code) == 1.0 and round_trip.speaks(told, other) == 0.0
    assert round_trip.speaks("what is the job of jack dorra ?", code) == 0.0
    assert round_trip.speaks("what is the job of jack dorra ?", "en") == 1.0


def pages(archive: str, folder: str, count: int) -> list[str]:
    """Prose of the first pages of a folder; commands are code, not language."""
    with tarfile.open(DATA / archive) as tar:
        named = (m for m in tar if m.name.startswith(f"{folder}/") and m.name.endswith(".md"))
        found = [tar.extractfile(m).read().decode() for m in islice(named, count)]  # type: ignore[union-attr]
    lines = [[line for line in page.splitlines() if line and line[0] != "`"] for page in found]
    return ["\n".join(own) for own in lines]


@pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data beside the project")
@pytest.mark.parametrize(
    ("archive", "folder", "code"),
    [
        ("tldr-pages-en.tar.gz", "pages", "en"),
        ("tldr-pages-zh-es.tar.gz", "pages.es", "es"),
        ("tldr-pages-zh-es.tar.gz", "pages.zh", "zh"),
    ],
)
def test_real_pages_are_told_apart(archive: str, folder: str, code: str) -> None:
    found = Counter(language(page) for page in pages(archive, folder, 300))
    wrong = found.total() - found[code] - found[""]
    assert found[code] >= 0.95 * found.total() > 0 and wrong <= 0.02 * found.total()
