"""A hub on this machine that takes what huggingface_hub sends it, and remembers what it was sent."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Hub:
    """The address of the hub, the repositories that were created, and their files; `refuses` is a status that it
    answers the creation with."""

    endpoint: str = ""
    created: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refuses: int = 0

    @property
    def place(self) -> str:
        return ("datasets/" if self.created[-1].get("type") == "dataset" else "") + "my-lab/it"

    def answer(self, path: str, body: bytes) -> tuple[int, Any]:
        """Status and reply of a request."""
        if path == "/api/repos/create":
            if self.refuses:
                return self.refuses, {"error": "You don't have the rights to create a repository here"}
            self.created.append(json.loads(body))
            return 200, {"url": f"{self.endpoint}/{self.place}"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if "/tree/" in path:
            return 200, [{"type": "file", "path": name, "oid": "0" * 40, "size": 1} for name in self.files]
        if "/preupload/" in path:
            names = [one["path"] for one in json.loads(body)["files"]]
            regular = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            return 200, {"files": [{"path": name} | regular for name in names]}
        if "/commit/" in path:
            self.commit([json.loads(line) for line in body.splitlines()])
            return 200, {
                "commitUrl": f"{self.endpoint}/{self.place}/commit/{'1' * 40}",
                "commitOid": "1" * 40,
                "hookOutput": "",
            }
        if re.fullmatch(r"/api/(datasets|models)/[\w-]+/[\w-]+(/revision/\w+)?", path):
            return 200, {"id": "my-lab/it", "sha": "1" * 40, "siblings": []}
        return 404, {"error": f"no {path}"}

    def commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            name = line["value"].get("path", "")
            if line["key"] == "file":
                self.files[name] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                del self.files[name]


@contextmanager
def fake_hub() -> Iterator[Hub]:
    """A hub that answers as long as the context lasts."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.tokens.add(self.headers.get("Authorization", ""))
            status, value = hub.answer(self.path.partition("?")[0], body)
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = reply

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
