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
    """The address of the hub, the repositories that were created, and their files; `large` are those that came as the
    hub takes large files, by a place of its own; `refuses` is a status that it answers the creation with."""

    endpoint: str = ""
    created: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    uploads: dict[str, bytes] = field(default_factory=dict)
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
            return 200, {"files": [self.way(name) for name in names]}
        if path.endswith("/info/lfs/objects/batch"):
            asked = json.loads(body)["objects"]
            return 200, {
                "transfer": "basic",
                "objects": [one | {"actions": self.place_of(one["oid"])} for one in asked],
            }
        if path.startswith("/uploads/"):
            self.uploads[path.removeprefix("/uploads/")] = body
            return 200, {}
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

    def way(self, name: str) -> dict[str, Any]:
        """How a file is to be sent."""
        large = name.endswith((".parquet", ".safetensors"))
        return {"path": name, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": None}

    def place_of(self, oid: str) -> dict[str, Any]:
        """Where a large file goes; nowhere when it is there already."""
        return {} if oid in self.uploads else {"upload": {"href": f"{self.endpoint}/uploads/{oid}"}}

    def commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            name = line["value"].get("path", "")
            if line["key"] == "file":
                self.files[name] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "lfsFile":
                self.files[name] = self.uploads[line["value"]["oid"]]
                self.large.add(name)
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

        do_GET = do_POST = do_PUT = reply

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
