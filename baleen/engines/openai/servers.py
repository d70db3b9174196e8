"""A connection to a server that keeps to its limits, and whether the server is vLLM, which can do more."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from baleen.engines.openai.messages import Json, malformed, token_count
from baleen.engines.openai.rate_limit import RateLimit
from baleen.engines.openai.retries import KEYS, Failure, Patience, Retries, failure_of_status
from baleen.errors import Problem

Post = Callable[[str, Json, int], Awaitable[Json]]  # path, what to send, tokens it takes at most
CONNECT = 10.0  # seconds to reach the server
LISTED = 3  # tries for the list of models; transformers' own server has none where there is no hub, and fails


@dataclass
class Connection:
    """An open connection: sends JSON within the limits, and raises every failure as a Failure."""

    client: Any  # a session of aiohttp
    endpoint: str
    limit: RateLimit
    timeout: float  # seconds for one reply: the library's own bounds each piece of it

    async def post(self, path: str, sent: Json, tokens: int) -> Json:
        """The body of the reply to `sent`, or to a GET when that is empty; `tokens` is what it takes at most."""
        admitted = await self.limit.admit(tokens)
        text = await self.exchange(path, sent)
        try:
            body = json.loads(text)
        except ValueError:
            raise Failure("flawed", "a reply that is not JSON") from None
        if not sent and isinstance(body, list):  # some servers list their models without a name for the list
            body = {"data": body}
        if not isinstance(body, dict) or body.get("error"):
            raise malformed(body)
        self.limit.correct(admitted, token_count(body, "total_tokens") or tokens)
        return body

    async def exchange(self, path: str, sent: Json) -> str:
        """The text of the reply; `path` is below the endpoint, or a whole address."""
        library: Any = import_module("aiohttp")
        address = path if path.startswith("http") else self.endpoint + path
        try:
            async with (
                asyncio.timeout(self.timeout),
                self.client.request("POST" if sent else "GET", address, json=sent or None) as response,
            ):
                text = str(await response.text(errors="replace"))
        except TimeoutError:
            raise Failure("away", "no reply in time") from None
        except library.ClientError as error:
            raise Failure("away", f"connection lost ({type(error).__name__})") from None
        if response.status >= 400:
            raise failure_of_status(response.status, text, response.headers.get("retry-after"))
        return text

    async def close(self) -> None:
        await self.client.close()


def connect(endpoint: str, limit: RateLimit, patience: Patience) -> Connection:
    """A connection to an endpoint, to be made while an event loop runs. The key is that of the environment, or any word
    for servers without keys; so is a proxy."""
    aiohttp: Any = import_module("aiohttp")
    key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "none")
    parts = urlsplit(endpoint)
    client = aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {key}"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(patience.timeout, CONNECT)),
        connector=aiohttp.TCPConnector(limit=0),  # the engine counts what is in flight
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme),
    )
    return Connection(client, endpoint, limit, patience.timeout)


async def is_vllm(connection: Connection, retries: Retries, endpoint: str, model: str) -> bool:
    """Whether the server is vLLM, which must serve the model; one that breaks over the question each time is not."""
    first = Retries(replace(retries.patience, tries=min(LISTED, retries.patience.tries)), retries.name)
    try:
        served = await first.until_answered(partial(models, connection.post))
    except Failure as failure:
        if first.ended or failure.kind != "flawed":
            reason = first.ended or f"no list of models ({failure})"
            raise Problem(f"{endpoint}: {reason}; start the server, then run the same command") from None
        return False
    finally:
        retries.repeated += first.repeated
    vllm = any(one.get("owned_by") == "vllm" for one in served)
    if vllm and model not in (names := [str(one.get("id")) for one in served]):
        raise Problem(f"{endpoint} serves {', '.join(names)}, not {model}")
    return vllm


async def models(post: Post) -> list[Json]:
    """What the server tells of its models; nothing when it has no list of them. A server that only fails now raises."""
    try:
        listed = (await post("/models", {}, 0)).get("data")
    except Failure as failure:
        if failure.kind not in ("refused", "fatal"):
            raise
        return []
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
