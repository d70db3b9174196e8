"""Asking through the memo: look up what was paid for, ask the engine for the rest, keep every answer at once."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from baleen.engines.protocol import Batched, Engine, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo import throughput
from baleen.memo.keys import KINDS, Known, Question, look_up, question, record, restored
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate
from baleen.memo.write_behind import keeping
from baleen.project.progress import Progress
from baleen.tables.rows import parts

Unread = Callable[[Request, Reply], bool]
Answer = tuple[Request, Reply, str, bool]  # the key of its record, and whether it was paid for before
WINDOW = 4096  # requests looked up together
AHEAD = 8  # windows read on while less than one window is missing: an engine asked for a handful idles
WITHIN = 64  # requests asked between two looks at the budget, which may be passed by as many


@dataclass(frozen=True)
class NoteEvery:
    """The rate of replies is noted after so many, or when one arrives so many seconds after the last note."""

    replies: int = 256
    seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic


@dataclass
class Totals:
    """What a run has answered so far: `rows` are `hits` (paid for or repeated) and newly paid ones, and the tokens are
    those newly paid; `cached` of the prompt's came from a prefix cache. Unread rows have no readable reply."""

    rows: int = 0
    hits: int = 0
    unread: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def known(self, rows: int, unread: int) -> None:
        """Count rows that cost nothing."""
        self.rows += rows
        self.hits += rows
        self.unread += unread

    def paid(self, reply: Reply, rows: int, unread: bool) -> None:
        """Count a reply that was paid once, for one row or more."""
        self.known(rows, rows * unread)
        self.hits -= 1
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        self.cached_tokens += reply.cached_tokens


USUAL = NoteEvery()


@dataclass
class Window:
    """Requests in order with their keys, what is known of them, and the keys paid for just now."""

    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)

    def read(self, memo: Memo, asked: Question, requests: list[Request]) -> None:
        keys = [asked.key(request) for request in requests]
        self.requests += requests
        self.keys += keys
        self.known |= look_up(memo, asked, keys)

    @property
    def missing(self) -> dict[str, Request]:
        """Each question once, however many rows ask it."""
        return {k: r for k, r in zip(self.keys, self.requests, strict=True) if k not in self.known}

    @property
    def done(self) -> list[tuple[Request, Reply]]:
        """The rows whose reply is known."""
        pairs = zip(self.requests, self.keys, strict=True)
        return [(request, self.known[key][1]) for request, key in pairs if key in self.known]

    def answers(self) -> Iterator[Answer]:
        for request, key in zip(self.requests, self.keys, strict=True):
            stored, reply = self.known[key]
            yield request, reply, stored, key not in self.fresh
            self.fresh.discard(key)


def windows(memo: Memo, asked: Question, requests: Iterable[Request], length: int) -> Iterator[Window]:
    """Windows that are known entirely, or miss at least `length` replies, or are AHEAD * `length` requests long."""
    window = Window()
    for batch in parts(requests, length):
        window.read(memo, asked, batch)
        missing = len(window.missing)
        if not missing or missing >= length or len(window.requests) >= AHEAD * length:
            yield window
            window = Window()
    if window.requests:
        yield window


@dataclass(frozen=True)
class Run:
    """One asking: where replies are kept, what is asked, how often their rate is noted, what may be spent, how many
    rows are done, where that is shown, and which replies cannot be read."""

    memo: Memo
    asked: Question
    every: NoteEvery
    budget: int | None
    totals: Totals
    progress: Progress | None
    unread: Unread | None

    def begin(self, window: Window) -> None:
        """Count the rows of a window that are known before anything is paid."""
        done = window.done
        self.totals.known(len(done), sum(self.unread(*pair) for pair in done) if self.unread else 0)
        self.show(len(done))

    def show(self, rows: int) -> None:
        if self.progress:
            figures: dict[str, int | str] = {"memo": self.totals.hits, "tokens": self.totals.tokens}
            share = f"{self.totals.unread / max(1, self.totals.rows):.0%}"
            self.progress.advance(rows, **figures | ({"unreadable": share} if self.unread else {}))


def pay(run: Run, engine: Engine, missing: dict[str, Request]) -> Iterator[tuple[str, str, Reply]]:
    """(key, key of the record, reply) as the engine gives them; each is written while the engine works on the next, and
    before the next batch where there are batches, whatever happens then. The time until a failure says nothing of the
    model."""
    asked, clock = run.asked, run.every.clock
    keys, paid, noted = list(missing), Rate(), clock()
    with keeping(run.memo, asked.space) as keeper:
        if isinstance(engine, Batched):
            engine.between = keeper.settle
        for index, reply in KINDS[asked.kind](engine, list(missing.values()), asked.sampling):
            key, value = keys[index], record(reply, asked.limit)
            stored = asked.place(key, reply)
            paid = paid.plus(reply.prompt_tokens, reply.completion_tokens)
            if not reply.passing:
                keeper.keep(stored, value)
            if paid.replies >= run.every.replies or clock() - noted >= run.every.seconds:
                paid, noted = Rate(), note(run, paid, noted)
            yield key, stored, replace(restored(value), cached_tokens=reply.cached_tokens)
    note(run, paid, noted)


def note(run: Run, paid: Rate, since: float) -> float:
    """Remember how long replies took; the time now."""
    now = run.every.clock()
    if paid.replies:
        throughput.add(run.memo, run.asked.rate, replace(paid, seconds=now - since))
    return now


def fill(run: Run, engine: Engine, window: Window) -> None:
    """Pay for what a window misses, up to the budget."""
    rows, totals = Counter(window.keys), run.totals
    for batch in parts(window.missing.items(), len(window.keys) if run.budget is None else WITHIN):
        if run.budget is not None and totals.tokens >= run.budget:
            raise Problem(
                f"the budget of {run.budget} tokens is spent ({totals.tokens}) and "
                f"{totals.rows} rows are done; all of it is kept, run the same command to go on"
            )
        asked = dict(batch)
        for key, stored, reply in pay(run, engine, asked):
            window.known[key] = stored, reply
            window.fresh.add(key)
            totals.paid(reply, rows[key], bool(run.unread and run.unread(asked[key], reply)))
            run.show(rows[key])
        if unanswered := sum(key not in window.known for key in asked):
            raise Problem(
                f"{run.asked.space}: no reply to {unanswered} of {len(batch)} requests; run the command again"
            )


def build(engine: Callable[[], Engine], asked: Question) -> Engine:
    """The engine, which must be the one whose name the replies will bear."""
    ready = engine()
    if (ready.kind, ready.identity) != (asked.engine_kind, asked.identity):
        named, found = f"{asked.engine_kind} {asked.identity}", f"{ready.kind} {ready.identity}"
        raise Problem(f"rows were looked up for {named} but the engine is {found}; did the model change meanwhile?")
    gc.freeze()  # what is loaded stays; looking through it for garbage again and again took 4 % of a stage
    return ready


def ask(
    memo: Memo,
    engine: Callable[[], Engine],
    kind: str,
    requests: Iterable[Request],
    sampling: Sampling | None,
    identity: str,
    engine_kind: str,
    window: int = WINDOW,
    every: NoteEvery = USUAL,
    budget: int | None = None,
    progress: Progress | None = None,
    unread: Unread | None = None,
    totals: Totals | None = None,
) -> Iterator[Answer]:
    """(request, reply, key, hit) in the order asked; the engine is built when a reply is missing, not before.

    At most AHEAD * `window` requests are in memory. From the first miss to the end no other run pays for this space.
    `budget` counts tokens newly paid, prompt and completion; spending it is a Problem, and what was paid is kept.
    `totals` is kept up to date; `unread` says which replies count as unreadable there.
    """
    asked = question(engine_kind, identity, kind, sampling)
    run = Run(memo, asked, every, budget, Totals() if totals is None else totals, progress, unread)
    ready = None
    with ExitStack() as stack:
        for held in windows(memo, run.asked, requests, window):
            if held.missing and ready is None:
                stack.enter_context(memo.paying(run.asked.space))
                held.known |= look_up(memo, run.asked, held.missing)
            if held.missing and ready is None:
                ready = build(engine, run.asked)
            run.begin(held)
            if ready:
                fill(run, ready, held)
            yield from held.answers()
