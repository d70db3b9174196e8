"""Reasoning is cut off a reply, however it is marked; what only speaks of the marks stays as it is."""

import pytest

from baleen.engines import reasoning

CUT = [  # a reply, and its answer
    ("<think>\nA text about rivers.\n</think>\n\nHow long is it?", "How long is it?"),
    ("<think>\n\n</think>\n\nHow long is it?", "How long is it?"),
    ("  \n<think>hm</think>How long is it?", "How long is it?"),
    ("<THINK>hm</THINK>\nHow long is it?", "How long is it?"),
    ("<thinking>hm</thinking>\nHow long is it?", "How long is it?"),
    ("<thought>hm</thought>\nHow long is it?", "How long is it?"),
    ("<reasoning>hm</reasoning>\nHow long is it?", "How long is it?"),
    ('<reasoning effort="low">hm</reasoning>\nHow long is it?', "How long is it?"),
    ("<seed:think>hm</seed:think>How long is it?", "How long is it?"),
    ("<longcat_think>hm</longcat_think>How long is it?", "How long is it?"),
    ("<think_fast>hm</think_fast>How long is it?", "How long is it?"),
    ("<cot>hm</cot>How long is it?", "How long is it?"),
    ("<thought_process>hm</thought_process>How long is it?", "How long is it?"),
    ("<chain_of_thought>hm</chain_of_thought>How long is it?", "How long is it?"),
    ("<inner_monologue>hm</inner_monologue>How long is it?", "How long is it?"),
    ("<|think|>hm<|/think|>How long is it?", "How long is it?"),
    ("<｜begin▁of▁thinking｜>hm<｜end▁of▁thinking｜>How long is it?", "How long is it?"),
    ("<think >hm</think >How long is it?", "How long is it?"),
    ("<think/>How long is it?", "How long is it?"),
    ("<think />\n\nHow long is it?", "How long is it?"),
    ('<details type="reasoning" done="true">\n<summary>Thought for 3 s</summary>\nhm\n</details>\nSo?', "So?"),
    ("Here is my thought process:\nhm\n\nHere is my response:\nHow long is it?", "How long is it?"),
    ("## Thinking\n\nhm\n\n## Final Response\n\nHow long is it?", "How long is it?"),
    ("Thinking...\nhm\n...done thinking.\n\nHow long is it?", "How long is it?"),
    ("<|im_start|>assistant\n<think>hm</think>How long is it?<|im_end|>", "How long is it?"),
    ("<think>hm</think>How long is it?</s>", "How long is it?"),
    ("[THINK]hm[/THINK]How long is it?", "How long is it?"),
    ("◁think▷hm◁/think▷How long is it?", "How long is it?"),
    ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>How long is it?<|END_RESPONSE|>", "How long is it?"),
    (
        "<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>\nHow long is it?\n<|end_of_solution|>",
        "How long is it?",
    ),
    ("<|channel>thought\nhm\n<channel|>How long is it?", "How long is it?"),
    ("<unused94>thought\nhm<unused95>How long is it?", "How long is it?"),
    # the chat template opened it, so the reply only closes it
    ("Okay, lakes.\n</think>\n\nHow long is it?", "How long is it?"),
    ("Okay, lakes.</think>How long is it?", "How long is it?"),
    ("</think>\n\nHow long is it?", "How long is it?"),
    ("Okay.\n</think>\nNo, again.\n</think>\nHow long is it?", "How long is it?"),
    ("Lakes.\n◁/think▷How long is it?", "How long is it?"),
    ("I need `</think>` here.\n</think>\nHow long is it?", "How long is it?"),
    ("The user says <think> to me.\n</think>\nHow long is it?", "How long is it?"),
    # several blocks, blocks in blocks, blocks further on
    ("<think>a</think>\n<think>b</think>\nHow long is it?", "How long is it?"),
    ("<think>a <think>b</think> c</think>How long is it?", "How long is it?"),
    ("<think>They wrote <think> twice.\n</think>\nHow long is it?", "How long is it?"),
    ("<think>One. <think>Two.\n</think>\nHow long is it?", "How long is it?"),
    ("Sure!\n<think>hm</think>\nHow long is it?", "Sure!\nHow long is it?"),
    ("<think>We end with </think> now.\n</think>\nHow long is it?", "How long is it?"),
    ("<think>so we answer </think> How long is it?", "How long is it?"),
    ("<think>```\nx = 1\n</think>\nHow long is it?", "How long is it?"),
    ("How long is it?\n<think>\nI should check", "How long is it?"),
    # channels
    (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>How long is it?<|return|>",
        "How long is it?",
    ),
    ("<|channel|>final<|message|>How long is it?", "How long is it?"),
    ("<|start|>assistant<|channel|>final<|message|>How long is it?<|end|>", "How long is it?"),
    (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary<|message|>Wait.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>How long is it?",
        "How long is it?",
    ),
    ("analysisThe user wants a question.assistantfinalHow long is it?", "How long is it?"),
    # nothing but reasoning
    ("<think>\nI run on and on", ""),
    ("<think>done</think>", ""),
    ("<think>done</think>\n \n", ""),
    ("<|channel|>analysis<|message|>hm<|end|>", ""),
    ("analysisThe user wants a question.", ""),
    ("[THINK]hm", ""),
    ("<reasoning>hm</reasoning>", ""),
]


@pytest.mark.parametrize(("reply", "answer"), CUT)
def test_the_answer_is_what_follows_the_reasoning(reply: str, answer: str) -> None:
    parts = reasoning.split(reply)
    assert (parts.answer, parts.marked) == (answer, True)


WHOLE = [  # replies without reasoning, which stay to the byte
    "How long is it?",
    " \n How long is it? \n",
    "",
    "A tag such as `<think>` opens it, and `</think>` closes it.",
    "The model writes <think> before it answers, and the </think> tag ends that.",
    'Its parser looks for "</think>" and cuts there.',
    "```html\n<think>\nhm\n</think>\n```\nThis block is cut.",
    "I think </i>so</i>.",
    "An analysis of the text: it is about rivers.",
    "analysis: rivers",
    "Analysis of rivers",
    "In harmony, <|channel|>final<|message|> begins the answer.",
    "Let me think. The user wants a question. How long is it?",
    "Use <reasoning>...</reasoning> for the steps.",
    "a < b > c",
    "<thinker>hm</thinker>",
    "<details><summary>More</summary>hm</details>",
    "Some text.\n</details>\nHow long is it?",
    "Here is my thought process: first the lake, then the river.",
    "## Thinking\n\nIs a page on thinking.",
    "Thinking... of you.",
    "How long is it?<|im_end|>",
    "<answer>How long is it?</answer>",
]


@pytest.mark.parametrize("reply", WHOLE)
def test_a_reply_without_reasoning_stays_as_it_is(reply: str) -> None:
    assert reasoning.split(reply) == ("", reply, False)


@pytest.mark.parametrize(
    ("answer", "inner"),
    [
        ("<answer>\nHow long?\n</answer>", "How long?"),
        ("<response>a</response>", "a"),
        ("<output>a</answer>", "<output>a</answer>"),
        ("so <answer>a</answer>", "so <answer>a</answer>"),
        ("a", "a"),
    ],
)
def test_a_tag_round_the_whole_answer_is_taken_off(answer: str, inner: str) -> None:
    assert reasoning.unwrapped(answer) == inner


@pytest.mark.parametrize(
    ("prompt", "mark", "closed_by"),
    [
        ("<|im_start|>assistant\n", "", ""),
        ("<｜Assistant｜><think>\n", "<think>", "</think>"),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", "", ""),
        ("[INST]a[/INST][THINK]", "[THINK]", "[/THINK]"),
        ("◁think▷", "◁think▷", "◁/think▷"),
        ("<|begin_of_thought|>\n\n", "<|begin_of_thought|>", "<|end_of_thought|>"),
        ("<|START_THINKING|>", "<|START_THINKING|>", "<|END_THINKING|>"),
        ("<seed:think>", "<seed:think>", "</seed:think>"),
    ],
)
def test_a_prompt_that_leaves_reasoning_open_shows_it(prompt: str, mark: str, closed_by: str) -> None:
    assert reasoning.left_open(prompt) == mark
    assert not mark or reasoning.closing(mark) == closed_by
