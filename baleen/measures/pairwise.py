"""Pairs of answers that a judge has compared in both orders: win rate, and win rate at equal length.

A row is one comparison: `order` is 1 when the rival stood first and 2 when it stood second, `rating` what the judge
said, from 1 (the first is better) over the middle (a tie) to 3 (the second is better).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baleen.errors import Problem
from baleen.measures.expressions import Value, parse_value
from baleen.measures.statistics import LEVEL, Numbers
from baleen.tables.rows import Row

__all__ = ["second", "win"]

DRAWS = 500  # of the bootstrap: a regression is fitted to each
STEPS = 12  # of Newton's method
RIDGE = 1e-3  # keeps a judge that always prefers one side from an endless coefficient


def win(rating: float, order: float) -> float:
    """1.0 when the rival's answer was preferred, 0.5 for a tie, 0.0 when the other was; between them for an expected
    rating."""
    return (rating - 1) / 2 if round(order) == 2 else (3 - rating) / 2


def second(rating: float) -> float:
    """1.0 when the answer that stood second was preferred: over both orders 0.5 for a judge without a habit."""
    return (rating - 1) / 2


@dataclass(frozen=True)
class Controlled:
    """A win rate and the two amounts whose difference it is freed of, as they are written."""

    text: str
    win: Value
    mine: Value
    theirs: Value

    def known(self, table: Sequence[Row]) -> list[tuple[int, float, float]]:
        """(place, win, difference of the amounts) of each row that has all three."""
        values = [(self.win.of(row), self.mine.of(row), self.theirs.of(row)) for row in table]
        return [
            (n, w, a - b) for n, (w, a, b) in enumerate(values) if w is not None and a is not None and b is not None
        ]


def parse_controlled(text: str) -> Controlled:
    """Parse 'win(rating,order) by words(rival) - words(answer)'."""
    match = re.fullmatch(r"(.+?)\s+by\s+(.+?)\s+-\s+(.+)", text.strip())
    if not match:
        raise Problem(
            f"cannot read {text!r}; write a win rate and two amounts, as in 'win(rating,order) by words(a) - words(b)'"
        )
    return Controlled(text, *(parse_value(part) for part in match.groups()))


def controlled_figures(table: Sequence[Row], rate: Controlled, cluster: str, seed: int) -> Row:
    """The win rate that a logistic regression on the tanh of the standardised difference in length gives for equal
    lengths (AlpacaEval 2, arXiv:2404.04475, without the difficulty of instructions), with its 95 % bootstrap interval
    over whole clusters."""
    known = rate.known(table)
    found: Row = {"rows": len(known), "unread": len(table) - len(known), "mean": None, "standard_error": None}
    found |= {"against": 0.5}
    if len(known) < 2:
        return found
    wins, gaps = (np.array([one[k] for one in known], float) for k in (1, 2))
    spread = gaps.std()
    shape = np.tanh(gaps / spread) if spread else np.zeros_like(gaps)
    _, places = np.unique([str(table[n][cluster]) for n, _, _ in known], return_inverse=True)
    rows_of = [np.flatnonzero(places == one) for one in range(int(places.max()) + 1)]
    drawn = np.random.default_rng(seed).integers(0, len(rows_of), (DRAWS, len(rows_of)))
    samples = [np.concatenate([rows_of[one] for one in some]) for some in drawn]
    rates = np.array([at_equal_length(wins[some], shape[some]) for some in samples])
    low, high = np.quantile(rates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    figures = {"mean": at_equal_length(wins, shape), "standard_error": rates.std(), "mean_low": low, "mean_high": high}
    return found | {name: round(float(number), 4) for name, number in figures.items()}


def at_equal_length(wins: Numbers, shape: Numbers) -> float:
    """The win rate where `shape` is 0, by logistic regression of wins from 0 to 1 (Newton's method)."""
    columns = np.stack([np.ones_like(shape), shape], axis=1)
    weights = np.zeros(2)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (wins - p) / len(wins) - RIDGE * weights
        curve = (columns * (p * (1 - p))[:, None]).T @ columns / len(wins) + RIDGE * np.eye(2)
        weights = weights + np.clip(np.linalg.solve(curve, slope), -3, 3)
    return float(1 / (1 + np.exp(-weights[0])))
