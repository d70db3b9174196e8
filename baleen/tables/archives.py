"""Archives and compressed files: their members in the order of their names, read to the end and never beyond.

A compressed tar is unpacked into memory, or into an unnamed temporary file from 256 MB on; members are read from there
and never become files.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

import pyarrow as pa

from baleen.errors import Problem

SPOOL = 256_000_000  # bytes
CHUNK = 1 << 16
DAMAGE = (EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError)
TAR_SUFFIXES = {".tar": "", ".tgz": ".gz", ".tbz": ".bz2", ".tbz2": ".bz2", ".txz": ".xz", ".tzst": ".zst"}
Opener = Callable[[str], BinaryIO]
Choose = Callable[[list[str], Opener], list[str]]  # of the names inside an archive, and a way to read one


class Streams(io.RawIOBase):
    """Compressed streams one after the other as one file; an error when the last is cut or something else follows."""

    def __init__(self, file: BinaryIO, decoder: Callable[[], Any]) -> None:
        self.file, self.new, self.decoder, self.held = file, decoder, decoder(), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; 0 at the end."""
        while True:
            if self.decoder.eof:
                if not (held := self.after_stream()):
                    return 0
                self.held, self.decoder = held, self.new()
            elif self.decoder.needs_input and not self.held:
                self.held = self.file.read(CHUNK)
                if not self.held:
                    raise EOFError("it ends too early")
            content, self.held = self.decoder.decompress(self.held, len(buffer)), b""
            if content:
                buffer[: len(content)] = content
                return len(content)

    def after_stream(self) -> bytes:
        """The first bytes after a stream that are no padding, b"" at the end of the file."""
        rest: bytes = self.decoder.unused_data.lstrip(b"\0")
        while not rest and (chunk := self.file.read(CHUNK)):
            rest = chunk.lstrip(b"\0")
        return rest


def unpacked(file: BinaryIO, decoder: Callable[[], Any]) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(Streams(file, decoder), CHUNK))


PACKED: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": partial(gzip.open, mode="rb"),
    ".bz2": partial(unpacked, decoder=bz2.BZ2Decompressor),
    ".xz": partial(unpacked, decoder=lzma.LZMADecompressor),
    ".zst": partial(pa.CompressedInputStream, compression="zstd"),
}


def decompress(file: BinaryIO, name: str) -> BinaryIO:
    """The bytes inside a file that is compressed by its name; the file itself when it is not."""
    suffix = PurePosixPath(name.lower()).suffix
    return cast(BinaryIO, PACKED[suffix](file)) if suffix in PACKED else file


def damage_problem(name: str, error: Exception) -> Exception:
    """A Problem for bytes that cannot be decompressed; an error of the disk unchanged."""
    if isinstance(error, OSError) and error.errno:
        return error
    if "too much memory for decoding" in str(error):
        return Problem(f"{name} needs a window of more than 128 MB; decompress it with zstd -d --long=31")
    return Problem(f"{name} is damaged or locked ({error}); download it again, or name it as what it is")


def is_archive(name: str) -> bool:
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes[-2:]]
    packed_tar = suffixes[:1] == [".tar"] and suffixes[-1] in PACKED
    return packed_tar or any(suffix == ".zip" or suffix in TAR_SUFFIXES for suffix in suffixes[-1:])


def archive_members(file: BinaryIO, name: str, choose: Choose) -> Iterator[tuple[str, BinaryIO]]:
    """(name, bytes) of the chosen regular files of an archive, sorted by name; of two with one name the later."""
    reader = zip_members if name.lower().endswith(".zip") else tar_members
    try:
        for inside, content in reader(file, name, choose):
            yield f"{name}!{inside}", content
    except (*DAMAGE, OSError) as error:
        raise damage_problem(name, error) from None


def tar_members(file: BinaryIO, name: str, choose: Choose) -> Iterator[tuple[str, BinaryIO]]:
    suffix = PurePosixPath(name.lower()).suffix
    packed = TAR_SUFFIXES.get(suffix, suffix)
    with SpooledTemporaryFile(SPOOL) as spool:
        if packed in PACKED:
            copyfileobj(PACKED[packed](file), spool, 1 << 20)
            spool.seek(0)
        whole = cast(BinaryIO, spool) if packed in PACKED else file
        with tarfile.open(fileobj=whole, mode="r:") as archive:
            files = {m.name: m for m in archive if m.isreg() or m.islnk()}  # a hard link is the file that it names
            members = {name.removeprefix("./"): m for name, m in files.items() if m.isreg() or m.linkname in files}
            check_tar_end(whole, archive.offset)

            def opened(inside: str) -> BinaryIO:
                return cast(BinaryIO, archive.extractfile(members[inside]))

            for inside in sorted(choose([*members], opened)):
                yield inside, opened(inside)


def check_tar_end(file: BinaryIO, offset: int) -> None:
    """A TarError unless an archive ends with its mark, a block of zeros, and nothing but zeros follows."""
    file.seek(offset)
    if not (block := file.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError("it ends without the mark of its end")
    while block:
        if block.strip(b"\0"):
            raise tarfile.ReadError("something follows its end")
        block = file.read(CHUNK)


def check_zip_end(file: BinaryIO, comment: int) -> None:
    """A BadZipFile unless the record of an archive's end, with its comment, is the last thing in the file."""
    file.seek(-22 - comment, io.SEEK_END)
    if file.read(4) != b"PK\x05\x06":
        raise zipfile.BadZipFile("something follows its end")


def zip_members(file: BinaryIO, name: str, choose: Choose) -> Iterator[tuple[str, BinaryIO]]:
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if any(infos) and min(info.header_offset for info in infos):
            raise zipfile.BadZipFile("something stands before its first file")
        check_zip_end(file, len(archive.comment))
        members = {m.filename: m for m in infos if not m.is_dir() and (m.external_attr >> 28) in (0, 8)}

        def opened(inside: str) -> BinaryIO:
            return cast(BinaryIO, archive.open(members[inside]))

        for inside in sorted(choose([*members], opened)):
            try:
                content = opened(inside)
            except UnicodeDecodeError:
                raise zipfile.BadZipFile(f"the name of {inside} is written in two ways") from None
            with content:
                yield inside, content
