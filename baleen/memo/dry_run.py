"""Estimates for --dry-run: how many requests a run would query, their tokens, and the time, without an engine."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.memo import throughput
from baleen.memo.ask import WINDOW, Window
from baleen.memo.keys import QuerySettings, keyed
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate
from baleen.models import load, pins, scratch, sizes
from baleen.project import bills
from baleen.project.bills import Bill, Work
from baleen.project.progress import duration as duration
from baleen.project.settings import Speed, load_yaml, profile, speed
from baleen.tables.rows import batches

CHARACTERS_PER_TOKEN = 4.0  # until a reply shows the real number


@dataclass(frozen=True)
class Estimate:
    """What a run would query: `missing` requests (equal ones once; the other rows are cached or repeated) with
    `prompt_tokens`, and `completion_tokens`, at most `max_completion_tokens`.

    `completion_tokens` is None until a reply shows how long replies are. `characters_per_token` was measured on
    `replies` replies to rows of this table, or is the default when that is 0. `rate` was measured in earlier runs.
    """

    rows: int
    missing: int
    prompt_tokens: int
    completion_tokens: int | None
    max_completion_tokens: int
    characters_per_token: float
    replies: int
    rate: Rate

    @property
    def cached(self) -> int:
        return self.rows - self.missing

    @property
    def seconds(self) -> float | None:
        speed = self.rate.tokens_per_second
        return (self.prompt_tokens + (self.completion_tokens or 0)) / speed if speed else None

    def bill(self, model: str, speed: Speed) -> Bill:
        """GPU hours, wall time, disk and dollars; replies whose length nobody knows are as long as they may be."""
        written = self.max_completion_tokens if self.completion_tokens is None else self.completion_tokens
        work = bills.queries(parameters_if_known(model), self.missing, self.prompt_tokens, written)
        return query_bill(work, speed, self.seconds)

    def __str__(self) -> str:
        """The figures in words."""
        basis = f"{self.characters_per_token:.1f} characters each"
        basis += f", as in {self.replies:,} replies" if self.replies else ""
        line = f"{self.missing:,} to query; about {self.prompt_tokens:,} tokens to read ({basis})"
        if self.max_completion_tokens and self.completion_tokens is None:
            line += f", at most {self.max_completion_tokens:,} to write"
        elif self.max_completion_tokens:
            line += f", about {self.completion_tokens:,} to write, at most {self.max_completion_tokens:,}"
        return f"{line}; {self.time()}"

    def time(self) -> str:
        """How long it would take, and how that is known."""
        if not self.missing:
            return "nothing to wait for"
        if self.seconds is None:
            return "no rate measured yet"
        return f"about {duration(self.seconds)} at {self.rate}"


def parameters(name: str) -> int:
    """Weights of a model, at most; of one that is not built yet those that the profile names under it, such as those of
    a teacher, else those of its origin; 0 when nobody says."""
    built = "/" in name or Path("models", name).is_dir()
    if not built and (teacher := of_teacher(name)):
        return teacher
    pin = pins.pin(name) if built else pins.origin_pin()
    if pin and pin.fresh:
        return scratch.count_parameters(pin.fresh, pin.fresh.vocab_size)
    if pin and (pin.parameters or not (pin.path or pin.gguf)):
        return int(pin.parameters)
    return sum(map(count_weights, load.weights_folder(name).glob("*.safetensors")))


def parameters_if_known(name: str) -> int:
    """Weights of a model that may be queried; 0 where only opening it would tell, or nobody can."""
    try:
        pin = pins.pin(name) if Path("models", name, "pin.yaml").is_file() else None
        return 0 if pin and pin.gguf and not pin.parameters else parameters(name)
    except Problem:
        return 0


def bill_words(model: str, plan: Estimate) -> str:
    """GPU hours, wall time, disk and dollars of what an estimate says, '' for nothing."""
    here = speed()
    return bills.words(plan.bill(model, here), here.dollars_per_gpu_hour) if plan.missing else ""


def query_bill(work: Work, speed: Speed, seconds: float | None) -> Bill:
    """The bill of querying; with `tensor_parallel: 0` the model is on as many GPUs as its weights need."""
    split = sizes.gpus_for(sizes.WEIGHT * work.parameters, speed)
    return bills.bill(work, replace(speed, tensor_parallel=split), seconds)


def of_teacher(name: str) -> int:
    """Weights of the trained model that a section of the profile puts in the place of this one."""
    section = profile(str(load_yaml(Path("params.yaml")).get("profile", "pocket"))).get(name) or {}
    return int((section.get("instead") or {}).get("parameters") or 0)


def disk_size(size: float) -> str:
    """'3.2 MB', '16.1 GB'"""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def count_weights(path: Path) -> int:
    """Number of weights in a safetensors file, of any dtype, from its header: eight bytes with its length, then JSON; 0
    for another file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            return 0
        header = json.loads(file.read(length))
    return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


@dataclass
class Sums:
    """Sums over the requests of a run: `rows`, and of the `missing` ones `missing_characters`; over those with a reply
    `replies`, the `characters` of their requests, and the prompt and completion tokens."""

    rows: int = 0
    missing: int = 0
    missing_characters: int = 0
    replies: int = 0
    characters: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add_reply(self, request: Request, reply: Reply) -> None:
        """Count a stored reply; the answer that a loss query grades is read, not written."""
        self.replies += 1
        self.characters += request_characters(request)
        self.prompt_tokens += reply.prompt_tokens + (reply.completion_tokens if request.answer else 0)
        self.completion_tokens += 0 if request.answer else reply.completion_tokens


def estimate(memo: Memo, query: QuerySettings, requests: Iterable[Request]) -> Estimate:
    """Look every request up and add up what is missing, with the token length and the rate of the stored replies."""
    sums, rate = sum_requests(memo, query, requests), throughput.rates(memo).get(query.rate_name, Rate())
    per_token, replies = (
        (sums.characters / sums.prompt_tokens, sums.replies) if sums.prompt_tokens else (CHARACTERS_PER_TOKEN, 0)
    )
    prompt_tokens, at_most = round(sums.missing_characters / per_token), sums.missing * query.limit
    completion_tokens = expected_completion_tokens(sums, query, rate)
    return Estimate(sums.rows, sums.missing, prompt_tokens, completion_tokens, at_most, per_token, replies, rate)


def sum_requests(memo: Memo, query: QuerySettings, requests: Iterable[Request]) -> Sums:
    """Sums in which every missing request counts once, and every row with a reply."""
    sums, counted = Sums(), set[str]()
    for batch in batches(requests, WINDOW):
        window = Window()
        window.add(batch, *keyed(memo, query, batch))
        new = {key: request for key, request in window.missing.items() if key not in counted}
        counted |= new.keys()
        sums.rows += len(batch)
        sums.missing += len(new)
        sums.missing_characters += sum(map(request_characters, new.values()))
        for request, reply in window.answered:
            sums.add_reply(request, reply)
    return sums


def expected_completion_tokens(sums: Sums, query: QuerySettings, rate: Rate) -> int | None:
    """Tokens that will be written, at the mean length of the replies in this table, else of all that the model wrote;
    None when there is no reply."""
    if query.kind != "generate":
        return 0
    tokens, replies = (sums.completion_tokens, sums.replies) if sums.replies else (rate.completion_tokens, rate.replies)
    return min(round(sums.missing * tokens / replies), sums.missing * query.limit) if replies else None


def request_characters(request: Request) -> int:
    """Characters that a model reads for a request."""
    return sum(len(content) for _, content in request.messages) + len(request.prefill) + len(request.answer)
