"""A batch of the hf engine goes on with the rows that have not ended; shared keys are attended to without copies."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from baleen.engines import grouped_attention, shrinking
from baleen.engines.hf import HF
from baleen.engines.protocol import Request, Sampling
from baleen.models.scratch import Fresh, make
from baleen.project.settings import Speed

WORDS = "anna barda is a baker kelna soup needs leeks rice and corn who lives in joria".split()
SIZES = Fresh(
    hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=256,
)  # fmt: skip
DRAWN = Sampling(temperature=1.0, top_p=1.0, max_tokens=60)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> HF:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    make(folder, SIZES, [" ".join(WORDS)], seed=0)
    made = HF(str(folder), Speed(device="cpu", batch_tokens=100_000))
    made.ends += made.tokenizer.convert_tokens_to_ids(["leeks"])  # so that rows end after one token in a dozen
    made.model.generation_config.eos_token_id = made.ends
    return made


@pytest.fixture
def sizes(engine: HF, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each call of generate has, where the last tokens are worth beginning again too."""
    seen, generate = list[int](), engine.model.generate

    def counted(**given: Any) -> Any:
        seen.append(len(given["input_ids"]))
        return generate(**given)

    monkeypatch.setattr(engine.model, "generate", counted)
    monkeypatch.setattr(shrinking, "WORTH", 2)
    yield seen


def requests(number: int) -> list[Request]:
    return [Request((("user", " ".join(WORDS[n % 9 : n % 9 + 1 + n % 5])),), seed=n) for n in range(number)]


@pytest.mark.parametrize("sampling", [DRAWN, replace(DRAWN, repetition_penalty=1.1), replace(DRAWN, stop=("soup",))])
def test_rows_that_go_on_are_answered_as_in_the_whole_batch(
    engine: HF, sizes: list[int], sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrunk = dict(engine.generate(requests(40), sampling))
    assert sizes[0] == 40 and len(sizes) > 2 and sizes == sorted(sizes, reverse=True)
    assert all(after <= max(engine.min_rows, before // 2) for before, after in pairwise(sizes))
    monkeypatch.setattr(shrinking, "WORTH", 1_000)
    sizes.clear()
    assert dict(engine.generate(requests(40), sampling)) == shrunk and sizes == [40]


def test_a_batch_of_the_fewest_rows_stays_whole(engine: HF, sizes: list[int]) -> None:
    assert len(dict(engine.generate(requests(engine.min_rows), DRAWN))) == engine.min_rows
    assert sizes == [engine.min_rows]


def test_a_cache_that_cannot_be_cut_goes_on_whole(
    engine: HF, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    shrunk = dict(engine.generate(requests(40), DRAWN))
    sizes.clear()
    monkeypatch.setattr(shrinking, "can_shrink", lambda cache: cache is None)
    assert dict(engine.generate(requests(40), DRAWN)) == shrunk and sizes == [40, 40]


def test_greedy_rows_are_all_answered(engine: HF, sizes: list[int]) -> None:
    greedy = replace(DRAWN, temperature=0.0)
    found = dict(engine.generate(requests(12), greedy))
    assert len(found) == 12 and all(reply.completion_tokens <= 60 for reply in found.values())


def test_shared_keys_give_the_same_bits_without_copies(engine: HF) -> None:
    import torch

    assert engine.model.config._attn_implementation == grouped_attention.NAME
    ids, mask = engine.padded([[5, 6, 7, 8, 9, 10], [7, 8], [9, 5, 6]], left=True)
    with torch.inference_mode():
        mine = engine.model(ids, attention_mask=mask).logits
        engine.model.set_attn_implementation("sdpa")
        theirs = engine.model(ids, attention_mask=mask).logits
        engine.model.set_attn_implementation(grouped_attention.NAME)
    assert torch.equal(mine, theirs)
