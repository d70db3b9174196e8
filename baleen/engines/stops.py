"""Stops: texts that end a reply, such as the next question of a page that a base model goes on writing."""

from collections.abc import Callable, Sequence
from typing import Any

STEP = 8  # new tokens between two looks at a batch: decoding all of it for each token took as long as a small model


def cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """The text before the first stop in it, and whether there is one."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def shortest(tokens: list[int], decode: Callable[[list[int]], str], stops: Sequence[str]) -> list[int]:
    """The fewest first tokens whose text holds a stop, all when none does: how many an engine wrote beyond depends on
    the engine and on the batch."""
    if not stops or not cut(decode(tokens), stops)[1]:
        return tokens
    without, with_one = 0, len(tokens)
    while with_one - without > 1:
        middle = (without + with_one) // 2
        without, with_one = (without, middle) if cut(decode(tokens[:middle]), stops)[1] else (middle, with_one)
    return tokens[:with_one]


def criterion(decode: Callable[[list[int]], str], begin: int, stops: Sequence[str]) -> Any:
    """A stopping criterion of transformers: which rows, of which the first `begin` tokens are prompt, hold a stop."""
    import torch

    ended = dict[int, bool]()

    def stopped(ids: Any, _scores: Any, **_: Any) -> Any:
        if (ids.shape[1] - begin) % STEP == 0:
            for row in (row for row in range(len(ids)) if not ended.get(row)):
                ended[row] = cut(decode(ids[row, begin:].tolist()), stops)[1]
        return torch.tensor([ended.get(row, False) for row in range(len(ids))], device=ids.device)

    return stopped
