"""Chats: lists of turns as exchanges of a user and an assistant, whatever the names of the roles and of the text.

A chat is a list of turns such as {"role": "user", "content": "..."} or {"from": "human", "value": "..."}, of turns
named by their role ({"human": "...", "gpt": "..."}), a mapping of two lists, or any of these as a JSON string. The text
of a turn is a string or a list of text parts. Whatever else is in it is a Problem that names the turn.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from baleen.tables.records import count

ROLES = {
    "system": "system developer",
    "user": "user human prompter customer usr question instruction",
    "assistant": "assistant gpt model bot ai chatgpt chatbot bard bing claude answer response",
}
ROLE_OF = {name: role for role, names in ROLES.items() for name in names.split()}
ROLE_KEYS = ("role", "from", "speaker", "author", "sender")
TEXT_KEYS = ("content", "value", "text", "message", "parts")
NAMED_ROLES = ROLE_OF | {"input": "user", "output": "assistant"}  # of turns whose keys are roles
BOTH = frozenset({"user", "assistant"})
REASONING_PARTS = ("thinking", "redacted_thinking", "reasoning")  # of Anthropic's and OpenAI's interfaces
TEXT_PARTS = ("text", "input_text", "output_text")
LOST = ("tool_calls", "function_call")  # of a turn whose text is not all of it
TURNS = {
    "first": "the first exchange",
    "last": "the last exchange, after the earlier turns",
    "all": "every exchange as a row, after the earlier turns",
}


class NotAChat(ValueError):
    """What of a chat cannot be read, in words that follow its place."""


@dataclass(frozen=True)
class Exchange:
    """A user's turn and the assistant's reply, with the system's text (None without one) and the turns before."""

    system: str | None
    user: str
    assistant: str
    history: tuple[tuple[str, str], ...] = ()

    def text(self, role: str) -> str | None:
        """The text of a role; that of the user begins with the earlier turns, each with its role before it."""
        if role != "user":
            return self.system if role == "system" else self.assistant
        before = [f"{role.capitalize()}: {text}" for role, text in self.history]
        return "\n\n".join([*before, f"User: {self.user}"]) if before else self.user


@dataclass(frozen=True)
class Chat:
    """The exchanges of a chat in order, and how many turns of user and assistant belong to none of them."""

    exchanges: tuple[Exchange, ...]
    unanswered: int = 0


def is_chat(value: Any) -> bool:
    """Whether a value is a list of turns, in one of the forms that `turns_of` reads."""
    try:
        items = listed(value)
    except NotAChat:
        return False
    return bool(items) and all(isinstance(item, dict) for item in items) and is_turn(items[0])


def is_turn(value: Any) -> bool:
    """Whether a mapping is a turn: it names its role, or its keys are roles."""
    return any(key in value for key in ROLE_KEYS) or any(str(key).lower() in ROLE_OF for key in value)


def is_exchange(value: Any) -> bool:
    """Whether a mapping is an exchange whose keys are input and output."""
    return {"input", "output"} <= {str(key).lower() for key in value}


def holds_lists(value: Any) -> bool:
    """Whether a value is a mapping of lists, such as the column of each key of the turns."""
    return isinstance(value, dict) and bool(value) and all(isinstance(column, list) for column in value.values())


def listed(value: Any) -> list[Any]:
    """The turns of a value: a list, a mapping of equally long lists, or one of these as a JSON string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise NotAChat("is text, and no list of turns as JSON") from None
    if holds_lists(value):
        if len({len(column) for column in value.values()}) > 1:
            raise NotAChat("has lists of different lengths")
        value = [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=True)]
    if not isinstance(value, list):
        raise NotAChat(f"is {type(value).__name__}, and no list of turns")
    return value


def turns_of(value: Any) -> Iterator[tuple[str, str]]:
    """(role, text) of the turns of a chat; the role is system, user or assistant."""
    for number, turn in enumerate(listed(value)):
        if not isinstance(turn, dict) or not (is_turn(turn) or is_exchange(turn)):
            raise NotAChat(f"has a turn {number} without a role: {str(turn)[:60]}")
        key = first_full(turn, ROLE_KEYS)
        texts = [(turn[key], turn[text_key(turn, number)])] if key else [*named_turns(turn).items()]
        if lost := next((name for name in LOST if turn.get(name)), ""):
            raise NotAChat(f"has {lost} in turn {number}, which no column can hold")
        for given, content in texts:
            name = given.get("role") if isinstance(given, dict) else given
            if (role := role_of(name) if key else NAMED_ROLES.get(str(name).lower())) is None:
                raise NotAChat(f"has the role {name!r} in turn {number}; known are {', '.join(ROLE_OF)}")
            yield role, text_of(content, number)


def role_of(name: object) -> str | None:
    """The role of a name such as 'Human' or 'GPT:', None for an unknown one."""
    return ROLE_OF.get(str(name).strip().rstrip(":").lower())


def named_turns(turn: dict[str, Any]) -> dict[str, Any]:
    """The texts of a mapping whose keys are roles; other keys, such as an id, are no turns."""
    known = NAMED_ROLES if is_exchange(turn) else ROLE_OF
    return {key: text for key, text in turn.items() if key.lower() in known and text}


def first_full(turn: dict[str, Any], keys: Sequence[str]) -> str:
    """The first of these keys that has a value, else the first that is there, '' for none: in data put together from
    several sets, the keys of the others are null."""
    there = [key for key in keys if key in turn]
    return next((key for key in there if turn[key] not in (None, "", [])), there[0] if there else "")


def text_key(turn: dict[str, Any], number: int) -> str:
    if key := first_full(turn, TEXT_KEYS):
        return key
    raise NotAChat(f"has no text in turn {number}; it has {', '.join(turn)}")


def text_of(content: Any, number: int) -> str:
    """The text of a turn: a string, or the text parts of a list, a line each, without those of reasoning."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    parts = [part for part in parts if not is_reasoning(part)]
    texts = [part if isinstance(part, str) else part_text(part) for part in parts]
    if not texts or any(text is None for text in texts):
        odd = next((part for part, text in zip(parts, texts, strict=True) if text is None), content)
        raise NotAChat(f"has no text in turn {number} but {str(odd)[:60]}")
    return "\n".join(text for text in texts if text is not None)


def is_reasoning(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in REASONING_PARTS


def part_text(part: Any) -> str | None:
    """The text of a part such as {"type": "text", "text": "..."}, None for one that is a picture, a call ..."""
    if not isinstance(part, dict) or part.get("type", "text") not in TEXT_PARTS:
        return None
    text = part.get("text")
    return text if isinstance(text, str) else None


def chat_of(value: Any, roles: Collection[str] = BOTH) -> Chat:
    """The exchanges of a chat; NotAChat for two turns of one role in a row and for a system turn that is not first.

    A greeting before the first question and a question after the last answer belong to no exchange. Where only the
    user's turns are asked for (`roles`), such a question is an exchange; where only the assistant's are, an answer is.
    """
    turns = list(turns_of(value))
    system = turns.pop(0)[1] if turns and turns[0][0] == "system" else None
    if any(role == "system" for role, _ in turns):
        raise NotAChat("has a system turn that is not the first")
    if doubled := next((role for (role, _), (after, _) in pairwise(turns) if role == after), ""):
        raise NotAChat(f"has two turns of the {doubled} in a row")
    if "user" not in roles and [role for role, _ in turns] == ["assistant"]:
        return Chat((Exchange(system, "", turns[0][1]),))
    talk = turns[1:] if turns and turns[0][0] == "assistant" else turns
    exchanges = [Exchange(system, talk[at][1], talk[at + 1][1], tuple(talk[:at])) for at in range(0, len(talk) - 1, 2)]
    unanswered = len(turns) - 2 * len(exchanges)
    if "assistant" not in roles and len(talk) % 2:
        exchanges.append(Exchange(system, talk[-1][1], "", tuple(talk[:-1])))
        unanswered -= 1
    return Chat(tuple(exchanges), unanswered)


def chosen(chat: Chat, turns: str, counts: Counter[str]) -> tuple[Exchange, ...]:
    """The exchanges that become rows; the turns that go into none of them are counted. NotAChat for several exchanges
    where nothing says which."""
    exchanges = chat.exchanges
    if len(exchanges) > 1 and not turns:
        raise NotAChat(f"has {len(exchanges)} exchanges; write --turns first, last or all")
    count(counts, "turns_left_out", chat.unanswered)
    if turns == "first" and exchanges:
        count(counts, "turns_left_out", sum(2 if one.assistant else 1 for one in exchanges[1:]))
        return exchanges[:1]
    return exchanges[-1:] if turns == "last" else exchanges
