"""Chunks of requests for several workers: full forward passes, and all workers are busy until the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from baleen.engines.protocol import Request


@dataclass
class Chunk:
    """The requests of one worker that have no reply yet, by index, and the number of workers that ended while they had
    them. The chunk of a worker that loads its model is empty."""

    left: dict[int, Request]
    deaths: int = 0


def forward_passes(requests: Sequence[Request], tokens: int, room: int, workers: int) -> list[list[int]]:
    """Indices in lists of about one forward pass, at most `tokens` tokens, the longest requests first; the number of
    lists is a multiple of `workers`. `room` is the largest number of tokens of a reply; a token has 3 characters."""
    costs = [ceil(sum(map(len, request_texts(request))) / 3) + room for request in requests]
    number = workers * ceil(sum(costs) / (tokens * workers))
    passes, before = [list[int]() for _ in range(number)], 0
    for index in sorted(range(len(costs)), key=lambda i: -costs[i]):
        passes[before * number // sum(costs)].append(index)
        before += costs[index]
    return [indices for indices in passes if indices]


def request_texts(request: Request) -> list[str]:
    """All texts of a request that a model reads."""
    return [*(text for _, text in request.messages), request.prefill, request.answer]


def chunks(requests: Sequence[Request], tokens: int, room: int, workers: int) -> Iterator[Chunk]:
    """Chunks, each half of a worker's share of the requests that are left: large at first and one forward pass at the
    end, so that all workers end together (guided self-scheduling, Polychronopoulos and Kuck, 1987)."""
    left = forward_passes(requests, tokens, room, workers)
    while left:
        size = ceil(len(left) / (2 * workers)) if workers > 1 else len(left)
        yield Chunk({index: requests[index] for indices in left[:size] for index in indices})
        left = left[size:]
