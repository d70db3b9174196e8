"""The names that pages give their encodings mean what the web takes them for."""

import pytest

from baleen.tables.encodings import declared_encoding


@pytest.mark.parametrize(
    "head, encoding",
    [
        (b'<meta charset="x-sjis">', "cp932"),
        (b"<meta charset=windows-31j>", "cp932"),
        (b"<meta charset=x-gbk>", "gb18030"),
        (b"<meta charset=euc-kr>", "cp949"),
        (b"<meta charset=iso-8859-8-i>", "iso8859-8"),
        (b"<meta charset=tis-620>", "cp874"),
        (b"<META CONTENT='text/html;charset=koi8-r' HTTP-EQUIV=content-type>", "koi8-r"),
        (b"<meta charset=cp437>", "cp437"),
        (b"<meta charset=x-user-defined>", "utf-8"),
        (b"<meta charset=unicode>", "utf-8"),
        (b"<!-- <meta charset=big5> --><meta charset=koi8-r>", "koi8-r"),
        (b"<p>The header says Content-Type: text/html; charset=koi8-r.", "utf-8"),
        (b"\xff\xfe<\x00p\x00>\x00", "utf-16"),
        (b"<?xml version='1.0' encoding='iso-8859-2'?>", "iso8859-2"),
    ],
)
def test_a_declared_name_is_pythons_codec(head: bytes, encoding: str) -> None:
    assert declared_encoding(head) == encoding
