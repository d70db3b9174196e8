"""Ctrl-C while an event loop runs ends what runs there, and loses nothing that had come to its end."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Iterator

import pytest

from baleen.engines.openai.client import as_they_arrive


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    """A process that listens to Ctrl-C, as one does that no shell has put into the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def call_soon(call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(call)


def test_what_waits_is_ended_before_the_interrupt_is_raised() -> None:
    ended = list[str]()

    async def waiting() -> AsyncGenerator[int]:
        asyncio.get_running_loop().call_later(0.01, interrupt)
        try:
            await asyncio.sleep(600)
            yield 7
        finally:
            await asyncio.sleep(0)
            ended.append("closed")

    with pytest.raises(KeyboardInterrupt):
        next(as_they_arrive(waiting()))
    assert ended == ["closed"]


def test_a_second_interrupt_ends_what_the_first_one_closes() -> None:
    ended = list[str]()

    async def closing_slowly() -> AsyncGenerator[int]:
        asyncio.get_running_loop().call_later(0.01, interrupt)
        try:
            await asyncio.sleep(600)
            yield 7
        finally:
            call_soon(interrupt)
            try:
                await asyncio.sleep(600)
            finally:
                ended.append("closed")

    with pytest.raises(KeyboardInterrupt):
        next(as_they_arrive(closing_slowly()))
    assert ended == ["closed"]


def test_a_reader_that_stops_early_ends_the_stream() -> None:
    ended = list[str]()

    async def numbers() -> AsyncGenerator[int]:
        try:
            yield 7
            yield 8
        finally:
            await asyncio.sleep(0)
            ended.append("closed")

    items = as_they_arrive(numbers())
    assert next(items) == 7
    items.close()
    assert ended == ["closed"]


def test_an_item_that_had_arrived_is_yielded_and_the_interrupt_raised_next() -> None:
    ended = list[str]()

    async def arriving() -> AsyncGenerator[int]:
        try:
            call_soon(interrupt)  # before the loop stops
            yield 7
            yield 8
        finally:
            for _ in range(3):
                await asyncio.sleep(0)
            ended.append("closed")

    items = as_they_arrive(arriving())
    assert next(items) == 7
    with pytest.raises(KeyboardInterrupt):
        next(items)
    assert ended == ["closed"]


def test_an_interrupt_between_two_items_is_as_ever() -> None:
    async def numbers() -> AsyncGenerator[int]:
        yield 7
        yield 8

    items = as_they_arrive(numbers())
    assert next(items) == 7
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert list(items) == [8]


def test_whoever_listens_already_goes_on_listening() -> None:
    heard = list[int]()
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))

    async def interrupted() -> AsyncGenerator[int]:
        call_soon(interrupt)
        yield await asyncio.sleep(0.01, 7)

    assert list(as_they_arrive(interrupted())) == [7] and heard == [signal.SIGINT]
    signal.signal(signal.SIGINT, signal.default_int_handler)
