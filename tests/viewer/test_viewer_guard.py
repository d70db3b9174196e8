"""Only who has the address of `baleen view` is answered, and no other page is."""

import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")
pytest.importorskip("starlette", reason="the extra view is not installed")

from viewer_project import PORT, TOKEN, Asker

from baleen.viewer.guard import HEADERS


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", f"/{TOKEN}/", {}, 200),
        ("GET", f"/{TOKEN}/", {"host": f"localhost:{PORT}"}, 200),
        ("GET", f"/{TOKEN}/", {"host": f"evil.example:{PORT}"}, 421),
        ("GET", f"/{TOKEN}/", {"host": "127.0.0.1"}, 421),
        ("GET", f"/{TOKEN}/", {"host": f"127.0.0.1.evil.example:{PORT}"}, 421),
        ("GET", "/", {}, 403),
        ("GET", "/api/overview", {}, 403),
        ("GET", f"/{TOKEN}x/api/overview", {}, 403),
        ("GET", f"/x/../{TOKEN}/", {}, 200),  # the client resolves it
        ("GET", f"/{TOKEN}/..%2f..%2f..%2fserver.py", {}, 404),
        ("GET", f"/{TOKEN}/api/overview", {"origin": "http://evil.example"}, 403),
        ("PUT", f"/{TOKEN}/api/label", {}, 405),
        ("DELETE", f"/{TOKEN}/api/rows", {}, 405),
        ("POST", f"/{TOKEN}/api/label", {"content-type": "text/plain"}, 415),
        ("POST", f"/{TOKEN}/api/label", {"content-type": "application/json", "origin": "null"}, 403),
        ("POST", f"/{TOKEN}/api/rows", {"content-type": "application/json"}, 405),
    ],
)  # fmt: skip
def test_only_who_has_the_address_is_answered(
    method: str, path: str, headers: dict[str, str], status: int, server: Asker
) -> None:
    response = server.client.request(method, path, headers=headers)
    assert response.status_code == status
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_a_body_that_is_too_large_is_not_read(server: Asker) -> None:
    assert server.post(text="x" * (1 << 17)).status_code == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 50_000])
def test_a_body_that_is_no_object_is_one_line(body: bytes, server: Asker) -> None:
    sent = server.client.post(f"/{TOKEN}/api/label", content=body, headers={"content-type": "application/json"})
    assert sent.status_code == 400 and sent.json()["error"] == "no object of JSON"
