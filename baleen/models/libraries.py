"""What every process with a model does first: transformers imported in less than two thirds of the time it takes by
itself, and memory that is kept."""

import ctypes
from functools import cache
from importlib import import_module

from baleen.project.preload import quick_imports


@cache
def import_transformers() -> None:
    """Import what every model of transformers needs; 3.9 s of a CPU instead of 5.9."""
    with quick_imports():
        import_module("transformers.models.llama.modeling_llama")


def keep_memory() -> None:
    """Let glibc keep the memory of tensors between operations: giving it back and faulting it in again took 12 % of the
    CPU of a small model's step, and up to a fourth where SmolLM2-135M wrote instructions (LOG.md)."""
    if allocator := getattr(ctypes.CDLL(None), "mallopt", None):
        allocator(-3, 32 << 20)  # M_MMAP_THRESHOLD, at its largest; a larger tensor is mapped anew each time
        allocator(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
