"""Asking through the memo: look up what was paid for, ask the engine for the rest, keep every answer at once."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from baleen.engines import TOO_LONG, Engine, Reply, Request, Sampling
from baleen.memo import Memo, Value, parts
from baleen.problems import Problem
from baleen.progress import Progress
from baleen.questions import KINDS, Known, Question, look_up, question, record, restored
from baleen.questions import digest as digest

Answer = tuple[Request, Reply, str, bool]  # the key of its record, and whether it was paid for before
WINDOW = 4096  # requests looked up together
AHEAD = 8  # windows read on while less than one window is missing: an engine asked for a handful idles
WITHIN = 64  # requests asked between two looks at the budget, which may be passed by as many


@dataclass(frozen=True)
class Flush:
    """Replies are written after so many, or when one arrives so many seconds after the last write."""

    replies: int = 256
    seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Totals:
    """What a run has asked so far; `asked` is `hits` + `paid`, and the tokens are those newly paid."""

    asked: int = 0
    hits: int = 0
    paid: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, reply: Reply, hit: bool) -> "Totals":
        prompt, completion = (0, 0) if hit else (reply.prompt_tokens, reply.completion_tokens)
        rows = (self.asked + 1, self.hits + hit, self.paid + (not hit))
        return Totals(*rows, self.prompt_tokens + prompt, self.completion_tokens + completion)

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


WRITE = Flush()


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
    def tokens(self) -> int:
        paid = [self.known[key][1] for key in self.fresh]
        return sum(reply.prompt_tokens + reply.completion_tokens for reply in paid)

    @property
    def done(self) -> int:
        return sum(key in self.known for key in self.keys)

    @property
    def hits(self) -> int:
        """Rows that cost nothing, as far as is known now."""
        return self.done - len(self.fresh)

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
    """One asking: where replies are kept, what is asked, how often replies are written, what may be spent."""

    memo: Memo
    asked: Question
    flush: Flush
    budget: int | None
    progress: Progress | None

    def advance(self, rows: int, hits: int) -> None:
        if self.progress:
            self.progress.advance(rows, memo=hits)


def pay(run: Run, engine: Engine, missing: dict[str, Request]) -> Iterator[tuple[str, Known]]:
    """Replies as the engine gives them; what has come is written in small transactions, whatever happens next."""
    asked, clock = run.asked, run.flush.clock
    keys, pending, written = list(missing), dict[str, Value](), clock()
    try:
        for index, reply in KINDS[asked.kind](engine, list(missing.values()), asked.sampling):
            key, value = keys[index], record(reply, asked.limit)
            stored = asked.cut(key) if reply.finish == "length" else key
            if reply.finish != TOO_LONG.finish:
                pending[stored] = value
            if len(pending) >= run.flush.replies or clock() - written >= run.flush.seconds:
                run.memo.put(asked.space, pending)
                pending, written = {}, clock()
            yield key, (stored, replace(restored(value), cached_tokens=reply.cached_tokens))
    finally:
        run.memo.put(asked.space, pending)


def fill(run: Run, engine: Engine, window: Window, totals: Totals) -> None:
    """Pay for what a window misses, up to the budget."""
    rows, hits = Counter(window.keys), totals.hits + window.hits
    for batch in parts(window.missing.items(), len(window.keys) if run.budget is None else WITHIN):
        if run.budget is not None and totals.tokens + window.tokens >= run.budget:
            raise Problem(
                f"the budget of {run.budget} tokens is spent ({totals.tokens + window.tokens}) and "
                f"{totals.asked + window.done} rows are done; all of it is kept, run the same command to go on"
            )
        for key, known in pay(run, engine, dict(batch)):
            window.known[key] = known
            window.fresh.add(key)
            run.advance(rows[key], hits)
        if unanswered := sum(key not in window.known for key, _ in batch):
            raise Problem(
                f"{run.asked.space}: no reply to {unanswered} of {len(batch)} requests; run the command again"
            )


def build(engine: Callable[[], Engine], asked: Question) -> Engine:
    """The engine, which must be the one whose name the replies will bear."""
    ready = engine()
    if (ready.kind, ready.identity) != (asked.engine_kind, asked.identity):
        named, found = f"{asked.engine_kind} {asked.identity}", f"{ready.kind} {ready.identity}"
        raise Problem(f"rows were looked up for {named} but the engine is {found}; did the model change meanwhile?")
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
    flush: Flush = WRITE,
    budget: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Answer]:
    """(request, reply, key, hit) in the order asked; the engine is built when a reply is missing, not before.

    At most AHEAD * `window` requests are in memory. From the first miss to the end no other run pays for this space.
    `budget` counts tokens newly paid, prompt and completion; spending it is a Problem, and what was paid is kept.
    """
    run = Run(memo, question(engine_kind, identity, kind, sampling), flush, budget, progress)
    ready, totals = None, Totals()
    with ExitStack() as stack:
        for held in windows(memo, run.asked, requests, window):
            if held.missing and ready is None:
                stack.enter_context(memo.paying(run.asked.space))
                held.known |= look_up(memo, run.asked, held.missing)
            if held.missing and ready is None:
                ready = build(engine, run.asked)
            run.advance(held.done, totals.hits + held.hits)
            if ready:
                fill(run, ready, held, totals)
            for request, reply, key, hit in held.answers():
                totals = totals.plus(reply, hit)
                yield request, reply, key, hit


@dataclass(frozen=True)
class Estimate:
    """What a run would pay: `missing` questions (each once; the other rows are hits), tokens in and at most out."""

    rows: int
    hits: int
    missing: int
    prompt_characters: int
    prompt_tokens: int
    completion_tokens_at_most: int


def estimate(
    memo: Memo,
    kind: str,
    requests: Iterable[Request],
    sampling: Sampling | None,
    identity: str,
    engine_kind: str,
    count: Callable[[str], int] = lambda text: len(text) // 4,
) -> Estimate:
    """Look every request up and add up what is missing; `count` gives the tokens of a text (4 characters each)."""
    asked, seen, rows, characters, tokens = question(engine_kind, identity, kind, sampling), set[str](), 0, 0, 0
    for batch in parts(requests, WINDOW):
        window = Window()
        window.read(memo, asked, batch)
        new = {key: request for key, request in window.missing.items() if key not in seen}
        prompts = [text for request in new.values() for text in texts(request)]
        seen |= new.keys()
        rows += len(batch)
        characters += sum(map(len, prompts))
        tokens += sum(map(count, prompts))
    return Estimate(rows, rows - len(seen), len(seen), characters, tokens, len(seen) * asked.limit)


def texts(request: Request) -> list[str]:
    """What a model reads for a request."""
    return [content for _, content in request.messages] + [request.prefill, request.answer]
