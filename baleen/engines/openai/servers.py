"""A connection to a server that keeps to its limits, and whether the server is vLLM, which can do more."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any

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

    client: Any
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
        """The text of the reply."""
        library: Any = import_module("openai")
        try:
            async with asyncio.timeout(self.timeout):
                if sent:
                    return str(await self.client.post(path, cast_to=str, body=sent))
                return str(await self.client.get(path, cast_to=str))
        except (TimeoutError, library.APITimeoutError):
            raise Failure("away", "no reply in time") from None
        except library.APIConnectionError as error:
            raise Failure("away", f"connection lost ({type(error.__cause__).__name__})") from None
        except library.APIStatusError as error:
            raise failure_of_status(error) from None


def connect(endpoint: str, limit: RateLimit, patience: Patience) -> Connection:
    """A connection to an endpoint. Its library repeats nothing, as what it repeats is not within the limits; the key is
    that of the environment, or any word for servers without keys."""
    openai: Any = import_module("openai")
    key = next((os.environ[name] for name in KEYS if os.environ.get(name)), "none")
    timeout = openai.Timeout(patience.timeout, connect=min(patience.timeout, CONNECT))
    client = openai.AsyncOpenAI(base_url=endpoint, api_key=key, max_retries=0, timeout=timeout)
    return Connection(client, limit, patience.timeout)


async def is_vllm(connection: Connection, retries: Retries, endpoint: str, model: str) -> bool:
    """Whether the server is vLLM, which must serve the model; one that breaks over the question each time is not."""
    first = Retries(replace(retries.patience, tries=min(LISTED, retries.patience.tries)))
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
