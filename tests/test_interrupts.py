"""Ctrl-C while a loop runs ends what runs there, and loses nothing that had come to its end."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from baleen.engines.openai.interrupts import Turns


@pytest.fixture
def turns() -> Iterator[Turns]:
    """Turns in a process that listens to Ctrl-C, as one does that no shell has put into the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    loop = asyncio.new_event_loop()
    yield Turns(loop)
    loop.close()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


async def given(value: int) -> int:
    return value


def test_what_waits_is_ended_before_the_interrupt_is_told(turns: Turns) -> None:
    ended = list[str]()

    async def waiting() -> None:
        try:
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0)
            ended.append("closed")

    turns.loop.call_later(0.01, interrupt)
    with pytest.raises(KeyboardInterrupt):
        turns.run(waiting())
    assert ended == ["closed"]


def test_what_had_come_to_its_end_is_given_and_the_interrupt_told_next(turns: Turns) -> None:
    async def ending() -> int:
        turns.loop.call_soon(interrupt)  # before the loop stops
        return 7

    assert turns.run(ending()) == 7
    with pytest.raises(KeyboardInterrupt):
        turns.run(given(8))


def test_an_interrupt_between_turns_is_as_ever(turns: Turns) -> None:
    assert turns.run(given(7)) == 7
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_whoever_listens_already_goes_on_listening(turns: Turns) -> None:
    heard = list[int]()
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    turns.loop.call_soon(interrupt)
    assert turns.run(asyncio.sleep(0.01, 7)) == 7 and heard == [signal.SIGINT]
    signal.signal(signal.SIGINT, signal.default_int_handler)
