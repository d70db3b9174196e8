"""Ctrl-C while an event loop runs: it is heard when the loop has stopped. Python's own KeyboardInterrupt would strike
in the midst of anything there, such as what has to be closed before the loop is."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Turns:
    """Runs a loop now and then. Ctrl-C cancels what it runs and is a KeyboardInterrupt when that has ended; where it
    had just come to its end, what it gives is given first and the KeyboardInterrupt at the next turn."""

    loop: asyncio.AbstractEventLoop
    stopped: bool = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives."""
        task = self.loop.create_task(work)
        if self.stopped:
            task.cancel()
        with self.listening(task):
            try:
                return self.loop.run_until_complete(task)
            except asyncio.CancelledError:
                if self.stopped:
                    raise KeyboardInterrupt from None
                raise

    @contextmanager
    def listening(self, task: asyncio.Task[T]) -> Iterator[None]:
        """Ctrl-C cancels the task; only the main thread hears it, and only where nobody else listens."""

        def stop(*_: object) -> None:
            self.stopped = True
            self.loop.call_soon_threadsafe(task.cancel)  # wakes a loop that waits, too

        if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return
        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
