"""What a folder of a model lacks is said before anything of it is loaded."""

import json
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.models import places

TENSOR = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
WEIGHTS = len(TENSOR).to_bytes(8, "little") + TENSOR + bytes(4)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
INDEX = {"weight_map": {"w": "model-00001-of-00001.safetensors"}}
MODEL = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": WEIGHTS}
SHARDED = {"config.json": b"{}", "tokenizer.json": b"{}", "model-00001-of-00001.safetensors": WEIGHTS}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    "files",
    [
        MODEL,
        SHARDED | {"model.safetensors.index.json": json.dumps(INDEX).encode()},
        MODEL | {"consolidated.safetensors": WEIGHTS, "chat_template.jinja": b"{{ x }}", "pytorch_model.bin": b"x"},
        {"adapter_config.json": b"{}", "tokenizer.json": b"{}", "adapter_model.safetensors": WEIGHTS},
    ],
)
def test_a_whole_folder_passes(files: dict[str, bytes], tmp_path: Path) -> None:
    places.check(write(tmp_path, files))


@pytest.mark.parametrize(
    "files, words",
    [
        (MODEL | {"tokenizer.json": POINTER}, "tokenizer.json is a pointer of Git LFS, not the file; run git lfs pull"),
        (MODEL | {"config.json": POINTER}, "config.json is a pointer of Git LFS"),
        (MODEL | {"tokenizer.model": POINTER}, "tokenizer.model is a pointer of Git LFS"),
        (MODEL | {"config.json": b"<html>Not found"}, r"config.json is no JSON \(Expecting value.*\); copy it again"),
        (MODEL | {"config.json": b""}, "config.json is no JSON"),
        (MODEL | {"config.json": b"[]"}, "config.json holds no object but a list"),
        (MODEL | {"tokenizer_config.json": b"{"}, "tokenizer_config.json is no JSON"),
        (SHARDED, "has model-00001-of-00001.safetensors and no model.safetensors or model.safetensors.index.json"),
        (SHARDED | {"model.safetensors.index.json": b"{"}, "model.safetensors.index.json is no JSON"),
        (
            {"config.json": b"{}", "tokenizer.json": b"{}", "consolidated.safetensors": WEIGHTS},
            "has consolidated.safetensors and no model.safetensors",
        ),
        (
            {"snapshots/abc/model.safetensors": WEIGHTS},
            "cache of a hub model; name a commit inside it, .*snapshots/abc",
        ),
        ({"model.Q4_K_M.gguf": b"GGUF"}, "but a GGUF file: write gguf: .*/model.Q4_K_M.gguf in a pin"),
    ],
)
def test_what_is_missing_or_broken_is_named(files: dict[str, bytes], words: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=words):
        places.check(write(tmp_path, files))
