"""A minute's limits are kept exactly, by all processes together; no test here waits for a clock."""

import asyncio
import os
import signal
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from faulty_proxy import Time
from processes import process_context

from baleen.engines.openai.messages import tokens_to_reserve
from baleen.engines.openai.rate_limit import Note, RateLimit, limits_file
from baleen.errors import Problem


@pytest.fixture
def make_limit(tmp_path: Path) -> Any:
    """Makes a limit with its clock; all share one file."""

    def make(requests: int = 0, tokens: int = 0, now: Time | None = None) -> tuple[RateLimit, Time]:
        now = now or Time()
        return RateLimit(requests, tokens, tmp_path / "memo/one.pace", now.clock, now.sleep), now

    return make


def wait_for_note(limit: RateLimit, time: Time, tokens: int = 1) -> Note:
    while not isinstance(found := limit.admit_now(tokens), Note):
        time.now += found
    return found


@pytest.mark.parametrize("amounts", [[1] * 200, [1, 7, 3, 5, 20, 2] * 30, [400, 1, 1] * 4])
def test_no_minute_holds_more_than_the_limit(make_limit: Any, amounts: list[int]) -> None:
    (limit, time), sent = make_limit(tokens=20), list[tuple[float, int]]()
    for amount in amounts:
        wait_for_note(limit, time, amount)
        sent.append((time.now, amount))
        time.now += 0.37
    for begin, _ in sent:
        minute = [amount for at, amount in sent if begin <= at < begin + 60]
        assert sum(minute) <= 20 or len(minute) == 1  # one that is larger than the limit goes alone


@pytest.mark.parametrize("limits", [{"requests": 20}, {"tokens": 20}], ids=str)
def test_a_limit_is_used_to_the_full(make_limit: Any, limits: dict[str, int]) -> None:
    limit, time = make_limit(**limits)
    for _ in range(100):
        wait_for_note(limit, time)
    assert time.now == 240.0  # 20 at once in each of five minutes


def test_tokens_that_were_reserved_and_not_used_are_free_again(make_limit: Any) -> None:
    limit, time = make_limit(tokens=100)
    first, second = limit.admit_now(10), limit.admit_now(80)
    assert limit.admit_now(50) == 60.0
    limit.correct(second, 30)
    assert isinstance(limit.admit_now(50), Note) and limit.admit_now(11) == 60.0
    time.now = 60.0
    limit.correct(first, 5)  # it is forgotten
    assert isinstance(limit.admit_now(100), Note)


@pytest.mark.parametrize("characters", range(6000, 6012))
def test_what_is_larger_than_the_limit_waits_until_all_before_it_is_a_minute_old(
    make_limit: Any, characters: int
) -> None:
    limit, _ = make_limit(tokens=10_000)
    amount = tokens_to_reserve({"messages": "x" * characters, "max_tokens": 8192})
    limit.admit_now(amount)
    assert limit.admit_now(amount) == 60.0


def test_no_limit_never_waits_and_keeps_no_file(make_limit: Any) -> None:
    limit, _ = make_limit()
    limit.correct(limit.admit_now(10**9), 5)
    assert isinstance(limit.admit_now(10**9), Note) and not limit.path.exists()


def test_requests_and_tokens_are_both_kept(make_limit: Any) -> None:
    limit, _ = make_limit(requests=3, tokens=100)

    async def admit_all() -> list[Note]:
        return await asyncio.gather(*(limit.admit(tokens) for tokens in (60, 30, 30, 1, 1)))

    assert [note.last for note in asyncio.run(admit_all())] == [0.0, 0.0, 60.0, 60.0, 60.0]


def test_the_file_holds_a_minute_and_few_notes(make_limit: Any) -> None:
    limit, time = make_limit(requests=10**6)
    for _ in range(500):
        limit.admit_now(1)
        time.now += 0.25
    assert len(limit.path.read_text().split("], [")) <= 61


def test_two_at_one_file_keep_the_limits_together(make_limit: Any) -> None:
    one, now = make_limit(requests=5, tokens=100)
    other, _ = make_limit(requests=5, tokens=100, now=now)
    notes = [one.admit_now(20), one.admit_now(20), other.admit_now(20), one.admit_now(20)]
    assert other.admit_now(21) == 60.0
    one.correct(notes[0], 0)
    assert isinstance(other.admit_now(21), Note)
    assert (one.admit_now(1), other.admit_now(1)) == (60.0, 60.0)


def test_endpoints_have_files_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALEEN_MEMO", "/memo")
    assert len({limits_file("http://a/v1"), limits_file("http://b/v1"), limits_file("http://a/v1")}) == 2
    assert limits_file("http://a/v1").parent == Path("/memo")


NOISE = [
    b"",
    b"\xff\xfe\n",
    b"[[0.0, 0.0, 3",
    b"7",
    b"{}",
    b"null",
    b"[7]",
    b"[[0, 0, 3]]",
    b'[["a", 0, 3, 3]]',
    b"\n[]",
]
ODD = [b"[[NaN, NaN, 3, 3]]", b"[[0, 0, Infinity, 3]]", b"[[0, 0, -3, 3]]", b"[[0, 0, 3, -9]]", b"[[9e9, 9e9, 3, 3]]"]


@pytest.mark.parametrize("noise", NOISE + ODD, ids=str)
def test_a_damaged_file_says_nothing_and_is_mended(make_limit: Any, noise: bytes) -> None:
    limit, _ = make_limit(requests=3)
    limit.admit_now(1)
    limit.path.write_bytes(noise)
    assert [isinstance(limit.admit_now(1), Note) for _ in range(4)] == [True, True, True, False]


def test_a_file_that_cannot_be_written_is_a_problem(make_limit: Any) -> None:
    limit, _ = make_limit(requests=3)
    limit.path.mkdir(parents=True)
    with pytest.raises(Problem, match="cannot keep a minute's limits in .*one.pace .*; set BALEEN_MEMO"):
        limit.admit_now(1)


def real_limit(path: Path, requests: int) -> RateLimit:
    return RateLimit(requests, 0, path, time.monotonic, asyncio.sleep)


def ask_often(path: Path, start: Barrier, log: Path) -> None:
    limit = real_limit(path, 50)
    start.wait()
    log.write_text(str(sum(isinstance(limit.admit_now(1), Note) for _ in range(40))))


def test_processes_at_once_keep_the_limit_together(tmp_path: Path) -> None:
    context, logs = process_context(), [tmp_path / "log-1", tmp_path / "log-2"]
    barrier = context.Barrier(2)
    runs = [context.Process(target=ask_often, args=(tmp_path / "limit", barrier, log)) for log in logs]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sum(int(log.read_text()) for log in logs) == 50


def die_in_minute(path: Path) -> None:
    limit = real_limit(path, 2)
    limit.admit_now(1)
    with limit.minute():
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_sent_counts_and_its_lock_is_free(tmp_path: Path) -> None:
    dying = process_context().Process(target=die_in_minute, args=(tmp_path / "limit",))
    dying.start()
    dying.join()
    assert dying.exitcode == -signal.SIGKILL
    limit = real_limit(tmp_path / "limit", 2)
    assert [isinstance(limit.admit_now(1), Note) for _ in range(2)] == [True, False]
