"""Sizes: bytes that the weights of a model take when it answers, and over how many GPUs it is split."""

from baleen.models import load, pins
from baleen.project.settings import Speed

WEIGHT = 2  # bytes of a parameter in bfloat16
FILLED = 0.75  # share of what vLLM may take that weights fill at most; the KV cache has the rest
MOST = 8  # GPUs of one machine


def weight_bytes(name: str) -> float:
    """Bytes of the weights of a model in models/; 0 when nobody says."""
    pinned = pins.pin(name)
    if pinned and (pinned.parameters or not (pinned.path or pinned.gguf)):
        return WEIGHT * pinned.parameters
    return float(sum(file.stat().st_size for file in load.weights_folder(name).glob("*.safetensors")))


def gpus_for(weights: float, speed: Speed) -> int:
    """GPUs that a model of so many bytes is split over: `tensor_parallel`, or where that is 0 the smallest power of two
    at which a GPU of `gpu_gb` has room for its part of the weights and of the KV cache; at most MOST."""
    if speed.tensor_parallel:
        return speed.tensor_parallel
    room, number = FILLED * speed.gpu_memory * speed.gpu_gb * 1e9, 1
    while speed.gpu_gb and number < MOST and weights / number > room:
        number *= 2
    return number
