"""Turns: rows that a model is queried about until a transform is content with what it has written.

After each reply the transform gets the row with the columns that were read, NULL where the reply could not be, and
`again`: why it could not be read, or ''. It returns the row as it is now, its `again` '' if it is done, else why it is
queried once more; or the reason why the row leaves. What it must know of earlier turns it keeps in columns of the row;
those that the table does not have are gone at the end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from baleen.engines.protocol import Request
from baleen.memo.generation import GenerateOptions, conversation_of, copies, numbered, seed_of
from baleen.memo.queries import Pair
from baleen.memo.replies import Answered, outcome, repeated, require_readable
from baleen.prompts import Prompt
from baleen.tables.rows import Output, Row, batches
from baleen.transforms import parse_transform

AT_ONCE = 4096  # rows that take their turns together, so that an engine has many to answer
Ask = Callable[[list[Pair]], Iterator[Answered]]


@dataclass(frozen=True)
class Turns:
    """How rows take their turns: what asks, the prompt and settings, and what their steps of a lineage share."""

    ask: Ask
    prompt: Prompt
    options: GenerateOptions
    source: Row


def request(row: Row, copy: int, turn: int, turns: Turns) -> Request:
    """The request of a row in a turn, whose seed is that turn's own."""
    seed = seed_of(turns.options.seed, row, copy, turn) if turns.options.temperature > 0 else 0
    return conversation_of(row, seed, turns.prompt, turns.options)


def finish(output: Output, table: Iterable[Row], turns: Turns, columns: Iterable[str]) -> None:
    """File every row, in order: kept with the columns of its table, or dropped with its reason."""
    names, unread = [*columns], Counter[str]()
    for chunk in batches(copies(table, turns.prompt, turns.options.n), AT_ONCE):
        for row, reason in taken(list(chunk), turns, unread):
            own = {name: row.get(name) for name in names}
            if reason:
                output.drop(own, reason)
            else:
                output.keep(own)
    gate(output, unread, turns.options)


def taken(chunk: list[tuple[Row, int]], turns: Turns, unread: Counter[str]) -> list[tuple[Row, str]]:
    """The rows after their last turn, each with the reason why it leaves or ''; `unread` counts unreadable replies."""
    rows, reasons = [numbered(row, copy) for row, copy in chunk], [""] * len(chunk)
    waiting = [*range(len(chunk))]
    for turn in range(turns.options.turns):
        pairs = [(rows[at], request(rows[at], chunk[at][1], turn, turns)) for at in waiting]
        left = list[int]()
        for at, answered in zip(waiting, turns.ask(pairs), strict=True):
            rows[at], reasons[at], again = after(answered, turns, unread)
            left += [at] * again
        waiting = left
        if not waiting:
            break
    return [*zip(rows, reasons, strict=True)]


def after(answered: Answered, turns: Turns, unread: Counter[str]) -> tuple[Row, str, bool]:
    """A row after a reply, why it leaves if there is no other turn, and whether it wants one."""
    columns, reason = outcome(turns.prompt.start(answered.row), answered.reply, turns.prompt)
    reason = reason or repeated(answered.row, columns or {}, turns.prompt, turns.options)
    unread[reason] += bool(reason)
    read = dict.fromkeys(turns.prompt.writes) if reason or columns is None else columns
    row = answered.row | read | {"lineage": answered.history(turns.source), "again": reason}
    function = parse_transform(turns.options.again).function
    assert function
    made = function(row)
    if isinstance(made, str):
        return row, made, False
    return made[0], str(made[0].get("again") or ""), bool(made[0].get("again"))


def gate(output: Output, unread: Counter[str], options: GenerateOptions) -> None:
    """A Problem when too few replies could be read."""
    asked = int(output.notes.get("asked", 0))
    output.notes["readable"] = round(1 - unread.total() / max(asked, 1), 4)
    reasons = [f"{n} {why}" for why, n in unread.most_common() if n]
    require_readable(output.path.stem, output, asked, reasons, "", options)
