"""Preferences: training a model to prefer the answer of a row to another one, by DPO (arXiv:2305.18290) through TRL.

The question and both answers are token ids as any training renders them; the loss is the sigmoid one, against the base
as the reference: a second copy of it, or with LoRA the base without its adapter.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from baleen import prompts
from baleen.errors import Problem
from baleen.prompts import Prompt
from baleen.tables.rows import Row, batches
from baleen.training import examples
from baleen.training.examples import Example
from baleen.training.options import TrainOptions

IDS = pa.list_(pa.int32())
SCHEMA = pa.schema([("prompt_ids", IDS), ("chosen_ids", IDS), ("rejected_ids", IDS)])
Pair = tuple[list[int], list[int], list[int]]  # the question, the answer, the answer that is to lose


def check(options: TrainOptions, where: str) -> None:
    """A Problem for settings without meaning beside `rejected`."""
    if options.prompts or options.packing or options.grow:
        name = "prompts" if options.prompts else "packing" if options.packing else "grow"
        raise Problem(f"{where}: {name} has no effect beside rejected; train on preferences in a line of its own")
    prompt = prompts.load(options.prompt, options.writes)
    if not prompt.body or len(prompt.writes) != 1:
        raise Problem(f"{where}: rejected needs a prompt with a question and one column to write, not {options.prompt}")
    if options.rejected in (*prompt.writes, *prompt.reads):
        raise Problem(f"{where}: prompts/{options.prompt}.md uses {options.rejected} itself; name the losing column")


def encoded(table: Iterable[Row], options: TrainOptions, tokenizer: Any, template: str) -> Iterator[Pair | str]:
    """The pair of each row, in order, or why it has none."""
    chosen = prompts.load(options.prompt, options.writes)
    lost = prompts.load(options.prompt, options.rejected)
    for batch in batches(table, examples.BATCH):
        sides = [
            [*examples.encoded(batch, partial(answered, prompt), options.tag, tokenizer, template)]
            for prompt in (chosen, lost)
        ]
        yield from (pair_of(*both) for both in zip(*sides, strict=True))


def answered(prompt: Prompt, _: Row) -> Prompt:
    """The prompt that every row answers."""
    return prompt


def pair_of(chosen: Example | None, lost: Example | None) -> Pair | str:
    """The pair of two examples with the same question, or why they are none."""
    if chosen is None or lost is None:
        return "no answer"
    (won, start), (other, at) = chosen, lost
    question, answers = won[:start], (won[start:], other[at:])
    return "same answer" if answers[0] == answers[1] else (question, *answers)


def fitted(pairs: Iterable[Pair | str], length: int, cut: bool, tally: Counter[str]) -> Iterator[Pair]:
    """Pairs of which both sides have at most `length` tokens; longer ones are cut when parts of both answers remain
    that differ, else dropped; `tally` counts all."""
    for pair in pairs:
        tally["rows_in"] += 1
        if isinstance(pair, str):
            tally[pair] += 1
            continue
        question, *answers = pair
        room = length - len(question)
        short = [answer[: max(0, room)] for answer in answers]
        if short == answers:
            yield pair
        elif cut and room > 0 and short[0] != short[1]:
            tally["cut"] += 1
            yield question, short[0], short[1]
        else:
            tally["too long"] += 1


def write(folder: Path, pairs: Iterable[Pair], tally: Counter[str]) -> None:
    """Write the files of pairs as those of examples; a length is of both sides together."""
    examples.write_batches(folder, SCHEMA, map(in_columns, batches(pairs, examples.BATCH)), tally)


def in_columns(batch: list[Pair]) -> examples.Batch:
    lengths = [2 * len(question) + len(won) + len(lost) for question, won, lost in batch]
    return [*map(list, zip(*batch, strict=True))], lengths, sum(len(won) + len(lost) for _, won, lost in batch)


def trainer(reference: Any, settings: dict[str, Any], options: TrainOptions, **given: Any) -> Any:
    """TRL's DPOTrainer on pairs that are token ids already; `reference` is None for LoRA. A dropout of 0 is TRL's own
    choice, and with another one it is left on."""
    from trl import DPOConfig, DPOTrainer

    class PairTrainer(DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

    config = DPOConfig(**settings, beta=options.beta, disable_dropout=not options.dropout)
    return PairTrainer(ref_model=reference, args=config, **given)


def figures(history: list[dict[str, Any]], last: int) -> dict[str, float]:
    """Of the logs of the last so many: the share of pairs whose answer gains more over the reference than the one that
    is to lose, and by how much, in nats times beta."""
    logs = [log for log in history if "rewards/accuracies" in log][-last:]
    names = {"accuracy": "rewards/accuracies", "margin": "rewards/margins"}
    return {name: round(float(np.mean([log[key] for log in logs])), 6) for name, key in names.items()} if logs else {}
