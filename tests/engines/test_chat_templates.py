"""Chat templates of reasoning models, each written here from its public description: where the model is asked, what it
is taught, what of a reply is the answer."""

from copy import deepcopy
from typing import Any

import pytest

from baleen.engines import chat, reasoning
from baleen.engines.chat import Renderer
from baleen.engines.hf import HF
from baleen.engines.protocol import Request, Sampling
from baleen.errors import Problem
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import Speed

# An empty block of reasoning stands before the last answer, and before the reply when thinking is switched off.
QWEN3 = """{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' and loop.last %}<think>

</think>

{% endif %}{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and not enable_thinking %}<think>

</think>

{% endif %}{% endif %}"""
# The reply begins inside the reasoning; of earlier turns only what follows it is shown.
DEEPSEEK_R1 = """<|begin|>{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% endif %}{% endfor %}{%
for m in messages %}{% if m.role == 'user' %}<|User|>{{ m.content }}{% elif m.role == 'assistant' %}<|Assistant|>{{
m.content.split('</think>')[-1] }}</s>{% endif %}{% endfor %}{% if add_generation_prompt %}<|Assistant|><think>
{% endif %}"""
# Every message has a channel, and the effort stands in the system message.
GPT_OSS = """<|start|>system<|message|>Reasoning: {{ reasoning_effort | default('medium') }}<|end|>{%
for m in messages %}{% if m.role == 'assistant' %}<|start|>assistant<|channel|>final<|message|>{{ m.content }}{{
'<|return|>' if loop.last else '<|end|>' }}{% else %}<|start|>{{ 'developer' if m.role == 'system' else m.role
}}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}"""
# The mode stands in the system message; without thinking every answer has an empty block before it.
SMOLLM3 = """{% set thinks = enable_thinking | default(true) %}<|im_start|>system
Reasoning Mode: {{ '/think' if thinks else '/no_think' }}<|im_end|>
{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' and not thinks %}<think>

</think>
{% endif %}{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% if not thinks %}<think>

</think>
{% endif %}{% endif %}"""
TEMPLATES = {"qwen3": QWEN3, "deepseek-r1": DEEPSEEK_R1, "gpt-oss": GPT_OSS, "smollm3": SMOLLM3}
MARKS = ["<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|return|>", "<|im_start|>", "<|im_end|>"]
OFF = '{"enable_thinking":false}'


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, Any]:
    """A tokenizer with each template; the marks of channels are special tokens, as those of gpt-oss are."""
    whole = scratch.new_tokenizer(["a b c"], Fresh(tokenizer="bpe", vocab_size=300))
    whole.add_special_tokens({"additional_special_tokens": MARKS})
    whole.add_tokens(["<think>", "</think>"])
    named = {name: deepcopy(whole) for name in TEMPLATES}
    for name, tokenizer in named.items():
        tokenizer.chat_template = TEMPLATES[name]
    return named


ASKED = [  # the end of a prompt: template, its arguments, prefill
    ("qwen3", "", "", "<|im_start|>assistant\n"),
    ("qwen3", OFF, "", "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
    ("qwen3", "", "Score:", "<|im_start|>assistant\n<think>\n\n</think>\n\nScore:"),
    ("qwen3", OFF, "Score:", "<|im_start|>assistant\n<think>\n\n</think>\n\nScore:"),
    ("deepseek-r1", "", "", "<|User|>How?<|Assistant|><think>\n"),
    ("deepseek-r1", "", "Score:", "<|Assistant|><think>\n\n</think>\n\nScore:"),
    ("gpt-oss", "", "", "Reasoning: medium<|end|><|start|>user<|message|>How?<|end|><|start|>assistant"),
    ("gpt-oss", '{"reasoning_effort":"low"}', "", "low<|end|><|start|>user<|message|>How?<|end|><|start|>assistant"),
    ("gpt-oss", "", "Score:", "<|start|>assistant<|channel|>final<|message|>Score:"),
    ("smollm3", "", "", "/think<|im_end|>\n<|im_start|>user\nHow?<|im_end|>\n<|im_start|>assistant\n"),
    ("smollm3", OFF, "", "<|im_start|>assistant\n<think>\n\n</think>\n"),
    ("smollm3", OFF, "Score:", "<|im_start|>assistant\n<think>\n\n</think>\nScore:"),
    ("smollm3", "", "Score:", "/think<|im_end|>\n<|im_start|>user\nHow?<|im_end|>\n<|im_start|>assistant\nScore:"),
]


@pytest.mark.parametrize(("name", "template", "prefill", "end"), ASKED)
def test_a_reply_that_is_begun_begins_after_the_reasoning(
    tokenizers: dict[str, Any], name: str, template: str, prefill: str, end: str
) -> None:
    request = Request((("user", "How?"),), prefill=prefill, template=template)
    assert Renderer(tokenizers[name]).prompt(request).endswith(end)


ENDS = {"qwen3": "<|im_end|>", "deepseek-r1": "</s>", "gpt-oss": "<|return|>", "smollm3": "<|im_end|>"}


@pytest.mark.parametrize("prefill", ["", "It is "])
@pytest.mark.parametrize("template", ["", OFF])
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_likelihood_grades_the_answer_and_no_mark_of_reasoning(
    tokenizers: dict[str, Any], name: str, template: str, prefill: str
) -> None:
    template = template if "enable_thinking" in TEMPLATES[name] else ""
    request = Request((("user", "How?"),), prefill=prefill, answer="So.", template=template)
    prompt, answer = Renderer(tokenizers[name]).prompt_and_answer(request)
    assert answer == f"So.{ENDS[name]}"
    assert prompt.endswith(prefill) and (prompt.count("<think>") == prompt.count("</think>"))


@pytest.mark.parametrize("template", ["", OFF])
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_model_is_asked_as_it_was_taught_and_its_answer_is_what_was_taught(
    tokenizers: dict[str, Any], name: str, template: str
) -> None:
    template = template if "enable_thinking" in TEMPLATES[name] else ""
    renderer, request = Renderer(tokenizers[name]), Request((("user", "How?"),), template=template)
    prompt, taught = chat.prompt_and_answer(tokenizers[name], request.messages, "", "So.", template)
    assert prompt == renderer.prompt(request) and taught.endswith(f"So.{ENDS[name]}")
    reply = renderer.reply_text(request, renderer.token_ids([taught])[0])
    assert reasoning.split(reply).answer == "So."


ANALYSIS = "<|channel|>analysis<|message|>hm"
WRITTEN = [  # what a model of the family writes, and the answer in it
    ("qwen3", "<think>\nhm\n</think>\n\nSo.<|im_end|>", "So."),
    ("qwen3", "So.<|im_end|>", "So."),
    ("deepseek-r1", "hm\n</think>\n\nSo.</s>", "So."),
    ("deepseek-r1", "hm, and that is all</s>", ""),
    ("gpt-oss", f"{ANALYSIS}<|end|><|start|>assistant<|channel|>final<|message|>So.<|return|>", "So."),
    ("gpt-oss", "<|channel|>final<|message|>So.<|return|>", "So."),
    ("gpt-oss", f"{ANALYSIS}<|return|>", ""),
    ("smollm3", "<think>\nhm\n</think>\nSo.<|im_end|>", "So."),
    ("smollm3", "<think>\nhm", ""),
]


@pytest.mark.parametrize(("name", "text", "answer"), WRITTEN)
def test_the_answer_of_every_family_is_found(tokenizers: dict[str, Any], name: str, text: str, answer: str) -> None:
    renderer = Renderer(tokenizers[name])
    reply = renderer.reply_text(Request((("user", "How?"),)), renderer.token_ids([text])[0])
    assert reasoning.split(reply).answer == answer


def test_special_tokens_other_than_marks_are_left_out(tokenizers: dict[str, Any]) -> None:
    other = deepcopy(tokenizers["qwen3"])
    ids = other("So.<|im_end|>", add_special_tokens=False)["input_ids"]
    assert Renderer(other).reply_text(Request((("user", "How?"),)), ids) == "So."


@pytest.mark.parametrize("template", ['{"enable_thinkng":false}', '{"thinking":true}', '{"enable":1}'])
def test_an_argument_that_a_template_does_not_know_is_refused(tokenizers: dict[str, Any], template: str) -> None:
    with pytest.raises(Problem, match=r"has no argument '\w+'; take it out of `template`"):
        Renderer(tokenizers["qwen3"]).prompt(Request((("user", "How?"),), template=template))


def test_the_hf_engine_shows_what_its_template_opened(tmp_path: Any) -> None:
    sizes = Fresh(hidden_size=16, intermediate_size=16, num_hidden_layers=1, tokenizer="bpe", vocab_size=300)
    scratch.make(tmp_path / "tiny", sizes, ["a b c"], seed=0)
    engine = HF(str(tmp_path / "tiny"), Speed(device="cpu", batch_tokens=256))
    engine.tokenizer.chat_template = DEEPSEEK_R1
    replies = dict(engine.generate([Request((("user", "a"),))], Sampling(temperature=0, max_tokens=3)))
    assert replies[0].text.startswith("<think>")
