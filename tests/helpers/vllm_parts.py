"""Imports what vLLM's server and its engine import before they begin, which takes most of their time.

The engine is a fork of the server: on CPUs vLLM starts it anew, for the sake of OpenMP's threads, of which there is one
here.
"""

import multiprocessing
from functools import partial
from importlib import import_module
from typing import Any

PARTS = (
    "vllm.entrypoints.openai.api_server", "vllm.v1.engine.async_llm", "vllm.v1.engine.core",
    "vllm.v1.executor.uniproc_executor", "vllm.v1.worker.cpu_worker", "vllm.model_executor.models.llama",
)  # fmt: skip

for part in PARTS:
    import_module(part)
engines: Any = import_module("vllm.v1.engine.utils")
engines.get_mp_context = partial(multiprocessing.get_context, "fork")
