"""A small HTTP server for tests: it answers itself or forwards to another server, and fails at chosen requests."""

import asyncio
import json
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from baleen.engines.openai.retries import Patience
from baleen.engines.protocol import Engine, Request, Sampling

Json = dict[str, Any]
Answer = Callable[[str, Json, Mapping[str, str]], tuple[int, Json]]  # path, body, headers -> status, body


SAMPLING = Sampling(temperature=0.5, max_tokens=9)
REQUESTS = [Request((("user", f"question {n}"),), seed=n << 40) for n in range(12)]
WANTED = [f"re: question {n}" for n in range(12)]
DRIPS = 100


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: an HTTP status, or 'reset', 'truncated', 'malformed', 'silent', 'drip'."""

    kind: int | str
    retry_after: str = ""
    message: str = "out of order"


@dataclass
class Proxy:
    """What the server does, and the requests that came. `faults` maps the number of a request to its fault (GETs do not
    count); `most` is the largest number of requests at one time."""

    answer: Answer
    faults: Mapping[int, Fault] = field(default_factory=dict)
    always: Callable[[Json], Fault | None] = lambda body: None
    port: int = 0
    bodies: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def enter(self, body: Json, headers: Mapping[str, str]) -> Fault | None:
        with self.lock:
            number = len(self.bodies)
            self.bodies.append(body)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self.inside += 1
            self.most = max(self.most, self.inside)
        return self.faults.get(number) or self.always(body)

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1


@dataclass
class Time:
    """A clock that moves only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    meanwhile: Callable[[int], object] = lambda times: None  # called with the number of sleeps so far

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.meanwhile(len(self.slept))
        await asyncio.sleep(0)

    def patience(self, **changed: Any) -> Patience:
        return replace(Patience(clock=self.clock, sleep=self.sleep, chance=lambda: 0.5), **changed)


def write_pin(folder: Path, endpoint: str, model: str = "small") -> str:
    folder.mkdir(exist_ok=True)
    (folder / "pin.yaml").write_text(f"endpoint: {endpoint}\nmodel: {model}\n")
    return str(folder)


def reply_texts(engine: Engine, requests: Sequence[Request] = REQUESTS, sampling: Sampling = SAMPLING) -> list[str]:
    return [reply.text for _, reply in sorted(engine.generate(requests, sampling), key=lambda pair: pair[0])]


def forward_to(upstream: str) -> Answer:
    """Pass requests on to the server at `upstream`, such as http://127.0.0.1:8000."""

    def answer(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        kept = {"Content-Type": "application/json", "Authorization": headers.get("Authorization", "")}
        asked = urllib.request.Request(upstream + path, json.dumps(body).encode() if body else None, kept)
        try:
            with urllib.request.urlopen(asked) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 502, {"error": {"message": "bad gateway"}}

    return answer


def handler_class(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # a connection for each request, so that a server that stops is gone

        def do_GET(self) -> None:
            self.send(*proxy.answer(self.path, {}, self.headers))  # type: ignore[arg-type]

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fault = proxy.enter(body, self.headers)  # type: ignore[arg-type]
            try:
                if fault is None:
                    found = proxy.answer(self.path, body, self.headers)  # type: ignore[arg-type]
            finally:
                proxy.leave()
            if fault is None:
                self.send(*found)
            elif isinstance(fault.kind, int):
                self.send(fault.kind, {"error": {"message": fault.message}}, fault.retry_after)
            else:
                self.close_connection = True
                BREAKS[fault.kind](self, proxy)

        def send(self, status: int, body: Json, retry_after: str = "") -> None:
            self.raw(status, json.dumps(body).encode(), retry_after=retry_after)

        def raw(self, status: int, text: bytes, length: int = 0, retry_after: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(length or len(text)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def reset(connection: Any, _: Proxy) -> None:
    """Closing with a linger of 0 sends RST."""
    connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.connection.close()


def silent(_: Any, proxy: Proxy) -> None:
    """Send nothing until the server stops."""
    proxy.over.wait()


def drip(connection: Any, proxy: Proxy) -> None:
    """A reply that comes after DRIPS blanks, one in a tenth of a second."""
    late = b'{"choices": [{"message": {"content": "too late"}, "finish_reason": "stop"}]}'
    connection.raw(200, b"", length=DRIPS + len(late))
    for _ in range(DRIPS):
        if not proxy.over.wait(0.1):
            connection.wfile.write(b" ")
    connection.wfile.write(late)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass  # a client that gave up, or a connection closed on purpose


@contextmanager
def serving(proxy: Proxy) -> Iterator[Proxy]:
    """The server while the block runs; it keeps its port, so that it can be started again."""
    proxy.over.clear()
    server = Server(("127.0.0.1", proxy.port), handler_class(proxy))
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


BREAKS: dict[str, Callable[[Any, Proxy], None]] = {
    "reset": reset,
    "truncated": lambda connection, _: connection.raw(200, b'{"choices": [{"mess', length=1000),
    "malformed": lambda connection, _: connection.raw(200, b'{"choices": [{"mess'),
    "silent": silent,
    "drip": drip,
}
