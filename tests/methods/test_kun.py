"""Kun: phrases that give a text away, in English and Chinese; lessons for two roles that come from the seeds alone."""

import tarfile
from pathlib import Path

import pytest

from baleen.measures.expressions import MEASURES
from baleen.methods import back_and_forth, kun
from baleen.methods.kun import lessons, roles
from baleen.project import layers, recipes
from baleen.tables.rows import Row
from baleen.transforms import TRANSFORMS
from stages.map import MapOptions

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


MADE = [
    *[("The improved version: x", 1), ("改写如下", 1), ("bread is good", 0), ("This web page tells of bread.", 1)],
    *[("A web page is written in HTML.", 0), ("The revised edition is of 1998.", 0), ("The revised answer: x", 1)],
]


@pytest.mark.parametrize(("text", "made"), MADE)
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


@pytest.mark.slow
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


CHINESE = [
    ("介绍一下长城的历史。", "长城始建于春秋战国时期，历代都有修建，全长两万多公里。"),
    ("请用 Python 写一个函数，计算两个数的和。", "def add(a, b): return a + b，这个函数返回两个数的和。"),
    ("列出三种健康的早餐。", "一，燕麦粥加水果。二，全麦面包和鸡蛋。三，豆浆和蔬菜。"),
    ("为什么天空是蓝色的？", "因为大气分子对短波长的蓝光散射得更强，所以我们看到的天空是蓝色的。"),
    ("写一首关于春天的短诗。", "春风吹绿柳，细雨润花开。燕子归来早，衔泥筑旧台。"),
]
TABLE = [
    {"id": f"{n}-{copy}", "origin": "seed", "instruction": asked, "response": answer}
    for copy in range(40)
    for n, (asked, answer) in enumerate(CHINESE)
]


def chinese_lessons(prompt: str, mark: str = "") -> list[tuple[Row, Row]]:
    """The seeds with their lessons of a prompt, and of a mark."""
    pairs = [(row, lesson) for at, row in enumerate(TABLE) for lesson in lessons(row, TABLE[at - 1])]
    return [(row, one) for row, one in pairs if one["prompt"] == prompt and (one["mark"] or "").startswith(mark)]


def test_no_bad_instruction_in_chinese_is_an_intact_one() -> None:
    intact = {asked for asked, _ in CHINESE}
    bad = [lesson["instruction"] for _, lesson in chinese_lessons("point", "Quality: bad")]
    assert len(bad) == len(TABLE) and not intact & {*bad} and len({*bad}) > 50


def test_bad_instructions_in_chinese_are_cut_repeated_shuffled_and_joined() -> None:
    pairs = [(row["instruction"], one["instruction"]) for row, one in chinese_lessons("point", "Quality: bad")]
    kinds = {
        "cut": any(asked.startswith(bad) and len(bad) < len(asked) for asked, bad in pairs),
        "repeated": any(bad == asked * 2 for asked, bad in pairs),
        "shuffled": any(sorted(bad) == sorted(asked) for asked, bad in pairs),
        "joined": any(bad[:4] == asked[:4] and bad[-2:] != asked[-2:] and len(bad) > 6 for asked, bad in pairs),
    }
    assert kinds == dict.fromkeys(kinds, True)


def test_a_text_to_polish_in_chinese_has_a_piece_of_another_or_lacks_its_end() -> None:
    pairs = [(row["response"], one["draft"]) for row, one in chinese_lessons("polish")]
    assert all(answer in draft or answer.startswith(draft) for answer, draft in pairs)
    assert {len(draft) > len(answer) for answer, draft in pairs} == {True, False}
    assert any(0 < len(draft) - len(answer) < 8 for answer, draft in pairs)  # a piece, not the whole of another


@pytest.mark.parametrize("grade", [2, 4])
def test_a_grade_between_bad_and_good_in_chinese_is_an_answer_cut_short(grade: int) -> None:
    pairs = [(row["response"], one["response"]) for row, one in chinese_lessons("pair", f"Grade: {grade}")]
    assert pairs and all(answer.startswith(cut) and 0 < len(cut) < len(answer) for answer, cut in pairs)


@pytest.mark.parametrize("text", [text for pair in CHINESE for text in pair])
def test_the_pieces_of_a_chinese_text_are_the_text(text: str) -> None:
    words, space = kun.pieces(text)
    assert space.join(words) == text and (len(words) > 5 or " " in space)


def test_the_primary_model_learns_the_seeds_alone_where_the_base_is_large() -> None:
    row = {"id": "1", "instruction": "How cold is ice?", "response": "Very."}
    assert kun.seeds(row) == [row | {"prompt": "reply"}]
    line = next(line for line in recipes.lines([Path("recipes/kun.yaml")]) if line.name == "kun-roles")
    applied = {
        name: layers.resolved(MapOptions, line, layers.under(name, layers.current())).apply
        for name in ("pocket", "small", "8b", "paper")
    }
    assert applied == {"pocket": ["kun.roles"], "small": ["kun.roles"], "8b": ["kun.seeds"], "paper": ["kun.seeds"]}
