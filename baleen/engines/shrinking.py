"""Decoding of a batch by transformers that goes on with the rows that have not ended, once these are half of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

WORTH = 64  # tokens that may still come: to begin again with fewer rows costs as much as some steps of a small model


class Ends:
    """A stopping criterion: the rows that have ended, or that another criterion stops. While no row is longer than
    `last`, all of them stop, too, once some but no more than `enough` go on: then the batch `shrinks`."""

    def __init__(self, tokens: Any, ended: Any, stopped: Any, enough: int, last: int) -> None:
        self.tokens, self.ended, self.stopped, self.enough, self.last = tokens, ended, stopped, enough, last
        self.shrinks = False

    def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
        if self.stopped:
            self.ended = self.ended | self.stopped(ids, scores)
        if ids.shape[1] <= self.last:
            self.ended = self.ended | (ids[:, -1:] == self.tokens).any(1)
            self.shrinks = 0 < len(ids) - int(self.ended.sum()) <= self.enough < len(ids)
        return self.ended | self.shrinks


@dataclass(frozen=True)
class Decoder:
    """How a batch is decoded: generate of a model, its end tokens, the fewest rows of a batch, what changes the logits
    of some rows (by their places in the batch), and a new criterion of texts that end a reply, or None."""

    generate: Callable[..., Any]
    ends: Sequence[int]
    fewest: int
    processors: Callable[[Sequence[int]], list[Any]]
    stopped: Callable[[], Any]

    def new_tokens(self, ids: Any, mask: Any, length: int, **sampling: Any) -> list[list[int]]:
        """At most so many new token ids of each row; what comes after its end is of no meaning."""
        import torch

        width, most, cache, replies = ids.shape[1], ids.shape[1] + length, None, dict[int, list[int]]()
        rows, ended = [*range(len(ids))], torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
        ends = torch.tensor([*self.ends], dtype=ids.dtype, device=ids.device)
        while True:
            before, enough = ended, max(self.fewest, len(rows) // 2) if can_shrink(cache) else 0
            criterion = Ends(ends, before, self.stopped(), enough, most - WORTH)
            out = self.generate(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=cache,
                max_new_tokens=most - ids.shape[1],
                logits_processor=self.processors(rows),
                stopping_criteria=[criterion],
                return_dict_in_generate=True,
                **sampling,
            )
            ids, cache, ended = out.sequences, out.past_key_values, criterion.ended
            replies |= {rows[n]: ids[n, width:].tolist() for n in range(len(rows)) if not before[n]}
            if not criterion.shrinks:
                return [replies[row] for row in sorted(replies)]
            mask = torch.cat([mask, mask.new_ones(len(ids), ids.shape[1] - mask.shape[1])], dim=1)
            if can_shrink(cache):
                going = max(self.fewest, len(rows) - int(ended.sum()))
                kept = ended.int().argsort(stable=True)[:going].sort().values
                cache.batch_select_indices(kept)
                ids, mask, ended, rows = ids[kept], mask[kept], ended[kept], [rows[n] for n in kept.tolist()]


def can_shrink(cache: Any) -> bool:
    """Whether rows can be taken out of a cache of keys and values; one that is not there yet counts as such."""
    return cache is None or all(hasattr(layer, "batch_select_indices") for layer in cache.layers)
