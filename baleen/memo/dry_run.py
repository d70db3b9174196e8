"""Estimates: what a run would ask, what that costs in tokens and how long it takes, told without asking anything."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from baleen.engines.protocol import Reply, Request, Sampling
from baleen.memo import throughput
from baleen.memo.ask import WINDOW, Window
from baleen.memo.keys import Question, question
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate
from baleen.tables.rows import parts

CHARACTERS = 4.0  # a token, as long as no reply tells better


@dataclass(frozen=True)
class Estimate:
    """What a run would pay: `missing` questions (each once; the other rows are hits), tokens to read and to write.

    `written` is None as long as no reply tells how long replies are; `at_most` is what the limit allows. `seen` replies
    to rows of this table told how many characters a token has; `rate` is what was measured in earlier runs.
    """

    rows: int
    missing: int
    read: int
    written: int | None
    at_most: int
    characters: float
    seen: int
    rate: Rate

    @property
    def hits(self) -> int:
        return self.rows - self.missing

    @property
    def seconds(self) -> float | None:
        speed = self.rate.tokens_per_second
        return (self.read + (self.written or 0)) / speed if speed else None

    def __str__(self) -> str:
        """The figures in words."""
        basis = f"{self.characters:.1f} characters each" + (f", as in {self.seen:,} replies" if self.seen else "")
        said = f"{self.missing:,} to ask; about {self.read:,} tokens to read ({basis})"
        if self.at_most and self.written is None:
            said += f", at most {self.at_most:,} to write"
        elif self.at_most:
            said += f", about {self.written:,} to write, at most {self.at_most:,}"
        return f"{said}; {self.time()}"

    def time(self) -> str:
        """How long it would take, and how that is known."""
        if not self.missing:
            return "nothing to wait for"
        if self.seconds is None:
            return "no rate measured yet"
        return f"about {spoken(self.seconds)} at {self.rate}"


def spoken(seconds: float) -> str:
    """'40 s', '3 min', '2.5 h', '4 days'"""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def disk_size(size: float) -> str:
    """'3.2 MB', '16.1 GB'"""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def weights_in(path: Path) -> int:
    """Weights in a safetensors file, of whatever type, by its head: eight bytes with its length, then JSON."""
    with path.open("rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(math.prod(tensor["shape"]) for name, tensor in head.items() if name != "__metadata__")


@dataclass
class Sums:
    """Added up over the requests of a run: characters of those missing and of those known, tokens of the latter."""

    rows: int = 0
    missing: int = 0
    characters: int = 0
    seen: int = 0
    known: int = 0
    read: int = 0
    written: int = 0

    def plus(self, request: Request, reply: Reply) -> None:
        """A reply that is known; the answer that a likelihood grades is read, not written."""
        self.seen += 1
        self.known += length(request)
        self.read += reply.prompt_tokens + (reply.completion_tokens if request.answer else 0)
        self.written += 0 if request.answer else reply.completion_tokens


def estimate(
    memo: Memo, kind: str, requests: Iterable[Request], sampling: Sampling | None, identity: str, engine_kind: str
) -> Estimate:
    """Look every request up and add up what is missing, at the lengths and the rate of the replies there are."""
    asked = question(engine_kind, identity, kind, sampling)
    found, rate = added(memo, asked, requests), throughput.known(memo).get(asked.rate, Rate())
    characters, seen = (found.known / found.read, found.seen) if found.read else (CHARACTERS, 0)
    read, at_most = round(found.characters / characters), found.missing * asked.limit
    return Estimate(found.rows, found.missing, read, written(found, asked, rate), at_most, characters, seen, rate)


def added(memo: Memo, asked: Question, requests: Iterable[Request]) -> Sums:
    """Every missing question once, and every row whose reply is known."""
    sums, counted = Sums(), set[str]()
    for batch in parts(requests, WINDOW):
        window = Window()
        window.read(memo, asked, batch)
        new = {key: request for key, request in window.missing.items() if key not in counted}
        counted |= new.keys()
        sums.rows += len(batch)
        sums.missing += len(new)
        sums.characters += sum(map(length, new.values()))
        for request, reply in window.done:
            sums.plus(request, reply)
    return sums


def written(found: Sums, asked: Question, rate: Rate) -> int | None:
    """Tokens that will be written: as many a reply as in this table so far, else as in all that this model wrote."""
    if asked.kind != "generate":
        return 0
    tokens, replies = (found.written, found.seen) if found.seen else (rate.completion_tokens, rate.replies)
    return min(round(found.missing * tokens / replies), found.missing * asked.limit) if replies else None


def length(request: Request) -> int:
    """Characters that a model reads for a request."""
    return sum(len(content) for _, content in request.messages) + len(request.prefill) + len(request.answer)
