"""Encodings: bytes as text, a chunk or a line at a time, and the encoding that bytes are probably in."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace

import webencodings
from charset_normalizer import from_bytes

from baleen.errors import Problem
from baleen.tables.records import OpenFile

CHUNK = 1 << 16  # bytes or characters
LONGEST = 4  # bytes of a character in UTF-8
DECLARED = re.compile(
    rb"""<\?xml[^>]{,200}?\sencoding\s*=\s*["']([\w.:-]+)|<meta\s[^>]{,400}?\bcharset\s*=\s*["']?([\w.:-]+)""", re.I
)
COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
C1_CONTROL = re.compile("[\x80-\x84\x86-\x9f]")  # no text has them; in cp1252 the same bytes are quotes and dashes
NOT_WESTERN = "cp932 euc_jp gb18030 big5 cp949 cp1251 koi8_r cp1253 cp1255 cp1256 cp1250 cp874".split()
PACKED_AS = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
PACKED_AS |= {
    b"PK\x03\x04": ".zip, .xlsx, .docx or .epub",
    b"%PDF-": ".pdf",
    b"PAR1": ".parquet",
    b"\xd0\xcf\x11\xe0": ".xls or .doc",
}
FEW = 0.3  # share of bytes beyond ASCII up to which a text is taken for a Western European one


def decoded_chunks(opened: OpenFile) -> Iterator[str]:
    """Text in chunks without a byte order mark; the first bad byte is a Problem with its offset. A file whose first
    bytes beyond ASCII are UTF-8 is read so where an encoding of one byte a character is named: files of both kinds lie
    in one folder, and in another encoding such bytes are no words."""
    decoder, done, first, before = codecs.getincrementaldecoder(opened.encoding)(), 0, True, b""
    latin, ascii_so_far = codecs.lookup(opened.encoding).name == "iso8859-1", is_of_one_byte(opened.encoding)
    while True:
        chunk = opened.file.read(CHUNK)
        if ascii_so_far and not chunk.isascii():
            chunk, ascii_so_far = chunk + opened.file.read(LONGEST - 1), False  # so that its last character is whole
            if begins_as_utf8(chunk):
                opened, latin = replace(opened, encoding="utf-8"), False
                decoder = codecs.getincrementaldecoder("utf-8")()
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise not_decodable(opened, done - pending + error.start, before + chunk) from None
        if latin and (control := C1_CONTROL.search(text)):
            where = f"{opened.name}: byte {done + control.start()} is a control character in {opened.encoding}"
            raise Problem(f"{where} and a mark in cp1252; write --encoding cp1252", {"encoding": "cp1252"})
        yield text.removeprefix("\ufeff") if first else text
        first, done, before = first and not text, done + len(chunk), chunk
        if not chunk:
            return


def is_of_one_byte(encoding: str) -> bool:
    """Whether each byte is a character, those of ASCII as there."""
    text = b"a\xc3\xa9".decode(encoding, "replace")
    return text[:1] == "a" and len(text) == 3


def begins_as_utf8(chunk: bytes) -> bool:
    """Whether a chunk that is not ASCII is UTF-8; its last character may be cut."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(chunk)
    except UnicodeDecodeError:
        return False
    return not text.isascii()


def not_decodable(opened: OpenFile, at: int, sample: bytes) -> Problem:
    """The Problem for a byte that the encoding has not, with the encoding that the bytes around it may be in, or the
    kind of file that its first bytes tell of."""
    if kind := next((kind for mark, kind in PACKED_AS.items() if at <= CHUNK and sample.startswith(mark)), ""):
        return Problem(f"{opened.name} is no text: its first bytes are those of a file named {kind}; name it so")
    probable = probable_encoding(sample)
    name = f", which may be {probable}: --encoding {probable}" if probable not in ("", opened.encoding) else ""
    hint = f"save the file as UTF-8 or name its encoding{name}" if probable else "mend it, the rest is UTF-8"
    settings = {"encoding": probable} if name else {}
    return Problem(f"{opened.name}: byte {at} is not {opened.encoding.upper()}; {hint}", settings)


def probable_encoding(sample: bytes) -> str:
    """The encoding that bytes are probably in; '' for UTF-8 with a damaged byte here and there."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if sample.count(0) > len(sample) / 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    text, high = sample.decode("utf-8", "replace"), sum(byte > 0x7F for byte in sample)
    if sum(letter > "\x7f" for letter in text) > 2 * text.count("\ufffd"):
        return ""
    best = from_bytes(sample, cp_isolation=NOT_WESTERN).best() if high > max(8, FEW * len(sample)) else None
    return best.encoding if best else "cp1252"


def lines(opened: OpenFile, limit: int) -> Iterator[str | None]:
    """Lines without their end; None for one longer than `limit` characters, which is skipped and never buffered."""
    held, size = list[str](), 0
    for text in decoded_chunks(opened):
        *ended, last = text.split("\n")
        for line in ended:
            yield None if size + len(line) > limit else "".join([*held, line]).removesuffix("\r")
            held, size = [], 0
        size += len(last)
        held = [*held, last] if size <= limit else []
    if size:
        yield None if size > limit else "".join(held)


def declared_encoding(content: bytes) -> str:
    """The encoding that a page declares; utf-8 when it declares none that is known, or is UTF-8 beyond ASCII."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declaration = DECLARED.search(COMMENT.sub(b"", content[:4096]))
    if not declaration or (is_utf8(content) and not content.isascii()):
        return "utf-8"
    try:
        name = web_encoding((declaration[1] or declaration[2]).decode())
        b" ".decode(name)
    except (LookupError, UnicodeError):
        return "utf-8"
    return "utf-8" if name.startswith("utf") else name


def web_encoding(name: str) -> str:
    """Python's name of the encoding that a name means on the web, LookupError for an unknown one."""
    encoding = webencodings.lookup(name)
    found = encoding.codec_info.name if encoding else codecs.lookup(name).name
    return "gb18030" if found == "gbk" else str(found)


def is_utf8(content: bytes) -> bool:
    try:
        return bool(content.decode()) or not content
    except UnicodeDecodeError:
        return False
