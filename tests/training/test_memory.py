"""Memory that lines take of GPUs: models of several sizes in one project, each with its own place."""

from pathlib import Path
from typing import Any

import own_project
import project
import pytest

from baleen.models.sizes import gpus_for, weight_bytes
from baleen.project import layers, recipes, settings
from baleen.project.settings import Speed
from baleen.training import memory
from baleen.training.options import TrainOptions
from stages import verbs
from stages.generate import GenerateOptions

PROJECT = layers.current()
EIGHT, SEVENTY = {"hub": "a/student", "parameters": 8e9}, {"hub": "a/judge", "parameters": 7e10}
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
    judge = "crab-written: querying meta-llama/Meta-Llama-3-70B-Instruct takes 35.3 GB of each of 4 GPUs: fits"
    assert capsys.readouterr().out.strip() == judge
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


@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_every_line_of_a_real_profile_fits_its_gpus(profile: str) -> None:
    under = layers.under(profile, PROJECT)
    speed = settings.paced(under.profile["speed"], profile)
    jobs = verbs.jobs(recipes.lines(recipes.all_files()), under)
    found = memory.needs([(job.name, job.verb, job.options) for job in jobs], under.profile["origin"], speed)
    assert len(found) > 100 and [lack for need in found if (lack := need.lack(speed.gpu_gb * 1e9))] == []
