import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from echo import Echo
from processes import process_context

from baleen.engines.protocol import TOO_LONG, Engine, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo import segments, throughput
from baleen.memo.ask import Answer, AskOptions, EngineQuery, IsUnreadable, RateInterval, ask
from baleen.memo.store import Memo
from baleen.memo.totals import Totals
from baleen.project.progress import Progress

SAMPLING = Sampling()
SMALL = RateInterval(replies=4, seconds=1e9)


def texts(*words: str) -> list[Request]:
    return [Request((("user", word),)) for word in words]


def numbers(*numbers: int) -> list[Request]:
    return texts(*map(str, numbers))


def ask_echo(
    root: Path,
    requests: Sequence[Request],
    echo: Echo | None = None,
    kind: str = "generate",
    window: int = 8,
    every: RateInterval = SMALL,
    sampling: Sampling = SAMPLING,
    budget: int | None = None,
    progress: Progress | None = None,
    is_unreadable: IsUnreadable | None = None,
) -> list[Answer]:
    echo = echo or Echo(root / "log")
    drawn = sampling if kind == "generate" else None
    query = EngineQuery(echo.kind, echo.identity, lambda: echo, kind, drawn)
    return list(ask(Memo(root), query, requests, AskOptions(window, every, budget, progress, is_unreadable)))


def replies(answers: list[Answer]) -> list[str]:
    return [reply.text for _, reply, _, _ in answers]


def queried(root: Path) -> list[str]:
    """What the engine was queried for, in order."""
    log = root / "log"
    return log.read_text().split("\n")[:-1] if log.exists() else []


def no_engine() -> Engine:
    raise AssertionError("an engine was built although nothing is missing")


NO_ENGINE = EngineQuery("echo/1", "model", no_engine, "generate", SAMPLING)


def test_answers_come_in_the_order_asked(tmp_path: Path) -> None:
    requests = numbers(*range(50))
    answers = ask_echo(tmp_path, requests)
    assert [request for request, *_ in answers] == requests
    assert replies(answers) == [str(n) for n in range(50)]
    assert sorted(queried(tmp_path), key=int) == [str(n) for n in range(50)]


def test_a_second_run_pays_nothing_and_builds_no_engine(tmp_path: Path) -> None:
    first = ask_echo(tmp_path, numbers(*range(50)))
    second = list(ask(Memo(tmp_path), NO_ENGINE, numbers(*range(50))))
    assert [answer[:3] for answer in first] == [answer[:3] for answer in second]
    assert {hit for *_, hit in first} == {False} and {hit for *_, hit in second} == {True}


def test_nothing_asked_builds_no_engine(tmp_path: Path) -> None:
    assert list(ask(Memo(tmp_path), NO_ENGINE, [])) == []


@pytest.mark.parametrize("order", [range(29, -1, -1), range(5, 40), [*range(15), 99, *range(15, 30)]])
def test_reordered_or_longer_tables_pay_only_for_new_rows(tmp_path: Path, order: Sequence[int]) -> None:
    ask_echo(tmp_path, numbers(*range(30)))
    assert replies(ask_echo(tmp_path, numbers(*order), window=7)) == [str(n) for n in order]
    assert sorted(queried(tmp_path)) == sorted(str(n) for n in {*range(30), *order})


def test_equal_requests_are_paid_once_in_a_window_and_across_windows(tmp_path: Path) -> None:
    answers = ask_echo(tmp_path, numbers(1, 1, 2, 1, 2, 2), window=3)
    assert [hit for *_, hit in answers] == [False, True, False, True, True, True]
    assert sorted(queried(tmp_path)) == ["1", "2"]


def test_scattered_misses_are_gathered_for_one_call(tmp_path: Path) -> None:
    ask_echo(tmp_path, numbers(*[n for n in range(64) if n % 8]))
    sizes: list[int] = []

    @dataclass
    class Counting(Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
            sizes.append(len(requests))
            return super().generate(requests, sampling)

    ask_echo(tmp_path, numbers(*range(64)), Counting(tmp_path / "log"), window=8)
    assert sizes == [8]


@pytest.mark.parametrize(("passing", "pays"), [(False, [8]), (True, [8, 8])])
def test_what_only_this_server_cannot_read_is_asked_again(tmp_path: Path, passing: bool, pays: list[int]) -> None:
    sizes = list[int]()

    @dataclass
    class Short(Echo):
        def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
            sizes.append(len(requests))
            return ((index, replace(TOO_LONG, passing=passing)) for index, _ in enumerate(requests))

    for _ in range(2):
        assert {reply for _, reply, *_ in ask_echo(tmp_path, numbers(*range(8)), Short(tmp_path / "log"))} == {TOO_LONG}
    assert sizes == pays


def test_a_kind_of_question_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="did you mean 'loss'"):
        ask_echo(tmp_path, numbers(1), kind="los")


@pytest.mark.parametrize(
    ("first", "then", "pays"),
    [
        (2, 2, False),  # cut off at 2, and asked for 2 again
        (2, 3, True),  # cut off is not reused when the limit grows
        (3, 2, True),  # nor when it shrinks
        (9, 20, False),  # finished is reused when the limit grows
        (9, 5, False),  # and when it shrinks but the reply still fits
        (9, 4, True),  # not when it might not have finished there
        (9, 3, True),
        (4, 4, False),
    ],
)
def test_a_reply_serves_another_limit_only_when_it_had_finished(
    tmp_path: Path, first: int, then: int, pays: bool
) -> None:
    sentence = texts("one two three four")
    ask_echo(tmp_path, sentence, sampling=Sampling(max_tokens=first))
    ((_, reply, _, hit),) = ask_echo(tmp_path, sentence, sampling=Sampling(max_tokens=then))
    assert hit is not pays
    assert reply.text == " ".join("ONE TWO THREE FOUR".split()[:then])


def test_replies_cut_off_at_different_limits_live_side_by_side(tmp_path: Path) -> None:
    for limit in (2, 3, 9, 2, 3, 9):
        ask_echo(tmp_path, texts("one two three four"), sampling=Sampling(max_tokens=limit))
    assert len(queried(tmp_path)) == 3


def test_the_key_told_is_that_of_the_record(tmp_path: Path) -> None:
    answers = ask_echo(tmp_path, texts("one", "one two three"), sampling=Sampling(max_tokens=2))
    assert len(Memo(tmp_path).get(key for _, _, key, _ in answers)) == 2


@pytest.mark.parametrize("kind", ["loss", "choose"])
def test_graded_and_weighed_answers_come_back_exactly(tmp_path: Path, kind: str) -> None:
    requests = [Request((("user", "q"),), answer=str(n), choices=("1", "2", "3")[: n % 3 + 1]) for n in range(5)]
    first, second = (ask_echo(tmp_path, requests, kind=kind) for _ in range(2))
    assert [reply for _, reply, _, _ in first] == [reply for _, reply, _, _ in second]
    assert all(reply.values for _, reply, _, _ in first)


def test_cached_tokens_are_told_when_paid_for_and_forgotten_by_the_memo(tmp_path: Path) -> None:
    requests = [Request((("user", str(n)),), choices=("1", "2")) for n in range(3)]
    first, second = ask_echo(tmp_path, requests, kind="choose"), ask_echo(tmp_path, requests, kind="choose")
    assert [reply.cached_tokens for _, reply, _, _ in first] == [0, 1, 2]
    assert [reply.cached_tokens for _, reply, _, _ in second] == [0, 0, 0]
    kept = Memo(tmp_path).get(key for _, _, key, _ in first)
    assert len(kept) == 3 and not any("cached_tokens" in value for value in kept.values())


def test_an_engine_that_fails_leaves_what_was_paid_and_no_error(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        ask_echo(tmp_path, numbers(*range(20)), Echo(tmp_path / "log", fails_at=6), window=20)
    answers = ask_echo(tmp_path, numbers(*range(20)), window=20)
    assert sum(hit for *_, hit in answers) == 6
    assert len(queried(tmp_path)) == 20


def test_a_request_left_unanswered_is_a_problem_and_the_rest_is_kept(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no reply to 1 of 8 requests"):
        ask_echo(tmp_path, numbers(*range(8)), Echo(tmp_path / "log", skips=3))
    ask_echo(tmp_path, numbers(*range(8)))
    assert len(queried(tmp_path)) == 8


@dataclass
class Batching(Echo):
    """Gives its replies four at a time; the next four take as long as writing the last."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        memo, before = Memo(self.log.parent), segments.count_records(Memo(self.log.parent))
        for number, answer in enumerate(super().generate(requests, sampling)):
            deadline = time.monotonic() + 300
            while number % 4 == 0 and segments.count_records(memo) < before + number:
                assert time.monotonic() < deadline, "nothing is written while the engine works"
            yield answer


def test_replies_are_written_while_the_engine_works_on_the_next(tmp_path: Path) -> None:
    ask_echo(tmp_path, numbers(*range(20)), Batching(tmp_path / "log"), window=20)
    assert segments.count_records(Memo(tmp_path)) == 20


@dataclass
class Batches(Echo):
    """Says when a batch of 400 begins, and counts what is in the memo then."""

    before_batch: Callable[[], object] = bool
    stored: list[int] = field(default_factory=list)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        memo = Memo(self.log.parent)
        for number, answer in enumerate(super().generate(requests, sampling)):
            if number % 400 == 0:
                self.before_batch()
                self.stored.append(segments.count_records(memo))
            yield answer


@pytest.mark.slow
def test_all_replies_of_a_batch_are_in_the_memo_before_the_next_begins(tmp_path: Path) -> None:
    engine = Batches(tmp_path / "log")
    ask_echo(tmp_path, numbers(*range(1600)), engine, window=1600)
    assert engine.stored == [0, 400, 800, 1200]


def run_and_die(root: Path, dies_at: int) -> None:
    ask_echo(root, numbers(*range(40)), Batching(root / "log", dies_at=dies_at), window=40)


@pytest.mark.parametrize("dies_at", [0, 3, 17, 39])
def test_kill_9_loses_at_most_the_batch_in_flight(tmp_path: Path, dies_at: int) -> None:
    dying = process_context().Process(target=run_and_die, args=(tmp_path, dies_at))
    dying.start()
    dying.join()
    assert dying.exitcode == -signal.SIGKILL
    answers = ask_echo(tmp_path, numbers(*range(40)), window=40)
    assert replies(answers) == [str(n) for n in range(40)]
    assert len(queried(tmp_path)) <= 40 + 4
    assert max(0, dies_at - 4) <= sum(hit for *_, hit in answers) <= dies_at


def run_slowly(root: Path, numbered: list[int], start: Barrier) -> None:
    start.wait()
    assert replies(ask_echo(root, numbers(*numbered), window=16)) == [str(n) for n in numbered]


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_over_the_same_rows_pay_for_each_once(tmp_path: Path, processes: int) -> None:
    context = process_context()
    barrier = context.Barrier(processes)
    rows = [list(range(n, 200)) + list(range(n)) for n in range(processes)]
    runs = [context.Process(target=run_slowly, args=(tmp_path, order, barrier)) for order in rows]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0] * processes
    assert sorted(queried(tmp_path), key=int) == [str(n) for n in range(200)]


def test_a_budget_stops_says_how_far_and_the_next_run_goes_on(tmp_path: Path) -> None:
    requests = numbers(*range(200))
    with pytest.raises(Problem, match=r"budget of 199 tokens is spent \(200\) and 100 rows are done.*same command"):
        ask_echo(tmp_path, requests, window=1000, budget=199)
    assert len(queried(tmp_path)) == 100
    assert len(ask_echo(tmp_path, requests, window=1000, budget=200)) == 200
    assert len(queried(tmp_path)) == 200


def test_a_budget_counts_over_windows_and_only_what_is_newly_paid(tmp_path: Path) -> None:
    ask_echo(tmp_path, numbers(*range(10)), budget=20)
    ask_echo(tmp_path, numbers(*range(10)), budget=0)
    with pytest.raises(Problem, match=r"30 rows are done"):
        ask_echo(tmp_path, numbers(*range(40)), window=10, budget=40)


class Tens(Echo):
    """Computes ten requests at once, and is told before it does."""

    before_batch: Callable[[], object] = bool

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        for begin in range(0, len(requests), 10):
            self.before_batch()
            found = list(super().generate(requests[begin : begin + 10], sampling))
            yield from ((begin + index, reply) for index, reply in found)


def test_a_batch_that_was_computed_when_the_budget_ends_is_kept_whole(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"budget of 50 tokens is spent \(60\) and 30 rows are done"):
        ask_echo(tmp_path, numbers(*range(200)), Tens(tmp_path / "log"), window=1000, budget=50)
    assert len(queried(tmp_path)) == segments.count_records(Memo(tmp_path)) == 30


def test_a_model_that_changed_meanwhile_is_not_asked(tmp_path: Path) -> None:
    changed = Echo(tmp_path / "log", identity="new weights")
    with pytest.raises(Problem, match="new weights"):
        list(
            ask(Memo(tmp_path), EngineQuery("echo/1", "old weights", lambda: changed, "generate", SAMPLING), numbers(1))
        )
    assert queried(tmp_path) == []


def test_a_damaged_record_is_paid_again(tmp_path: Path) -> None:
    ask_echo(tmp_path, numbers(*range(10)))
    Memo(tmp_path).run(lambda db: db.execute("UPDATE reply SET value = X'00' WHERE rowid = 3"))
    answers = ask_echo(tmp_path, numbers(*range(10)))
    assert replies(answers) == [str(n) for n in range(10)]
    assert sum(hit for *_, hit in answers) == 9


def test_totals_add_up() -> None:
    totals, reply = Totals(), Reply("x", prompt_tokens=3, completion_tokens=2, cached_tokens=1)
    totals.count_cached(4, unreadable=1)
    totals.count_queried(reply, rows=3, unreadable=True)
    totals.count_queried(reply, rows=1, unreadable=False)
    wanted = Totals(rows=8, cached=6, unreadable=4, prompt_tokens=6, completion_tokens=4, cached_tokens=2)
    assert totals == wanted and totals.tokens == 10


def test_the_rate_of_what_was_paid_is_remembered_and_hits_change_nothing(tmp_path: Path) -> None:
    seconds = RateInterval(replies=4, seconds=1e9, clock=map(float, range(1000)).__next__)
    ask_echo(tmp_path, numbers(*range(10)), window=10, every=seconds)
    found = throughput.rates(Memo(tmp_path))
    assert found["generate echo/1 model"].replies == found["generate echo/1 model"].prompt_tokens == 10
    assert found["generate echo/1 model"].completion_tokens == 10 and found["generate echo/1 model"].seconds > 10
    ask_echo(tmp_path, numbers(*range(10)), every=seconds)
    assert throughput.rates(Memo(tmp_path)) == found


def test_the_time_until_a_failure_is_no_part_of_the_rate(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        ask_echo(tmp_path, numbers(*range(20)), Echo(tmp_path / "log", fails_at=6), window=20)
    assert throughput.rates(Memo(tmp_path))["generate echo/1 model"].replies == 4


def test_progress_counts_every_row_and_the_hits(tmp_path: Path) -> None:
    ask_echo(tmp_path, numbers(*range(10)))
    shown = StringIO()
    with Progress("web", 21, stream=shown) as progress:
        ask_echo(tmp_path, numbers(*range(20), 15), progress=progress)
    assert "web  21/21 rows  100%" in shown.getvalue()
    assert shown.getvalue().rstrip().endswith("cached 11  tokens 20")


def test_progress_tells_the_share_of_replies_that_cannot_be_read_among_hits_and_new_ones(tmp_path: Path) -> None:
    def odd(request: Request, reply: Reply) -> bool:
        return int(reply.text) % 4 == 1

    shown = StringIO()
    for last in (8, 16):
        with Progress("web", last, stream=shown) as progress:
            ask_echo(tmp_path, numbers(*range(last)), progress=progress, is_unreadable=odd)
        assert shown.getvalue().rstrip().endswith("unreadable 25%")
