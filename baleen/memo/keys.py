"""The memo key of a request, and the record under which the memo stores its reply."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from baleen.engines.protocol import TOO_LONG, Reply, Request, Sampling
from baleen.errors import Problem, unknown
from baleen.memo.store import Memo, Value

StoredReply = tuple[str, Reply]  # key of the record, reply
KINDS = ["generate", "loss", "choose", "embed"]  # of queries; each is a method of an engine
VERSION = 1  # of the ingredients of a key


@dataclass(frozen=True)
class QuerySettings:
    """What all requests of a run share: engine kind, model identity, kind of query (a name in KINDS) and sampling (None
    unless the kind is 'generate')."""

    engine_kind: str
    identity: str
    kind: str
    sampling: Sampling | None

    @cached_property
    def shared(self) -> str:
        """The part of every key that does not depend on the request, as canonical JSON."""
        sampling = dict(vars(self.sampling)) if self.sampling else {}
        shape = [sampling["shape"]] if sampling.get("shape") else []  # absent when empty, so that older keys stay valid
        stop = [list(sampling["stop"])] if sampling.get("stop") else []  # so is this
        texts = ("max_tokens", "shape", "stop")
        numbers = {name: float(number) for name, number in sampling.items() if name not in texts}
        return canonical([VERSION, self.engine_kind, self.identity, self.kind, numbers, *shape, *stop])

    @property
    def limit(self) -> int:
        """The largest number of new tokens; 0 when nothing is generated."""
        return self.sampling.max_tokens if self.sampling else 0

    @property
    def space(self) -> str:
        """A readable name for these settings. One process at a time queries the engine for a space."""
        return f"{self.kind} {self.engine_kind} {self.identity} {digest(self.shared)[:8]}"

    @property
    def rate_name(self) -> str:
        """The name under which the memo stores the measured speed; the same for all sampling settings."""
        return f"{self.kind} {self.engine_kind} {self.identity}"

    def key(self, request: Request) -> str:
        """32 hex digits over everything that shapes the reply. `max_tokens` is left out: it only cuts the reply (see
        `look_up`)."""
        fields = {name: value for name, value in vars(request).items() if name != "opening"}
        fields["marks"] = fields.pop("choices")  # its name in older keys, which stay valid
        if not request.template:  # older keys have none
            del fields["template"]
        return digest(self.shared + canonical(fields))

    def cut_key(self, key: str) -> str:
        """The key of a reply that was cut off at this limit. Finished replies and other limits have other keys."""
        return digest(f"{key} cut at {self.limit}")

    def record_key(self, key: str, reply: Reply) -> str:
        """The key under which the memo stores a reply: `key`, or `cut_key` when another limit could give another reply
        (it was cut off, or request and limit together are too long)."""
        limited = self.kind == "generate" and reply.finish in ("length", TOO_LONG.finish)
        return self.cut_key(key) if limited else key


def query_settings(engine_kind: str, identity: str, kind: str, sampling: Sampling | None) -> QuerySettings:
    """Checked settings; sampling is dropped unless the kind is 'generate', because nothing else is sampled."""
    if kind not in KINDS:
        raise Problem(unknown("kind of query", kind, KINDS))
    if kind == "generate" and sampling is None:
        raise Problem("a query of kind 'generate' has no sampling settings; pass a Sampling")
    return QuerySettings(engine_kind, identity, kind, sampling if kind == "generate" else None)


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def to_record(reply: Reply, limit: int) -> Value:
    """The JSON object that the memo stores for a reply: its fields without the empty ones, and the limit of new tokens
    that was in force."""
    fields = vars(reply) | {"values": [float(v) for v in reply.values], "max_tokens": limit, "cached_tokens": 0}
    return {name: value for name, value in fields.items() if value}


def from_record(value: Value) -> Reply:
    """The reply that `to_record` stored."""
    fields = {name: field for name, field in value.items() if name != "max_tokens"}
    return Reply(**fields | {"values": tuple(value.get("values", ()))})


def fits(value: Value, limit: int) -> bool:
    """Whether a finished reply is also the reply under this limit of new tokens: it is shorter than the limit (by one
    token, because some engines do not count the end token). A reply without a token count fits its own limit alone."""
    tokens = value.get("completion_tokens", 0)
    uncounted = value.get("estimated") or (value.get("text") and not tokens)
    return bool(value.get("max_tokens", 0) == limit or (not uncounted and tokens < limit))


def keyed(memo: Memo, query: QuerySettings, requests: Iterable[Request]) -> tuple[list[str], dict[str, StoredReply]]:
    """The key of each request, and by key the replies that the memo has."""
    keys = [query.key(request) for request in requests]
    return keys, look_up(memo, query, keys)


def look_up(memo: Memo, query: QuerySettings, keys: Iterable[str]) -> dict[str, StoredReply]:
    """The replies that the memo has, by key: a finished reply that fits the limit, else one that was cut off, or too
    long, at exactly this limit."""
    wanted = dict.fromkeys(keys)
    stored = {k: (k, from_record(v)) for k, v in memo.get(wanted).items() if fits(v, query.limit)}
    if query.kind == "generate" and len(stored) < len(wanted):
        cut = {query.cut_key(key): key for key in wanted if key not in stored}
        stored |= {cut[k]: (k, from_record(v)) for k, v in memo.get(cut).items()}
    return stored
