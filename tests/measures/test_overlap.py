import pytest

from baleen.measures.overlap import content_words, distinct, grounded

SUPPORT = [  # text, source, share
    ("Anna is a baker in Rome", "Anna, a baker, lives in Rome.", 1.0),
    ("Anna is a pilot in Rome", "Anna, a baker, lives in Rome.", 2 / 3),
    ("the of is", "nothing of it", 1.0),
    ("", "x", 1.0),
    ("cook for 30 minutes", "30 minutes", 2 / 3),
    ("安娜是面包师", "安娜是一个面包师。", 1.0),
    ("安娜是飞行员", "安娜是一个面包师。", 0.5),
    ('{"name": "Anna", "cost": "$5"}', "Anna costs $5, by name", 0.75),
]


@pytest.mark.parametrize(("text", "source", "share"), SUPPORT)
def test_support_is_the_share_of_content_words_that_stand_in_the_source(text: str, source: str, share: float) -> None:
    assert grounded(text, source) == pytest.approx(share)


def test_content_words_are_long_words_numbers_and_characters() -> None:
    assert content_words("The 3 bakers of 罗马, and an owl") == ["3", "bakers", "罗", "马"]


def test_a_model_that_says_the_same_to_everybody_has_hardly_any_distinct_grams() -> None:
    assert distinct(["what is the job of anna ?"] * 100) == pytest.approx(0.01)
    assert distinct(["one two three", "four five six"]) == 1.0
    assert distinct([]) == 0.0
