"""What a failed request means, and how often and after what pause it is repeated."""

import asyncio
import json
import os
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal, TypeVar

from tqdm import tqdm

T = TypeVar("T")
KEYS = ("BALEEN_API_KEY", "OPENAI_API_KEY")
SHORTEST, LONGEST = 0.5, 30.0  # seconds before the second try, and at most before any, give or take a half
FEW = 8  # requests that fail before a server that has answered none is taken to refuse all
SILENT = 10.0  # seconds without a usable reply after which a server that has answered before is told to be away

# 'busy' asks for a pause; 'away' may come back; 'flawed' is a bad reply to this request; the others stay as they are:
# 'refused' is this request alone, 'filtered' by a content filter, 'too long' because the model cannot read so much,
# 'unable' every request where none was answered, 'fatal' every request.
Kind = Literal["busy", "away", "flawed", "refused", "filtered", "too long", "unable", "fatal"]
LASTING: tuple[Kind, ...] = ("refused", "filtered", "too long", "unable")  # said by a server that is well
STATUSES: dict[Kind, set[int]] = {
    "busy": {429, 529},
    "away": {408, 409, 425, 502, 503, 504},
    "refused": {501},
    "fatal": {401, 402, 403, 404},
}
# OpenAI's code and words and those of vLLM, older vLLM, llama.cpp; no two servers use the same
LONG = re.compile(r"context[ _](length|size|window)|maximum model length", re.IGNORECASE)
# the codes of Azure and OpenAI, of LiteLLM and of Alibaba's servers
FILTER = re.compile(r"content_?filter|content_?policy_?violation|data_?inspection_?failed", re.IGNORECASE)


def say(line: str) -> None:
    """Print a line to stderr, above the bar that a terminal may show."""
    tqdm.write(f"openai: {line}", file=sys.stderr)


class Failure(Exception):
    """A request without a usable reply; `wait` is the pause the server asked for, in seconds. No key stands in it."""

    def __init__(self, kind: Kind, message: str, wait: float = 0.0) -> None:
        super().__init__(without_keys(message))
        self.kind, self.wait = kind, wait


def without_keys(text: str) -> str:
    """One line of at most 300 characters, in which no key of the environment stands."""
    for secret in filter(None, map(os.environ.get, KEYS)):
        text = text.replace(secret, "<key>")
    return " ".join(text.split())[:300]


def kind_of_status(status: int) -> Kind:
    """What an HTTP status above 399 means for the request."""
    listed = (kind for kind, statuses in STATUSES.items() if status in statuses)
    return next(listed, "flawed" if status >= 500 else "refused")


def retry_after_seconds(header: str | None, now: Callable[[], float] = time.time) -> float:
    """The pause a Retry-After header asks for, as a number or an HTTP date, in seconds; 0 when it cannot be read."""
    with suppress(ValueError):
        return max(0.0, float(header or ""))
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(header or "").timestamp() - now())
    return 0.0


def failure_of_status(status: int, text: str, retry_after: str | None = None) -> Failure:
    """What an HTTP status above 399 means. An exhausted account comes as 429 but does not pass by waiting; a request
    that is longer than the model reads, and one that a filter stopped, come as 400."""
    error = stated_error(text)
    details = error if isinstance(error, dict) else {"message": error or ""}
    code, message = (str(details.get(name, "")) for name in ("code", "message"))
    kind = kind_of_status(status)
    if status == 429 and code == "insufficient_quota":
        kind = "fatal"
    if status == 400 and LONG.search(f"{code} {message}"):
        kind = "too long"
    if status < 500 and is_filtered(details):
        kind = "filtered"
    return Failure(kind, f"HTTP {status} {message}", retry_after_seconds(retry_after))


def is_filtered(details: dict[str, Any]) -> bool:
    """Whether an error names a content filter as its code or type, or as the code of an error inside it."""
    inner = [one for name in ("innererror", "inner_error") if isinstance(one := details.get(name), dict)]
    names = [details.get("code"), details.get("type"), *(one.get("code") for one in inner)]
    return any(FILTER.search(str(name)) for name in names)


def stated_error(text: str) -> Any:
    """What a server says of an error: the object under `error`, or all of it."""
    try:
        body = json.loads(text)
    except ValueError:
        return text.strip()
    return body.get("error", body) if isinstance(body, dict) else text.strip()


@dataclass
class Patience:
    """How long a server is waited for. Clock, sleep and chance are arguments so that tests need no time."""

    tries: int = 8  # of one request that fails while the server answers others
    seconds: float = 300.0  # without a usable reply to anything, after which the server is given up
    timeout: float = 600.0  # seconds for one reply
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random  # 0 to 1
    say: Callable[[str], None] = say


@dataclass
class Retries:
    """Repeats requests within limits: each request has its tries, and the whole server a patience."""

    patience: Patience
    name: str = "the server"
    answered: int = 0  # usable replies so far
    enough: int = FEW  # requests that fail for good, and none answered, after which no other is sent
    failed: int = 0  # requests that failed for good
    repeated: int = 0  # requests sent again
    ended: str = ""  # why no further request is worth sending
    quiet: float | None = None  # since when nothing usable has come
    waited: bool = False  # whether it was said that the server is waited for

    async def until_answered(self, send: Callable[[], Awaitable[T]]) -> T:
        """What send() returns in the end, or its last Failure."""
        sent, tries, seen = 0, 0, self.answered
        while True:
            try:
                reply = await send()
            except Failure as failure:
                sent += 1
                tries += failure.kind == "flawed" or (failure.kind == "away" and self.answered > seen)
                seen = self.answered
                await self.patience.sleep(self.pause(failure, sent, tries))
                self.repeated += 1
            else:
                self.answered += 1
                self.note_answer()
                return reply

    def pause(self, failure: Failure, sent: int, tries: int) -> float:
        """Seconds to wait before sending again; raises the failure when there is no point, or none any more."""
        now, chance = self.patience.clock(), self.patience.chance()
        if failure.kind in LASTING:
            self.note_answer()
            raise self.counted(failure)
        self.quiet = now if self.quiet is None else self.quiet
        if failure.kind == "fatal":
            self.ended = self.ended or str(failure)
        if self.ended or tries >= self.patience.tries:
            raise self.counted(failure)
        grown = min(SHORTEST * 2.0 ** min(sent - 1, 16), LONGEST) * (0.5 + chance)
        wait = failure.wait + chance if failure.wait else grown  # not all at the very same moment
        if now + wait - self.quiet > self.patience.seconds:
            self.ended = f"no usable reply for {now - self.quiet:.0f} s ({failure})"
            if failure.wait > self.patience.seconds:
                self.ended = f"the server wants {failure.wait:.0f} s of rest ({failure})"
            raise failure
        self.note_wait(failure, now - self.quiet)
        return wait

    def counted(self, failure: Failure) -> Failure:
        """A failure for good. Where nothing was answered, it ends the run if it shows what the server cannot do, or if
        enough others failed: each request may cost."""
        self.failed += failure.kind not in ("filtered", "too long")
        if not self.answered and failure.kind == "unable":
            self.ended = self.ended or str(failure)
        elif not self.answered and self.failed >= self.enough:
            self.ended = self.ended or f"none of the first {self.failed} requests got a reply ({failure})"
        return failure

    def note_wait(self, failure: Failure, silent: float) -> None:
        """Say once that the server is waited for: at once if it has answered nothing yet, else not for a short pause.
        A flawed reply may be that request's own fault."""
        if not self.waited and (silent >= SILENT or (failure.kind != "flawed" and not self.answered)):
            self.waited = True
            self.patience.say(f"{self.name}: {failure}; trying again for up to {self.patience.seconds:.0f} s")

    def note_answer(self) -> None:
        """The server is well; say so where it was said to be waited for."""
        if self.waited and self.quiet is not None:
            self.patience.say(f"{self.name}: answers after {self.patience.clock() - self.quiet:.0f} s")
        self.quiet, self.waited = None, False
