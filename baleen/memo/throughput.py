"""How fast each model has answered on this machine, stored in the memo's database.

The rates are for planning a run. They are no part of any reply, and `memo push` does not send them.
"""

import sqlite3
from dataclasses import astuple, dataclass
from functools import partial

from baleen.memo.store import Memo

TABLE = """
CREATE TABLE IF NOT EXISTS rate (name TEXT PRIMARY KEY, replies INTEGER, seconds REAL, prompt_tokens INTEGER,
    completion_tokens INTEGER)
"""
ADD = """
INSERT INTO rate VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET replies = replies + excluded.replies,
    seconds = seconds + excluded.seconds, prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens
"""


@dataclass(frozen=True)
class Rate:
    """Replies and tokens that were queried, and the seconds they took."""

    replies: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, prompt_tokens: int, completion_tokens: int) -> "Rate":
        """A rate with one reply more and the same seconds."""
        tokens = (self.prompt_tokens + prompt_tokens, self.completion_tokens + completion_tokens)
        return Rate(self.replies + 1, self.seconds, *tokens)

    @property
    def tokens_per_second(self) -> float | None:
        """Prompt and completion tokens a second; None while nothing is measured."""
        tokens = self.prompt_tokens + self.completion_tokens
        return tokens / self.seconds if tokens and self.seconds > 0 else None

    def __str__(self) -> str:
        return f"{self.tokens_per_second or 0:,.0f} tokens/s measured on {self.replies:,} replies"


def add(memo: Memo, name: str, measured: Rate) -> None:
    """Add a measurement to the rate stored under a name."""
    memo.run(partial(_add, name=name, measured=measured))


def _add(db: sqlite3.Connection, name: str, measured: Rate) -> None:
    with db:
        db.execute("BEGIN IMMEDIATE")
        db.execute(TABLE)
        db.execute(ADD, (name, *astuple(measured)))


def rates(memo: Memo) -> dict[str, Rate]:
    """All stored rates by name."""
    return {name: Rate(*figures) for name, figures in memo.run(_rates).items()}


def _rates(db: sqlite3.Connection) -> dict[str, tuple[int, float, int, int]]:
    db.execute(TABLE)
    rows = db.execute("SELECT * FROM rate ORDER BY name")
    return {row[0]: row[1:] for row in rows}
