"""Examples: the token ids a model is trained on, written once to an Arrow file that every training process maps.

A prompt with a question becomes a conversation whose loss covers the answer and the end of its turn, nothing else; a
prompt without one is plain text, all of it learned.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from baleen.engines import chat
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import Row, parts

Example = tuple[list[int], int]  # token ids, and where the loss begins
PromptOf = Callable[[Row], Prompt]  # the prompt whose answer a row holds
SCHEMA = pa.schema([("input_ids", pa.list_(pa.int32())), ("labels", pa.list_(pa.int32()))])
BATCH = 1000  # rows tokenized or written together
IGNORED = -100  # the label that has no loss


def encoded(table: Iterable[Row], prompt_of: PromptOf, tag: str, words: Any) -> Iterator[Example | None]:
    """One example a row, in order; None where the row has no answer to learn."""
    for batch in parts(table, BATCH):
        made = dict[int, Example]()
        for prompt, places in asked(batch, prompt_of).items():
            full = [batch[i] for i in places]
            found = turns(full, prompt, tag, words) if prompt.body else texts(full, prompt, words)
            made |= zip(places, found, strict=True)
        yield from map(made.get, range(len(batch)))


def asked(batch: list[Row], prompt_of: PromptOf) -> dict[Prompt, list[int]]:
    """Places of the rows that have an answer, by the prompt they answer."""
    found = dict[Prompt, list[int]]()
    for place, row in enumerate(batch):
        if answered(row, prompt := prompt_of(row)):
            found.setdefault(prompt, []).append(place)
    return found


def answered(row: Row, prompt: Prompt) -> bool:
    return all(row[column] is not None for column in prompt.writes) and bool(prompt.show(row).strip())


def texts(batch: list[Row], prompt: Prompt, words: Any) -> Iterator[Example]:
    """<bos> text <eos>; a tokenizer without a token for the beginning does without."""
    start = [words.bos_token_id] if words.bos_token_id is not None else []
    for ids in ids_of([prompt.show(row) for row in batch], words):
        yield [*start, *ids, words.eos_token_id], 0


def turns(batch: list[Row], prompt: Prompt, tag: str, words: Any) -> Iterator[Example]:
    """The conversation and its answer, tokenized as one text, or apart where a token would straddle the border."""
    pairs = [turn(row, prompt, tag, words) for row in batch]
    asked = ids_of([question for question, _ in pairs], words)
    whole = ids_of([question + answer for question, answer in pairs], words)
    for question, both, (_, answer) in zip(asked, whole, pairs, strict=True):
        joined = both if both[: len(question)] == question else question + ids_of([answer], words)[0]
        yield joined, len(question)


def turn(row: Row, prompt: Prompt, tag: str, words: Any) -> tuple[str, str]:
    start = prompt.start(row)
    return chat.turn(words, prompt.messages(row, tag), start, prompt.show(row).removeprefix(start))


def ids_of(said: list[str], words: Any) -> list[list[int]]:
    return words(said, add_special_tokens=False)["input_ids"] if said else []


def fitted(found: Iterable[Example | None], length: int, cut: bool, tally: Counter[str]) -> Iterator[Example]:
    """Examples of at most `length` tokens; longer ones are cut, or dropped when cutting would leave no answer."""
    for example in found:
        tally["rows_in"] += 1
        if example is None:
            tally["no answer"] += 1
        elif len(example[0]) <= length:
            yield example
        elif cut and example[1] < length:
            tally["cut"] += 1
            yield example[0][:length], example[1]
        else:
            tally["too long"] += 1


def packed(found: Iterable[Example | None], length: int, tally: Counter[str]) -> Iterator[Example]:
    """Blocks of `length` tokens, texts one after the other; only the last block may be shorter."""
    block: list[int] = []
    for example in found:
        tally["rows_in"] += 1
        tally["no answer"] += example is None
        block += example[0] if example else []
        while len(block) >= length:
            yield block[:length], 0
            block = block[length:]
    if len(block) > 1:
        yield block, 0


def write(folder: Path, found: Iterable[Example], tally: Counter[str]) -> None:
    """examples.arrow, lengths.npy and, at the end, examples.json with the tally, which says that all is there."""
    lengths: list[int] = []
    with pa.OSFile(str(folder / "examples.arrow"), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as writer:
        for batch in parts(found, BATCH):
            labels = [[IGNORED] * start + ids[start:] for ids, start in batch]
            writer.write_batch(pa.record_batch([[ids for ids, _ in batch], labels], schema=SCHEMA))
            lengths += [len(ids) for ids, _ in batch]
            tally["learned"] += sum(len(ids) - start for ids, start in batch)
    np.save(folder / "lengths.npy", np.array(lengths, dtype=np.int32))
    rows.write_json(folder / "examples.json", dict(tally))


def order(lengths: "np.ndarray[Any, Any]", batch: int, steps: int, seed: int) -> "np.ndarray[Any, Any]":
    """Indices of the examples of every step, `steps * batch` of them: passes over shuffled data in which the examples
    of a step are of like length, so that little padding is computed.

    Sorting happens within at most 50 steps and a quarter of the data; it does not depend on the number of processes.
    """
    draw = np.random.default_rng(seed)
    passes = -(-steps * batch // len(lengths))
    drawn = np.concatenate([draw.permutation(len(lengths)) for _ in range(passes)])[: steps * batch]
    span = max(1, min(50, len(lengths) // (4 * batch))) * batch
    return np.concatenate([alike(drawn[at : at + span], lengths, batch, draw) for at in range(0, len(drawn), span)])


def alike(some: "np.ndarray[Any, Any]", lengths: "np.ndarray[Any, Any]", batch: int, draw: Any) -> Any:
    """The same examples in batches of like length, the batches in a random order."""
    batches = some[np.argsort(-lengths[some], kind="stable")].reshape(-1, batch)
    return batches[draw.permutation(len(batches))].reshape(-1)
