"""Text that begins or ends as words round a text do, and is none of them."""

import pytest

from baleen.measures.wrapping import text_alone

KEPT = [
    ("instruction", "回答以下问题：冰有多冷？"),
    ("instruction", "请根据下面的要求写诗：不超过50字"),
    ("instruction", "这个问题的答案是：冰。它对吗？"),
    ("instruction", "**注意：** 写一首诗"),
    ("instruction", "[任务书](a.html)说了什么？"),
    ("instruction", "#话题# 写一首诗"),
    ("instruction", "西班牙语：冰怎么说？"),
    ("instruction", "Solve this task: 1 + 1"),
    ("instruction", "Explain the question: why is ice cold?"),
    ("instruction", "The **instruction** of a chip is what?"),
    ("instruction", '{"task": "sort", "list": [3, 1]}'),
    ("instruction", "Task\nWrite a poem.\nFormat\nshort"),
    ("instruction", "Please provide the text of the Declaration of Independence."),
    ("instruction", "请提供文档管理的三条建议。"),
    ("instruction", "→ means what in logic?"),
    ("reference", "> Ice is cold."),
    ("reference", "要求：1. 零度\n2. 以下"),
    ("reference", "**要求：** 零度以下。"),
    ("reference", "任务：取冰。\n要求：不要等。"),
    ("reference", "Spanish: hielo."),
    ("reference", "## Version\n\n3"),
    ("reference", "**Ice:** it is cold."),
    ("reference", "Short answer: no."),
    ("reference", "亲爱的：\n\n冰是冷的。\n\n祝您愉快！"),
    ("reference", '{"answer": "ice", "degrees": 0}'),
    ("repaired", "每段以“约束：”开头。"),
    ("translation", "English is spoken here: in the hall."),
    ("translation", "“冰”：一个字。"),
    ("translation", "《冰》"),
]


WRAPPED = [  # of "How cold is ice?"
    "> **Instruction:** How cold is ice?", "> How cold is ice?", "Output: How cold is ice?", "Task\n\nHow cold is ice?",
    "📝 **Instruction:** How cold is ice?", "✅ Instruction: How cold is ice?",
]  # fmt: skip
WANTING = [
    "Please provide the text.", "Please share the document you would like me to write about.", "请提供文档的内容。",
    "请先提供文本。",
]  # fmt: skip


@pytest.mark.parametrize("reply", [*WRAPPED, *(one.replace("How cold is ice?", "冰有多冷？") for one in WRAPPED)])
def test_a_request_is_read_without_what_is_round_it(reply: str) -> None:
    assert text_alone(reply, "instruction") in ("How cold is ice?", "冰有多冷？")


@pytest.mark.parametrize("reply", WANTING)
def test_who_asks_for_the_text_has_written_no_request(reply: str) -> None:
    assert text_alone(reply, "instruction") == ""


@pytest.mark.parametrize(("column", "text"), KEPT)
def test_a_text_that_begins_like_a_label_stays(column: str, text: str) -> None:
    assert text_alone(text, column) == text


def test_a_language_is_a_label_of_a_translation_alone() -> None:
    read = {column: text_alone("**Spanish:** el hielo", column) for column in ("abroad", "instruction", "reference")}
    assert read == {
        "abroad": "el hielo", "instruction": "**Spanish:** el hielo", "reference": "**Spanish:** el hielo"
    }  # fmt: skip
