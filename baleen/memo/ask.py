"""Replies through the memo: look up the cached ones, query the engine for the rest, and store every reply at once."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from baleen.engines.protocol import Batched, Engine, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo import throughput
from baleen.memo.keys import QuerySettings, StoredReply, from_record, keyed, look_up, query_settings, to_record
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate
from baleen.memo.totals import AT_ONCE, Budget, Paced, Totals
from baleen.memo.write_behind import Writer, background_writer
from baleen.project.progress import Progress
from baleen.tables.rows import batches

IsUnreadable = Callable[[Request, Reply], bool]
Answer = tuple[Request, Reply, str, bool]  # the key of its record, and whether it was cached
WINDOW = 4096  # requests looked up together
READ_AHEAD = 8  # windows read while fewer replies than a window are missing: a small batch leaves the engine idle


@dataclass(frozen=True)
class EngineQuery:
    """Which model is queried and how. `kind` is one of KINDS; `load` builds the engine and is called only when a
    reply is missing."""

    engine_kind: str
    identity: str
    load: Callable[[], Engine]
    kind: str
    sampling: Sampling | None = None

    @property
    def settings(self) -> QuerySettings:
        return query_settings(self.engine_kind, self.identity, self.kind, self.sampling)


@dataclass(frozen=True)
class RateInterval:
    """How often the measured rate is stored: after so many replies, or when a reply arrives so many seconds after the
    last time."""

    replies: int = 256
    seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class AskOptions:
    """How a run goes, none of which changes a reply.

    At most READ_AHEAD * `window` requests are in memory. `budget` is the number of tokens (prompt and completion) of
    the queries after which none is begun: that is a Problem, and the replies so far are in the memo. `totals` is kept
    up to date; `is_unreadable` tells which replies count as unreadable there.
    """

    window: int = WINDOW
    rate_interval: RateInterval = field(default_factory=RateInterval)
    budget: int | None = None
    progress: Progress | None = None
    is_unreadable: IsUnreadable | None = None
    totals: Totals = field(default_factory=Totals)


@dataclass
class Window:
    """Requests in order with their keys, the replies there are by key, and the keys that were queried just now."""

    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    replies: dict[str, StoredReply] = field(default_factory=dict)
    queried: set[str] = field(default_factory=set)

    def add(self, requests: list[Request], keys: list[str], replies: dict[str, StoredReply]) -> None:
        """Append requests with their keys and the replies there are."""
        self.requests += requests
        self.keys += keys
        self.replies |= replies

    @property
    def missing(self) -> dict[str, Request]:
        """The requests without a reply by key, so that equal ones count once."""
        return {k: r for k, r in zip(self.keys, self.requests, strict=True) if k not in self.replies}

    @property
    def answered(self) -> list[tuple[Request, Reply]]:
        """The rows that have a reply."""
        pairs = zip(self.requests, self.keys, strict=True)
        return [(request, self.replies[key][1]) for request, key in pairs if key in self.replies]

    def answers(self) -> Iterator[Answer]:
        for request, key in zip(self.requests, self.keys, strict=True):
            record_key, reply = self.replies[key]
            yield request, reply, record_key, key not in self.queried
            self.queried.discard(key)


def windows(memo: Memo, query: QuerySettings, requests: Iterable[Request], length: int) -> Iterator[Window]:
    """Windows in which nothing is missing, or at least `length` replies are, or that are READ_AHEAD * `length` requests
    long."""
    window = Window()
    for batch in batches(requests, length):
        window.add(batch, *keyed(memo, query, batch))
        missing = len(window.missing)
        if not missing or missing >= length or len(window.requests) >= READ_AHEAD * length:
            yield window
            window = Window()
    if window.requests:
        yield window


@dataclass(frozen=True)
class Run:
    """One call of `ask`: where replies are stored, what is queried, and the options."""

    memo: Memo
    query: QuerySettings
    options: AskOptions

    @property
    def budget(self) -> Budget:
        return Budget(self.options.budget, self.options.totals)

    def count_cached(self, window: Window) -> None:
        """Count and show the rows of a window that have a reply before the engine is queried."""
        answered, is_unreadable = window.answered, self.options.is_unreadable
        unreadable = sum(is_unreadable(*pair) for pair in answered) if is_unreadable else 0
        self.options.totals.count_cached(len(answered), unreadable)
        self.show_progress(len(answered))

    def show_progress(self, rows: int) -> None:
        totals = self.options.totals
        if self.options.progress:
            figures: dict[str, int | str] = {"cached": totals.cached, "tokens": totals.tokens}
            share = f"{totals.unreadable / max(1, totals.rows):.0%}"
            shown = {"unreadable": share} if self.options.is_unreadable else {}
            self.options.progress.advance(rows, **figures | shown)


def replies_of(engine: Engine, query: QuerySettings, requests: list[Request]) -> Iterator[tuple[int, Reply]]:
    """What the engine yields for this kind of query: the index of a request and its reply."""
    if query.sampling:
        return engine.generate(requests, query.sampling)
    if query.kind == "loss":
        return engine.loss(requests)
    return engine.choose(requests) if query.kind == "choose" else engine.embed(requests)


def query_engine(run: Run, engine: Engine, missing: dict[str, Request]) -> Iterator[tuple[str, str, Reply]]:
    """(key, key of the record, reply) as the engine gives them.

    Each reply is stored while the engine works on the next, and before the next batch where the engine has batches,
    also when the engine fails. No batch and no reply is waited for when the budget is spent, but what is in flight at a
    server. The time until a failure is not part of the measured rate.
    """
    query, interval = run.query, run.options.rate_interval
    keys, measured, last = list(missing), Rate(), interval.clock()
    with background_writer(run.memo, query.space) as writer:
        pace(run, engine, writer)
        for index, reply in replies_of(engine, query, list(missing.values())):
            key, value = keys[index], to_record(reply, query.limit)
            record_key = query.record_key(key, reply)
            measured = measured.plus(reply.prompt_tokens, reply.completion_tokens)
            if not reply.passing:
                writer.put(record_key, value)
            if measured.replies >= interval.replies or interval.clock() - last >= interval.seconds:
                measured, last = Rate(), store_rate(run, measured, last)
            yield key, record_key, replace(from_record(value), cached_tokens=reply.cached_tokens)
            if run.budget.is_spent and not isinstance(engine, Batched | Paced):
                break
    store_rate(run, measured, last)


def pace(run: Run, engine: Engine, writer: Writer) -> None:
    """Have an engine store what it has before each batch, and begin none when the budget is spent."""

    def before_batch() -> None:
        writer.flush()
        run.budget.require()

    if isinstance(engine, Batched):
        engine.before_batch = before_batch
    if isinstance(engine, Paced):
        engine.may_send = run.budget.may_send


def store_rate(run: Run, measured: Rate, since: float) -> float:
    """Add the replies since a time to the stored rate; returns the time now."""
    now = run.options.rate_interval.clock()
    if measured.replies:
        throughput.add(run.memo, run.query.rate_name, replace(measured, seconds=now - since))
    return now


def query_missing(run: Run, engine: Engine, window: Window) -> None:
    """Query the engine for the missing replies of a window, up to the budget."""
    rows, totals, is_unreadable = Counter(window.keys), run.options.totals, run.options.is_unreadable
    whole = run.options.budget is None or isinstance(engine, Paced)
    for batch in batches(window.missing.items(), len(window.keys) if whole else AT_ONCE):
        run.budget.require()
        requests = dict(batch)
        for key, record_key, reply in query_engine(run, engine, requests):
            window.replies[key] = record_key, reply
            window.queried.add(key)
            totals.count_queried(reply, rows[key], bool(is_unreadable and is_unreadable(requests[key], reply)))
            run.show_progress(rows[key])
        if unanswered := sum(key not in window.replies for key in requests):
            run.budget.require()
            raise Problem(
                f"{run.query.space}: the engine gave no reply to {unanswered} of {len(batch)} requests; "
                "run the same command again"
            )


def build_engine(load: Callable[[], Engine], query: QuerySettings) -> Engine:
    """The engine; a Problem unless its kind and identity are those of the keys that were looked up."""
    engine = load()
    if (engine.kind, engine.identity) != (query.engine_kind, query.identity):
        wanted, loaded = f"{query.engine_kind} {query.identity}", f"{engine.kind} {engine.identity}"
        raise Problem(
            f"replies were looked up for {wanted} but the loaded engine is {loaded}: the model changed during the run; "
            "run the same command again"
        )
    gc.freeze()  # what is loaded stays; looking through it for garbage again and again took 4 % of a stage
    return engine


def ask(
    memo: Memo, query: EngineQuery, requests: Iterable[Request], options: AskOptions | None = None
) -> Iterator[Answer]:
    """(request, reply, key of the record, whether it was cached) in the order of the requests.

    The engine is built when the first reply is missing, not before. From then to the end this process holds the lock of
    the space, so that no other process queries the engine for the same replies.
    """
    run = Run(memo, query.settings, options or AskOptions())
    engine = None
    with ExitStack() as stack:
        for window in windows(memo, run.query, requests, run.options.window):
            if window.missing and engine is None:
                stack.enter_context(memo.locked_space(run.query.space))
                window.replies |= look_up(memo, run.query, [*window.missing])
            if window.missing and engine is None:
                engine = build_engine(query.load, run.query)
            run.count_cached(window)
            if engine:
                query_missing(run, engine, window)
            yield from window.answers()
