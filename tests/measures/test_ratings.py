"""A rating is read when a reply plainly says it, and is None when it could be another."""

import time

import pytest

from baleen.measures.ratings import written_rating

PLAIN = [
    "Good.\nScore: 4",
    "Score: 4.0",
    "score: 4",
    "**Score:** 4",
    "**Score**: 4",
    "**Score: 4**",
    "Score: **4**",
    "Score: <4>",
    "Score: `4`",
    "Score: 4/5",
    "Score: 4 / 5.",
    "Score: 4 out of 5",
    "Score: 4 (out of 5)",
    "Score: 4 (very good)",
    "Score: 4 points",
    "Score = 4",
    "Score 4",
    "Good.\n4/5",
    "Good.\n**4 out of 5**",
    "Note: it has 3 parts.\nScore: 4",
    "Score: 4\n\nReasons:\n1. It is clear.\n2. It is complete.",
    "Score is 4.",
    "The score is 4.",
    "Final score: 4",
    "My rating: 4/5",
    "Overall rating: 4 stars",
    "Grade: 4",
    "### Score: 4",
    "### Score\n4",
    "**Final Score:**\n\n**4/5**",
    "- Score: 4",
    "> Score: 4",
    "Score：4",
    "Score: ４",
    "评分：4",
    "评分：４分",
    "最终得分为4分。",
    "综合评分：4/5",
    "理由充分。评分：4",
    "我给这个回答打4分。",
    "スコア：4",
    "評価: 4",
    "점수: 4점",
    "Puntuación: 4",
    "Bewertung: 4",
    "Note : 4/5",
    "Оценка: 4",
    "Score: \\boxed{4}",
    "Score: $\\boxed{4}$",
    "Rating: [[4]]",
    "I'd give this a 4.",
    "I would rate this answer 4 out of 5.",
    "This answer deserves a 4.",
    "It has 3 parts. It is complete. Score: 4",
    "Score: 4\n\nHope this helps!",
    "Score: 4. It is complete.",
    "Score: 4\nI am happy to explain more.",
    "Score: 4\nAs I said:\nScore: 4",
    "Reasons in 3 steps.\n\n---\n\nScore: 4\n\n",
    '{"reason": "ok", "score": 4}',
    '```json\n{"reason": "it has 3 parts", "score": "4/5"}\n```',
    '{"Rating": 4.0}',
    '{"评分": 4}',
]


@pytest.mark.parametrize("reply", PLAIN)
def test_a_rating_is_what_the_reply_plainly_says(reply: str) -> None:
    assert written_rating(reply) == 4.0


AMBIGUOUS = [
    "",
    " \n",
    "4",
    "Good.",
    "Score:",
    "Score: four",
    "Score: 10502",
    "Score: 45",
    "Score: 0",
    "Score: 6",
    "Score: 5.5",
    "Score: -4",
    "Score: 4/10",
    "Score: 4 out of 10",
    "Score: 80%",
    "Score: 4,5",
    "Score: 3, 4",
    "Score: 3-4",
    "Score: 3 or 4",
    "Score: 1-5",
    "Score: 4 because it is good",
    "Score: 3 Score: 4",
    "Score: 3\nScore: 4",
    "Score: 2\nOn reflection:\nScore: 4",
    "Score: 3\nFinal score: 4",
    "Score: 1 if it is bad\nScore: 5 if it is perfect",
    "Score: 1 if it is bad\nScore: 5 if it is perfect\nScore: 4",
    "Score: 1\nScore: 2\nScore: 3\nScore: 4\nScore: 5",
    "1: incomplete\n5: perfect",
    "Score: 4\nOr rather 3.",
    "Score: 4\n\n5",
    "Score\n4\n5",
    "4/5\n3/5",
    "4/10",
    "Score 4 or 5",
    "I would not give this a 4.",
    "I would give this a 4 if it were shorter.",
    "评分：4或5",
    "评分：3\n评分：4",
    "Score: \\boxed{3 or 4}",
    "Rating: [[A]]",
    '{"score": 3, "score": 4}',
    '{"score": 3, "rating": 4}',
    '{"score": true}',
    '{"score": null}',
    '{"score": 45}',
    '{"scores": {"a": 4}}',
    '{"score": 4',
    '[{"score": 4}]',
    "The scores of others were 4.",
    "Underscore: 4 times",
]


@pytest.mark.parametrize("reply", AMBIGUOUS)
def test_a_rating_that_could_be_another_is_none(reply: str) -> None:
    assert written_rating(reply) is None


@pytest.mark.parametrize(("reply", "rating"), [("Score: 0", 0.0), ("Score: 3/3", 3.0), ("Score: 4", None)])
def test_the_scale_is_given(reply: str, rating: float | None) -> None:
    assert written_rating(reply, 0, 3) == rating


UNITS = [
    "Score: 4\n",
    "Score: 4 ",
    "4 ",
    "{",
    '{"score":',
    "[[4]]",
    "score ",
    "给",
    "我给",
    "\\boxed{",
    "1. ",
    "- ",
    "<",
]


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_reply_takes_linear_time(unit: str) -> None:
    begun = time.process_time()
    written_rating(unit * (400_000 // len(unit)))
    assert time.process_time() - begun < 2
