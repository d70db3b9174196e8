"""The requests and tokens that may go to a server in a minute, by all runs on this machine together, killed ones too.

What went out stands in a small file in the folder of the memo, one for each endpoint.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from baleen.errors import Problem
from baleen.project import locks

MINUTE = 60.0
LOOK = 1.0  # seconds between two looks at a limit
TOGETHER = 1.0  # seconds whose requests are noted as one, so that the file stays small


class Note(NamedTuple):
    """Requests that went out within TOGETHER of the first, and their tokens."""

    first: float
    last: float
    requests: int
    tokens: int


def limits_file(endpoint: str) -> Path:
    """The file of an endpoint."""
    return locks.memo_folder() / f"{sha256(endpoint.encode()).hexdigest()[:16]}.pace"


def delay(most: int, amount: int, spent: Sequence[tuple[float, int]], now: float) -> float:
    """Seconds until so much more is within the limit of a minute, 0 being none; what is larger than the limit waits for
    an empty minute. `spent` is when and how much, oldest first, and whole, so that it adds up to the same in any order.
    """
    over = sum(much for _, much in spent) + min(amount, most) - most
    if not most or over <= 0:
        return 0.0
    freed = accumulate(much for _, much in spent)
    return next(when for (when, _), sum_ in zip(spent, freed, strict=True) if sum_ >= over) + MINUTE - now


@dataclass
class RateLimit:
    """Requests and tokens a minute, first come first served; 0 is no limit. A bucket that is refilled while it is
    emptied would let nearly twice as much through in its first minute, so what went out is remembered for a minute.
    The clock must be that of all processes, as Linux's and macOS's monotonic one is."""

    requests: int
    tokens: int
    path: Path
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def admit(self, tokens: int) -> Note:
        """Wait until a request of so many tokens is within both limits; gives its note."""
        async with self.turn:
            while not isinstance(admitted := self.admit_now(tokens), Note):
                await self.sleep(min(admitted, LOOK))  # replies meanwhile free what they did not use
            return admitted

    def admit_now(self, tokens: int) -> Note | float:
        """The note of a request that goes out now, or the seconds until one may."""
        if not self.requests and not self.tokens:
            return Note(0.0, 0.0, 1, tokens)
        with self.minute() as (now, notes):
            wait = delay(self.requests, 1, [(note.last, note.requests) for note in notes], now)
            if wait := max(wait, delay(self.tokens, tokens, [(note.last, note.tokens) for note in notes], now)):
                return wait
            before = notes.pop() if notes and now < notes[-1].first + TOGETHER else Note(now, now, 0, 0)
            notes.append(Note(before.first, now, before.requests + 1, before.tokens + tokens))
            return Note(before.first, now, 1, tokens)

    def correct(self, admitted: Note, tokens: int) -> None:
        """A request took so many tokens, and not what was noted."""
        if self.requests or self.tokens:
            with self.minute() as (_, notes):
                for at in (at for at, note in enumerate(notes) if note.first == admitted.first):
                    notes[at] = notes[at]._replace(tokens=max(0, notes[at].tokens + tokens - admitted.tokens))

    @contextmanager
    def minute(self) -> Iterator[tuple[float, list[Note]]]:
        """The time, and the notes of the last minute, to be changed while no other process can. The kernel frees the
        lock of one that is killed; a file that cannot be read says nothing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            with self.path.open("r+b") as file:
                flock(file, LOCK_EX)
                now = self.clock()
                notes = [note for note in notes_in(file.readline()) if note.last <= now < note.last + MINUTE]
                yield now, notes
                file.seek(0)
                file.write(json.dumps(notes).encode() + b"\n")  # before the rest is cut off: what is left is readable
                file.truncate()
        except OSError as error:
            raise Problem(f"cannot keep a minute's limits in {self.path} ({error.strerror}); set BALEEN_MEMO") from None


def notes_in(line: bytes) -> list[Note]:
    """The notes in a line; none when they are damaged."""
    try:
        notes = [Note(float(a), float(b), int(c), int(d)) for a, b, c, d in json.loads(line or b"[]")]
    except (ValueError, TypeError, OverflowError):
        return []
    return [note for note in notes if note.requests > 0 and note.tokens >= 0]
