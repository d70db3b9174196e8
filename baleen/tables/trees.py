"""Trees: messages with replies, such as OpenAssistant's, as pairs of a first question and the reply that people ranked
first.

A tree is one record with its first message under `prompt` and the replies to each message under `replies`, or a record
for each message with `message_id` and `parent_id`. Every tree gives a record: the pair, or the reason why there is
none. Of flat messages, the first ones and all replies of rank 0 stay in memory.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from baleen.errors import Problem
from baleen.tables.chats import role_of
from baleen.tables.records import Record, count
from baleen.tables.rows import Row

ANY = "any"  # in the place of a language
MAPPED = {"instruction": "instruction", "response": "response"}
FLAT = ("message_id", "parent_id", "text", "role")
WANTED = frozenset({"prompt", *FLAT, "lang", "deleted", "review_result", "rank"})


@dataclass
class Tree:
    """The first message of a tree with its record, how many replies answer it, how many of them people ranked, and
    those of rank 0 in order."""

    record: Record
    first: Row
    replies: int = 0
    ranked: int = 0
    best: list[Row] = field(default_factory=list)

    def add(self, message: Row) -> None:
        """Note an answer to the first message; a message of another role answers nothing."""
        if role_of(message.get("role")) == "assistant":
            self.replies += 1
            self.ranked += rank(message) is not None
            self.best += [message] * (rank(message) == 0)


def is_tree(names: Iterable[str], fields: Row) -> bool:
    """Whether a record with these names of fields is a tree, or one of its messages."""
    return {*FLAT} <= {*names} or (isinstance(root := fields.get("prompt"), dict) and "replies" in root)


def likeliest_language(messages: Iterable[Row]) -> str:
    """The language to read of messages: English as in Humpback's seeds, or else the commonest one; any for none."""
    languages = Counter(str(message["lang"]).partition("-")[0] for message in messages if message.get("lang"))
    return "en" if languages["en"] else next((name for name, _ in languages.most_common(1)), ANY)


def pairs(records: Iterable[Record], language: str, notes: Counter[str]) -> Iterator[Record]:
    """A record for each tree: its pair, or the reason why it has none; `messages_left_out` counts in `notes` the
    messages that belong to none of these records."""
    flat, known, used = Messages(), 0, 0
    for record in records:
        if record.reason:
            yield record
        elif isinstance(root := record.fields.get("prompt"), dict):
            made = pair(nested(root, record), language)
            known, used = known + size(root, record), used + messages_of(made)
            yield made
        else:
            flat.add(record)
            known += 1
    for made in flat.pairs(language):
        used += messages_of(made)
        yield made
    count(notes, "messages_left_out", known - used)


def messages_of(made: Record) -> int:
    """How many messages a record stands for: those of a pair, or the one that is refused."""
    return 1 if made.reason else 2


@dataclass
class Messages:
    """Flat messages: the first one of every tree, the answers to each message, and of every message its record, without
    fields, and what it answers."""

    firsts: dict[str, Tree] = field(default_factory=dict)
    answers: dict[str, Tree] = field(default_factory=dict)
    seen: dict[str, tuple[Record, str]] = field(default_factory=dict)
    doubled: list[Record] = field(default_factory=list)

    def add(self, record: Record) -> None:
        if missing := [name for name in FLAT if name not in record.fields]:
            there = ", ".join(record.names or record.fields) or "no fields"
            raise Problem(
                f"{record.place} is no message of a tree: it has no {', '.join(missing)} but {there}; take `trees` out "
                f"and map columns"
            )
        bare, own = record._replace(fields={}, names=()), str(record.fields["message_id"])
        parent = str(record.fields["parent_id"] or "")
        if own in self.seen:
            self.doubled.append(bare._replace(reason="message twice"))
            return
        self.seen[own] = (bare, parent)
        message = {name: value for name, value in record.fields.items() if name in WANTED}
        if parent:
            self.answers.setdefault(parent, Tree(bare, {})).add(message)
        else:
            self.firsts[own] = Tree(bare, message)

    def pairs(self, language: str) -> Iterator[Record]:
        """The pairs in the order of the first messages; then what belongs to no tree, with its reason."""
        for own, tree in self.firsts.items():
            answers = self.answers.get(own, tree)
            yield pair(replace(answers, record=tree.record, first=tree.first), language)
        yield from self.doubled
        lost = [record for record, parent in self.seen.values() if parent and parent not in self.seen]
        yield from (record._replace(reason="answers a message that is not there") for record in lost)


def nested(root: Row, record: Record) -> Tree:
    """The tree of a record whose messages hold their replies."""
    tree = Tree(record._replace(fields={}), root)
    for message in replies(root, record):
        tree.add(message)
    return tree


def replies(message: Row, record: Record) -> list[Row]:
    """The replies to a message; a Problem for what is none."""
    there = message.get("replies") or []
    if not isinstance(there, list) or not all(isinstance(reply, dict) for reply in there):
        raise Problem(f"{record.place}: replies = {str(there)[:60]!r} is no list of messages; correct the file")
    return there


def size(root: Row, record: Record) -> int:
    """How many messages a tree has."""
    waiting, messages = [root], 0
    while waiting:
        messages += 1
        waiting += replies(waiting.pop(), record)
    return messages


def pair(tree: Tree, language: str) -> Record:
    """The record of a tree: its question and answer with their language, or the reason why they are not taken."""
    best = tree.best[0] if tree.best else {}
    reason = unfit(tree.first, language, "prompt") or unanswered(tree) or unfit(best, language, "reply")
    texts = {"instruction": tree.first.get("text"), "response": best.get("text"), "language": tree.first.get("lang")}
    return tree.record._replace(fields={} if reason else texts, reason=reason)


def unanswered(tree: Tree) -> str:
    """Why a tree has no question with a best answer, or ''."""
    if role_of(tree.first.get("role")) != "user":
        return "begins with no question"
    if tree.best:
        return ""
    return "no reply of rank 0" if tree.ranked else "replies unranked" if tree.replies else "no reply"


def unfit(message: Row, language: str, what: str) -> str:
    """Why a message is not taken, or ''."""
    if truth(message.get("deleted")):
        return f"{what} deleted"
    if truth(message.get("review_result")) is False:
        return f"{what} not approved"
    spoken = str(message.get("lang") or "no language")
    fits = language.lower() in (ANY, spoken.lower(), spoken.lower().partition("-")[0])
    return "" if fits else f"{what} in {spoken}"


def truth(value: Any) -> bool | None:
    """A truth value, also as a table of text writes it; None for none."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())


def rank(message: Row) -> float | None:
    """The place of a message among its siblings, the best having 0; None for one that nobody ranked."""
    try:
        place = float(message.get("rank"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return place if math.isfinite(place) else None
