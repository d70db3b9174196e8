"""What the queries of a run have taken so far, and the budget after which none is begun."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Protocol, runtime_checkable

from baleen.engines.protocol import Reply
from baleen.errors import Problem

AT_ONCE = 64  # requests that an engine gets at once under a budget, unless it asks before each


@runtime_checkable
class Paced(Protocol):
    """An engine that asks before each request whether it may be sent beside so many in flight. It sends none as soon as
    it may not and none is in flight."""

    may_send: Callable[[int], bool]


@dataclass
class Totals:
    """Counts of a run so far: `rows` answered, of which `cached` needed no query (in the memo, or repeated in the run)
    and `unreadable` have no readable reply. The tokens are those of the queries; `cached_tokens` of the prompt tokens
    came from a prefix cache."""

    rows: int = 0
    cached: int = 0
    unreadable: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def count_cached(self, rows: int, unreadable: int) -> None:
        """Count rows that needed no query."""
        self.rows += rows
        self.cached += rows
        self.unreadable += unreadable

    def count_queried(self, reply: Reply, rows: int, unreadable: bool) -> None:
        """Count a reply that was queried once, for one row or more."""
        self.count_cached(rows, rows * unreadable)
        self.cached -= 1
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        self.cached_tokens += reply.cached_tokens


@dataclass(frozen=True)
class Budget:
    """The number of tokens after which no query is begun, None without one, and what was taken of it."""

    tokens: int | None
    totals: Totals

    @property
    def is_spent(self) -> bool:
        return self.tokens is not None and self.totals.tokens >= self.tokens

    def may_send(self, in_flight: int) -> bool:
        """Whether there is room for a request beside those in flight, each as long as the mean so far; the first goes
        alone, for nobody knows its length."""
        totals = self.totals
        queried = totals.rows - totals.cached
        mean = totals.tokens / queried if queried else inf
        return self.tokens is None or totals.tokens + (in_flight and in_flight * mean) < self.tokens

    def require(self) -> None:
        """A Problem when the budget is spent."""
        if self.is_spent:
            raise Problem(
                f"the budget of {self.tokens} tokens is spent ({self.totals.tokens}) and {self.totals.rows} rows are "
                "done; all replies are stored, run the same command to go on"
            )
