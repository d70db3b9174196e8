"""A ratio of a table is the sum of one measure divided by that of another, with an interval for a paired difference."""

from functools import partial

import pytest

from baleen.errors import Problem
from baleen.measures.evaluation import measured_pairs, sample
from baleen.measures.ratios import figures, parse_ratio
from baleen.tables.rows import Row

RATIO = parse_ratio("a / b")


def ratio(mine: list[Row], theirs: list[Row], cluster: str = "id") -> Row:
    pairs = partial(measured_pairs, ratio=RATIO)
    return figures(sample(mine, pairs, cluster), sample(theirs, pairs, cluster), 0)


def table(*pairs: tuple[float | None, float]) -> list[Row]:
    return [{"id": str(n), "a": a, "b": b, "cell": str(n % 5)} for n, (a, b) in enumerate(pairs)]


def test_a_ratio_of_sums_is_not_the_mean_of_ratios() -> None:
    found = ratio(table((1, 1), (0, 9)), table((1, 2), (1, 2)))
    assert (found["mean"], found["against"], found["difference"]) == (0.1, 0.5, -0.4)


def test_rows_without_a_number_count_as_unread_and_leave_the_tables_unpaired() -> None:
    found = ratio(table((1, 2), (None, 2)), table((1, 2), (1, 2)))
    assert (found["rows"], found["unread"], found["mean"]) == (1, 1, 0.5) and "difference" not in found


def test_nothing_below_is_no_ratio() -> None:
    assert ratio(table((0, 0)), table((0, 0)))["mean"] is None
    nothing = dict.fromkeys(("mean", "standard_error", "against"))
    assert ratio([], []) == {"rows": 0, "unread": 0} | nothing


def test_an_interval_holds_the_difference_and_is_wider_for_fewer_clusters() -> None:
    mine = table(*((n % 3, 3) for n in range(60)))
    theirs = table(*((n % 2, 3) for n in range(60)))
    free, celled = (ratio(mine, theirs, cluster) for cluster in ("id", "cell"))
    for found in (free, celled):
        assert found["low"] <= found["difference"] <= found["high"] and found["paired"]
    assert ratio(mine, mine)["high"] == 0.0


@pytest.mark.parametrize("text", ["a", "a / b / c", "a b", "/ b", "nothing(a) / b"])
def test_what_is_no_ratio_is_a_problem(text: str) -> None:
    with pytest.raises(Problem):
        parse_ratio(text)
