"""What is set in torch, TRL and other libraries before a training; none of it changes what is learned."""

import importlib
import os
import sys

from baleen.models import load
from baleen.models.libraries import keep_memory
from baleen.project.preload import quick_imports
from baleen.training.options import TrainOptions

HEAD = 1 << 15  # columns of logits that TRL computes at once


def silence() -> None:
    """Turn off progress bars and notices of the libraries; on a CPU use one thread per process."""
    import warnings

    import datasets
    import torch
    import transformers

    warnings.simplefilter("ignore")
    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if os.environ.get("OMP_NUM_THREADS") == "1":
        torch.set_num_threads(1)
    keep_memory()


def fit_head(vocabulary: int) -> None:
    """Let TRL's buffer for logits be no wider than the vocabulary. With HEAD columns it has 132 MB for 1,000 tokens of
    whatever model, mapped anew at each pass; a small model's logits lie far apart in it: 7% of the CPU of a pass."""
    from trl.trainer import utils

    utils._CHUNKED_LOGPROB_CHUNK_SIZE = min(HEAD, vocabulary)


def score_labels_alone() -> None:
    """Let TRL's head score the tokens that are learned alone on a CPU, as on a GPU; it scores prompts and padding too
    where each number of tokens is compiled for. On a CPU a fourth of a step of a model of 135 million parameters."""
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    utils._use_triton = lambda device: device.type == "cpu" or chunked_logprob._use_triton(device)


def import_trl(options: TrainOptions) -> None:
    """Import TRL, without PEFT when it is not needed (TRL imports it wherever it is installed). Where transformers is
    imported, as by a GGUF file that was just unpacked, it may know already that PEFT is there, and would miss it."""
    if not options.lora_rank and not load.is_adapter(options.base) and "transformers" not in sys.modules:
        sys.modules.setdefault("peft", None)  # type: ignore[arg-type]
    with quick_imports():
        importlib.import_module(f"trl.trainer.{'dpo' if options.rejected else 'sft'}_trainer")
