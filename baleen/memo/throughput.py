"""Rates: how fast each model has really answered on this machine, remembered in the memo's database.

A figure for people who plan a run: it is no part of any answer, and does not travel with the replies.
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
    """What was paid for, and the seconds it took."""

    replies: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, prompt_tokens: int, completion_tokens: int) -> "Rate":
        """One reply more, in no time."""
        paid = (self.prompt_tokens + prompt_tokens, self.completion_tokens + completion_tokens)
        return Rate(self.replies + 1, self.seconds, *paid)

    @property
    def tokens_per_second(self) -> float | None:
        """Tokens read and written a second; None while nothing is measured."""
        tokens = self.prompt_tokens + self.completion_tokens
        return tokens / self.seconds if tokens and self.seconds > 0 else None

    def __str__(self) -> str:
        return f"{self.tokens_per_second or 0:,.0f} tokens/s measured on {self.replies:,} replies"


def add(memo: Memo, name: str, paid: Rate) -> None:
    """Add what was just paid to what is known under a name."""
    memo.run(partial(_add, name=name, paid=paid))


def _add(db: sqlite3.Connection, name: str, paid: Rate) -> None:
    with db:
        db.execute("BEGIN IMMEDIATE")
        db.execute(TABLE)
        db.execute(ADD, (name, *astuple(paid)))


def known(memo: Memo) -> dict[str, Rate]:
    """All rates by name."""
    return {name: Rate(*figures) for name, figures in memo.run(_known).items()}


def _known(db: sqlite3.Connection) -> dict[str, tuple[int, float, int, int]]:
    db.execute(TABLE)
    return {name: (n, s, read, wrote) for name, n, s, read, wrote in db.execute("SELECT * FROM rate ORDER BY name")}
