"""The end of the input is checked: what goes on is read or refused, what is cut off is refused, nothing is ignored."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from baleen.errors import Problem
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.sources import records


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


def numbers(folder: Path, name: str, content: bytes) -> list[int]:
    (folder / name).write_bytes(content)
    options = IngestOptions(str(folder / name), origin="web", columns={"response": "n"})
    return [record.fields["n"] for record in records(options, Counter())]


def objects(*values: int) -> str:
    return json.dumps([{"n": value} for value in values])


@pytest.mark.parametrize(
    "text, expected",
    [
        (objects(1, 2) + "\n" + objects(3), [1, 2, 3]),
        (objects(1) + '{"n": 2}', [1, 2]),
        ('{"n": 1}\n' + objects(2, 3) + ' {"n": 4}', [1, 2, 3, 4]),
        ("[]\n" + objects(1), [1]),
        (objects(1) + "[]\n\n  []", [1]),
        ('{"n": 1}{"n": 2}\n\n{"n":\n3}', [1, 2, 3]),
        ("[ ]", []),
        ("\ufeff" + objects(1), [1]),
    ],
)
def test_json_is_read_to_the_end_of_the_file(tmp_path: Path, text: str, expected: list[int]) -> None:
    assert numbers(tmp_path, "a.json", text.encode()) == expected


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("a.json", objects(1) + "rubbish", "a.json:2: record 2 is not JSON"),
        ("a.json", objects(1) + "]", "a.json:2: record 2 is not JSON"),
        ("a.json", objects(1) + ", " + objects(2), "a.json:2: record 2 is not JSON"),
        ("a.json", objects(1) + "\x00\x00", "a.json:2: record 2 is not JSON"),
        ("a.json", objects(1) + "3", "a.json:2: a record must be an object"),
        ("a.json", objects(1, 2)[:-1], "a.json:3: record 3 is not JSON"),
        ("a.json", objects(1, 2)[:-3], "a.json:2: record 2 is not JSON"),
        ("a.json", "[[" + objects(1) + "]]", "a.json:1: a record must be an object"),
        ("a.json", "[" * 100_000, "a.json:1: record 1 is not JSON"),
        ("a.jsonl", '{"n": 1}{"n": 2}\n', "a.jsonl:1 is not JSON (Extra data"),
        ("a.jsonl", '{"n": 1}\n{"n": 2', "a.jsonl:2 is not JSON"),
        ("a.jsonl", '{\n"n": 1\n}\n', "a.jsonl:1 is not JSON .*write --kind json for a value over several lines"),
        ("a.jsonl", objects(1), "a.jsonl:1: a record must be an object, not an array; write --kind json"),
        ("a.jsonl", "[" * 100_000, "a.jsonl:1 is not JSON"),
        ("a.csv", 'n,m\n1,"2', "a.csv:2: unexpected end of data"),
        ("a.csv", "n,m\n1,2\n3", "a.csv:3: 1 cells where the header has 2"),
    ],
)
def test_what_ends_too_early_or_goes_on_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    with pytest.raises(Problem) as error:
        numbers(tmp_path, name, text.encode())
    assert all(part in str(error.value) for part in words.split(".*"))


LINES = b"".join(b'{"n": %d}\n' % n for n in range(2000))


@pytest.mark.parametrize("suffix", PACK)
def test_compressed_streams_one_after_the_other_are_one_file(tmp_path: Path, suffix: str) -> None:
    content = PACK[suffix](LINES[:9000]) + PACK[suffix](LINES[9000:])
    assert numbers(tmp_path, f"a.jsonl{suffix}", content) == [*range(2000)]


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("tail", [b"rubbish", b"\x00\x01", -1, -20, "half"])
def test_a_compressed_file_that_is_cut_or_goes_on_is_refused(
    tmp_path: Path, suffix: str, tail: bytes | int | str
) -> None:
    content, second = PACK[suffix](LINES), PACK[suffix](LINES)
    after = second[: len(second) // 2] if isinstance(tail, str) else tail
    content = content + after if isinstance(after, bytes) else content[:after]
    with pytest.raises(Problem, match=rf"a\.jsonl\{suffix} is damaged or locked .*; download it again"):
        numbers(tmp_path, f"a.jsonl{suffix}", content)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_zeros_after_a_compressed_file_are_padding(tmp_path: Path, suffix: str) -> None:
    assert len(numbers(tmp_path, f"a.jsonl{suffix}", PACK[suffix](LINES) + bytes(8))) == 2000


def tar(mode: str, *names: str) -> bytes:
    with tarfile.open(fileobj=(sink := io.BytesIO()), mode=f"w{mode}") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(LINES)
            archive.addfile(member, io.BytesIO(LINES))
    return sink.getvalue()


def zipped(*names: str) -> bytes:
    with zipfile.ZipFile(sink := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, LINES)
    return sink.getvalue()


ARCHIVES = {"a.tar": tar("", "a.jsonl", "b.jsonl"), "a.tar.gz": tar(":gz", "a.jsonl", "b.jsonl")}
ARCHIVES |= {"a.tar.xz": tar(":xz", "a.jsonl", "b.jsonl"), "a.zip": zipped("a.jsonl", "b.jsonl")}
SIZE = 512 + len(LINES) + -len(LINES) % 512  # of a member of a tar
BROKEN = {
    "a tar that is cut between members": ("a.tar", ARCHIVES["a.tar"][:SIZE]),
    "a tar that is cut in a member": ("a.tar", ARCHIVES["a.tar"][: SIZE - 1000]),
    "a tar that is cut in a header": ("a.tar", ARCHIVES["a.tar"][: SIZE + 100]),
    "two tars": ("a.tar", ARCHIVES["a.tar"] * 2),
    "a tar with a tail": ("a.tar", ARCHIVES["a.tar"] + b"rubbish"),
    "a tar.gz that is cut": ("a.tar.gz", ARCHIVES["a.tar.gz"][:-30]),
    "a cut tar in a whole gz": ("a.tar.gz", gzip.compress(ARCHIVES["a.tar"][:SIZE])),
    "a tar.xz with a tail": ("a.tar.xz", ARCHIVES["a.tar.xz"] + b"rubbish"),
    "a zip that is cut": ("a.zip", ARCHIVES["a.zip"][:-30]),
    "two zips": ("a.zip", ARCHIVES["a.zip"] * 2),
    "a zip with a changed byte": (
        "a.zip",
        ARCHIVES["a.zip"].replace(ARCHIVES["a.zip"][200:204], b"\x00\x01\x02\x03", 1),
    ),
    "a gz that is no tar": ("a.tar.gz", gzip.compress(LINES)),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_whole_archives_are_read(tmp_path: Path, name: str) -> None:
    assert numbers(tmp_path, name, ARCHIVES[name]) == [*range(2000)] * 2


@pytest.mark.parametrize("name", BROKEN)
def test_an_archive_that_is_cut_or_goes_on_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem, match=r"a\.(tar|zip)[\w.!]* is damaged or locked"):
        numbers(tmp_path, *BROKEN[name])


def test_a_member_that_is_compressed_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl.gz", gzip.compress(LINES))
        archive.writestr("b.jsonl.xz", lzma.compress(LINES))
    assert numbers(tmp_path, "a.zip", (tmp_path / "a.zip").read_bytes()) == [*range(2000)] * 2


def test_a_long_window_of_zstd_is_named(tmp_path: Path) -> None:
    frame = b"\x28\xb5\x2f\xfd\x00\x90" + b"\x01\x00\x00"  # RFC 8878, 3.1.1: a window of 256 MB, one last empty block
    with pytest.raises(Problem, match=r"a\.jsonl\.zst needs a window of more than 128 MB; decompress it"):
        numbers(tmp_path, "a.jsonl.zst", frame)
