"""Progress: a bar on a terminal, and elsewhere (nohup, CI, DVC's queue) a line every ten seconds."""

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TextIO

from tqdm import tqdm

EVERY = 10.0  # seconds between two lines
RECENT = 6  # lines whose rows make the rate, so that a run of memo hits does not distort the estimate of the time left


class Progress:
    """Counts rows towards `total` (None when unknown), from the number `begun` that were done before, and shows figures
    beside them; use it as a context manager."""

    def __init__(
        self,
        label: str,
        total: int | None,
        unit: str = "rows",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        begun: int = 0,
    ) -> None:
        self.label, self.total, self.unit, self.clock = label, total, unit, clock
        self.stream = stream or sys.stderr
        self.done, self.figures = begun, dict[str, int | str]()
        self._shown: deque[tuple[float, int]] = deque([(clock(), begun)], maxlen=RECENT)
        self._printed = -1
        self._bar = (
            tqdm(desc=label, total=total, initial=begun, unit=f" {unit}", file=self.stream)
            if self.stream.isatty()
            else None
        )

    def advance(self, rows: int = 1, **figures: int | str) -> None:
        """`rows` more are done; the figures given replace those shown, in the order they first appeared."""
        self.done += rows
        self.figures |= figures
        if self._bar is not None:
            self._bar.set_postfix(self.figures, refresh=False)
            self._bar.update(rows)
        elif self._printed < 0 or self.clock() - self._shown[-1][0] >= EVERY:
            self._print()

    def say(self, message: str) -> None:
        """Print one line of text beside the figures."""
        if self._bar is not None:
            self._bar.write(f"{self.label}  {message}", file=self.stream)
        else:
            print(f"{self.label}  {message}", file=self.stream, flush=True)

    def close(self) -> None:
        """Show the last state, once."""
        if self._bar is not None:
            self._bar.close()
        elif self._printed != self.done:
            self._print()

    def _print(self) -> None:
        now = self.clock()
        line = progress_line(
            self.label, self.done, self.total, self.unit, rate(self._shown[0], (now, self.done)), self.figures
        )
        print(line, file=self.stream, flush=True)
        self._shown.append((now, self.done))
        self._printed = self.done

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def rate(then: tuple[float, int], now: tuple[float, int]) -> float | None:
    """Rows per second between two states; None when no time has passed."""
    seconds = now[0] - then[0]
    return (now[1] - then[1]) / seconds if seconds > 0 else None


def progress_line(
    label: str, done: int, total: int | None, unit: str, speed: float | None, figures: Mapping[str, int | str]
) -> str:
    """'humpback-augment  1024/3000 rows  34%  212 rows/s  eta 0:09  memo 0'; unknown parts are left out."""
    cells = [label, f"{done} {unit}" if total is None else f"{done}/{total} {unit}"]
    if total:
        cells.append(f"{100 * done // total}%")
    if speed is not None:
        cells.append(f"{speed:.0f} {unit}/s" if speed >= 10 else f"{speed:.2g} {unit}/s")
    if total and speed and done < total:
        cells.append(f"eta {format_duration((total - done) / speed)}")
    return "  ".join(cells + [f"{name} {value}" for name, value in figures.items()])


def format_duration(seconds: float) -> str:
    """0:09, 12:30, 1:02:03"""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def duration(seconds: float) -> str:
    """'40 s', '3 min', '2.5 h', '4 days'"""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
