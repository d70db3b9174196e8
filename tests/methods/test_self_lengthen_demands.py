"""Length demands hold for the text they are made of, in English and Chinese; LonGen's score on a table."""

import re

import pytest

from baleen.measures.words import words
from baleen.methods.self_lengthen import allowed, demand, fitting, kept_to, length_score, limit_of, numeral, worded

SCORES = [
    ("about 1000", 1000, 1.0),
    ("about 1000", 800, 1.0),
    ("about 1000", 1200, 1.0),
    ("about 1000", 600, 0.5),
    ("about 1000", 400, 0.0),
    ("about 1000", 1500, 0.5),
    ("about 1000", 1800, 0.0),
    ("about 1000", 9000, 0.0),
    ("about 1000", 0, 0.0),
    ("range 2000 4000", 2000, 1.0),
    ("range 2000 4000", 4000, 1.0),
    ("range 2000 4000", 1500, 0.5),
    ("range 2000 4000", 5000, 0.5),
    ("above 2000", 2000, 1.0),
    ("above 2000", 3000, 1.0),
    ("above 2000", 1500, 0.5),
    ("above 2000", 3750, 0.5),
    ("above 2000", 4500, 0.0),
    ("below 2000", 2000, 1.0),
    ("below 2000", 1000, 1.0),
    ("below 2000", 750, 0.5),
    ("below 2000", 2500, 0.5),
    ("below 2000", 3000, 0.0),
]


@pytest.mark.parametrize(("limit", "length", "score"), SCORES)
def test_the_length_score_is_longens(limit: str, length: int, score: float) -> None:
    assert kept_to(length, limit) == pytest.approx(score)
    assert length_score(limit, "字" * length) == pytest.approx(score)
    assert length_score(limit, "word " * length) == pytest.approx(score)


@pytest.mark.parametrize(
    "limit",
    ["", "about", "range 3", "about 3 4", "over 3", "about x", "below", "above 1 2 3", "3", "about,3", "range a b"],
)
def test_a_limit_that_cannot_be_read_is_no_score(limit: str) -> None:
    with pytest.raises(ValueError):
        allowed(limit)


@pytest.mark.parametrize("step", [10, 1000])
def test_every_demand_holds_for_its_text(step: int) -> None:
    for n in range(600):
        length = step + n * step // 83
        limit = limit_of(length, step, str(n))
        assert kept_to(length, limit) == 1.0, (length, limit)
        kind, *bounds = limit.split()
        low, high = int(bounds[0]), int(bounds[-1])
        assert low % step == high % step == 0 and low > 0
        assert kind != "above" or length > low
        assert kind != "below" or length < high
        assert kind != "range" or low <= length < high


def test_the_kinds_have_the_shares_of_the_release_where_all_of_them_hold() -> None:
    kinds = [limit_of(5400, 1000, str(n)).split()[0] for n in range(4000)]
    shares = {kind: kinds.count(kind) / 4000 for kind in ("about", "range", "above", "below")}
    assert shares == pytest.approx({"about": 0.40, "range": 0.25, "above": 0.10, "below": 0.25}, abs=0.03)


def test_a_fifth_of_the_bounds_are_rounded_to_two_steps() -> None:
    ranges = [bounds for n in range(4000) if (bounds := limit_of(5400, 1000, str(n)).split())[0] == "range"]
    assert sum(int(high) - int(low) == 2000 for _, low, high in ranges) / len(ranges) == pytest.approx(0.2, abs=0.03)


def parse_demand(said: str) -> tuple[str, list[int]]:
    """Direction and numbers of a demand, parsed by words that the tested code does not use."""
    signs = {
        "above": "more than|over|超过|以上",
        "below": "less than|under|少于|以内",
        "about": "about|around|大约|左右",
    }
    kind = next((kind for kind, sign in signs.items() if re.search(sign, said)), "range")
    return kind, [int(n) for n in re.findall(r"\d+", said)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("limit", ["about 3000", "range 3000 4000", "above 3000", "below 4000"])
def test_more_than_has_the_lower_and_less_than_the_upper_bound_in_both_languages(limit: str, language: str) -> None:
    said = {worded(limit, language, str(n)) for n in range(60)}
    plain = {s for s in said if re.search(r"\d", s)}
    assert len(plain) == 2
    for sentence in plain:
        kind, *bounds = limit.split()
        assert parse_demand(sentence) == (kind, [int(b) for b in bounds])
    spelt = said - plain
    assert bool(spelt) == (language == "zh")
    assert all(numeral(int(bound)) in sentence for sentence in spelt for bound in limit.split()[1:])


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (30, "三十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (200, "两百"),
        (2000, "两千"),
        (2020, "两千零二十"),
        (3500, "三千五百"),
        (8000, "八千"),
        (9999, "九千九百九十九"),
        (1001, "一千零一"),
    ],
)
def test_numbers_are_spelt_in_chinese(number: int, said: str) -> None:
    assert numeral(number) == said


TEXTS = [
    ("write a story .", "word " * 57, "en"),
    ("写一个故事。", "字" * 57, "zh"),
    ('use {"a": "$1"}', "w " * 33, "en"),
]


@pytest.mark.parametrize(("asked", "text", "language"), TEXTS)
def test_the_demand_stands_after_the_instruction_in_its_language(asked: str, text: str, language: str) -> None:
    for n in range(40):
        (made,) = demand({"id": str(n), "instruction": asked, "response": text}, 10)
        said = made["instruction"].removeprefix(asked)
        assert said and ("字" in said) == (language == "zh")
        assert length_score(made["limit"], text) == 1.0 and made["response"] == text


def test_a_text_under_a_step_leaves_with_a_reason() -> None:
    assert demand({"id": "a", "instruction": "x", "response": "one two"}, 10) == "under 10 words"
    assert words("one two") == 2


@pytest.mark.parametrize(("length", "step"), [(7105, 1000), (2000, 1000), (1999, 100), (205, 100), (45, 10), (7, 1)])
def test_the_step_of_a_demand_fits_the_length(length: int, step: int) -> None:
    assert fitting(length) == step
    (made,) = demand({"id": "a", "instruction": "Write.", "response": "word " * length}, 0)
    assert all(int(bound) % step == 0 for bound in made["limit"].split()[1:])
