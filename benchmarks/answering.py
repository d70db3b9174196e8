"""Answering: as much of HTTP as clients of OpenAI's interface need, for servers on this machine that answer at once."""

import asyncio
import json

MODEL = "instant"
MODELS = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "benchmark"}]}).encode()


class Answering(asyncio.Protocol):
    """Answers every POST with what `answer` makes of its body, and every GET with the one model."""

    def __init__(self) -> None:
        self.waiting = b""

    def answer(self, sent: bytes) -> bytes:
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            head = self.waiting[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self.waiting) < end + 4 + length:
                return
            sent, self.waiting = self.waiting[end + 4 : end + 4 + length], self.waiting[end + 4 + length :]
            written = self.answer(sent) if head.startswith(b"post") else MODELS
            start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(written)
            self.transport.write(start + written)  # type: ignore[attr-defined]
