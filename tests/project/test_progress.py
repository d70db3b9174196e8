from io import StringIO

import pytest

from baleen.project.progress import Progress, format_duration, progress_line


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_first_every_ten_seconds_and_last() -> None:
    stream, clock = StringIO(), Clock()
    with Progress("web", 300, stream=stream, clock=clock) as progress:
        for second in range(25):
            clock.now = float(second)
            progress.advance(10, memo=second)
    assert stream.getvalue().splitlines() == [
        "web  10/300 rows  3%  memo 0",
        "web  110/300 rows  36%  11 rows/s  eta 0:17  memo 10",
        "web  210/300 rows  70%  10 rows/s  eta 0:09  memo 20",
        "web  250/300 rows  83%  10 rows/s  eta 0:05  memo 24",
    ]


def test_what_was_done_before_an_interruption_makes_no_rate() -> None:
    stream, clock = StringIO(), Clock()
    with Progress("m", 100, "steps", stream=stream, clock=clock, begun=50) as progress:
        for second in (10.0, 20.0):
            clock.now = second
            progress.advance(10)
    assert stream.getvalue().splitlines()[-1] == "m  70/100 steps  70%  1 steps/s  eta 0:30"


def test_an_unknown_total_leaves_out_percentage_and_time_left() -> None:
    stream, clock = StringIO(), Clock()
    with Progress("read", None, "documents", stream=stream, clock=clock) as progress:
        progress.advance(1)
        clock.now = 10.0
        progress.advance(4, unreadable=2)
    assert stream.getvalue().splitlines() == ["read  1 documents", "read  5 documents  0.5 documents/s  unreadable 2"]


def test_the_rate_forgets_a_burst_of_hits() -> None:
    stream, clock = StringIO(), Clock()
    progress = Progress("web", 100_000, stream=stream, clock=clock)
    progress.advance(90_000)
    for minute in range(1, 20):
        clock.now = 60.0 * minute
        progress.advance(60)
    assert "1 rows/s" in stream.getvalue().splitlines()[-1]


def test_figures_keep_their_place_and_their_last_value() -> None:
    stream, clock = StringIO(), Clock()
    with Progress("web", 3, stream=stream, clock=clock) as progress:
        progress.advance(1, memo=0, unreadable=0)
        progress.advance(1, unreadable=1)
        progress.advance(1, memo=2)
    assert stream.getvalue().splitlines()[-1] == "web  3/3 rows  100%  memo 2  unreadable 1"


def test_nothing_done_is_said_once() -> None:
    stream = StringIO()
    with Progress("web", 0, stream=stream, clock=Clock()):
        pass
    assert stream.getvalue() == "web  0/0 rows\n"


def test_words_go_between_the_figures() -> None:
    stream = StringIO()
    Progress("web", 3, stream=stream, clock=Clock()).say("loading the model")
    assert stream.getvalue() == "web  loading the model\n"


def test_a_terminal_shows_a_bar() -> None:
    stream = Terminal()
    with Progress("web", 4, stream=stream, begun=1) as progress:
        progress.advance(2, memo=1)
        progress.say("half way")
        progress.advance(1)
    assert "web: 100%" in stream.getvalue() and "memo=1" in stream.getvalue() and "half way" in stream.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (9, "0:09"), (750, "12:30"), (3723, "1:02:03")])
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("speed", "shown"), [(None, "w  1/2 r  50%"), (212.4, "212 r/s"), (3.21, "3.2 r/s"), (0.0456, "0.046 r/s")]
)
def test_slow_rates_keep_their_digits(speed: float | None, shown: str) -> None:
    assert shown in progress_line("w", 1, 2, "r", speed, {})
