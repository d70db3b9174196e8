"""Sharded training: a model whose weights lie in pieces in several processes ends as the files that one process writes.

accelerate shards models on GPUs alone; here it is told that two processes on CPUs are such.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from test_train import home as home  # a workspace with prompts, a profile, tables and the pin of a model
from test_train import train_model
from tiny import write_speed

from baleen.project.yaml_files import parse_yaml

FSDP = parse_yaml((Path(__file__).parents[2] / "profiles/accelerate/fsdp.yaml").read_text())["fsdp_config"]


def files(name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("models", name).iterdir() if path.suffix != ".md"}


def train_base() -> None:
    """A base that ends its replies with a token of its own too."""
    train_model("base", "short")
    path = Path("models/base/generation_config.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"eos_token_id": 5}))


def shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on what `accelerate launch` sets holds, and two processes on CPUs are taken for GPUs."""
    from accelerate.state import AcceleratorState, DistributedType, PartialState

    begin = AcceleratorState.__init__

    def as_on_gpus(self: AcceleratorState, *told: Any, **more: Any) -> None:
        if not AcceleratorState._shared_state:
            PartialState(cpu=True)
            PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
        begin(self, *told, **more)

    monkeypatch.setattr(AcceleratorState, "__init__", as_on_gpus)
    for name, value in {"accelerate_use_fsdp": True, **FSDP}.items():
        monkeypatch.setenv(name.upper(), str(value).lower() if isinstance(value, bool) else str(value))
    write_speed(processes=2, train_rows=4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("section", "more", "apart"),
    [
        ("lora", ("--dropout", "0"), 1e-4),
        ("lora", ("--dropout", "0", "--bf16", "--adapter"), 0.02),
        ("short", ("--bf16",), 0.05),
    ],
)
def test_a_sharded_training_ends_in_the_files_that_one_process_writes(
    home: Path, monkeypatch: pytest.MonkeyPatch, section: str, more: tuple[str, ...], apart: float
) -> None:
    from safetensors.torch import load

    train_base()
    alone = train_model("alone", section, *more, base="base")
    shard(monkeypatch)
    both = train_model("both", section, *more, base="base")
    assert both["loss"] == pytest.approx(alone["loss"], abs=5e-3)
    one, other = files("alone"), files("both")
    (weights,) = {name for name in one if name.endswith(".safetensors")}
    mine, theirs = load(one.pop(weights)), load(other.pop(weights))
    assert one == other
    assert {name: weight.dtype for name, weight in mine.items()} == {name: theirs[name].dtype for name in theirs}
    assert max(float((mine[name] - theirs[name]).abs().max()) for name in mine) < apart
