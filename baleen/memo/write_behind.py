"""Keeping: replies are written to the memo while the engine works on the next, so that a kill loses only what is in it.

A thread writes what has come, at once and in one transaction; what comes meanwhile goes into the next.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from threading import Event, Thread

from baleen.memo.store import Memo, Value

Waiting = SimpleQueue[tuple[str, Value] | Event | None]  # an event is set when all before it is stored; None is the end


class Keeper:
    """What is given to `keep` is stored soon; after `settle` all of it is. Both raise what the memo raised when nothing
    can be written, as on a full disk."""

    def __init__(self) -> None:
        self.waiting: Waiting = SimpleQueue()
        self.failed = list[Exception]()
        self.open = True

    def keep(self, key: str, value: Value) -> None:
        self.complain()
        self.waiting.put((key, value))

    def settle(self) -> None:
        stored = Event()
        self.waiting.put(stored)
        while self.open and not stored.wait(1.0):
            self.complain()

    def complain(self) -> None:
        if self.failed:
            raise self.failed[0]


@contextmanager
def keeping(memo: Memo, space: str) -> Iterator[Keeper]:
    """A keeper for a space of the memo; all is stored at the end, whatever happens."""
    keeper = Keeper()
    writer = Thread(target=write, args=(memo, space, keeper), daemon=True)
    writer.start()
    try:
        yield keeper
    finally:
        keeper.open = False
        keeper.waiting.put(None)
        writer.join()
    keeper.complain()


def write(memo: Memo, space: str, keeper: Keeper) -> None:
    """Store what is waiting until the end comes or the memo cannot be written."""
    with closing(Memo(memo.root, memo.clock, memo.say)) as own:  # a connection serves the thread that opened it
        ended = False
        while not ended:
            values, stored, ended = gathered(keeper.waiting)
            try:
                if values:
                    own.put(space, values)
            except Exception as error:
                keeper.failed.append(error)
                return
            if stored:
                stored.set()


def gathered(waiting: Waiting) -> tuple[dict[str, Value], Event | None, bool]:
    """All values that are there, at least one unless somebody waits or the end comes: they, the event that tells, and
    whether the end was among them."""
    values, found = dict[str, Value](), waiting.get()
    while isinstance(found, tuple):
        values[found[0]] = found[1]
        try:
            found = waiting.get_nowait()
        except Empty:
            return values, None, False
    return values, found, found is None
