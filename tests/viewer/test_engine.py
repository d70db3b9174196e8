"""Works are computed once, in the background when they take long, and forgotten when they are too many."""

import threading

import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")

import numpy as np

from baleen.viewer import engine
from baleen.viewer.engine import Engine, GivenUp, Pending, Work, in_order


def test_a_work_is_computed_once() -> None:
    calls, one = list[int](), Engine(10.0)
    assert [one.result("a", lambda _: calls.append(1) or 7) for _ in range(3)] == [7, 7, 7] and calls == [1]  # type: ignore[func-returns-value]


def test_a_work_that_failed_is_begun_again() -> None:
    one = Engine(10.0)
    with pytest.raises(ZeroDivisionError):
        one.result("a", lambda _: 1 / 0)
    assert one.result("a", lambda _: 1) == 1


def test_a_long_work_is_pending_with_what_it_has_so_far() -> None:
    begun, free, one = threading.Event(), threading.Event(), Engine(0.01)

    def compute(work: Work) -> str:
        work.report(0.5, np.arange(3))
        begun.set()
        free.wait(10)
        return "done"

    one.start("a", compute)
    begun.wait(10)
    with pytest.raises(Pending) as pending:
        one.result("a", compute)
    assert pending.value.share == 0.5 and list(pending.value.rows) == [0, 1, 2]
    free.set()
    one.wait = 10.0
    assert one.result("a", compute) == "done"


def test_a_search_that_nobody_wants_any_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FORGOTTEN", 0.0)
    with pytest.raises(GivenUp):
        Work().report(0.1, np.zeros(0))


def test_results_are_forgotten_by_their_bytes_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "KEPT", 2500)
    one, calls = Engine(10.0), list[str]()
    for name in ("a", "b", "a", "c", "a", "b"):
        one.result(name, lambda _, name=name: (calls.append(name), np.zeros(125))[1])
    assert calls == ["a", "b", "c", "b"]


@pytest.mark.parametrize("kinds", [1, 5, 10**9])
@pytest.mark.parametrize("size", [0, 1, 2, 3000])
def test_equal_values_stay_in_their_order(size: int, kinds: int) -> None:
    values = np.random.default_rng(size).integers(0, kinds, size)
    for one in (values, values.astype(np.float64), values.astype(np.uint64) << np.uint64(34)):
        assert in_order(one).tolist() == sorted(range(size), key=lambda n: one[n])
