import pytest

from baleen.errors import Problem
from baleen.measures.expressions import MEASURES, is_share, parse_condition, parse_value
from baleen.tables.rows import Row

VALUES: list[tuple[str, Row, float | None]] = [
    ("worst", {"worst": 2.5}, 2.5),
    ("worst", {"worst": None}, None),
    ("worst", {"worst": float("nan")}, None),
    ("worst", {"worst": float("-inf")}, None),
    ("cosine(a,b)", {"a": [float("nan")], "b": [1.0]}, None),
    ("chars(response)", {"response": "abc d"}, 5),
    ("words(response)", {"response": "two words"}, 2),
    ("words(response)", {"response": "用中文 and two"}, 5),
    ("words(response)", {"response": ""}, 0),
    ("copied(a, b)", {"a": "the cat sat on", "b": "yes the cat sat on it"}, 1.0),
    ("copied(a,b)", {"a": "the cat sat down", "b": "the cat sat on it"}, 0.5),
    ("copied(a,b)", {"a": "", "b": "x"}, 0.0),
    ("same(a,b)", {"a": "x ", "b": "x"}, 1.0),
]


@pytest.mark.parametrize(("text", "row", "number"), VALUES)
def test_a_value_is_a_column_or_a_measure_of_columns(text: str, row: Row, number: float | None) -> None:
    assert parse_value(text).of(row) == number


def test_chance_is_uniform_and_depends_on_the_text_alone() -> None:
    drawn = [parse_value("chance(id)").of({"id": str(i)}) or 0.0 for i in range(2000)]
    assert drawn[7] == parse_value("chance(id)").of({"id": "7"})
    assert all(0 <= x < 1 for x in drawn)
    assert abs(sum(drawn) / len(drawn) - 0.5) < 0.03


CONDITIONS = [
    ("rating>=4", 4.0, None),
    ("rating>=4", 3.9, "not rating>=4"),
    ("rating >= 4.5", 4.0, "not rating >= 4.5"),
    ("rating<4", 4.0, "not rating<4"),
    ("rating==5", 5.0, None),
    ("rating>=4", None, "rating unreadable"),
    ("rating>=4", float("inf"), "rating unreadable"),
    ("rating<4", float("nan"), "rating unreadable"),
]


@pytest.mark.parametrize(("text", "rating", "reason"), CONDITIONS)
def test_a_condition_says_why_a_row_leaves(text: str, rating: float | None, reason: str | None) -> None:
    assert parse_condition(text).reason({"rating": rating}) == reason


MISTAKES = [
    ("score=>4", "cannot read condition 'score=>4'; write it like 'rating>=4.5'"),
    ("rating>=high", "cannot read condition"),
    ("rating", "cannot read condition"),
    ("wrods(response)>2", "unknown measure 'wrods'; did you mean 'words'"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_condition_that_cannot_be_read_says_how_to_write_it(text: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        parse_condition(text)


@pytest.mark.parametrize(
    ("a", "b", "cosine"), [([1.0, 0.0], [2.0, 0.0], 1.0), ([1.0, 0.0], [0.0, 3.0], 0.0), ([0.0], [1.0], 0.0)]
)
def test_cosine_is_of_the_angle_alone(a: list[float], b: list[float], cosine: float) -> None:
    assert parse_value("cosine(a,b)").of({"a": a, "b": b}) == pytest.approx(cosine)


@pytest.mark.parametrize(
    ("text", "other", "apart"),
    [("a b c", "c b a", 0.0), ("a b", "c d", 1.0), ("a a b", "a b b", 1 / 3), ("你好", "好你", 0.0), ("", "", 1.0)],
)
def test_disagreement_is_of_the_words_that_are_not_shared(text: str, other: str, apart: float) -> None:
    assert parse_value("disagreement(a,b)").of({"a": text, "b": other}) == pytest.approx(apart)


AMOUNTS = {"chars", "words", "count", "ratio", "bleu", "chrf", "rouge", "pocket.told", "self_lengthen.growth"} | {
    "kun.elsewhere", "kun.excuses", "tegit.designing", "back_and_forth.making", "evol_instruct.content",
    "evol_instruct.prompt_words", "linguist_spans.hits", "linguist_spans.total",
    "instructions_followed", "instructions_followed_loosely", "refusals", "meta_phrases", "emails", "phones",
    "access_keys", "personal",
}  # fmt: skip


def test_every_measure_but_these_is_a_share() -> None:
    assert {name for name in MEASURES if not is_share(f"{name}(a)")} == AMOUNTS and not is_share("loss")
