"""Layouts: how a conversation of one question stands in a row of a dataset, and how trainers are told to read it.

A system message is a turn like any other where the layout has turns, else a column, so that a trainer teaches what the
model of the project has learned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa

TEXT = pa.string()
TURNS = pa.list_(pa.struct([("role", TEXT), ("content", TEXT)]))
SHAREGPT_TURNS = pa.list_(pa.struct([("from", TEXT), ("value", TEXT)]))
Described = dict[str, Any]  # what a trainer is told of a dataset


class Conversation(NamedTuple):
    """A question with its answer, and the system message before it or ''; `id` is that of the row in its table."""

    id: str
    system: str
    question: str
    answer: str

    @property
    def question_turns(self) -> list[dict[str, str]]:
        """The turns before the answer."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.question}]

    @property
    def answer_turns(self) -> list[dict[str, str]]:
        """The turn of the answer."""
        return [{"role": "assistant", "content": self.answer}]


@dataclass(frozen=True)
class Layout:
    """`columns` beside the id, their values for a conversation, and what LLaMA-Factory's dataset_info.json and
    axolotl's `datasets:` say of them; None where a trainer has no way to read it."""

    columns: dict[str, pa.DataType]
    values: Callable[[Conversation], dict[str, Any]]
    llama_factory: Described | None
    axolotl: Described | None
    trl: bool

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([("id", TEXT), *self.columns.items()])

    def row(self, one: Conversation) -> dict[str, Any]:
        return {"id": one.id} | self.values(one)


SHAREGPT_NAMES = {"system": "system", "user": "human", "assistant": "gpt"}


def as_messages(one: Conversation) -> dict[str, Any]:
    return {"messages": one.question_turns + one.answer_turns}


def as_prompt_completion(one: Conversation) -> dict[str, Any]:
    return {"prompt": one.question_turns, "completion": one.answer_turns}


def as_alpaca(one: Conversation) -> dict[str, Any]:
    return {"instruction": one.question, "input": "", "output": one.answer, "system": one.system}


def as_sharegpt(one: Conversation) -> dict[str, Any]:
    turns = one.question_turns + one.answer_turns
    return {"conversations": [{"from": SHAREGPT_NAMES[turn["role"]], "value": turn["content"]} for turn in turns]}


OPENAI_TAGS = {
    "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
    "system_tag": "system",
}  # fmt: skip
LAYOUTS = {
    "messages": Layout(
        {"messages": TURNS},
        as_messages,
        {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": OPENAI_TAGS},
        {"type": "chat_template", "field_messages": "messages"},
        trl=True,
    ),
    "prompt-completion": Layout(
        {"prompt": TURNS, "completion": TURNS}, as_prompt_completion, llama_factory=None, axolotl=None, trl=True
    ),
    "alpaca": Layout(
        {"instruction": TEXT, "input": TEXT, "output": TEXT, "system": TEXT},
        as_alpaca,
        {"columns": {"prompt": "instruction", "query": "input", "response": "output", "system": "system"}},
        {
            "type": {
                "field_system": "system",
                "field_instruction": "instruction",
                "field_input": "input",
                "field_output": "output",
                "system_format": "{system}\n",
                "format": "{instruction}\n{input}\n",
                "no_input_format": "{instruction}\n",
            }
        },
        trl=False,
    ),
    "sharegpt": Layout(
        {"conversations": SHAREGPT_TURNS},
        as_sharegpt,
        {"formatting": "sharegpt", "columns": {"messages": "conversations"}},
        {
            "type": "chat_template",
            "field_messages": "conversations",
            "message_property_mappings": {"role": "from", "content": "value"},
        },
        trl=False,
    ),
}
