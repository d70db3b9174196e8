"""Limits: a connection to a server that keeps to its pace, and how often it is asked again."""

import asyncio
import json
import os
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import import_module
from math import inf
from typing import Any, Literal, TypeVar

from baleen.engines.openai.rate_limit import Pace

T = TypeVar("T")
Json = dict[str, Any]
Post = Callable[[str, Json, int], Awaitable[Json]]  # path, what to send, tokens it takes at most
KEYS = ("BALEEN_API_KEY", "OPENAI_API_KEY")
CONNECT = 10.0  # seconds to reach the server
SHORTEST, LONGEST = 0.5, 30.0  # seconds before the second try, and at most before any, give or take a half

# 'busy' asks for a pause; 'away' may come back; 'flawed' is a bad reply to this request; the others stay as they are:
# in 'row' the request itself is refused, in 'long' because the model cannot read so much, in 'end' every one would be.
Why = Literal["busy", "away", "flawed", "row", "long", "end"]
WHY: dict[int, Why] = {
    401: "end",
    402: "end",
    403: "end",
    404: "end",
    408: "away",
    409: "away",
    425: "away",
    429: "busy",
    501: "row",
    502: "away",
    503: "away",
    504: "away",
    529: "busy",
}
# OpenAI's code and words and those of vLLM, older vLLM, llama.cpp; no two servers say it alike
LONG = re.compile(r"context[ _](length|size|window)|maximum model length", re.IGNORECASE)


class Setback(Exception):
    """A request that got no usable reply; `wait` is what the server asked for, in seconds."""

    def __init__(self, why: Why, told: str, wait: float = 0.0) -> None:
        super().__init__(told)
        self.why, self.wait = why, wait


@dataclass
class Patience:
    """How long a server is waited for. Clock, sleep and chance are arguments so that tests need no time."""

    tries: int = 8  # of one request that fails while the server answers others
    seconds: float = 300.0  # without a usable reply to anything, after which the server is given up
    timeout: float = 600.0  # seconds for one reply
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random  # 0 to 1


@dataclass
class Tries:
    """Asks again, within limits: every request has its tries, and the whole server a patience."""

    patience: Patience
    answered: int = 0  # usable replies so far
    repeated: int = 0  # requests asked again
    ended: str = ""  # why nothing more is worth asking
    quiet: float | None = None  # since when nothing usable has come

    async def until_answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What ask() gives in the end, or its last Setback."""
        tries, asked, seen = 0, 0, self.answered
        while True:
            try:
                found = await ask()
            except Setback as setback:
                asked += 1
                tries += setback.why == "flawed" or (setback.why == "away" and self.answered > seen)
                seen = self.answered
                await self.patience.sleep(self.pause(setback, asked, tries))
                self.repeated += 1
            else:
                self.answered, self.quiet = self.answered + 1, None
                return found

    def pause(self, setback: Setback, asked: int, tries: int) -> float:
        """Seconds to wait before asking again; raises the setback when there is no point, or none any more."""
        now = self.patience.clock()
        if setback.why in ("row", "long"):  # the server is well
            self.quiet = None
            raise setback
        self.quiet = now if self.quiet is None else self.quiet
        if setback.why == "end":
            self.ended = self.ended or str(setback)
        if self.ended or tries >= self.patience.tries:
            raise setback
        drawn = min(SHORTEST * 2.0 ** min(asked - 1, 16), LONGEST) * (0.5 + self.patience.chance())
        wait = setback.wait + self.patience.chance() if setback.wait else drawn  # not all at the very same moment
        if now + wait - self.quiet > self.patience.seconds:
            self.ended = f"no usable reply for {now - self.quiet:.0f} s ({setback})"
            if setback.wait > self.patience.seconds:
                self.ended = f"the server wants {setback.wait:.0f} s of rest ({setback})"
            raise setback
        return wait


def asked_to_wait(retry_after: str | None, now: Callable[[], float] = time.time) -> float:
    """Seconds from a Retry-After header: a number, or an HTTP date; 0 when it says nothing that can be read."""
    if not retry_after:
        return 0.0
    try:
        return max(float(retry_after), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(retry_after).timestamp() - now(), 0.0)
    except ValueError:
        return 0.0


def why(status: int) -> Why:
    """What an HTTP status above 399 means for the request."""
    return WHY.get(status, "flawed" if status >= 500 else "row")


def key() -> str:
    """The API key; servers without keys take any word."""
    return next((os.environ[name] for name in KEYS if os.environ.get(name)), "none")


def without_key(text: str) -> str:
    """One line of what a server says, in which the keys it may have been given do not stand."""
    for secret in filter(None, map(os.environ.get, KEYS)):
        text = text.replace(secret, "<key>")
    return " ".join(text.split())[:300]


@dataclass
class Line:
    """An open connection: posts JSON within the limits, and tells every failure as a Setback."""

    client: Any
    pace: Pace
    timeout: float  # seconds for one reply: the library's own bounds each piece of it

    async def post(self, path: str, sent: Json, tokens: int) -> Json:
        library: Any = import_module("openai")
        note = await self.pace.admitted(tokens)
        try:
            async with asyncio.timeout(self.timeout):
                body = await (
                    self.client.post(path, cast_to=str, body=sent) if sent else self.client.get(path, cast_to=str)
                )
            found = json.loads(body)
            if not sent and isinstance(found, list):  # some servers list their models without a name for the list
                found = {"data": found}
        except (TimeoutError, library.APITimeoutError):
            raise Setback("away", "no reply in time") from None
        except library.APIConnectionError as error:
            raise Setback("away", f"connection lost ({type(error.__cause__).__name__})") from None
        except library.APIStatusError as error:
            raise told(error) from None
        except ValueError:
            raise Setback("flawed", "a reply that is not JSON") from None
        if not isinstance(found, dict) or found.get("error"):
            raise misshapen(found)
        self.pace.correct(note, counted(found, "total_tokens") or tokens)
        return found


def counted(body: Json, *names: str) -> int:
    """How many tokens of a kind, and of a kind of these, a reply says it took; 0 when it says no number."""
    found: Any = body.get("usage")
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return int(found) if isinstance(found, int | float) and 0 < found < inf else 0


def misshapen(body: object) -> Setback:
    """A reply that cannot be read, with how it begins."""
    return Setback("flawed", f"a reply of another shape: {without_key(json.dumps(body))[:100]}")


def told(error: Any) -> Setback:
    """What an HTTP status means; an exhausted account comes as 429 but does not pass by waiting, and a request that is
    longer than the model reads as 400."""
    status, code = error.status_code, str(getattr(error, "code", ""))
    message = error.body.get("message", "") if isinstance(error.body, dict) else str(error.body or "")
    means = why(status)
    if status == 429 and code == "insufficient_quota":
        means = "end"
    if status == 400 and LONG.search(f"{code} {message}"):
        means = "long"
    wait = asked_to_wait(error.response.headers.get("retry-after"))
    return Setback(means, without_key(f"HTTP {status} {message}"), wait)


def opened(endpoint: str, pace: Pace, patience: Patience) -> Line:
    """A connection whose library neither repeats nor counts anything: that is done here."""
    openai: Any = import_module("openai")
    timeout = openai.Timeout(patience.timeout, connect=min(patience.timeout, CONNECT))
    client = openai.AsyncOpenAI(base_url=endpoint, api_key=key(), max_retries=0, timeout=timeout)
    return Line(client, pace, patience.timeout)
