"""Answers that a judge compared in both orders: wins, ties, the judge's habit, and wins at equal length."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from baleen import prompts
from baleen.errors import Problem
from baleen.measures.pairwise import controlled_figures, parse_controlled, second, win
from baleen.measures.ratings import written_choice
from baleen.tables import rows
from stages import evaluate, map

RATE = parse_controlled("win(rating,order) by words(rival) - words(answer)")


@pytest.mark.parametrize(
    ("rating", "order", "won"),
    [(1.0, 1.0, 1.0), (3.0, 1.0, 0.0), (3.0, 2.0, 1.0), (1.0, 2.0, 0.0), (2.0, 1.0, 0.5), (2.0, 2.0, 0.5),
     (1.5, 1.0, 0.75)],
)  # fmt: skip
def test_a_win_is_of_the_rival_wherever_it_stood(rating: float, order: float, won: float) -> None:
    assert win(rating, order) == won


def test_a_judge_that_always_takes_the_second_wins_half() -> None:
    assert [second(3.0), second(1.0), second(2.0)] == [1.0, 0.0, 0.5]
    assert (win(3.0, 1.0) + win(3.0, 2.0)) / 2 == 0.5


@pytest.mark.parametrize(
    ("reply", "rating"),
    [
        ("Both are short.\nVerdict: A", 1.0),
        ("Answer A is longer than answer B.\n\n**Verdict: B**", 3.0),
        ("Neither says more.\nVerdict: C.", 2.0),
        ("Verdict: A or B", None),
        ("I cannot compare them.", None),
    ],
)
def test_a_written_verdict_is_read_or_is_unreadable(reply: str, rating: float | None) -> None:
    prompt = prompts.load("compare")
    assert written_choice(reply, prompt.cue, prompt.choices) == rating


def comparisons(number: int, taste: str) -> list[dict[str, Any]]:
    """Rivals of twice the words half of the time; the judge prefers the longer answer, the rival, or neither."""
    random = Random(0)
    found = []
    for n in range(number):
        mine, theirs = (" ".join(["word"] * random.choice((10, 20))) for _ in range(2))
        longer = (len(theirs) > len(mine)) - (len(theirs) < len(mine))
        prefers = {"longer": longer, "rival": 1, "neither": 0}[taste]
        if random.random() < 0.2:
            prefers = random.choice((-1, 1))
        for order in (1.0, 2.0):
            rating = 2.0 + prefers * (1 if order == 2 else -1)
            found.append(
                {
                    "id": f"{n}-{order}",
                    "pair": str(n),
                    "order": order,
                    "rating": rating,
                    "answer": mine,
                    "rival": theirs,
                }
            )
    return found  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("taste", "low", "high"), [("longer", 0.4, 0.6), ("rival", 0.85, 1.0), ("neither", 0.4, 0.6)])
def test_wins_at_equal_length_do_not_pay_for_words(taste: str, low: float, high: float) -> None:
    figures = controlled_figures(comparisons(200, taste), RATE, "pair", 0)
    assert low < figures["mean"] < high and figures["rows"] == 400
    assert figures["mean_low"] < figures["mean"] < figures["mean_high"]


@pytest.mark.slow
def test_a_rival_that_wins_by_length_alone_loses_it_at_equal_length() -> None:
    table = [row for row in comparisons(200, "longer") if len(row["rival"]) >= len(row["answer"])]
    plain = sum(win(row["rating"], row["order"]) for row in table) / len(table)
    assert controlled_figures(table, RATE, "pair", 0)["mean"] < plain - 0.05


def test_verdicts_that_cannot_be_read_are_counted_and_are_no_tie() -> None:
    table = [row | ({"rating": None} if n < 6 else {}) for n, row in enumerate(comparisons(20, "rival"))]
    figures = controlled_figures(table, RATE, "pair", 0)
    assert (figures["rows"], figures["unread"]) == (34, 6)
    assert controlled_figures(table[:6], RATE, "pair", 0)["mean"] is None


def test_a_rate_that_cannot_be_read_says_how_it_is_written() -> None:
    with pytest.raises(Problem, match=r"write a win rate and two amounts, as in 'win\(rating,order\) by"):
        parse_controlled("win(rating,order) / words(rival)")


@pytest.mark.slow
def test_both_orders_are_rows_of_one_pair_and_evaluate_draws_them_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers = [{"id": str(n), "instruction": "Why?", "answer": "mine", "rival": "theirs"} for n in range(30)]
    rows.write("beside", [*answers, {"id": "x", "instruction": "Why?", "answer": None, "rival": "theirs"}])
    map.main(["orders", "--input", "beside", "--apply", "both_orders"])
    table = list(rows.read(Path("data/orders.parquet")))
    assert len(table) == 60 and len({row["id"] for row in table}) == 60
    assert [(row["pair"], row["order"], row["first"], row["second"]) for row in table[:2]] == [
        ("0", 1.0, "theirs", "mine"),
        ("0", 2.0, "mine", "theirs"),
    ]
    rows.write("judged", [row | {"rating": 1.0 if row["order"] == 1 or int(row["pair"]) % 2 else 3.0} for row in table])
    flags = ["--mean", "win(rating,order)", "--mean", "second(rating)", "--cluster", "pair"]
    evaluate.main(["eval", "--input", "judged", "--against", "judged", *flags, "--controlled", RATE.text])

    figures = json.loads(Path("data/eval.json").read_text())["groups"]["all"]
    assert figures["win(rating,order)"]["mean"] == 0.75 and figures["second(rating)"]["mean"] == 0.25
    assert figures["win(rating,order)"]["mean_low"] < 0.75 < figures["win(rating,order)"]["mean_high"]
    assert figures[RATE.text]["rows"] == 60


def test_distinct_word_pairs_are_a_figure_of_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.chdir(tmp_path)
    same = [{"id": str(n), "answer": "one two three"} for n in range(10)]
    other = [row | {"answer": f"{row['id']} a{row['id']} b{row['id']}"} for row in same]
    for name, table in (("same", same), ("other", other)):
        rows.write(name, table)
    flags = ["--mean", "words(answer)", "--distinct", "answer"]
    evaluate.main(["eval", "--input", "same", "--against", "other", *flags])
    figures = json.loads(Path("data/eval.json").read_text())["groups"]["all"]["distinct_2(answer)"]
    assert (figures["mean"], figures["against"], figures["difference"]) == (0.1, 1.0, -0.9)
