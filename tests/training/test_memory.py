"""Memory that lines take of GPUs: models of several sizes in one project, each with its own place."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import own_project
import project
import pytest

from baleen.models import shapes
from baleen.models.sizes import gpus_for, weight_bytes
from baleen.project import layers, recipes, settings
from baleen.project.settings import Speed
from baleen.training import memory
from baleen.training.options import TrainOptions
from stages import verbs
from stages.generate import GenerateOptions

PROJECT = layers.current()
EIGHT, SEVENTY = {"hub": "a/student", "parameters": 8e9}, {"hub": "a/judge", "parameters": 7e10}
PINS = [
    section.get("instead", section)
    for profile in ("small", "8b", "paper")
    for section in settings.load_yaml(Path("profiles", f"{profile}.yaml")).values()
    if isinstance(section, dict) and "hub" in section.get("instead", section) and section.get("engine") != "encoder"
]
FSDP = Speed(device="cuda", gpu_gb=80, processes=8, tensor_parallel=0, accelerate_config="fsdp.yaml")


def train(base: str, **given: Any) -> TrainOptions:
    return TrainOptions(input="t", base=base, prompt="reply", **given)


def needs(verb: str, options: Any, speed: Speed) -> list[memory.Need]:
    judge = ("judge", "train", train("origin", instead=SEVENTY))
    return memory.needs([judge, ("line", verb, options)], EIGHT, speed)


def asks(model: str, engine: str = "vllm") -> GenerateOptions:
    return GenerateOptions(input="t", model=model, prompt="reply", engine=engine)


CASES = {  # bytes of each GPU, GPUs, words of what is lacking
    "a student of 8B, sharded": ("train", train("origin"), FSDP, 16e9, 8, ""),
    "a student of 8B on one GPU": ("train", train("origin"), Speed(gpu_gb=80), 128e9, 1, "write lora_rank"),
    "its adapter": ("train", train("origin", lora_rank=8), Speed(gpu_gb=80), 16e9, 1, ""),
    "a judge of 70B is split": ("generate", asks("judge"), FSDP, 35e9, 4, ""),
    "a judge of 70B on one GPU": (
        "generate",
        asks("judge"),
        Speed(gpu_gb=80),
        140e9,
        1,
        "raise speed: tensor_parallel",
    ),
    "an engine that splits nothing": ("generate", asks("judge", "hf"), FSDP, 140e9, 1, "write engine: vllm"),
    "a judge that is trained whole": ("train", train("judge"), FSDP, 140e9, 8, "140.0 GB of each of 8 GPUs"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_line_takes_of_a_gpu(name: str) -> None:
    verb, options, speed, wanted, gpus, words = CASES[name]
    [need] = needs(verb, options, speed)
    assert (need.bytes, need.gpus) == (wanted, gpus)
    lack = need.lack(80e9)
    assert words in lack and bool(lack) == bool(words)


def test_a_dry_run_says_what_a_target_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.link_checkout(tmp_path)
    project.set_yaml(tmp_path / "params.yaml", "profile", "paper")
    monkeypatch.chdir(tmp_path)
    verbs.print_memory("crab-written")
    parts = "weights 35.3 GB, replies 671.1 MB, logits 1.1 GB"
    judge = f"querying meta-llama/Meta-Llama-3-70B-Instruct takes 37.0 GB of each of 4 GPUs ({parts}): fits"
    assert capsys.readouterr().out.strip() == f"crab-written: {judge}"
    project.set_yaml(tmp_path / "params.yaml", "profile", "pocket")
    verbs.print_memory("crab-written")
    assert capsys.readouterr().out == ""


def test_a_model_of_which_nobody_says_how_large_it_is_is_left_out() -> None:
    assert memory.needs([("line", "generate", asks("unknown"))], EIGHT, FSDP) == []
    assert memory.needs([("line", "generate", asks("origin"))], {"path": "/models/x"}, FSDP) == []


def test_a_model_is_split_over_as_few_gpus_as_it_needs() -> None:
    assert [gpus_for(2 * number, FSDP) for number in (8e9, 3e10, 7e10, 4e11)] == [1, 2, 4, 8]
    assert gpus_for(140e9, Speed(tensor_parallel=3)) == 3


def test_weights_are_counted_by_the_pin_or_the_files(tmp_path: Path) -> None:
    own_project.write(tmp_path, {"pinned/pin.yaml": f"{{hub: a/b, revision: {'a' * 40}, parameters: 7.0e+10}}\n"})
    own_project.write(tmp_path, {"trained/model-1.safetensors": "12345678", "trained/model-2.safetensors": "12"})
    assert weight_bytes(str(tmp_path / "pinned")) == 140e9
    assert weight_bytes(str(tmp_path / "trained")) == 10


LLAMA = {"hub": "meta-llama/Llama-3.1-8B", "parameters": 8.03e9}
SHARDED = replace(FSDP, accelerate_config="profiles/accelerate/fsdp.yaml", train_rows=1)


def parts(options: TrainOptions | GenerateOptions, speed: Speed) -> dict[str, float]:
    """What a line on Llama 3.1 8B takes of each GPU, in GB with one digit."""
    verb = "train" if isinstance(options, TrainOptions) else "generate"
    [need] = memory.needs([("line", verb, options)], LLAMA, speed)
    return {name: round(size / 1e9, 1) for name, size in need.parts.items()}


def test_a_training_takes_weights_activations_and_a_head() -> None:
    whole = train("origin", max_length=4096, bf16=True)
    assert parts(whole, SHARDED) == {"weights": 16.1, "activations": 3.1, "head": 4.5, "copies": 0.9}
    kept = replace(SHARDED, accelerate_config="none.yaml")
    assert parts(whole, kept)["activations"] == 31.7  # 32 layers of 0.99 GB
    assert parts(whole, replace(kept, gradient_checkpointing=True))["activations"] == 3.1
    assert parts(replace(whole, lora_rank=8), SHARDED) == {"weights": 16.1, "activations": 3.1, "head": 0.3}
    assert parts(replace(whole, lora_rank=8, dropout=0.1), SHARDED)["activations"] == 3.8
    assert parts(replace(whole, rejected="draft"), SHARDED)["activations"] == 6.3


def test_a_query_takes_the_cache_of_one_request_or_of_a_batch() -> None:
    assert parts(asks("origin"), SHARDED) == {"weights": 16.1, "replies": 17.2, "logits": 1.1}
    assert parts(asks("origin", "hf"), replace(SHARDED, batch_tokens=16384))["replies"] == 2.1


def test_what_does_not_fit_says_what_to_lower() -> None:
    kept = replace(SHARDED, accelerate_config="none.yaml", train_rows=4)
    [need] = memory.needs([("line", "train", train("origin", max_length=4096, bf16=True))], LLAMA, kept)
    lack = need.lack(80e9)
    assert "activations 126.8 GB" in lack and "72.0 GB of 80.0 GB can be used; lower speed: train_rows" in lack


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: str(pin["hub"]))
def test_the_shape_of_a_model_that_a_profile_names_has_its_weights(pin: dict[str, Any]) -> None:
    assert shapes.KNOWN[pin["hub"]].weights == pytest.approx(pin["parameters"], rel=0.005)


def test_the_shape_of_another_model_is_read_where_it_lies(tmp_path: Path) -> None:
    known = shapes.KNOWN["Qwen/Qwen2.5-0.5B"]
    config = {
        "hidden_size": 896, "num_hidden_layers": 24, "intermediate_size": 4864, "num_attention_heads": 14,
        "num_key_value_heads": 2, "vocab_size": 151936, "max_position_embeddings": 32768, "tie_word_embeddings": True,
    }  # fmt: skip
    own_project.write(tmp_path, {"model/config.json": json.dumps(config), "odd/config.json": "{}"})
    assert shapes.shape_of({"path": str(tmp_path / "model")}) == known
    assert shapes.shape_of({"path": str(tmp_path / "odd")}) is None and shapes.shape_of({"hub": "no/body"}) is None


@pytest.mark.slow
def test_a_layer_keeps_as_many_bytes_of_a_token_as_pytorch_saves() -> None:
    import torch
    from transformers import LlamaConfig, LlamaModel

    shape, tokens = shapes.Shape(2, 64, 176, 4, 32, 100, 512), 48

    def saved(layers: int) -> int:
        """Bytes of all that is saved for the step back, beside weights and their copies in bf16."""
        sizes = {"hidden_size": 64, "intermediate_size": 176, "num_attention_heads": 4, "num_key_value_heads": 2}
        model = LlamaModel(LlamaConfig(num_hidden_layers=layers, vocab_size=100, **sizes)).train()
        found, kept = dict[int, int](), list[Any]()

        def pack(one: Any) -> Any:
            kept.append(one)
            found[one.untyped_storage().data_ptr()] = one.untyped_storage().nbytes()
            return one

        ids = torch.zeros(1, tokens, dtype=torch.int64)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda one: one), torch.autocast("cpu", torch.bfloat16):
            model(input_ids=ids, use_cache=False)
        norms = {one.untyped_storage().data_ptr() for one in model.parameters()}
        return sum(size for at, size in found.items() if at not in norms)

    matrices = 2 * (shape.layer_weights - 2 * shape.width)
    wanted = tokens * memory.token_bytes(train("origin", bf16=True), shape)
    assert saved(3) - saved(2) - matrices == pytest.approx(wanted, rel=0.01)


@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_every_line_of_a_real_profile_fits_its_gpus(profile: str) -> None:
    under = layers.under(profile, PROJECT)
    speed = settings.paced(under.profile["speed"], profile)
    jobs = verbs.jobs(recipes.lines(recipes.all_files()), under)
    found = memory.needs([(job.name, job.verb, job.options) for job in jobs], under.profile["origin"], speed)
    large = [need for need in found if need.bytes > 1e8]  # the encoder of texts is small
    known = all("replies" in need.parts or "activations" in need.parts for need in large)
    assert len(found) > 100 and known
    assert [lack for need in found if (lack := need.lack(speed.gpu_gb * 1e9))] == []
