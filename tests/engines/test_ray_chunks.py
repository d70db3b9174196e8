"""Every worker has as much to do, in full forward passes."""

from itertools import pairwise

import pytest

from baleen.engines.protocol import Request
from baleen.engines.ray.chunks import chunks

QUESTIONS = [f"Tell me about the number {n}. " + "It is a fine one. " * (n % 5) for n in range(40)]
REQUESTS = [Request((("user", question),)) for question in QUESTIONS]


@pytest.mark.parametrize("workers", [1, 2, 3, 50])
@pytest.mark.parametrize("tokens", [1, 200, 10**6])
def test_chunks_hold_every_request_once_and_like_lengths_together(workers: int, tokens: int) -> None:
    made = [chunk.left for chunk in chunks(REQUESTS, tokens, 16, workers)]
    assert sorted(index for chunk in made for index in chunk) == list(range(40))
    lengths = [[len(request.messages[0][1]) // 3 for request in chunk.values()] for chunk in made]
    assert all(min(one) >= max(after) - 1 for one, after in pairwise(lengths))


def test_no_requests_make_no_chunk() -> None:
    assert list(chunks([], 100, 1, 2)) == []


LIKE = [Request((("user", "x" * 240),))] * 60  # of 80 tokens, and 20 for the reply


@pytest.mark.parametrize(
    ("workers", "tokens", "sizes"),
    [
        (1, 1000, [60]),
        (2, 10**6, [30, 30]),  # nobody waits because everything fits one pass
        (2, 1000, [20, 10, 10, 10, 10]),  # six passes of ten
        (2, 500, [15, 15, 10, 5, 5, 5, 5]),
        (4, 1000, [8, 7, 8, 7, 8, 7, 8, 7]),  # eight passes, not six: as many for each
    ],
)
def test_chunks_are_whole_forward_passes_as_many_for_every_worker(workers: int, tokens: int, sizes: list[int]) -> None:
    assert [len(chunk.left) for chunk in chunks(LIKE, tokens, 20, workers)] == sizes
