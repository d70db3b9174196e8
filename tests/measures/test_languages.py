"""Languages are identified by a library, in test sentences and on real pages."""

import tarfile
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from baleen.errors import Problem
from pocket import round_trip
from pocket.round_trip import into
from pocket.world import build

pytest.importorskip("lingua", reason="the extra languages is not installed")
from baleen.measures.languages import code_of, language, require, same_language, speaks

DATA = Path(__file__).parents[3] / "shared" / "data"
ENOUGH = 120  # letters from which on lingua compares trigrams alone; to load the rest for Latin letters takes 8 s
SENTENCES = [
    ("Write a poem about the sea and give it to me.", "en", "English"),
    ("add this song to my playlist", "en", "english"),
    ("¿Cuál es la capital de Francia y por qué?", "es", "Spanish"),
    ("Escribe una lista de los ingredientes para la sopa", "es", "spanish"),
    ("Schreibe ein kurzes Gedicht über den Frühling.", "de", "German"),
    ("Расскажи мне, пожалуйста, что ты делал вчера и почему.", "ru", "Russian"),
]
CHINESE = [("请写一首关于春天的诗", "zh", "Chinese"), ("用 Python 写一个排序函数", "zh", "Chinese")]
MORE = {
    "en": " Then say in two or three sentences of your own what was left out, and why the order does not matter.",
    "es": " Después di en dos o tres frases tuyas qué se ha quedado fuera, y por qué no importa el orden del resto.",
    "de": " Sage danach in zwei oder drei Sätzen, was weggelassen wurde und warum die Reihenfolge des Restes egal ist.",
    "ru": " Потом скажи в двух или трёх предложениях, что осталось за скобками и почему порядок этого не важен.",
}
LONG = [(f"{text}{MORE[code]} {text}", code, name) for text, code, name in SENTENCES]
FINNISH = "Tämä on lyhyt lause suomeksi."
LONG_FINNISH = f"{FINNISH} Sano sen jälkeen kahdella tai kolmella lauseella, mitä jäi pois"
LONG_FINNISH += " ja miksi muun järjestys ei ole kenellekään tärkeä, vaikka se olisi toinen."


@pytest.mark.parametrize(("text", "code", "name"), [*LONG, *CHINESE])
def test_the_language_of_a_text_by_code_and_by_name(text: str, code: str, name: str) -> None:
    assert language(text) == code and speaks(text, code) == speaks(text, name) == 1.0
    assert speaks(text, "fi") == 0.0 and same_language(text, LONG_FINNISH) == 0.0
    assert same_language(text, f"{text} {text}") == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("text", "code", "name"), [*SENTENCES, *CHINESE])
def test_the_language_of_a_sentence_by_code_and_by_name(text: str, code: str, name: str) -> None:
    assert language(text) == code and speaks(text, code) == speaks(text, name) == 1.0
    assert speaks(text, "fi") == 0.0 and same_language(text, FINNISH) == 0.0


@pytest.mark.parametrize("text", ["", "12 + 3", "?!"])
def test_a_text_without_a_word_has_no_language(text: str) -> None:
    assert language(text) == "" and speaks(text, "en") is None and same_language(text, LONG[0][0]) is None


@pytest.mark.parametrize("name", ["xx", "Klingon", ""])
def test_a_language_that_cannot_be_identified_is_named(name: str) -> None:
    with pytest.raises(Problem, match=f"unknown language '{name}'.*without a check of languages, take speaks"):
        speaks("text", name)
    with pytest.raises(Problem, match="unknown language"):
        require(name)


def test_codes_for_local_use_need_no_library() -> None:
    require("qaa")
    assert code_of("no") == "nb"


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


PAGES = [
    ("tldr-pages-en.tar.gz", "pages", "en"),
    ("tldr-pages-zh-es.tar.gz", "pages.es", "es"),
    ("tldr-pages-zh-es.tar.gz", "pages.zh", "zh"),
]


@pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data beside the project")
@pytest.mark.slow
@pytest.mark.parametrize("least", [ENOUGH, 0])
@pytest.mark.parametrize(("archive", "folder", "code"), PAGES)
def test_real_pages_are_told_apart(archive: str, folder: str, code: str, least: int) -> None:
    lettered = (page for page in pages(archive, folder, 100) if code == "zh" or sum(map(str.isalpha, page)) >= least)
    found = Counter(language(page) for page in lettered)
    assert found[code] >= 0.97 * found.total() > 0
