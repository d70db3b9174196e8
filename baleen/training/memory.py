"""Memory: bytes of each GPU that a line takes at the least, by the number of weights of its model.

Training all weights: 16 bytes a weight (weights, gradients and AdamW's two moments in fp32), divided by the processes
where they are sharded, and 4 for a reference where preferences are learned; with LoRA 2 bytes (bf16) in every process.
Activations take the rest: a fifth of a GPU is kept for them. Answering: 2 bytes a weight, divided by the GPUs that the
model is split over; vLLM takes `gpu_memory` of a GPU, and what its part of the weights leaves is the KV cache.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from baleen.engines import table
from baleen.memo.dry_run import disk_size
from baleen.models.sizes import WEIGHT, gpus_for
from baleen.project.settings import Settings, Speed

TRAINED = 16
REFERENCE = 4  # bytes a weight of the second copy, in fp32, that preferences are measured against
ACTIVATIONS = 0.2  # share of a GPU; ours, and more where rows are long: `train_rows` and checkpointing lower it


@dataclass(frozen=True)
class Need:
    """What a line needs of each of some GPUs, in bytes, the part of a GPU that it may use, and in words for what."""

    line: str
    use: str
    model: str
    bytes: float
    gpus: int
    share: float

    def words(self, gpu: float) -> str:
        """What it takes of GPUs of so many bytes, for --dry-run."""
        each = "one GPU" if self.gpus == 1 else f"each of {self.gpus} GPUs"
        return self.lack(gpu) or f"{self.line}: {self.use} {self.model} takes {disk_size(self.bytes)} of {each}: fits"

    def lack(self, gpu: float) -> str:
        """Why it does not fit GPUs of so many bytes, or ''."""
        if self.bytes <= self.share * gpu:
            return ""
        each = "one GPU" if self.gpus == 1 else f"each of {self.gpus} GPUs"
        return (
            f"{self.line}: {self.use} {self.model} takes {disk_size(self.bytes)} of {each}, of which "
            f"{disk_size(self.share * gpu)} of {disk_size(gpu)} can be used; {ADVICE[self.use]}"
        )


ADVICE = {
    "all weights of": "write lora_rank, raise speed: processes, or name a smaller model",
    "LoRA on": "name a smaller model",
    "querying": "raise speed: tensor_parallel (0 is as many GPUs as it needs), or name a smaller model",
    "querying, on one GPU,": "write engine: vllm, which splits a model, or name a smaller model",
}


def pin_of(name: str, trained: Mapping[str, Any], origin: Settings) -> Settings:
    """The pin of the model that a model in models/ was before this project taught it; {} when that is not known."""
    while name in trained:
        if trained[name].instead:
            return dict(trained[name].instead)
        name = trained[name].base
    return dict(origin) if name == "origin" else {}


def needs(jobs: Iterable[tuple[str, str, Any]], origin: Settings, speed: Speed) -> list[Need]:
    """What lines (name, verb, settings) need; those whose model has no stated number of weights are left out."""
    some = list(jobs)
    trained = {name: options for name, verb, options in some if verb == "train"}
    found = []
    for name, verb, options in some:
        if verb == "train" and (options.instead or not options.steps):
            continue
        pin = pin_of(options.base if verb == "train" else options.model, trained, origin)
        if (number := float(pin.get("parameters", 0))) and not pin.get("endpoint"):
            found.append(need(name, verb, options, number, place_of(pin), speed))
    return found


def place_of(pin: Settings) -> str:
    return str(pin.get("hub") or pin.get("path") or pin.get("gguf"))


def need(line: str, verb: str, options: Any, number: float, model: str, speed: Speed) -> Need:
    """What a line needs of a model with so many weights."""
    if verb == "train":
        free = 1 - ACTIVATIONS
        if options.lora_rank:
            return Need(line, "LoRA on", model, WEIGHT * number, speed.processes, free)
        shards = speed.processes if speed.accelerate_config else 1
        taken = TRAINED + REFERENCE * bool(options.rejected)
        return Need(line, "all weights of", model, taken * number / shards, speed.processes, free)
    if not table.can(options.engine, "split"):
        return Need(line, "querying, on one GPU,", model, WEIGHT * number, 1, 1 - ACTIVATIONS)
    gpus = gpus_for(WEIGHT * number, speed)
    return Need(line, "querying", model, WEIGHT * number / gpus, gpus, speed.gpu_memory)
