"""Keeping: replies are written to the memo while the engine works on the next, so that a kill loses only what is in it.

A thread writes what has come, at once and in one transaction; what comes meanwhile goes into the next.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from threading import Thread

from baleen.memo import Memo, Value

Keep = Callable[[str, Value], None]
Waiting = SimpleQueue[tuple[str, Value] | None]  # None is the end


@contextmanager
def keeping(memo: Memo, space: str) -> Iterator[Keep]:
    """A function that stores a value under its key soon; all of it is stored at the end, whatever happens.

    When nothing can be written, as on a full disk, the next call or the end raises what the memo raised.
    """
    waiting: Waiting = SimpleQueue()
    failed = list[Exception]()
    writer = Thread(target=write, args=(memo, space, waiting, failed), daemon=True)

    def keep(key: str, value: Value) -> None:
        if failed:
            raise failed[0]
        waiting.put((key, value))

    writer.start()
    try:
        yield keep
    finally:
        waiting.put(None)
        writer.join()
    if failed:
        raise failed[0]


def write(memo: Memo, space: str, waiting: Waiting, failed: list[Exception]) -> None:
    """Store what is waiting until the end comes or the memo cannot be written."""
    with closing(Memo(memo.root, memo.clock, memo.say)) as own:  # a connection serves the thread that opened it
        ended = False
        while not ended:
            values, ended = gathered(waiting)
            try:
                own.put(space, values)
            except Exception as error:
                failed.append(error)
                return


def gathered(waiting: Waiting) -> tuple[dict[str, Value], bool]:
    """At least one value, all that are there; and whether the end was among them."""
    values, found = dict[str, Value](), waiting.get()
    while found is not None:
        values[found[0]] = found[1]
        try:
            found = waiting.get_nowait()
        except Empty:
            return values, False
    return values, True
