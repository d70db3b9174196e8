"""Kun: phrases that give a text away, in English and Chinese; lessons for two roles that come from the seeds alone."""

import tarfile
from pathlib import Path

import pytest

from baleen.measures.expressions import MEASURES
from baleen.methods import back_and_forth, kun
from baleen.methods.kun import lessons, roles
from baleen.transforms import TRANSFORMS

SEEDS = [
    {
        "id": str(i),
        "origin": "seed",
        "instruction": f"what does {name} do ?",
        "response": f"{name} bakes {thing} all day .",
    }
    for i, (name, thing) in enumerate([("anna", "bread"), ("ben", "cake"), ("clara", "pies"), ("emma", "buns")])
]
ELSEWHERE = [
    ("summarise the article above", 1),
    ("List the keywords of this Text", 2),
    ("根据材料回答问题", 2),
    ("请写一篇关于春天的诗", 0),
    ("write a poem on spring", 0),
    ("what is contextual grammar ?", 0),  # a word inside a word is not meant
    ("newsletters are fine", 0),
    ("compare the two articles and their pictures", 2),
    ("打开URL并总结text内容", 2),  # Chinese leaves no space round an English word
    ("用context写一句话", 0),
    ("", 0),
]


@pytest.mark.parametrize(("text", "count"), ELSEWHERE)
def test_an_instruction_that_points_at_what_is_not_there_is_seen(text: str, count: int) -> None:
    assert kun.elsewhere(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("As an AI I cannot", 1),
        ("Sorry, sorry.", 2),
        ("作为一个人工智能，抱歉", 2),
        ("it was in 2023 .", 1),
        ("fine", 0),
    ],
)
def test_an_answer_that_excuses_itself_is_seen(text: str, count: int) -> None:
    assert kun.excuses(text) == count


@pytest.mark.parametrize(("text", "made"), [("The improved version: x", 1), ("改写如下", 1), ("bread is good", 0)])
def test_an_answer_that_speaks_of_its_making_is_seen(text: str, made: int) -> None:
    assert back_and_forth.making(text) == made


@pytest.mark.parametrize(
    ("text", "stutters"),
    [
        ("ha " * 6 + "x", 1),
        ("ha " * 5 + "x", 0),
        ("好好好好好好好", 1),
        ("x" + "ha" * 9, 0),
        ("", 0),
        ("a\nb\n" * 7, 1),
    ],
)
def test_a_text_that_begins_by_saying_one_thing_over_and_over_stutters(text: str, stutters: int) -> None:
    assert kun.stutters(text) == stutters


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("one\none\ntwo", "one\ntwo"),
        ("ask this      and that", "ask this"),
        ("  plain  ", "plain"),
        ("a\n\nb\n\nc", "a\n\nb\n\nc"),
        ("写一首诗\n写一首诗", "写一首诗"),
        ("", ""),
    ],
)
def test_a_tidy_instruction_says_things_once(text: str, tidy: str) -> None:
    assert kun.tidied(text) == tidy


def test_an_instruction_that_is_empty_when_tidied_leaves_with_a_reason() -> None:
    transform = TRANSFORMS["kun.tidy"].function
    assert transform and transform({"id": "a", "instruction": "  \n "}) == "empty instruction"


def test_every_seed_gives_five_lessons_and_keeps_its_answer() -> None:
    made = [row for row, reason in roles(SEEDS) if not reason]
    assert len(made) == 5 * len(SEEDS) == len({row["id"] for row in made})
    for row in made:
        if row["prompt"] in ("reply", "polish"):
            assert row["response"] in {seed["response"] for seed in SEEDS}
        assert (row["draft"] is not None) == (row["prompt"] == "polish")
        assert (row["mark"] is not None) == (row["prompt"] in ("point", "pair"))


def test_the_words_of_a_lesson_are_words_of_seeds() -> None:
    known = {word for seed in SEEDS for text in (seed["instruction"], seed["response"]) for word in text.split()}
    said = [text for row, _ in roles(SEEDS) for text in (row["instruction"], row["response"], row["draft"] or "")]
    assert {word for text in said for word in text.split()} <= known


def test_a_spoilt_instruction_is_never_the_seeds_own() -> None:
    for at, seed in enumerate(SEEDS):
        bad = [row for row in lessons(seed, SEEDS[at - 1]) if row["mark"] == "Quality: bad"]
        assert bad and all(row["instruction"] != seed["instruction"] for row in bad)


def test_the_same_seeds_give_the_same_lessons() -> None:
    assert roles(SEEDS) == roles([dict(seed) for seed in SEEDS])


def test_the_rules_hold_on_real_chinese_pages() -> None:
    archive = Path(__file__).parents[3] / "shared/data/tldr-pages-zh-es.tar.gz"
    if not archive.is_file():
        pytest.skip("the Chinese pages are not at hand")
    with tarfile.open(archive) as tar:
        pages = [
            tar.extractfile(m).read().decode() for m in tar if m.isfile() and ".zh" in m.name and m.name.endswith(".md")
        ]  # type: ignore[union-attr]
    assert len(pages) > 1000
    pointing = sum(kun.elsewhere(page) > 0 for page in pages) / len(pages)
    assert 0.05 < pointing < 0.95 and not any(kun.stutters(page) for page in pages)
    assert all(MEASURES["words"](page) > MEASURES["words"](page.split("\n")[0]) for page in pages)
