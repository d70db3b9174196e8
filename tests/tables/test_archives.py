"""Members of archives are read whatever their names are, and what stands after an archive's end is a Problem."""

import gzip
import io
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.sources import records


def texts(path: Path) -> list[str]:
    found = records(IngestOptions(str(path), origin="web"), Counter())
    return [str(record.fields["text"]) for record in found]


def tar(mode: str, **members: str) -> bytes:
    """A tar; a member that begins with '->' is a hard link to the member named after it."""
    with tarfile.open(fileobj=(sink := io.BytesIO()), mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            linked = content.startswith("->")
            about.type, about.linkname = (tarfile.LNKTYPE, content[2:]) if linked else (tarfile.REGTYPE, "")
            about.size = 0 if linked else len(content)
            archive.addfile(about, io.BytesIO(content.encode()))
    return sink.getvalue()


def zip_of(**members: str) -> bytes:
    with zipfile.ZipFile(sink := io.BytesIO(), "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


@pytest.mark.parametrize(
    "name, packing", [("tgz", "gz"), ("tbz2", "bz2"), ("tbz", "bz2"), ("txz", "xz"), ("tar.xz", "xz"), ("TAR", "")]
)
def test_a_tar_is_read_under_each_of_its_suffixes(tmp_path: Path, name: str, packing: str) -> None:
    path = tmp_path / f"a.{name}"
    path.write_bytes(tar(f"w:{packing}", **{"a.txt": "one", "b.md": "two"}))
    assert texts(path) == ["one", "two"]


def test_a_hard_link_in_a_tar_is_the_file_that_it_names(tmp_path: Path) -> None:
    (path := tmp_path / "a.tar").write_bytes(tar("w:", **{"b.txt": "one", "c.txt": "->b.txt", "d.txt": "->gone.txt"}))
    assert texts(path) == ["one", "one"]


@pytest.mark.parametrize("name", ["../../up.txt", "/absolute.txt", "C:\\win.txt", "./here.txt", "é.txt"])
def test_a_member_with_an_odd_name_is_read_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(**{name: "one"}))
    assert texts(tmp_path / "a.zip") == ["one"] and [*tmp_path.rglob("*.txt")] == []
    (tmp_path / "a.tar").write_bytes(tar("w:", **{name: "one"}))
    assert texts(tmp_path / "a.tar") == ["one"] and [*tmp_path.rglob("*.txt")] == []


@pytest.mark.parametrize(
    "content, words",
    [
        (zip_of(**{"a.txt": "one"}) + b"rubbish", "something follows its end"),
        (zip_of(**{"a.txt": "one"}) * 2, "something stands before its first file"),
        (zip_of(**{"a.txt": "one"})[:-9], "not a zip file"),
        (zip_of(**{"é.txt": "one"}).replace("é".encode(), b"\x82.", 1), "a.zip is damaged .*is written in two ways"),
        (zip_of(**{"a.txt": "hello"}).replace(b"hello", b"jello", 1), "a.zip!a.txt is damaged .*Bad CRC"),
        (gzip.compress(b"one", mtime=0), "not a zip file"),
    ],
)
def test_a_damaged_zip_is_a_problem_that_says_how(tmp_path: Path, content: bytes, words: str) -> None:
    (path := tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Problem, match=words):
        texts(path)


def test_a_zip_with_a_comment_is_whole(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "one")
        archive.comment = b"made by hand"
    assert texts(tmp_path / "a.zip") == ["one"]
