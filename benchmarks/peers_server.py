"""A chat server on this machine that answers at once and counts: what was asked, how often and when.

It speaks as much of OpenAI's HTTP interface as the clients of `benchmarks.peers` use. The reply carries a digest of
the conversation, so that whoever knows the conversation knows the reply.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from benchmarks.answering import MODEL, Answering


class Query(NamedTuple):
    """One conversation that was answered: its digest, and the seconds of a clock."""

    digest: str
    at: float


def digest(turns: list[tuple[str, str]]) -> str:
    """What stands for a conversation of (role, text); spaces around a text do not count."""
    return sha256(json.dumps([(role, text.strip()) for role, text in turns]).encode()).hexdigest()[:16]


def reply(of: str) -> str:
    """The answer to the conversation with this digest."""
    return f"Which question does text {of} answer, and what would a reader who asks it want to know besides?"


def text_of(content: Any) -> str:
    """The text of a message, which some clients send in parts."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])


def body(request: dict[str, Any], of: str) -> bytes:
    """A completion as OpenAI's interface has it; a reply in a stream is not offered."""
    message = {"role": "assistant", "content": reply(of)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}]
    usage = {"prompt_tokens": 200, "completion_tokens": 21, "total_tokens": 221}
    head = {"id": "chat-1", "object": "chat.completion", "created": 1, "model": request.get("model", MODEL)}
    return json.dumps(head | {"choices": choices, "usage": usage}).encode()


class Answers(Answering):
    """Counts what it answers; conversations without turns, which some clients send to see the head of the reply, are
    not counted."""

    def __init__(self, queries: list[Query], count: Any) -> None:
        super().__init__()
        self.queries, self.count = queries, count

    def answer(self, sent: bytes) -> bytes:
        request = json.loads(sent)
        of = digest([(turn["role"], text_of(turn["content"])) for turn in request.get("messages", [])])
        if request.get("messages"):
            self.queries.append(Query(of, time.perf_counter()))
            self.count.value += 1
        return body(request, of)


def serve(pipe: Connection, count: Any) -> None:
    """Run the server for ever. Its port goes to who started it; whatever comes from there is answered with the
    queries since the last time."""
    queries: list[Query] = []

    def report() -> None:
        try:
            pipe.recv()
        except EOFError:
            return asyncio.get_running_loop().stop()
        pipe.send([*queries])
        queries.clear()
        count.value = 0

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Answers(queries, count), "127.0.0.1", 0, backlog=4096)
        loop.add_reader(pipe.fileno(), report)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Server:
    """A running server, seen from outside."""

    def __init__(self, pipe: Connection, count: Any) -> None:
        self.pipe, self.count = pipe, count
        self.endpoint = f"http://127.0.0.1:{pipe.recv()}/v1"

    def answered(self) -> int:
        """Conversations since the last `queries`."""
        return int(self.count.value)

    def queries(self) -> list[Query]:
        """All conversations since the last call, in the order of their answers."""
        self.pipe.send(None)
        return list(self.pipe.recv())


@contextmanager
def running() -> Iterator[Server]:
    """A server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    count = context.Value("i", 0, lock=False)
    process = context.Process(target=serve, args=(theirs, count), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Server(ours, count)
    finally:
        process.kill()
        process.join()
