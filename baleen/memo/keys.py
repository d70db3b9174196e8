"""Questions: what shapes an answer becomes its key, and how a reply is kept in the memo under it."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import cast

from baleen.engines.protocol import TOO_LONG, Engine, Reply, Request, Sampling
from baleen.errors import Problem, unknown
from baleen.memo.store import Memo, Value

Known = tuple[str, Reply]  # key of the record, reply
VERSION = 1  # of what the key is made of


@dataclass(frozen=True)
class Question:
    """What the requests of a run share: who answers, the kind of question, how a reply is drawn (None but for
    'generate')."""

    engine_kind: str
    identity: str
    kind: str
    sampling: Sampling | None

    @cached_property
    def shared(self) -> str:
        drawn = dict(vars(self.sampling)) if self.sampling else {}
        shape = [drawn["shape"]] if drawn.get("shape") else []  # a key of old where replies are free
        numbers = {name: float(number) for name, number in drawn.items() if name not in ("max_tokens", "shape")}
        return canonical([VERSION, self.engine_kind, self.identity, self.kind, numbers, *shape])

    @property
    def limit(self) -> int:
        return self.sampling.max_tokens if self.sampling else 0

    @property
    def space(self) -> str:
        """A readable name of what one payer at a time pays for."""
        return f"{self.kind} {self.engine_kind} {self.identity} {short(self.shared)[:8]}"

    @property
    def rate(self) -> str:
        """What its speed is remembered under, however a reply is drawn."""
        return f"{self.kind} {self.engine_kind} {self.identity}"

    def key(self, request: Request) -> str:
        """32 hex digits over all that shapes the answer; not `max_tokens`, which only cuts it (see `look_up`)."""
        return short(self.shared + canonical({name: said for name, said in vars(request).items() if name != "opening"}))

    def cut(self, key: str) -> str:
        """Where a reply cut off at this limit is kept, beside the finished one and those of other limits."""
        return short(f"{key} cut at {self.limit}")

    def place(self, key: str, reply: Reply) -> str:
        """Where a reply is kept: a request to write can be too long for one limit and not for another."""
        limited = self.kind == "generate" and reply.finish in ("length", TOO_LONG.finish)
        return self.cut(key) if limited else key


def question(engine_kind: str, identity: str, kind: str, sampling: Sampling | None) -> Question:
    """Sampling settings shape only what is generated."""
    if kind not in KINDS:
        raise Problem(unknown("kind of question", kind, list(KINDS)))
    if kind == "generate" and sampling is None:
        raise Problem("'generate' needs sampling settings")
    return Question(engine_kind, identity, kind, sampling if kind == "generate" else None)


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def record(reply: Reply, limit: int) -> Value:
    """A reply as the memo keeps it, empty fields left out, with the limit it was drawn under."""
    plain = vars(reply) | {"values": [float(v) for v in reply.values], "max_tokens": limit, "cached_tokens": 0}
    return {name: value for name, value in plain.items() if value}


def restored(value: Value) -> Reply:
    fields = {name: kept for name, kept in value.items() if name != "max_tokens"}
    return Reply(**fields | {"values": tuple(value.get("values", ()))})


def fits(value: Value, limit: int) -> bool:
    """A finished reply also serves another limit when it is shorter (by one: some engines do not count the end); one
    whose tokens nobody counted serves its own alone."""
    tokens = value.get("completion_tokens", 0)
    uncounted = value.get("estimated") or (value.get("text") and not tokens)
    return bool(value.get("max_tokens", 0) == limit or (not uncounted and tokens < limit))


def look_up(memo: Memo, asked: Question, keys: Iterable[str]) -> dict[str, Known]:
    """What the memo can answer: a finished reply that fits the limit, else one cut off, or too long, at exactly this
    limit."""
    wanted = dict.fromkeys(keys)
    found = {k: (k, restored(v)) for k, v in memo.get(wanted).items() if fits(v, asked.limit)}
    if asked.kind == "generate" and len(found) < len(wanted):
        cut = {asked.cut(key): key for key in wanted if key not in found}
        found |= {cut[k]: (k, restored(v)) for k, v in memo.get(cut).items()}
    return found


KINDS: dict[str, Callable[[Engine, Sequence[Request], Sampling | None], Iterator[tuple[int, Reply]]]] = {
    "generate": lambda engine, requests, sampling: engine.generate(requests, cast(Sampling, sampling)),
    "loss": lambda engine, requests, _: engine.loss(requests),
    "choose": lambda engine, requests, _: engine.choose(requests),
    "embed": lambda engine, requests, _: engine.embed(requests),
}
