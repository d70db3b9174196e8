"""How requests are cut for several workers: in full forward passes, so that all of them are busy until the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from baleen.engines.protocol import Request


@dataclass
class Chunk:
    """Requests that go to one worker, those without a reply yet, and how many workers ended over them; the chunk of a
    worker that is loading its model is empty."""

    left: dict[int, Request]
    deaths: int = 0


def parcels(requests: Sequence[Request], tokens: int, room: int, workers: int) -> list[list[int]]:
    """Indices, the longest first, in parcels of about one forward pass each, at most `tokens`; as many parcels for
    every worker. `room` is what a reply may add to its request, a token of which is taken to have 3 characters."""
    costs = [ceil(sum(map(len, texts(request))) / 3) + room for request in requests]
    number = workers * ceil(sum(costs) / (tokens * workers))
    made, before = [list[int]() for _ in range(number)], 0
    for index in sorted(range(len(costs)), key=lambda i: -costs[i]):
        made[before * number // sum(costs)].append(index)
        before += costs[index]
    return [parcel for parcel in made if parcel]


def texts(request: Request) -> list[str]:
    return [*(text for _, text in request.messages), request.prefill, request.answer]


def chunks(requests: Sequence[Request], tokens: int, room: int, workers: int) -> Iterator[Chunk]:
    """Each chunk half of a worker's share of what is left: large while there is much to do and one forward pass at the
    end, so that all end together (guided self-scheduling, Polychronopoulos and Kuck, 1987) and passes are full."""
    left = parcels(requests, tokens, room, workers)
    while left:
        size = ceil(len(left) / (2 * workers)) if workers > 1 else len(left)
        yield Chunk({index: requests[index] for parcel in left[:size] for index in parcel})
        left = left[size:]
