"""Writing replies to the memo while the engine works on the next, so that a killed process loses only the last ones.

A thread writes all replies that have come, in one transaction; those that come meanwhile go into the next one.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from threading import Event, Thread

from baleen.memo.store import Memo, Value

Waiting = SimpleQueue[tuple[str, Value] | Event | None]  # an event is set when all before it is stored; None is the end


class Writer:
    """`put` stores a value soon; after `flush` all values are stored. Both raise the memo's error when it cannot be
    written, as on a full disk."""

    def __init__(self) -> None:
        self.waiting: Waiting = SimpleQueue()
        self.errors = list[Exception]()
        self.open = True

    def put(self, key: str, value: Value) -> None:
        self.raise_error()
        self.waiting.put((key, value))

    def flush(self) -> None:
        stored = Event()
        self.waiting.put(stored)
        while self.open and not stored.wait(1.0):
            self.raise_error()

    def raise_error(self) -> None:
        if self.errors:
            raise self.errors[0]


@contextmanager
def background_writer(memo: Memo, space: str) -> Iterator[Writer]:
    """A writer for a space of the memo; at the end all values are stored, also after an error."""
    writer = Writer()
    thread = Thread(target=write_waiting, args=(memo, space, writer), daemon=True)
    thread.start()
    try:
        yield writer
    finally:
        writer.open = False
        writer.waiting.put(None)
        thread.join()
    writer.raise_error()


def write_waiting(memo: Memo, space: str, writer: Writer) -> None:
    """Store what is waiting until the end comes or the memo cannot be written."""
    with closing(Memo(memo.root, memo.clock, memo.say)) as own:  # a connection serves the thread that opened it
        ended = False
        while not ended:
            values, stored, ended = take_waiting(writer.waiting)
            try:
                if values:
                    own.put(space, values)
            except Exception as error:
                writer.errors.append(error)
                return
            if stored:
                stored.set()


def take_waiting(waiting: Waiting) -> tuple[dict[str, Value], Event | None, bool]:
    """All values in the queue up to an event or the end: (values, the event or None, whether the end came). Waits for a
    first item."""
    values, item = dict[str, Value](), waiting.get()
    while isinstance(item, tuple):
        values[item[0]] = item[1]
        try:
            item = waiting.get_nowait()
        except Empty:
            return values, None, False
    return values, item, item is None
