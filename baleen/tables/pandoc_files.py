"""Files that pandoc reads: Word, OpenDocument, RTF, reStructuredText and LaTeX as HTML.

pandoc runs as a program of its own, one a document, without access to other files, within CPU_SECONDS and MEMORY: some
shapes of reStructuredText and LaTeX take it more than linear time, so files in these are at most MARKUP_BYTES.
"""

import codecs
import re
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

from baleen.errors import Problem
from baleen.tables.encodings import decoded_chunks, is_utf8
from baleen.tables.records import OpenFile, Record
from baleen.tables.text_boxes import boxes_as_paragraphs
from baleen.tables.titles import document_title

CPU_SECONDS = 20
MEMORY = "-M2g"
STOPPED = (-24, 251)  # the signal SIGXCPU, and the exit code of a heap that is exhausted
MARKUP_BYTES = 200_000  # a second or two of pandoc
TEMPLATE = """<title>$title$</title>
$if(title)$<h1>$title$</h1>$endif$
$if(subtitle)$<p>$subtitle$</p>$endif$
$if(abstract)$<div>$abstract$</div>$endif$
$body$
"""
NOTE = re.compile(r'<a [^>]*role="doc-noteref"[^>]*><sup>(\d+)</sup></a>')
BACK = re.compile(r'<a [^>]*role="doc-backlink"[^>]*>[^<]*</a>')  # the arrow from a note to its place
INPUTENC = re.compile(rb"^[^%\n]*\\usepackage\s*\[([\w-]+)\]\s*\{inputenc\}", re.MULTILINE)
ENCODINGS = {"latin1": "cp1252", "ansinew": "cp1252", "latin9": "iso8859-15", "applemac": "mac-roman"}  # of inputenc
HEADER = re.compile(r"<(/?)h([1-5])(?=[\s>])")


def office_document(opened: OpenFile, kind: str) -> Iterator[Record]:
    """The text of a file of a word processor; one that is damaged is a Problem."""
    content = opened.file.read(opened.file_limit + 1)
    if len(content) > opened.file_limit:
        yield Record(opened.name, 1, {}, "html", reason="too large")
        return
    if kind == "rtf" and not content.startswith(b"{\\rtf"):  # which pandoc reads all the same
        raise Problem(f"{opened.name} is damaged or no rtf (it does not begin with {{\\rtf); save it again")
    yield converted(opened, kind, boxes_as_paragraphs(content) if kind == "docx" else content)


def markup_document(opened: OpenFile, kind: str) -> Iterator[Record]:
    """The text of a file in reStructuredText or LaTeX; one that is no such is counted as unreadable."""
    content = opened.file.read(MARKUP_BYTES + 1)
    if len(content) > min(MARKUP_BYTES, opened.limit):
        reason = "too large" if len(content) > opened.limit else f"over {MARKUP_BYTES // 1000} kB of {kind}"
        yield Record(opened.name, 1, {}, "html", reason=reason)
        return
    declared = input_encoding(content) if kind == "latex" and opened.encoding == "utf-8" else opened.encoding
    text = "".join(decoded_chunks(replace(opened, file=BytesIO(content), encoding=declared)))
    try:
        yield converted(opened, kind, text.encode())
    except Problem:
        yield Record(opened.name, 1, {}, "html", reason=f"unreadable {kind}")


def input_encoding(content: bytes) -> str:
    """The encoding that a file in LaTeX states; utf-8 where it states none that is known, or is UTF-8."""
    stated = None if is_utf8(content) else INPUTENC.search(content)
    name = stated[1].decode().lower() if stated else "utf-8"
    try:
        return codecs.lookup(ENCODINGS.get(name, name)).name
    except LookupError:
        return "utf-8"


def converted(opened: OpenFile, kind: str, content: bytes) -> Record:
    """The record of a document, its text as HTML under a first-level header with its title when it states one."""
    import pypandoc

    flags = ["--sandbox", "--wrap=none", "--mathjax", f"--template={template()}", "+RTS", MEMORY, "-RTS"]
    command = [pypandoc.get_pandoc_path(), f"--from={kind}", "--to=html", *flags]
    ended = subprocess.run(command, input=content, capture_output=True, preexec_fn=limit_cpu, check=False)
    if ended.returncode in STOPPED:
        return Record(opened.name, 1, {}, "html", reason=f"more than {CPU_SECONDS} s of CPU time")
    if ended.returncode:
        error = " ".join(ended.stderr.decode(errors="replace").split())
        raise Problem(f"{opened.name} is damaged or no {kind} ({error[:200]}); save it again")
    page = BACK.sub("", NOTE.sub(r"[\1]", ended.stdout.decode()))
    if not page.startswith("<title></title>"):
        head, end, body = page.partition("</h1>")
        page = head + end + HEADER.sub(lambda tag: f"<{tag[1]}h{int(tag[2]) + 1}", body)
    return Record(opened.name, 1, {"text": page, "title": document_title(page, "html", opened.name)}, "html")


def limit_cpu() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))


@cache
def template() -> Path:
    """A file with TEMPLATE, which stays as long as this process."""
    with tempfile.NamedTemporaryFile("w", suffix=".html", delete=False) as file:
        file.write(TEMPLATE)
    return Path(file.name)
