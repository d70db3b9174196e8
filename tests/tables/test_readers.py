"""Every format gives the same records, and what cannot be read is one line that says where."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.readers import READERS, document_title
from baleen.tables.records import OpenFile, Record
from baleen.tables.sources import records
from baleen.tables.splits import file_kind

ROWS = [{"id": "a", "text": "One, with a comma\nand two lines."}, {"id": "b", "text": 'Second "quoted" 世界.'}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
CSV = 'id,text\na,"One, with a comma\nand two lines."\nb,"Second ""quoted"" 世界."\n'


def parquet_bytes() -> bytes:
    pq.write_table(pa.Table.from_pylist(ROWS), sink := io.BytesIO())
    return sink.getvalue()


TABLES = {
    "c.jsonl": LINES.encode(),
    "c.ndjson": ("\ufeff" + LINES.replace("\n", "\r\n\r\n")).encode(),
    "c.json": json.dumps(ROWS, indent=1).encode(),
    "lines.json": LINES.encode(),
    "c.parquet": parquet_bytes(),
    "c.csv": CSV.encode(),
    "c.tsv": CSV.replace("id,", "id\t").replace("a,", "a\t").replace("b,", "b\t").replace("comm\t", "comma,").encode(),
}
PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def read_records(source: Path | str, **options: object) -> list[Record]:
    return list(records(IngestOptions(str(source), origin="web", **options), Counter()))  # type: ignore[arg-type]


def parse_bytes(kind: str, content: bytes, limit: int = 1000) -> list[Record]:
    return list(READERS[kind](OpenFile("f", io.BytesIO(content), "utf-8", limit)))


@pytest.mark.parametrize("name", [n for n in TABLES if n != "c.tsv"])
@pytest.mark.parametrize("packed", ["", *PACK, ".zst"])
def test_tables_give_the_same_records_in_every_format(tmp_path: Path, name: str, packed: str) -> None:
    content = TABLES[name]
    if packed == ".zst":
        content = pa.Codec("zstd").compress(content, asbytes=True)
    elif packed:
        content = PACK[packed](content)
    (tmp_path / f"{name}{packed}").write_bytes(content)
    assert [record.fields for record in read_records(tmp_path / f"{name}{packed}")] == ROWS


def test_tabs_separate_a_tsv() -> None:
    found = parse_bytes("tsv", b"id\ttext\na\tone, two\n")
    assert found == [Record("f", 2, {"id": "a", "text": "one, two"})]


@pytest.mark.parametrize(
    "kind, content, positions",
    [
        ("jsonl", b'{"a": 1}\n\n{"a": 2}', [1, 3]),
        ("json", b'[{"a": 1}, {"a": 2}]', [1, 2]),
        ("json", b'{"a":\n 1}\n{"a": 2}\n', [1, 2]),
        ("json", b"[]", []),
        ("json", b"", []),
        ("csv", b'a\n"1\n2"\n3\n', [2, 4]),
        ("csv", b"a\n", []),
        ("text", b"a", [1]),
    ],
)
def test_positions_are_lines_or_numbers_of_records(kind: str, content: bytes, positions: list[int]) -> None:
    assert [record.position for record in parse_bytes(kind, content)] == positions


def test_a_json_array_larger_than_the_buffer_is_read_whole() -> None:
    rows = [{"text": "x" * (i * 331 % 70_000)} for i in range(40)]
    assert [record.fields for record in parse_bytes("json", json.dumps(rows).encode(), 100_000)] == rows


@pytest.mark.parametrize(
    "kind, content, words",
    [
        ("jsonl", b'{"a": 1}\n{"a": ', "f:2 is not JSON"),
        ("jsonl", b'{"a": 1}\n[1]\n', "f:2: a record must be an object"),
        ("json", b'[{"a": 1}, {"a": ', "record 2 is not JSON"),
        ("json", b'[{"a": 1},', "record 2 is not JSON"),
        ("json", b'[{"a": 1} {"a": 2}]', "record 2 is not JSON (no ','"),
        ("json", b"[1]", "f:1: a record must be an object"),
        ("csv", b"a,b\n1,2\n1\n", "f:3: 1 cells where the header has 2 (a, b)"),
        ("csv", b'a\n1\n"open', "f:3: unexpected end of data; a quote may be open"),
        ("parquet", b"PAR1 but no more", "f is not a whole Parquet file"),
        ("text", b"caf\xe9", "f: byte 3 is not UTF-8; save the file as UTF-8 or name its encoding"),
        ("jsonl", b"{}\n" * 30_000 + b"\xff", "f: byte 90000 is not UTF-8"),
        ("jsonl", b"\xef\xbb\xbf{}\n\xff", "f: byte 6 is not UTF-8"),
        ("jsonl", b'{"a": "\xe4\xb8', "f: byte 7 is not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(kind: str, content: bytes, words: str) -> None:
    with pytest.raises(Problem) as error:
        parse_bytes(kind, content)
    assert words in str(error.value)


@pytest.mark.parametrize("kind", ["jsonl", "text", "markdown", "html"])
def test_a_document_over_the_limit_is_refused_and_the_next_one_read(kind: str) -> None:
    content = b'{"text": "' + b"x" * 200_000 + b'"}\n{"text": "small"}\n'
    first, *rest = parse_bytes(kind, content)
    assert (first.fields, first.reason) == ({}, "too large")
    assert [record.fields for record in rest] == ([{"text": "small"}] if kind == "jsonl" else [])


def test_another_encoding_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("señal".encode("latin-1"))
    (tmp_path / "b.jsonl").write_bytes('{"text": "señal"}\n{"text": "x"}'.encode("utf-16"))
    assert read_records(tmp_path / "a.txt", encoding="latin-1")[0].fields["text"] == "señal"
    assert [r.fields["text"] for r in read_records(tmp_path / "b.jsonl", encoding="utf-16")] == ["señal", "x"]


@pytest.mark.parametrize(
    "head, encoding",
    [
        ("<meta charset='windows-1252'>", "cp1252"),
        ('<META http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">', "cp1252"),
        ('<?xml version="1.0" encoding="Shift_JIS"?>', "cp932"),
        ("<meta name=a content=b><meta charset=gb2312>", "gb18030"),
        ("<meta charset=iso-2022-jp>", "iso2022_jp"),
        ("<meta charset=latin-1>", "utf-8"),
        ("<meta charset=utf-16>", "utf-8"),
        ("<meta charset=base64>", "utf-8"),
        ("<meta charset=klingon>", "utf-8"),
        ("", "utf-8"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_declares(head: str, encoding: str) -> None:
    words = {"cp1252": "Crème brûlée – 5 €", "utf-8": "Crème 漢字"}.get(encoding, "漢字")
    page = f"<html>{head}<p>{words}</p>"
    assert [record.fields["text"] for record in parse_bytes("html", page.encode(encoding))] == [page]


def test_a_byte_that_the_declared_encoding_has_not_is_named() -> None:
    with pytest.raises(Problem, match="f: byte 25 is not CP949"):
        parse_bytes("html", b"<meta charset='euc-kr'>ab\xff")


@pytest.mark.parametrize(
    "text, markup, name, expected",
    [
        ("<html><title> A &amp; B\n</title>", "html", "x.html", "A & B"),
        ("\n# Head #\ntext", "markdown", "x.md", "Head"),
        ("text\n# Head", "markdown", "dir/x.md", "x"),
        ("text", "text", "c.tar!pages/x.y.txt", "x"),
    ],
)
def test_a_title_is_the_documents_own_or_the_files_name(text: str, markup: str, name: str, expected: str) -> None:
    assert document_title(text, markup, name) == expected


PAGES = {"b/two.md": b"# Two\n\ntext two\n", "a.txt": b"text one\n"}
IGNORED = {".hidden.md": b"x", "._a.txt": b"x", "__MACOSX/a.txt": b"x", ".git/c.txt": b"x", "photo.png": b"\x89"}


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    """A tar (packed by its suffix) or zip with the files in reverse order, a link and a folder."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in sorted(files, reverse=True):
                archive.writestr(name, files[name])
        return path
    mode = {".tar": "w", ".tgz": "w:gz"}.get(path.suffix, f"w:{path.suffix[1:]}")
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name in sorted(files, reverse=True):
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(files[name])
            archive.addfile(member, io.BytesIO(files[name]))
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "a.txt"
        archive.addfile(link)
    return path


def write_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["c", "c.tar", "c.tgz", "c.tar.gz", "c.tar.bz2", "c.tar.xz", "c.zip"])
def test_folders_and_archives_give_their_files_by_name(tmp_path: Path, name: str) -> None:
    path = (write_archive if "." in name else write_folder)(tmp_path / name, PAGES | IGNORED)
    joint = "!" if "." in name else "/"
    found = [(record.file, record.fields["text"]) for record in read_records(path)]
    assert found == [(f"{path}{joint}a.txt", "text one\n"), (f"{path}{joint}b/two.md", "# Two\n\ntext two\n")]


@pytest.mark.parametrize("name", ["c", "c.tar.gz", "c.zip"])
@pytest.mark.parametrize("match, titles", [("*.md", ["two"]), ("b/*", ["two"]), ("a.*", ["a"]), ("", ["a", "two"])])
def test_match_chooses_files_inside(tmp_path: Path, name: str, match: str, titles: list[str]) -> None:
    path = (write_archive if "." in name else write_folder)(tmp_path / name, PAGES)
    assert [record.fields["title"].lower() for record in read_records(path, match=match)] == titles


def test_a_glob_takes_files_at_any_depth(tmp_path: Path) -> None:
    write_folder(tmp_path, PAGES)
    assert [record.markup for record in read_records(tmp_path / "**" / "*.*")] == ["text", "markdown"]


def test_files_below_here_are_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, PAGES)
    monkeypatch.chdir(tmp_path)
    assert {read_records(path)[0].file for path in ("a.txt", tmp_path / "a.txt", "./a.txt")} == {"a.txt"}


def test_links_to_files_are_read_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"linked")
    write_folder(tmp_path / "c", {})
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.txt").symlink_to(tmp_path / "cache")
    assert [record.fields["text"] for record in read_records(tmp_path / "c")] == ["linked"]


def test_files_of_no_known_kind_are_counted(tmp_path: Path) -> None:
    notes = Counter[str]()
    list(records(IngestOptions(str(write_folder(tmp_path, PAGES | IGNORED)), origin="web"), notes))
    assert notes == {"files": 2, "files_passed_over": 1}


@pytest.mark.parametrize(
    "source, words",
    [
        ("absent.jsonl", "no file or folder"),
        ("*.absent", "no file or folder"),
        ("photo.png", "nothing to read in"),
        ("empty", "(no files)"),
        ("cut.jsonl.gz", "cut.jsonl.gz is damaged"),
        ("cut.jsonl.zst", "cut.jsonl.zst is damaged"),
        ("no.zip", "no.zip is damaged"),
        ("no.tar.gz", "no.tar.gz is damaged"),
    ],
)
def test_a_source_that_is_not_there_or_broken_is_named(tmp_path: Path, source: str, words: str) -> None:
    zst = pa.Codec("zstd").compress(LINES.encode() * 99, asbytes=True)
    files = {"photo.png": b"", "no.zip": b"zip", "no.tar.gz": gzip.compress(b"tar" * 999), "cut.jsonl.zst": zst[:-9]}
    files |= {"cut.jsonl.gz": gzip.compress(LINES.encode())[:-9]}
    write_folder(tmp_path, files)
    (tmp_path / "empty").mkdir()
    with pytest.raises(Problem) as error:
        read_records(tmp_path / source)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "name, kind",
    [("a.JSONL.gz", "jsonl"), ("a.json", "json"), ("a.md", "markdown"), ("a.htm.xz", "html"), ("gz", ""), ("a.gz", "")],
)
def test_the_suffix_tells_the_kind(name: str, kind: str) -> None:
    assert file_kind(name) == kind


def test_a_kind_may_be_given_for_files_without_suffix(tmp_path: Path) -> None:
    (tmp_path / "part-0000").write_text(LINES)
    assert [record.fields for record in read_records(tmp_path, kind="jsonl")] == ROWS


@pytest.mark.slow
def test_a_saved_data_set_gives_its_rows(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "plain")
    datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS)}).save_to_disk(tmp_path / "split")
    assert [record.fields for record in read_records(tmp_path / "plain")] == ROWS
    assert [record.fields for record in read_records(tmp_path / "split", split="train")] == ROWS
    with pytest.raises(Problem, match="did you mean 'train'"):
        read_records(tmp_path / "split", split="trian")


@pytest.mark.slow
def test_a_data_set_of_the_hub_is_loaded_by_its_name(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    write_folder(tmp_path, {"set/train.jsonl": LINES.encode()})
    found = read_records("", hub=f"{tmp_path}/set", split="train")
    assert [record.fields for record in found] == ROWS


@pytest.mark.slow
def test_python_brings_thousands_of_documents(tmp_path: Path) -> None:
    found = read_records("", python="docs")
    assert len(found) > 2000
    assert {record.licence for record in found} == {"PSF-2.0"}
    texts = {record.fields["title"]: record.fields["text"] for record in found}
    assert texts["textwrap.dedent"].startswith("textwrap.dedent\n\nRemove any common leading whitespace")
    assert "assert" in texts
    assert not [name for name in texts if "._" in name or name.startswith("test.")]
