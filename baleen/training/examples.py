"""Examples: the rows that a model learns from, each with the prompt that it answers, and their token ids, which are
written once to an Arrow file that every training process maps.

A prompt with a question becomes a conversation; the loss covers the answer and its end tokens, nothing else. A prompt
without a question is plain text; the loss covers all of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from baleen import prompts
from baleen.engines import chat
from baleen.errors import Problem, unknown
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import Row, batches
from baleen.training.options import TrainOptions

Example = tuple[list[int], int]  # token ids, and where the loss begins
Batch = tuple[list[Any], list[int], int]  # columns of examples, their lengths and how many tokens are learned
PromptOf = Callable[[Row], Prompt]  # the prompt whose answer a row holds
SCHEMA = pa.schema([("input_ids", pa.list_(pa.int32())), ("labels", pa.list_(pa.int32()))])
BATCH = 1000  # rows tokenized or written at once
IGNORED = -100  # the label of a token without loss
GENERAL = ("ask", "reply", "text")  # the prompts outside of the folder `prompts` that rows may name


@dataclass(frozen=True)
class Lessons:
    """The table to learn from, and the prompt that its rows answer: one for all (''), or each the one it names."""

    path: Path
    prompts: dict[str, Prompt]

    def prompt(self, row: Row) -> Prompt:
        return self.prompts[str(row["prompt"]) if "" not in self.prompts else ""]

    def texts(self, tag: str) -> Iterator[str]:
        """All that is said to the model and by it."""
        for row in rows.read(self.path):
            yield from texts_of(row, self.prompt(row), tag)


def read_lessons(options: TrainOptions) -> Lessons:
    """The table and its prompts, checked against each other and the settings."""
    path = rows.table_path(options.input)
    found = (
        prompts_named(path, options.prompts) if options.prompts else {"": prompts.load(options.prompt, options.writes)}
    )
    for prompt in found.values():
        rows.schema(path, [*prompt.reads, *prompt.writes, *[options.rejected] * bool(options.rejected)])
        if options.packing and prompt.body:
            raise Problem(f"packing is for prompts without a question, and prompts/{prompt.name}.md has one; drop it")
    return Lessons(path, found)


def prompts_named(path: Path, folder: str) -> dict[str, Prompt]:
    """The prompts that rows name: files of the folder, else of prompts/ itself."""
    names = sorted({str(row["prompt"]) for row in rows.read(path, ["prompt"], ["prompt"])})
    inside = [file.stem for file in Path("prompts", folder).glob("*.md")]
    if odd := next((name for name in names if name not in (*inside, *GENERAL)), ""):
        raise Problem(f"{path} names a prompt: {unknown('prompt', odd, [*inside, *GENERAL])}")
    own = {name: f"{folder}/{name}" for name in names if Path("prompts", folder, f"{name}.md").is_file()}
    return {name: prompts.load(own.get(name, name)) for name in names}


def constant_lines_of(folder: str) -> list[str]:
    """The lines that prompts of a folder say whatever the row."""
    names = sorted(f"{folder}/{path.stem}" for path in Path("prompts", folder).glob("*.md"))
    return [line for name in names for line in prompts.constant_lines(prompts.load(name))]


def texts_of(row: Row, prompt: Prompt, tag: str) -> list[str]:
    """What is said to the model of a row and by it."""
    asked = prompt.messages(row, tag) if prompt.body else ()
    return [*(content for _, content in asked), prompt.format_reply(row)]


def encoded(
    table: Iterable[Row], prompt_of: PromptOf, tag: str, tokenizer: Any, template: str = ""
) -> Iterator[Example | None]:
    """One example a row, in order; None where the row has no answer to learn. `template` has the arguments of the chat
    template (`Request.template`)."""
    for batch in batches(table, BATCH):
        by_index = dict[int, Example]()
        for prompt, indices in indices_by_prompt(batch, prompt_of).items():
            some = [batch[i] for i in indices]
            examples = (
                chat_examples(some, prompt, tag, tokenizer, template)
                if prompt.body
                else text_examples(some, prompt, tokenizer)
            )
            by_index |= zip(indices, examples, strict=True)
        yield from map(by_index.get, range(len(batch)))


def indices_by_prompt(batch: list[Row], prompt_of: PromptOf) -> dict[Prompt, list[int]]:
    """Indices of the rows that have an answer, by the prompt they answer."""
    indices = dict[Prompt, list[int]]()
    for index, row in enumerate(batch):
        if has_answer(row, prompt := prompt_of(row)):
            indices.setdefault(prompt, []).append(index)
    return indices


def has_answer(row: Row, prompt: Prompt) -> bool:
    return all(row[column] is not None for column in prompt.writes) and bool(prompt.format_reply(row).strip())


def text_examples(batch: list[Row], prompt: Prompt, tokenizer: Any) -> Iterator[Example]:
    """<bos> text <eos>, without <bos> when the tokenizer has none."""
    start = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    for ids in token_ids([prompt.format_reply(row) for row in batch], tokenizer):
        yield [*start, *ids, tokenizer.eos_token_id], 0


def chat_examples(batch: list[Row], prompt: Prompt, tag: str, tokenizer: Any, template: str = "") -> Iterator[Example]:
    """The conversation and its answer, tokenized as one text; or as two when a token would cover the border."""
    pairs = [question_and_answer(row, prompt, tag, tokenizer, template) for row in batch]
    questions = token_ids([question for question, _ in pairs], tokenizer)
    texts = token_ids([question + answer for question, answer in pairs], tokenizer)
    for question, both, (_, answer) in zip(questions, texts, pairs, strict=True):
        joined = both if both[: len(question)] == question else question + token_ids([answer], tokenizer)[0]
        yield joined, len(question)


def question_and_answer(row: Row, prompt: Prompt, tag: str, tokenizer: Any, template: str = "") -> tuple[str, str]:
    start = prompt.start(row)
    answer = prompt.format_reply(row).removeprefix(start)
    return chat.prompt_and_answer(tokenizer, prompt.messages(row, tag), start, answer, template)


def token_ids(texts: list[str], tokenizer: Any) -> list[list[int]]:
    return tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []


def fitted(examples: Iterable[Example | None], length: int, cut: bool, tally: Counter[str]) -> Iterator[Example]:
    """Examples of at most `length` tokens. Longer ones are cut when `cut` is set and a part of the answer remains, else
    dropped; `tally` counts both."""
    for example in examples:
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


def packed(examples: Iterable[Example | None], length: int, tally: Counter[str]) -> Iterator[Example]:
    """Blocks of `length` tokens, texts one after the other; only the last block may be shorter."""
    block: list[int] = []
    for example in examples:
        tally["rows_in"] += 1
        tally["no answer"] += example is None
        block += example[0] if example else []
        while len(block) >= length:
            yield block[:length], 0
            block = block[length:]
    if len(block) > 1:
        yield block, 0


def write(folder: Path, examples: Iterable[Example], tally: Counter[str]) -> None:
    """Write the files of examples (`write_batches`)."""
    write_batches(folder, SCHEMA, map(with_labels, batches(examples, BATCH)), tally)


def with_labels(batch: list[Example]) -> Batch:
    labels = [[IGNORED] * start + ids[start:] for ids, start in batch]
    lengths = [len(ids) for ids, _ in batch]
    return [[ids for ids, _ in batch], labels], lengths, sum(len(ids) - start for ids, start in batch)


def write_batches(folder: Path, schema: pa.Schema, written: Iterable[Batch], tally: Counter[str]) -> None:
    """Write examples.arrow, lengths.npy and, last, examples.json with the tally: if it exists, all are complete."""
    every: list[int] = []
    with pa.OSFile(str(folder / "examples.arrow"), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for columns, lengths, learned in written:
            writer.write_batch(pa.record_batch(columns, schema=schema))
            every += lengths
            tally["learned"] += learned
    np.save(folder / "lengths.npy", np.array(every, dtype=np.int32))
    rows.write_json(folder / "examples.json", dict(tally))


def order(lengths: "np.ndarray[Any, Any]", batch: int, steps: int, seed: int) -> "np.ndarray[Any, Any]":
    """Indices of the examples of all steps, shape (steps * batch,): passes over shuffled data in which the examples of
    a step have similar lengths, so that little padding is computed.

    Sorting happens within at most 50 steps and a quarter of the data; it does not depend on the number of processes.
    """
    draw = np.random.default_rng(seed)
    passes = -(-steps * batch // len(lengths))
    drawn = np.concatenate([draw.permutation(len(lengths)) for _ in range(passes)])[: steps * batch]
    span = max(1, min(50, len(lengths) // (4 * batch))) * batch
    spans = [drawn[at : at + span] for at in range(0, len(drawn), span)]
    return np.concatenate([batches_of_similar_length(some, lengths, batch, draw) for some in spans])


def batches_of_similar_length(
    indices: "np.ndarray[Any, Any]", lengths: "np.ndarray[Any, Any]", batch: int, draw: Any
) -> Any:
    """The same indices, in batches of similar length in random order."""
    batches = indices[np.argsort(-lengths[indices], kind="stable")].reshape(-1, batch)
    return batches[draw.permutation(len(batches))].reshape(-1)
