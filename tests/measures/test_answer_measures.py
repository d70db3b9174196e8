"""Refusals, repetition and distinct-n of answers."""

import pytest

from baleen.measures.answers import distinct_shares, refused, repeated
from baleen.measures.overlap import distinct

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, I cannot provide medical advice.",
    "As an AI language model, I don't have access to real-time data.",
    "I must decline to answer this question.",
    "Unfortunately, I am unable to browse the internet.",
    "Sorry, I can't assist with that request.",
    "Thank you for asking. I cannot answer this question.",
    "I'm not able to open links.",
    "很抱歉，我无法提供这方面的帮助。",
    "作为一个人工智能，我不能回答这个问题。",
    "Lo siento, pero no puedo ayudar con eso.",
]
ANSWERS = [
    "I cannot recall a summer as hot as that of 1911, wrote the farmer in his diary.",
    "Sorry seems to be the hardest word is a song by Elton John.",
    "Penguins cannot fly, but they swim well.",
    "To refuse an invitation politely, thank the host first.",
    "An AI is a program. Assistants help people to write.",
    "You can't give a cat chocolate. It is poisonous.",
    "我们不能忽视这个问题。",
    "",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_seen(text: str) -> None:
    assert refused(text) == 1.0


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_is_no_refusal(text: str) -> None:
    assert refused(text) == 0.0


def test_what_is_said_after_an_answer_is_no_refusal() -> None:
    assert refused("Bread needs flour, water, salt and time. " * 10 + "I cannot help with cakes.") == 0.0


@pytest.mark.parametrize(
    ("text", "share"),
    [("one two three", 0.0), ("a b c d e", 0.0), ("a b c d a b c d", 1 / 5), ("go go go go go go", 2 / 3), ("", 0.0)],
)
def test_repetition_is_the_share_of_four_words_that_stand_before(text: str, share: float) -> None:
    assert repeated(text) == pytest.approx(share)


@pytest.mark.parametrize("texts", [["a b c", "a b d"], ["x y", "x y", "x y"], ["今天天气", "今天"], ["a b c d e f"]])
def test_the_shares_of_all_texts_add_up_to_distinct_2(texts: list[str]) -> None:
    pairs = [pair for pair in distinct_shares(texts) if pair]
    assert sum(a for a, _ in pairs) / sum(b for _, b in pairs) == pytest.approx(distinct(texts, 2))


def test_a_missing_text_has_no_share_and_a_short_one_no_pairs() -> None:
    assert distinct_shares([None, "one"]) == [None, (0.0, 0.0)]
