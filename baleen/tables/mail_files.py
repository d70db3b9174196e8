"""Mail: one message (.eml) or a mailbox (mbox), the words that a person wrote; the position is the message's number."""

import email
import mailbox
import re
from collections.abc import Iterator
from contextlib import closing
from email import policy
from email.message import EmailMessage
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast

from baleen.tables.encodings import is_utf8, web_encoding
from baleen.tables.records import OpenFile, Record
from baleen.tables.titles import document_title

HEADERS = ("From", "To", "Date")
MAX_PARTS = 1000  # the library takes nearly a millisecond for each
SEPARATOR = re.compile(rb"From .*\d:\d\d.*\d{4}\s*$")  # before each message, with the time it came
ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)  # of mboxrd: such a line is no separator
MAX_HEADER = 2000  # characters: the library takes quadratic time for a long one
POLICY = policy.default.clone(
    header_factory=lambda name, value: policy.default.header_factory(name, value[:MAX_HEADER])
)


def mail_message(opened: OpenFile) -> Iterator[Record]:
    """The body of a message, and a refused record for each attachment."""
    yield from message_records(opened, 1, opened.file.read(opened.file_limit + 1))


def mail_box(opened: OpenFile) -> Iterator[Record]:
    """The messages of a mailbox, from a copy of it on the disk."""
    with NamedTemporaryFile() as copy:
        copy.writelines(escaped_lines(opened.file))
        copy.flush()
        content = cast(Any, lambda message: message.read(opened.file_limit + 1))
        with closing(mailbox.mbox(copy.name, content, create=False)) as messages:
            if not len(messages) and copy.tell():
                raise ValueError("no line begins with 'From '")
            for number, message in enumerate(messages, 1):
                yield from message_records(opened, number, ESCAPED.sub(rb"\1", cast(bytes, message)))


def escaped_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a mailbox; a sentence that begins with 'From ' and states no time is escaped if separators do."""
    timed = False
    for number, line in enumerate(iter(lambda: file.readline(1 << 20), b"")):
        separates = line.startswith(b"From ") and bool(SEPARATOR.match(line))
        timed |= separates and not number
        yield b">" + line if timed and line.startswith(b"From ") and not separates else line


def message_records(opened: OpenFile, number: int, content: bytes) -> Iterator[Record]:
    """The records of a message; one that is too large, has too many parts or nothing in it is refused."""
    refusals = {
        "empty": not content.strip(),
        "too large": len(content) > opened.file_limit,
        f"over {MAX_PARTS} parts": content.lower().count(b"content-type") > MAX_PARTS,
    }
    if reason := next((reason for reason, holds in refusals.items() if holds), ""):
        yield Record(opened.name, number, {}, "text", reason=reason)
    else:
        yield from parsed_records(opened, number, email.message_from_bytes(content, policy=POLICY))


def parsed_records(opened: OpenFile, number: int, message: EmailMessage) -> Iterator[Record]:
    """The record of a message, whose body is the part in plain text, or that in HTML where there are no words in the
    plain one, and of its attachments."""
    plain, html = (cast(EmailMessage | None, message.get_body((kind,))) for kind in ("plain", "html"))
    body = (
        plain if html is None or (plain is not None and cast(bytes, plain.get_payload(decode=True)).strip()) else html
    )
    markup = "html" if body is not None and body.get_content_type() == "text/html" else "text"
    title = " ".join(str(message["Subject"] or "").split()) or document_title("", "text", opened.name)
    fields = {"title": title} | {name.lower(): str(message[name] or "") for name in HEADERS}
    try:
        text = decoded(body) if body is not None else ""
        yield Record(opened.name, number, fields | {"text": text.replace("\r\n", "\n")}, markup)
    except UnicodeError:
        yield Record(opened.name, number, {}, markup, reason="wrong encoding")
    for at, part in enumerate(message.iter_attachments() if message.is_multipart() else (), 1):
        yield Record(f"{opened.name}!{part.get_filename() or at}", number, {}, "text", reason="attachment")


def decoded(part: EmailMessage) -> str:
    """The text of a part in its charset as the web reads it; in UTF-8 where an unknown one, or a Western one that fits
    less, is stated. UnicodeError for a text in neither."""
    content = cast(bytes, part.get_payload(decode=True))
    try:
        name = web_encoding(part.get_content_charset("utf-8"))
        return content.decode("utf-8" if name == "cp1252" and is_utf8(content) else name)
    except (UnicodeError, LookupError):
        return content.decode()
