"""The hint for a file that is not UTF-8 names the encoding that it is probably in."""

import bz2
import gzip
import io
import lzma

import pytest

from baleen.errors import Problem
from baleen.tables.encodings import decoded_chunks, probable_encoding
from baleen.tables.records import OpenFile

RUSSIAN = "Привет, как дела? Это пример текста на русском языке, довольно короткий."


@pytest.mark.parametrize(
    "text, encoding, probable",
    [
        ("It’s “fine” – café", "cp1252", "cp1252"),
        ("déjà vu", "latin-1", "cp1252"),
        ("5 €", "cp1252", "cp1252"),
        ("Größe: 3 m", "latin-1", "cp1252"),
        (RUSSIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8_r", "koi8_r"),
        ("これは日本語の文章です。漢字とかなが混ざっています。", "cp932", "cp932"),
        ("这是一个中文句子，用来测试编码的识别。", "gb18030", "gb18030"),
        ("Hello wörld", "utf-16", "utf-16"),
        ("Hello wörld text", "utf-16-le", "utf-16-le"),
        ("Hello wörld text", "utf-16-be", "utf-16-be"),
    ],
)
def test_an_encoding_is_told_from_the_bytes(text: str, encoding: str, probable: str) -> None:
    assert probable_encoding(text.encode(encoding)) == probable


@pytest.mark.parametrize("tail", [b"\xe9", b"\xe9 and more"])
def test_the_message_names_it(tail: bytes) -> None:
    with pytest.raises(Problem, match="f: byte 3 is not UTF-8; .* may be cp1252: --encoding cp1252"):
        list(decoded_chunks(OpenFile("f", io.BytesIO(b"caf" + tail))))


AHEAD = ["", "x" * ((1 << 16) - 1), "x" * (1 << 16)]  # so that the first character beyond ASCII lies across two chunks


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("text", ["caf\u00e9 \u201cau lait\u201d", "5 \u20ac", "\U0001f600", "\u00e9"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1251", "mac_roman"])
def test_a_file_that_is_utf_8_is_read_so_beside_others(encoding: str, text: str, ahead: str) -> None:
    content = (ahead + text).encode()
    assert "".join(decoded_chunks(OpenFile("f", io.BytesIO(content), encoding))) == ahead + text


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("text", ["caf\u00e9", "\u00e9t\u00e9", "d\u00e9j\u00e0 vu \u2013 5 \u20ac"])
def test_a_file_in_the_encoding_that_is_named_is_read_in_it(text: str, ahead: str) -> None:
    content = (ahead + text).encode("cp1252")
    assert "".join(decoded_chunks(OpenFile("f", io.BytesIO(content), "cp1252"))) == ahead + text


def test_no_encoding_is_proposed_where_none_is_known() -> None:
    with pytest.raises(Problem, match="f: byte 4 is not CP1252") as found:
        list(decoded_chunks(OpenFile("f", io.BytesIO(b"\xe9 \xe9 \x9d"), "cp1252")))
    assert found.value.settings.get("encoding") != ""


def test_a_damaged_byte_in_utf_8_is_called_so() -> None:
    with pytest.raises(Problem, match="f: byte 8 is not UTF-8; mend it, the rest is UTF-8"):
        list(decoded_chunks(OpenFile("f", io.BytesIO("éñüß".encode() + b"\xff" + "éñüß".encode()))))


@pytest.mark.parametrize("byte", [0x80, 0x93, 0x96, 0x9F])
def test_latin_1_that_is_cp1252_is_refused_because_its_marks_would_be_lost(byte: int) -> None:
    with pytest.raises(Problem, match="f: byte 1 is a control character in latin-1 .*; write --encoding cp1252"):
        list(decoded_chunks(OpenFile("f", io.BytesIO(bytes([65, byte])), "latin-1")))
    assert "".join(decoded_chunks(OpenFile("f", io.BytesIO(b"\x85\xe9"), "latin-1"))) == "\x85é"


@pytest.mark.parametrize(
    "first, kind",
    [
        (gzip.compress(b'{"text": "a"}', mtime=0), r"\.gz"),
        (bz2.compress(b"a" * 99), r"\.bz2"),
        (lzma.compress(b"a"), r"\.xz"),
        (b"\x28\xb5\x2f\xfd\x20", r"\.zst"),
        (b"PK\x03\x04\x14\x00\xff", r"\.zip, \.xlsx"),
        (b"%PDF-1.7\n%\xe2\xe3", r"\.pdf"),
        (b"PAR1\x15\xff", r"\.parquet"),
    ],
    ids=["gzip", "bzip2", "xz", "zstd", "zip", "pdf", "parquet"],
)
def test_bytes_of_another_kind_of_file_are_no_encoding(first: bytes, kind: str) -> None:
    with pytest.raises(Problem, match=rf"f is no text: its first bytes are those of a file named {kind}.*name it so"):
        "".join(decoded_chunks(OpenFile("f", io.BytesIO(first))))
