"""Importing transformers and what it imports, in less than two thirds of the time it takes by itself."""

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module

UNUSED = ("sklearn",)  # transformers imports it wherever it is installed, for assisted decoding alone


@contextmanager
def quick_imports() -> Iterator[None]:
    """What is imported here is not looked through for garbage, now or later (0.7 s for each collection), and finds no
    package that is UNUSED; who wants one imports it afterwards."""
    collecting, hidden = gc.isenabled(), [name for name in UNUSED if name not in sys.modules]
    gc.disable()
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()
        atexit.register(gc.unfreeze)  # or libraries complain of leaks at the end
        if collecting:
            gc.enable()


@cache
def import_transformers() -> None:
    """Import what every model of transformers needs; 3.9 s of a CPU instead of 5.9."""
    with quick_imports():
        import_module("transformers.models.llama.modeling_llama")
