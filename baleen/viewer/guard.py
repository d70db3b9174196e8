"""Guard: nothing is answered without the token, to another host name, or when another page asks.

A page of the internet that resolves its own name to 127.0.0.1 (DNS rebinding) sends its name as Host and is refused;
one that sends a form here does not know the token.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from secrets import compare_digest
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_BYTES = 1 << 16  # of what is sent to the server
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def refusal(headers: Headers, method: str, path: str, token: str, port: int) -> tuple[int, str] | None:
    """Why a request is refused, with a status; None for one that is answered."""
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    if headers.get("host", "").lower() not in hosts:
        return 421, "wrong host name: open the address that baleen view has printed"
    given = path.lstrip("/").partition("/")[0]
    if not compare_digest(given.encode(), token.encode()):
        return 403, "wrong token: open the address that baleen view has printed"
    if method not in ("GET", "HEAD", "POST"):
        return 405, "only GET and POST"
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in {f"http://{host}" for host in hosts}:
        return 403, "another page asks"
    if method == "POST" and headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return 415, "only JSON is taken"
    size = headers.get("content-length", "0" if method != "POST" else "")
    if not size.isdigit() or int(size) > MOST_BYTES:
        return 413, f"no length, or more than {MOST_BYTES} bytes"
    return None


def guarded(app: App, token: str, port: int) -> App:
    """An application behind these rules; every answer has HEADERS."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
            return
        no = refusal(Headers(scope=scope), scope["method"], scope["path"], token, port)
        await (PlainTextResponse(no[1], no[0]) if no else app)(scope, receive, send_with_headers)

    return answer
