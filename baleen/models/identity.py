"""Identity: what a model is, whatever it is called."""

import json
import os
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from baleen.models.pins import pin, place
from baleen.project import inputs, locks

IGNORED = (".md", ".bin", ".part")  # cards and pickles say nothing about what the model answers
BIG = 1 << 20  # bytes; the hashes of larger files are remembered


def identity(name: str) -> str:
    """What the model is, whatever it is called: hash of weights, config, tokenizer and template; or hub@revision; or
    endpoint#model, with the weights in place of the endpoint where the pin says them."""
    inputs.reads(place(name))
    found = pin(name)
    if found is None:
        return contents(place(name))
    if found.hub:
        return f"{found.hub}@{found.revision}" + (f"+{found.chat_template}" if found.chat_template else "")
    if found.apertium:
        return f"apertium:{found.apertium}@{found.version}"
    if found.endpoint:
        return f"{found.weights or found.endpoint}#{found.model}"
    return sha256(repr(found.fresh).encode()).hexdigest()[:32]


def contents(folder: Path) -> str:
    """32 hex digits over names and bytes of the files that matter, and over the base of an adapter."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in IGNORED and p.name[0] != ".")
    parts = [f"{path.relative_to(folder)}\x1f{file_hash(path)}" for path in files]
    return sha256("\x1e".join(parts + adapted(folder)).encode()).hexdigest()[:32]


def adapter(folder: Path) -> dict[str, Any]:
    """The settings of the LoRA adapter in a folder; empty for a whole model."""
    path = folder / "adapter_config.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def adapted(folder: Path) -> list[str]:
    base = adapter(folder).get("base_model_name_or_path", "")
    return [identity(base)] if base and Path(base).is_dir() else []


def file_hash(path: Path) -> str:
    """SHA-256 of a file; that of a big one is looked up while its place, size and times stay as they were."""
    found = path.stat()
    if found.st_size < BIG:
        return sha256(path.read_bytes()).hexdigest()
    key = f"{path.resolve()}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
    notes = locks.root() / "file-hashes"
    note = notes / sha256(key.encode()).hexdigest()[:32]
    with suppress(OSError):
        return note.read_text(encoding="ascii")
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    notes.mkdir(parents=True, exist_ok=True)
    temporary = note.with_suffix(f".{os.getpid()}")
    temporary.write_text(digest, encoding="ascii")
    os.replace(temporary, note)
    return digest
