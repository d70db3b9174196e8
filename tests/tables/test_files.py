"""Links, pointers and files elsewhere: each that cannot be read has a sentence of its own."""

import functools
import io
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import s3

from baleen.errors import Problem
from baleen.tables.ingest_options import IngestOptions, check
from baleen.tables.sources import records

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
LINES = b'{"text": "one"}\n{"text": "two"}\n'


def texts(source: Path | str, notes: Counter[str] | None = None, **settings: Any) -> list[Any]:
    options = IngestOptions(str(source), origin="web", columns={"response": "text"}, **settings)
    found = records(options, Counter() if notes is None else notes)
    return [record.fields["text"] for record in found]


def test_a_dead_link_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").symlink_to("/nowhere/b.txt")
    assert texts(tmp_path, notes := Counter[str]()) == ["one"]
    assert notes["dead_links"] == 1
    assert texts(tmp_path / "**" / "*.txt", notes := Counter[str]()) == ["one"]
    assert notes["dead_links"] == 1


@pytest.mark.parametrize(
    "source, words",
    [
        ("gone.txt", "gone.txt is a link to /nowhere/b.txt, which is not there; correct the link or --source"),
        ("dead", "nothing to read in .*dead .1 links to nothing.; known are"),
        ("linked", "linked/docs is a link to the folder .*docs, which is not followed; name that one or copy it"),
        ("round", "round/again is a link to the folder"),
        ("gone*", "no file or folder .*gone"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, source: str, words: str) -> None:
    for folder in ("dead", "linked", "docs", "round"):
        (tmp_path / folder).mkdir()
    (tmp_path / "docs" / "a.txt").write_text("one")
    (tmp_path / "gone.txt").symlink_to("/nowhere/b.txt")
    (tmp_path / "dead" / "a.txt").symlink_to("/nowhere/b.txt")
    (tmp_path / "linked" / "docs").symlink_to(tmp_path / "docs")
    (tmp_path / "round" / "again").symlink_to(tmp_path / "round")
    with pytest.raises(Problem, match=words):
        texts(tmp_path / source)


def test_a_source_that_is_a_link_to_a_folder_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("one")
    (tmp_path / "link").symlink_to(tmp_path / "docs")
    assert texts(tmp_path / "link") == ["one"]


@pytest.mark.parametrize("name", "a.jsonl a.parquet a.md a.txt a.csv.gz a.zip a.tar.gz a.jsonl.zst".split())
@pytest.mark.parametrize("inside", [False, True])
def test_a_pointer_of_git_lfs_is_named(tmp_path: Path, name: str, inside: bool) -> None:
    (tmp_path / name).write_bytes(POINTER)
    with pytest.raises(Problem, match=rf"{name} is a pointer of Git LFS, not the file itself; fetch it with"):
        texts(tmp_path if inside else tmp_path / name)


def test_a_pointer_in_an_archive_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data/a.jsonl", POINTER)
    with pytest.raises(Problem, match="a.zip!data/a.jsonl is a pointer of Git LFS"):
        texts(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"split": "train"}, "is one file, so split train has no effect; take it out"),
        ({"match": "*.md"}, r"is one file, so match \*.md has no effect"),
        ({"config": "main"}, "is one file, so config main has no effect"),
        ({"separator": ";"}, "holds no CSV or TSV, so ';' has no effect"),
        ({"quoting": "none"}, "holds no CSV or TSV, so 'none' has no effect"),
    ],
)
def test_a_setting_without_effect_on_a_file_is_refused(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    with pytest.raises(Problem, match=words):
        texts(tmp_path / "a.jsonl", **settings)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"source": "a", "revision": "abc"}, "revision abc has no effect on the source source; take it out"),
        ({"source": "a", "rows": 9}, "rows 9 has no effect on the source source"),
        ({"source": "a", "noise": 0.1}, "noise 0.1 has no effect"),
        ({"python": "docs", "split": "train"}, "split train has no effect on the source python"),
        ({"part": "web", "match": "*.md"}, r"match \*.md has no effect on the source part"),
        ({"part": "web", "encoding": "cp1252"}, "encoding cp1252 has no effect on the source part"),
        ({"hub": "a/b", "kind": "csv"}, "kind csv has no effect on the source hub"),
        ({"source": "a", "turns": "first"}, "turns first has no effect; map a chat"),
        (
            {"source": "a", "columns": {"text": "b"}, "segment": True},
            "segment True has no effect without the",
        ),
        (
            {"source": "a", "columns": {"draft": "b"}, "max_chars": 9},
            "max_chars 9 has no effect without the",
        ),
        ({"source": "a", "turns": "firts"}, "unknown turns 'firts'; did you mean 'first'"),
        ({"source": "a", "quoting": "single"}, "unknown quoting 'single'; there are: backslash, double, none"),
        ({"source": "a", "separator": "::"}, "separator '::' must be one character"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(Problem, match=f"ingest x: {words}"):
        check(IngestOptions(**({"source": "", "origin": "web"} | settings)), "ingest x")


def parquet_bytes() -> bytes:
    pq.write_table(pa.table({"text": ["one", "two"]}), sink := io.BytesIO())
    return sink.getvalue()


def zip_bytes() -> bytes:
    with zipfile.ZipFile(sink := io.BytesIO(), "w") as archive:
        archive.writestr("a.jsonl", LINES)
    return sink.getvalue()


REMOTE = {"a.jsonl": LINES, "a.parquet": parquet_bytes(), "a.zip": zip_bytes(), "sub/b.jsonl": LINES}


@pytest.fixture
def memory() -> Iterator[str]:
    """A folder of fsspec's file system in memory."""
    system = fsspec.filesystem("memory")
    for name, content in REMOTE.items():
        system.pipe(f"/set/{name}", content)
    yield "memory://set"
    system.rm("/set", recursive=True)


@pytest.mark.parametrize(
    "path, count", [("a.jsonl", 2), ("a.parquet", 2), ("a.zip", 2), ("", 8), ("sub", 2), ("*.jsonl", 2)]
)
def test_files_of_another_file_system_are_read(memory: str, path: str, count: int) -> None:
    assert texts(f"{memory}/{path}".removesuffix("/")) == ["one", "two"] * (count // 2)


def test_splits_and_match_work_there_too(memory: str) -> None:
    fsspec.filesystem("memory").pipe("/set/test.jsonl", LINES)
    fsspec.filesystem("memory").pipe("/set/train.jsonl", b'{"text": "three"}')
    assert texts(memory, split="train") == ["three"]
    assert texts(memory, match="sub/*.jsonl") == ["one", "two"]


@pytest.mark.parametrize("path", ["absent.jsonl", "absent", "*.absent"])
def test_what_is_not_there_is_named(memory: str, path: str) -> None:
    with pytest.raises(Problem, match=r"cannot read memory://set/.*absent.* .there is no such file or folder.; check"):
        texts(f"{memory}/{path}")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a web server on loopback with the files."""
    for name, content in REMOTE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["a.jsonl", "a.jsonl?download=true&key=secret", "a.parquet", "a.zip"])
def test_files_on_the_web_are_read(web: str, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    options = IngestOptions(f"{web}/{path}", origin="web", columns={"response": "text"})
    found = list(records(options, Counter()))
    assert [record.fields["text"] for record in found] == ["one", "two"]
    assert found[0].file.startswith(f"{web}/a.") and "secret" not in found[0].file


def test_a_page_that_is_not_there_is_named_without_its_key(web: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Problem, match=f"cannot read {web}/absent.jsonl .*; check the name") as error:
        texts(f"{web}/absent.jsonl?key=secret")
    assert "secret" not in str(error.value)


@pytest.mark.slow
def test_files_on_s3_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs")
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with s3.server() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        system = fsspec.filesystem("s3")
        for name, content in REMOTE.items():
            system.pipe(f"baleen/set/{name}", content)
        for path, expected in (("a.jsonl", 2), ("", 8), ("*.jsonl", 2)):
            assert len(texts(f"s3://baleen/set/{path}".removesuffix("/"))) == expected
        with pytest.raises(Problem, match="cannot read s3://baleen/absent.jsonl"):
            texts("s3://baleen/absent.jsonl")
