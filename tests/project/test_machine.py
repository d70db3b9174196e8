"""What a machine can do is found without torch, and a profile that it cannot run is told before anything is built."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import own_project
import project
import pytest
from project import set_yaml

from baleen.project import machine
from baleen.project.machine import Gpu, Machine
from baleen.project.settings import Speed
from baleen.training.options import TrainOptions
from baleen.training.requirements import Job, lacks, packages_of
from stages.generate import GenerateOptions

OLD, NEW = Gpu("Old", 16 * 10**9, (7, 5)), Gpu("New", 80 * 10**9, (9, 0))
GPUS = {"GPU-aaaa": OLD, "GPU-bbbb": NEW}


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (None, ["Old", "New"]),
        ("", []),
        ("0", ["Old"]),
        ("1", ["New"]),
        ("1,0", ["New", "Old"]),
        ("GPU-bb", ["New"]),
        ("-1", []),
        ("0,7,1", ["Old"]),
        ("7", []),
    ],
)
def test_the_gpus_that_cuda_shows_are_counted(chosen: str | None, names: list[str]) -> None:
    assert [gpu.name for gpu in machine.visible(GPUS, chosen)] == names


def machine_here(*gpus: Gpu, unused: str = "") -> Machine:
    return Machine(2, 8 * 10**9, 10**9, gpus, unused)


def train(**given: Any) -> Job:
    return Job("train", TrainOptions(input="t", base="base", prompt="reply", **given))


def generate(**given: Any) -> Job:
    return Job("generate", GenerateOptions(input="t", model="m", prompt="reply", **given))


CUDA, BIG = Speed(device="cuda"), {"hub": "owner/name", "parameters": 8.0e9}
CASES: dict[str, tuple[list[Job], Speed, dict[str, Any], Machine, str]] = {
    "a CPU is all that is wanted": ([train()], Speed(), {}, machine_here(), ""),
    "bf16 on a CPU": ([train(bf16=True)], Speed(device="cpu"), {}, machine_here(), ""),
    "a GPU that is there": ([train(bf16=True)], CUDA, {}, machine_here(NEW), ""),
    "no GPU": ([train()], CUDA, {}, machine_here(), "device: cuda needs a GPU, there is none; choose a profile"),
    "no GPU to answer with": ([generate()], CUDA, {}, machine_here(), "device: cuda needs a GPU, there is none"),
    "a torch without CUDA": (
        [train()],
        CUDA,
        {},
        machine_here(unused="this torch was built without CUDA"),
        "without CUDA",
    ),
    "too few GPUs": (
        [train()],
        Speed(device="cuda", processes=8),
        {},
        machine_here(NEW, NEW),
        "needs 8 GPUs, there are 2",
    ),
    "one GPU answers": ([generate()], Speed(device="cuda", processes=8), {}, machine_here(NEW), ""),
    "a model over several GPUs": (
        [generate()],
        Speed(device="cuda", tensor_parallel=2),
        {},
        machine_here(NEW),
        "needs 2 GPUs",
    ),
    "a GPU without bf16": (
        [train(bf16=True)],
        CUDA,
        {},
        machine_here(OLD),
        "bf16: true needs a GPU that has it, not Old",
    ),
    "one of two without bf16": (
        [train(bf16=True)],
        CUDA,
        {},
        machine_here(NEW, OLD),
        "bf16: true needs a GPU that has it",
    ),
    "a model that does not fit": (
        [train()],
        CUDA,
        BIG,
        machine_here(NEW),
        "takes 128.0 GB at least, the GPUs have 80.0 GB",
    ),
    "an adapter that fits": ([train(lora_rank=8)], CUDA, BIG, machine_here(NEW), ""),
    "a model that fits no memory": ([train()], Speed(device="cpu"), BIG, machine_here(), "this machine has 8.0 GB"),
    "a model that somebody else trained": ([train(instead={"hub": "a/b"})], CUDA, {}, machine_here(NEW), ""),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_machine_lacks_is_said_with_what_to_do(name: str) -> None:
    jobs, speed, origin, where, words = CASES[name]
    found = lacks(jobs, speed, origin, where)
    assert (len(found) == 1 and words in found[0]) if words else found == []


@pytest.mark.parametrize(
    ("engine", "package"),
    [("hf", "torch"), ("vllm", "vllm"), ("openai", "aiohttp"), ("apertium", ""), ("seq2seq", "torch")],
)
def test_the_packages_of_an_engine_are_read_off_its_module(engine: str, package: str) -> None:
    assert package in packages_of(engine) if package else not packages_of(engine)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "no address", "http://no.such.host.invalid"])
def test_a_hub_that_does_not_answer_is_no_failure(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert machine.hub_error().startswith(f"{address} does not answer")


def test_a_model_that_was_downloaded_needs_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not machine.in_hub_cache("owner/name", "abc")
    own_project.write(tmp_path / "models--owner--name/snapshots/abc", {"config.json": "{}", "x.safetensors": ""})
    assert machine.in_hub_cache("owner/name", "abc")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout's project under a profile for a GPU, on a machine that shows none."""
    project.link_checkout(tmp_path)
    set_yaml(tmp_path / "params.yaml", "profile", "small")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return tmp_path


def run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return own_project.run(folder, sys.executable, "-m", *words, **more)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("baleen", "check"), ("stages.plan",)])
def test_check_and_plan_refuse_a_profile_that_this_machine_cannot_run(words: tuple[str, ...], folder: Path) -> None:
    ended = run(folder, *words)
    line = "baleen: profiles/small.yaml: this machine cannot run it: speed: device: cuda needs a GPU"
    assert ended.returncode == 1 and ended.stderr.startswith(line) and ended.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_stage_that_was_planned_elsewhere_refuses_too(folder: Path) -> None:
    set_yaml(folder / "params.yaml", "profile", "pocket")
    assert run(folder, "stages.plan").returncode == 0
    set_yaml(folder / "profiles/pocket.yaml", "speed.device", "cuda")
    ended = run(folder, "stages.train", "reply", DVC_STAGE="train@reply")
    assert ended.returncode == 1 and "profiles/pocket.yaml: this machine cannot run it" in ended.stderr


@pytest.mark.slow
def test_doctor_says_what_there_is_and_which_profiles_can_run(folder: Path) -> None:
    ended = run(folder, "baleen", "doctor")
    assert ended.returncode == 0 and "profile pocket  can run here\n" in ended.stdout, ended.stderr
    found = json.loads(run(folder, "baleen", "doctor", "--json").stdout)
    assert found["gpus"] == [] and found["profiles"]["text"] == "" and "cuda" in found["profiles"]["8b"]
    assert found["processors"] > 0 and found["memory"] > 0 and found["extras"]["train"]


@pytest.mark.slow
def test_a_profile_whose_model_lies_in_a_package_that_is_not_installed_cannot_run_here(folder: Path) -> None:
    set_yaml(folder / "profiles/laptop.yaml", "origin.package", "no-such-package")
    found = json.loads(run(folder, "baleen", "doctor", "--json").stdout)["profiles"]
    assert "not installed: pip install --no-deps no-such-package==0.1.2" in found["laptop"]


@pytest.mark.slow
def test_doctor_needs_no_project(tmp_path: Path) -> None:
    ended = own_project.run(tmp_path, "baleen", "doctor")
    assert ended.returncode == 0 and ended.stdout.startswith("processors"), ended.stderr
