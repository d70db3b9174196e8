"""GGUF files: weights of llama.cpp, mostly quantized, written once as a folder of safetensors in the memo folder."""

import io
import os
import shutil
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.models import places
from baleen.project import locks


def converted(file: Path, dtype: str, digest: str) -> Path:
    """The folder with the weights of a GGUF file in this dtype, which is written when it is not there. `digest` names
    it: the same weights are converted once, wherever the file lies."""
    places.check_gguf(file)
    parent = locks.memo_folder() / "gguf"
    folder, part = parent / f"{digest[:32]}-{dtype}", parent / f"{digest[:32]}-{dtype}.part"
    if not folder.is_dir():
        parent.mkdir(parents=True, exist_ok=True)
        with locks.locked(parent / f"{folder.name}.lock"):
            if not folder.is_dir():
                shutil.rmtree(part, ignore_errors=True)
                write(file, dtype, part)
                os.replace(part, folder)
    return folder


def write(file: Path, dtype: str, folder: Path) -> None:
    """Write the model and the tokenizer of a GGUF file as from_pretrained and servers read them."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with redirect_stderr(io.StringIO()):  # a progress bar that no setting turns off
            dense(file, dtype).save_pretrained(folder)
            tokenizer(file).save_pretrained(folder)
    except ImportError as error:
        raise Problem(
            f"reading {file} needs a package: install the extra 'gguf' ({str(error).strip()[:200]})"
        ) from None
    except Exception as error:  # readers of GGUF raise whatever meets them in a broken file
        raise Problem(f"cannot read {file}: {' '.join(str(error).split())[:300] or type(error).__name__}") from None


def dense(file: Path, dtype: str) -> Any:
    """The model of a GGUF file as one that was never quantized: transformers refuses to save the other."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    how = {"gguf_file": file.name, "dtype": dtype, "quantization_config": GgufConfig(dequantize=True)}
    read = AutoModelForCausalLM.from_pretrained(str(file.parent), **how)
    config = type(read.config).from_dict(read.config.to_dict() | {"quantization_config": None})
    del config.quantization_config
    with torch.device("meta"):
        model = type(read)(config).to(read.dtype)
    model.load_state_dict(read.state_dict(), assign=True)
    model.tie_weights()
    model.generation_config = read.generation_config
    return model


def tokenizer(file: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
