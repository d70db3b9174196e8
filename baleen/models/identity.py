"""The identity of a model: a string that stays the same when the model is renamed and changes with its weights."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.models import places
from baleen.models.pins import Pin, model_folder, pin
from baleen.project import inputs, locks
from baleen.project.settings import Settings, typed

LINKS = ".weights"  # folder beside a pin with links to the weights that it names
BIG = 1 << 20  # bytes; the hashes of larger files are remembered


def identity(name: str) -> str:
    """The identity of a model: a hash of weights, config, tokenizer and chat template; or hub@revision; or
    endpoint#model, in which the `weights` of the pin replace the endpoint."""
    pinned = pin(name)
    return weights_identity(name, pinned) + (f"+{pinned.languages}" if pinned and pinned.languages else "")


def weights_identity(name: str, pinned: Pin | None) -> str:
    """The identity of the weights alone, in whatever direction a translator is used."""
    local = [inputs.reads(places.located(pinned))] if pinned and (pinned.path or pinned.gguf) else []
    places.link(model_folder(name) / LINKS, [] if pinned and pinned.weights else local)
    inputs.reads(model_folder(name))
    if pinned is None:
        return folder_digest(model_folder(name))
    if pinned.path or pinned.gguf:
        return local_identity(pinned) + (f"+{pinned.chat_template}" if pinned.chat_template else "")
    if pinned.hub:
        return f"{pinned.hub}@{pinned.revision}" + (f"+{pinned.chat_template}" if pinned.chat_template else "")
    if pinned.apertium:
        return f"apertium:{pinned.apertium}@{pinned.version}"
    if pinned.endpoint:
        return f"{pinned.weights or pinned.endpoint}#{pinned.model}"
    return sha256(repr(pinned.fresh).encode()).hexdigest()[:32]


def local_identity(pinned: Pin) -> str:
    """32 hex digits for the weights in a folder or a GGUF file; a Problem when the pin notes others."""
    place = places.located(pinned)
    digest = gguf_digest(place, pinned.dtype) if pinned.gguf else folder_digest(place)
    if pinned.weights not in ("", digest):
        told = f"the weights in {place} are {digest}, and {pinned.weights} were pinned"
        raise Problem(f"{told}; run `dvc repro plan`, then the same command, or correct the pin")
    return digest


def gguf_digest(file: Path, dtype: str) -> str:
    return sha256(f"gguf\x1f{file_hash(file)}\x1f{dtype}".encode()).hexdigest()[:32]


def noted(given: Settings, where: str) -> Settings:
    """The content of a pin with the identity of weights on this machine as `weights`; any other pin as it is."""
    if not given.get("path") and not given.get("gguf"):
        return given
    return given | {"weights": local_identity(typed(Pin, where, given | {"weights": ""}))}


def link_all(folder: Path, given: Iterable[Settings]) -> None:
    """Make a folder hold links to the weights on this machine that these contents of pins name."""
    local = [typed(Pin, "a pin", one) for one in given if one.get("path") or one.get("gguf")]
    places.link(folder, map(places.located, local))


def folder_digest(folder: Path) -> str:
    """32 hex digits over names and bytes of the files that make the model, and over the base of an adapter."""
    parts = [f"{name}\x1f{file_hash(path)}" for name, path in places.files(folder).items()]
    return sha256("\x1e".join(parts + base_identity(folder)).encode()).hexdigest()[:32]


def adapter_config(folder: Path) -> dict[str, Any]:
    """The adapter_config.json of the LoRA adapter in a folder; empty when the folder holds a full model."""
    path = folder / "adapter_config.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def base_identity(folder: Path) -> list[str]:
    """The identity of the base of an adapter, when the base is a folder; else nothing."""
    base = adapter_config(folder).get("base_model_name_or_path", "")
    return [identity(base)] if base and Path(base).is_dir() else []


def file_hash(path: Path) -> str:
    """SHA-256 of a file. That of a big file is stored in the memo folder and used as long as path, inode, size and
    modification time of the file stay the same."""
    stat = path.stat()
    if stat.st_size < BIG:
        return sha256(path.read_bytes()).hexdigest()
    key = f"{path.resolve()}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}"
    notes = locks.memo_folder() / "file-hashes"
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
