"""Examples: nothing is lost without being counted, and the order of steps depends on the data and the seed alone."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.prompts import Prompt
from baleen.tables.rows import Row
from baleen.training import examples

TEXTS = ["what is it ?", "it is a cat .\n- a dog"]
FOUND = [([1, 2, 3, 4], 2), None, ([1, 2, 3, 4, 5, 6], 2), ([1, 2, 3, 4, 5, 6], 5), ([1, 2], 1)]


@pytest.mark.parametrize(
    ("cut", "kept", "tally"),
    [
        (False, [([1, 2, 3, 4], 2), ([1, 2], 1)], {"rows_in": 5, "no answer": 1, "too long": 2}),
        (
            True,
            [([1, 2, 3, 4], 2), ([1, 2, 3, 4], 2), ([1, 2], 1)],
            {"rows_in": 5, "no answer": 1, "cut": 1, "too long": 1},
        ),
    ],
)
def test_long_examples_are_cut_or_dropped_and_counted(cut: bool, kept: list[Any], tally: dict[str, int]) -> None:
    counted = Counter[str]()
    assert list(examples.fitted(FOUND, 4, cut, counted)) == kept
    assert counted == tally


def test_blocks_hold_every_token_in_order() -> None:
    texts = [([1, 2, 3], 0), None, ([4, 5, 6, 7, 8, 9, 10], 0), ([11, 12], 0)]
    tally = Counter[str]()
    blocks = [ids for ids, _ in examples.packed(texts, 5, tally)]
    assert blocks == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]
    assert tally["rows_in"] == 4 and tally["no answer"] == 1


def test_a_last_block_of_one_token_is_left_out_for_it_has_nothing_to_predict() -> None:
    assert list(examples.packed([([1, 2, 3], 0)], 2, Counter())) == [([1, 2], 0)]


def test_examples_on_disk_have_labels_for_the_answer_alone(tmp_path: Path) -> None:
    examples.write(tmp_path, iter([([7, 8, 9], 2), ([5, 6], 0)]), Counter({"rows_in": 2}))
    with pa.memory_map(str(tmp_path / "examples.arrow")) as file:
        table = pa.ipc.open_stream(file).read_all().to_pydict()
    assert table == {"input_ids": [[7, 8, 9], [5, 6]], "labels": [[-100, -100, 9], [5, 6]]}
    assert np.load(tmp_path / "lengths.npy").tolist() == [3, 2]
    assert json.loads((tmp_path / "examples.json").read_text()) == {"rows_in": 2, "learned": 3}


@pytest.mark.parametrize(("count", "batch", "steps"), [(100, 8, 50), (5, 8, 3), (32, 32, 1), (1, 4, 2), (1000, 32, 31)])
def test_every_example_is_seen_equally_often(count: int, batch: int, steps: int) -> None:
    lengths = np.arange(count, dtype=np.int32) % 17
    seen = np.bincount(examples.order(lengths, batch, steps, 0), minlength=count)
    assert seen.sum() == batch * steps
    assert seen.max() - seen.min() <= 1


def test_examples_of_a_step_are_of_like_length() -> None:
    lengths = np.random.default_rng(1).integers(5, 100, 2000)
    grouped = lengths[examples.order(lengths, 32, 60, 0)].reshape(-1, 32)
    shuffled = lengths[np.random.default_rng(2).permutation(2000)[: 60 * 32]].reshape(-1, 32)
    assert grouped.max(axis=1).sum() < 0.65 * shuffled.max(axis=1).sum()


def test_the_order_depends_on_the_seed_alone() -> None:
    lengths = np.arange(100)
    first, again, other = (examples.order(lengths, 8, 20, seed).tolist() for seed in (0, 0, 1))
    assert first == again != other


ROWS: list[Row] = [
    {"id": "1", "origin": "seed", "instruction": "what is it ?", "response": "it is a cat ."},
    {"id": "2", "origin": "seed", "instruction": "what is it ?", "response": None},
    {"id": "3", "origin": "web", "instruction": "what is it ?", "response": "- a dog"},
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return scratch.new_tokenizer(TEXTS, Fresh(phrases=["seed message", "web message"]))


def split_tokens(found: Any, tokenizer: Any) -> list[Any]:
    """Question and answer of each example, as tokens."""
    split = [example and (example[0][: example[1]], example[0][example[1] :]) for example in found]
    return [pair and tuple(" ".join(tokenizer.convert_ids_to_tokens(ids)) for ids in pair) for pair in split]


@pytest.mark.slow
def test_the_loss_covers_the_answer_and_its_end_alone(tokenizer: Any) -> None:
    prompt = Prompt("p", "$instruction", ("response",), system={"seed": "seed message", "web": "web message"})
    first, second, third = split_tokens(examples.encoded(ROWS, lambda row: prompt, "", tokenizer), tokenizer)
    assert first == ("<s> <|system|> seed message <|user|> what is it ? <|assistant|>", "it is a cat . </s>")
    assert second is None
    assert third == ("<s> <|system|> web message <|user|> what is it ? <|assistant|>", "- a dog </s>")


@pytest.mark.slow
def test_a_tag_chooses_the_system_message_of_every_row(tokenizer: Any) -> None:
    prompt = Prompt("p", "$instruction", ("response",), system={"seed": "seed message", "web": "web message"})
    found = split_tokens(examples.encoded(ROWS, lambda row: prompt, "web", tokenizer), tokenizer)
    assert all("web message" in pair[0] for pair in found if pair)


@pytest.mark.slow
def test_a_prefill_is_not_learned(tokenizer: Any) -> None:
    prompt = Prompt("p", "$instruction .", ("response",), prefill="it is")
    assert split_tokens(examples.encoded(ROWS[:1], lambda row: prompt, "", tokenizer), tokenizer) == [
        ("<s> <|user|> what is it ? . <|assistant|> it is", "a cat . </s>")
    ]


@pytest.mark.slow
def test_a_prompt_without_a_question_is_plain_text(tokenizer: Any) -> None:
    prompt = Prompt("p", "", ("response",))
    assert split_tokens(examples.encoded(ROWS[:1], lambda row: prompt, "", tokenizer), tokenizer) == [
        ("", "<s> it is a cat . </s>")
    ]
