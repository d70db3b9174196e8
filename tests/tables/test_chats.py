"""Chats have roles: who says what decides what an instruction and a response are, never the number of a turn."""

import json
from collections import Counter
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.tables.chats import NotAChat, chat_of
from baleen.tables.ingest import rows_of
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.records import Record


def turn(role: str, text: Any, role_key: str = "role", text_key: str = "content") -> dict[str, Any]:
    return {role_key: role, text_key: text}


CHATS: dict[str, Any] = {
    "role and content": [turn("user", "Why?"), turn("assistant", "So.")],
    "from and value": [turn("human", "Why?", "from", "value"), turn("gpt", "So.", "from", "value")],
    "capital letters": [turn("User", "Why?"), turn("Assistant", "So.")],
    "colons": [turn("Human:", "Why?"), turn(" GPT: ", "So.")],
    "role and text": [turn("prompter", "Why?", text_key="text"), turn("bot", "So.", text_key="text")],
    "speaker": [turn("human", "Why?", "speaker", "message"), turn("ai", "So.", "speaker", "message")],
    "parts": [turn("user", ["Why?"], text_key="parts"), turn("model", [{"text": "So."}], text_key="parts")],
    "content parts": [turn("user", [{"type": "text", "text": "Why?"}]), turn("assistant", "So.")],
    "response parts": [turn("user", [{"type": "input_text", "text": "Why?"}]), turn("assistant", "So.")],
    "named by role": [{"human": "Why?", "assistant": "So."}],
    "named by role, each": [{"user": "Why?"}, {"gpt": "So."}],
    "columns of turns": {"role": ["user", "assistant"], "content": ["Why?", "So."]},
    "a greeting first": [turn("assistant", "Hello!"), turn("user", "Why?"), turn("assistant", "So.")],
    "a question after": [turn("user", "Why?"), turn("assistant", "So."), turn("user", "And?")],
    "input and output": [{"input": "Why?", "output": "So."}],
    "input and output with a system": [{"system": "Be terse.", "input": "Why?", "output": "So."}],
    "reasoning parts": [turn("user", "Why?"), turn("assistant", [{"type": "thinking", "thinking": "hm"}, "So."])],
    "reasoning beside": [turn("user", "Why?"), turn("assistant", "So.") | {"reasoning_content": "hm"}],
    "an author with a role": [
        {"author": {"role": r}, "content": t} for r, t in (("user", "Why?"), ("assistant", "So."))
    ],
    "keys of another set": [
        {"role": None, "content": None, "from": "human", "value": "Why?"},
        {"role": "assistant", "content": "So.", "from": None, "value": None},
    ],
    "a developer": [turn("developer", "Be terse."), turn("user", "Why?"), turn("assistant", "So.")],
    "a system turn": [turn("system", "Be terse."), turn("human", "Why?"), turn("gpt", "So.")],
}
MAPPED = {"instruction": "messages.user", "response": "messages.assistant"}
SEVERAL = [turn("system", "Be terse.")] + [
    turn(role, text) for n in "123" for role, text in (("user", f"Q{n}"), ("assistant", f"A{n}"))
]


def rows(chat: Any, columns: dict[str, str] = MAPPED, turns: str = "", origin: str = "web", **fields: Any) -> list[Any]:
    options = IngestOptions(source="f", origin=origin, columns=columns, turns=turns)
    return [row for row, _ in rows_of(Record("f", 7, {"messages": chat} | fields), options, Counter())]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("name", CHATS)
def test_roles_are_read_under_every_common_name(name: str, as_text: bool) -> None:
    [row] = rows(json.dumps(CHATS[name]) if as_text else CHATS[name])
    assert (row["instruction"], row["response"]) == ("Why?", "So.")


@pytest.mark.parametrize(
    "turns, expected",
    [
        ("first", [("Q1", "A1", None)]),
        ("last", [("User: Q1\n\nAssistant: A1\n\nUser: Q2\n\nAssistant: A2\n\nUser: Q3", "A3", None)]),
        (
            "all",
            [
                ("Q1", "A1", "exchange 1"),
                ("User: Q1\n\nAssistant: A1\n\nUser: Q2", "A2", "exchange 2"),
                ("User: Q1\n\nAssistant: A1\n\nUser: Q2\n\nAssistant: A2\n\nUser: Q3", "A3", "exchange 3"),
            ],
        ),
    ],
)
def test_a_setting_says_which_exchanges_become_rows(turns: str, expected: list[tuple[str, str, str | None]]) -> None:
    made = rows(SEVERAL, turns=turns)
    assert [(row["instruction"], row["response"], row["source"]["span"]) for row in made] == expected


@pytest.mark.parametrize(
    "turns, chat, counted",
    [
        ("", CHATS["a greeting first"], {"turns_left_out": 1}),
        ("", CHATS["a question after"], {"turns_left_out": 1}),
        ("", CHATS["a system turn"], {"system_turns_left_out": 1}),
        ("first", SEVERAL, {"turns_left_out": 4, "system_turns_left_out": 1}),
        ("all", SEVERAL, {"system_turns_left_out": 1}),
        ("", CHATS["role and content"], {}),
    ],
)
def test_turns_that_become_nothing_are_counted(turns: str, chat: Any, counted: dict[str, int]) -> None:
    notes = Counter[str]()
    options = IngestOptions(source="f", origin="web", columns=MAPPED, turns=turns)
    assert list(rows_of(Record("f", 7, {"messages": chat}), options, notes))
    assert notes == counted


@pytest.mark.parametrize(
    "system, chat, expected",
    [
        ("messages.system?", "a system turn", "Be terse."),
        ("messages.system", "a developer", "Be terse."),
        ("messages.system?", "role and content", ""),
        ("messages.system?,messages.user", "a system turn", "Be terse.\n\nWhy?"),
        ("messages.system?,messages.user", "from and value", "Why?"),
    ],
)
def test_the_system_turn_may_be_mapped(system: str, chat: str, expected: str) -> None:
    assert rows(CHATS[chat], MAPPED | {"input": system})[0]["input"] == expected


def test_two_chats_of_a_record_go_together() -> None:
    columns = {"instruction": "messages.user", "response": "messages.assistant", "draft": "rejected.assistant"}
    [row] = rows(CHATS["role and content"], columns, rejected=[turn("user", "Why?"), turn("assistant", "No.")])
    assert (row["response"], row["draft"]) == ("So.", "No.")
    with pytest.raises(Problem, match="f:7: messages and rejected have different numbers of exchanges"):
        rows(SEVERAL, columns, "all", rejected=CHATS["role and content"])


@pytest.mark.parametrize(
    "chat, words",
    [
        (SEVERAL, "messages has 3 exchanges; write --turns first, last or all"),
        ([turn("tool", "x"), turn("user", "Why?")], "messages has the role 'tool' in turn 0; known are system,"),
        ([{"role": ["user"], "content": "a"}], "has the role ['user'] in turn 0"),
        ([{"role": {"id": 1}, "content": "a"}], "has the role None in turn 0"),
        ([turn("user", "a"), turn("user", "b"), turn("assistant", "c")], "has two turns of the user in a row"),
        ([turn("user", "a"), turn("system", "b"), turn("assistant", "c")], "has a system turn that is not the first"),
        ([turn("user", [{"type": "image_url", "image_url": "x"}])], "has no text in turn 0 but {'type': 'image_url'"),
        ([turn("user", "a"), turn("assistant", None)], "has no text in turn 1 but None"),
        ([turn("user", []), turn("assistant", "b")], "has no text in turn 0"),
        ([turn("user", "a"), turn("assistant", "b") | {"tool_calls": [1]}], "has tool_calls in turn 1"),
        ([{"role": "user"}], "has no text in turn 0; it has role"),
        (["Why?", "So."], "has a turn 0 without a role: Why?"),
        ([{"utterance": "Why?"}], "has a turn 0 without a role"),
        ("Why?", "messages is text, and no list of turns as JSON"),
        ("[{'role': 'user'}]", "messages is text, and no list of turns as JSON"),
        (3, "messages is int, and no list of turns"),
        ({"role": ["user"], "content": ["a", "b"]}, "messages has lists of different lengths"),
    ],
)
def test_anything_else_is_refused_with_its_row(chat: Any, words: str) -> None:
    with pytest.raises(Problem) as error:
        rows(chat)
    assert str(error.value).startswith("f:7: messages ") and words in str(error.value)


@pytest.mark.parametrize("chat", [[], [turn("user", "Why?")], [turn("assistant", "So.")], [turn("system", "x")]])
def test_a_chat_without_an_answered_question_is_counted_and_as_a_seed_refused(chat: list[Any]) -> None:
    options = IngestOptions(source="f", origin="web", columns=MAPPED)
    [(_, reason)] = rows_of(Record("f", 7, {"messages": chat}), options, Counter())
    assert reason == "no exchange"
    with pytest.raises(Problem, match="f:7: the seed has no question with an answer"):
        rows(chat, origin="seed")


def test_a_chat_that_is_null_is_counted() -> None:
    options = IngestOptions(source="f", origin="web", columns=MAPPED)
    assert [reason for _, reason in rows_of(Record("f", 7, {"messages": None}), options, Counter())] == ["no exchange"]
    optional = {"instruction": "messages.user?", "response": "text"}
    assert rows(None, optional, text="So.")[0]["response"] == "So."


def test_a_prompt_and_its_answer_may_be_chats_of_their_own() -> None:
    columns = {"instruction": "messages.user", "response": "chosen.assistant", "draft": "rejected.assistant"}
    sides = {"chosen": [turn("assistant", "So.")], "rejected": [turn("assistant", "No.")]}
    [row] = rows([turn("system", "x"), turn("user", "Why?")], columns, **sides)
    assert (row["instruction"], row["response"], row["draft"]) == ("Why?", "So.", "No.")
    [row] = rows([*SEVERAL, turn("user", "Why?")], columns, "last", **sides)
    assert row["instruction"].endswith("Assistant: A3\n\nUser: Why?") and row["response"] == "So."


def test_a_question_alone_is_an_instruction() -> None:
    assert [row["instruction"] for row in rows([turn("user", "Why?")], {"instruction": "messages.user"})] == ["Why?"]
    asked = rows([*SEVERAL[:3], turn("user", "Why?")], {"instruction": "messages.user"}, "first")
    assert [row["instruction"] for row in asked] == ["Q1"]


PLAIN = [turn("user", "Why?"), turn("assistant", "So.")]


@pytest.mark.parametrize(
    "instruction, response, chat, words",
    [
        (0, 1, CHATS["a system turn"], "messages.0.content is a turn of the system; write messages.user"),
        (0, 1, CHATS["a greeting first"], "messages.0.content is a turn of the assistant"),
        (0, 1, PLAIN * 2, "no column reads turn 2 of messages, of the user"),
        (1, 2, CHATS["a developer"], "no column reads turn 0 of messages, of the system"),
        (1, 0, PLAIN, "messages.1.content is a turn of the assistant"),
    ],
)
def test_a_turn_that_is_mapped_by_its_number_must_have_its_role(
    instruction: int, response: int, chat: Any, words: str
) -> None:
    columns = {"instruction": f"messages.{instruction}.content", "response": f"messages.{response}.content"}
    with pytest.raises(Problem) as error:
        rows(chat, columns)
    assert "f:7: " in str(error.value) and words in str(error.value)
    assert rows(PLAIN, {"instruction": "messages.0.content", "response": "messages.1.content"})[0]["response"] == "So."


@pytest.mark.parametrize(
    "items", [[{"input": "a", "output": "b"}] * 2, [{"author": "Bob", "text": "a"}] * 3, ["a", "b"]]
)
def test_the_items_of_other_lists_are_mapped_by_their_number(items: list[Any]) -> None:
    field = "messages.0" if isinstance(items[0], str) else f"messages.0.{list(items[0])[-1]}"
    assert rows(items, {"response": field})[0]["response"] in ("a", "b")


def test_a_field_that_is_named_like_a_role_is_a_field() -> None:
    [row] = rows({"user": "Why?", "assistant": "So."})
    assert (row["instruction"], row["response"]) == ("Why?", "So.")


def test_what_is_no_chat_says_so() -> None:
    with pytest.raises(NotAChat):
        chat_of(None)
