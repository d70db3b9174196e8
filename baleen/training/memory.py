"""Memory: bytes of each GPU that a line takes, by the weights and the shape of its model (formulas: docs/gpus.md).

Of a model whose shape nobody knows the weights alone are counted, and a fifth of a GPU is kept for the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from baleen.engines import table
from baleen.memo.dry_run import disk_size
from baleen.models.shapes import Shape, shape_of
from baleen.models.sizes import WEIGHT, gpus_for
from baleen.project.settings import Settings, Speed, load_yaml

TRAINED = 16  # bytes a weight: weights, gradients and AdamW's two moments in fp32
REFERENCE = 4  # of the second copy, in fp32, that preferences are measured against
UNKNOWN = 0.2  # share of a GPU that is kept for activations or replies where no shape is known; ours
KEPT = 0.1  # for the driver, the libraries and gaps between tensors; ours
TILE = (4096, 32768)  # tokens by words that TRL's head computes at once (trl 1.16, kernels/chunked_logprob.py)
LOGITS = 4 * (1 << 28)  # bytes of logits that an engine computes at once, at most (engines vllm and hf)


@dataclass(frozen=True)
class Need:
    """What a line needs of each of some GPUs, in bytes by what for, the part of a GPU that it may use, and in words of
    which model."""

    line: str
    use: str
    model: str
    parts: Mapping[str, float]
    gpus: int
    share: float

    @property
    def bytes(self) -> float:
        return sum(self.parts.values())

    @property
    def each(self) -> str:
        return "one GPU" if self.gpus == 1 else f"each of {self.gpus} GPUs"

    @property
    def taken(self) -> str:
        """What it takes, with its parts where it has several."""
        own = ", ".join(f"{name} {disk_size(size)}" for name, size in self.parts.items())
        return f"{disk_size(self.bytes)} of {self.each}" + (f" ({own})" if len(self.parts) > 1 else "")

    def words(self, gpu: float) -> str:
        """What it takes of GPUs of so many bytes, for --dry-run."""
        return self.lack(gpu) or f"{self.line}: {self.use} {self.model} takes {self.taken}: fits"

    def lack(self, gpu: float) -> str:
        """Why it does not fit GPUs of so many bytes, or ''."""
        if self.bytes <= self.share * gpu:
            return ""
        usable = f"{disk_size(self.share * gpu)} of {disk_size(gpu)} can be used"
        largest = max(self.parts, key=lambda name: self.parts[name])
        advice = SMALLER.get(largest, ADVICE[self.use])
        return f"{self.line}: {self.use} {self.model} takes {self.taken}, of which {usable}; {advice}"


ADVICE = {
    "all weights of": "write lora_rank, raise speed: processes, or name a smaller model",
    "LoRA on": "name a smaller model",
    "querying": "raise speed: tensor_parallel (0 is as many GPUs as it needs), or name a smaller model",
    "querying, on one GPU,": "write engine: vllm, which splits a model, or name a smaller model",
}
SMALLER = {
    "activations": "lower speed: train_rows or max_length, or write speed: gradient_checkpointing: true",
    "replies": "lower speed: batch_tokens",
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
        pin = dict(options.instead) or pin_of(options.base if verb == "train" else options.model, trained, origin)
        if (number := float(pin.get("parameters", 0))) and not pin.get("endpoint"):
            of = of_training if verb == "train" else of_queries
            found.append(of(name, options, number, pin, speed))
    return found


def place_of(pin: Settings) -> str:
    return str(pin.get("hub") or pin.get("path") or pin.get("gguf"))


def of_training(line: str, options: Any, number: float, pin: Settings, speed: Speed) -> Need:
    """What a training of a model with so many weights needs."""
    shape, lora = shape_of(pin), bool(options.lora_rank)
    shards = 1 if lora or not speed.accelerate_config else speed.processes
    taken = WEIGHT if lora else TRAINED + REFERENCE * bool(options.rejected)
    parts = {"weights": taken * number / shards}
    if shape:
        parts |= {"activations": activations(options, shape, speed), "head": head(options, shape, speed)}
        parts |= {"copies": copies(number, shape, shards)} if not lora else {}
    use, free = "LoRA on" if lora else "all weights of", 1 - (KEPT if shape else UNKNOWN)
    return Need(line, use, place_of(pin), parts, speed.processes, free)


def tokens_at_once(options: Any, speed: Speed) -> int:
    """Tokens that a GPU sees at once, at most; of preferences both answers."""
    batch = max([options.batch, *options.batch_by_rows.values()])
    rows: int = min(speed.train_rows, max(1, batch // speed.processes))
    return rows * int(options.max_length) * (2 if options.rejected else 1)


def token_bytes(options: Any, shape: Shape) -> int:
    """Bytes that a layer keeps of a token until the step back: counted in PyTorch's saved tensors (LOG.md)."""
    kept = 30 * shape.width + 8 * shape.inner + 4 * shape.keys + 4 * shape.heads
    dropped = 24 * shape.width + 4 * shape.inner if options.lora_rank and options.dropout else 0
    return int((kept + dropped) * (1 if options.bf16 else 2))


def activations(options: Any, shape: Shape, speed: Speed) -> float:
    """Bytes of activations: of all layers, or of what goes into each and of one layer where they are computed twice."""
    tokens, own = tokens_at_once(options, speed), token_bytes(options, shape)
    if speed.gradient_checkpointing or checkpointed(speed.accelerate_config):
        return float(tokens * (4 * shape.width * shape.layers + own))
    return float(tokens * own * shape.layers)


@cache
def checkpointed(accelerate_config: str) -> bool:
    """Whether a file for `accelerate launch` has activations computed twice."""
    if not accelerate_config or not Path(accelerate_config).is_file():
        return False
    return bool(load_yaml(Path(accelerate_config)).get("fsdp_config", {}).get("fsdp_activation_checkpointing"))


def head(options: Any, shape: Shape, speed: Speed) -> float:
    """Bytes of the head: a tile of logits, and where it is trained its weights and their gradient in fp32."""
    tile = 2 * min(tokens_at_once(options, speed), TILE[0]) * min(shape.vocabulary, TILE[1])
    return float(tile + (0 if options.lora_rank else 8 * shape.table_weights))


def copies(number: float, shape: Shape, shards: int) -> float:
    """Bytes of weights in bf16 beside those in fp32: all of them, or two layers where they are sharded."""
    return float(WEIGHT * (number if shards == 1 else 2 * shape.layer_weights))


def of_queries(line: str, options: Any, number: float, pin: Settings, speed: Speed) -> Need:
    """What querying a model with so many weights needs."""
    shape, split = shape_of(pin), table.can(options.engine, "split")
    gpus = gpus_for(WEIGHT * number, speed) if split else 1
    parts = {"weights": WEIGHT * number / gpus}
    if shape:
        length = 0 if getattr(options, "embed", False) else shape.context if split else speed.batch_tokens
        parts |= {"replies": cache_bytes(shape) * length / gpus, "logits": float(LOGITS)}
    if split:
        return Need(line, "querying", place_of(pin), parts, gpus, speed.gpu_memory)
    return Need(line, "querying, on one GPU,", place_of(pin), parts, 1, 1 - (KEPT if shape else UNKNOWN))


def cache_bytes(shape: Shape) -> int:
    """Bytes of the KV cache for a token: keys and values of every layer, in bf16."""
    return 2 * 2 * shape.layers * shape.keys
