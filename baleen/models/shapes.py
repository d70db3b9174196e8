"""Shapes: the sizes of a Llama-like model that its memory beside the weights depends on, known before it is downloaded.

Those of the models that profiles name are here, from the config.json of each; of any other model the config.json is
read where the model lies on this machine.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baleen.project.machine import hub_snapshot
from baleen.project.settings import Settings


@dataclass(frozen=True)
class Shape:
    """Layers, width of the hidden states and of the feed-forward layers, attention heads, width of the keys of a layer
    (heads of keys times the width of one), tokens of the vocabulary, and the longest sequence."""

    layers: int
    width: int
    inner: int
    heads: int
    keys: int
    vocabulary: int
    context: int
    tied: bool = False

    @property
    def layer_weights(self) -> int:
        """Weights of one layer: four matrices of attention, three of the feed-forward layer, two norms."""
        attention = 2 * self.width * (self.width + self.keys)
        return attention + 3 * self.width * self.inner + 2 * self.width

    @property
    def table_weights(self) -> int:
        """Weights of the table of embeddings, and of the head that is as large."""
        return self.vocabulary * self.width

    @property
    def weights(self) -> int:
        """Weights of the whole model."""
        return self.layers * self.layer_weights + self.table_weights * (1 if self.tied else 2) + self.width


LLAMA_31 = Shape(32, 4096, 14336, 32, 1024, 128256, 131072)
QWEN_05 = Shape(24, 896, 4864, 14, 128, 151936, 32768, tied=True)
KNOWN = {
    "meta-llama/Llama-2-7b-hf": Shape(32, 4096, 11008, 32, 4096, 32000, 4096),
    "meta-llama/Llama-2-70b-chat-hf": Shape(80, 8192, 28672, 64, 1024, 32000, 4096),
    "meta-llama/Llama-3.1-8B": LLAMA_31,
    "meta-llama/Llama-3.1-8B-Instruct": LLAMA_31,
    "meta-llama/Meta-Llama-3-70B-Instruct": Shape(80, 8192, 28672, 64, 1024, 128256, 8192),
    "Qwen/Qwen2.5-0.5B": QWEN_05,
    "Qwen/Qwen2.5-0.5B-Instruct": QWEN_05,
}


def shape_of(pin: Settings) -> Shape | None:
    """The shape of the model of a pin; None where nobody knows it."""
    if known := KNOWN.get(str(pin.get("hub", ""))):
        return known
    return of_config(config(pin))


def config(pin: Settings) -> Mapping[str, Any]:
    """The config.json of a model that lies on this machine; {} for any other."""
    if pin.get("hub"):
        folder = hub_snapshot(str(pin["hub"]), str(pin.get("revision", "")))
    elif pin.get("path") and not pin.get("package"):
        folder = Path(str(pin["path"])).expanduser()
    else:
        return {}
    with suppress(OSError, ValueError):
        return dict(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    return {}


def of_config(given: Mapping[str, Any]) -> Shape | None:
    """The shape that a config.json states; None for an architecture that names its sizes otherwise."""
    try:
        width, heads = int(given["hidden_size"]), int(given["num_attention_heads"])
        each = int(given.get("head_dim") or width // heads)
        return Shape(
            int(given["num_hidden_layers"]),
            width,
            int(given["intermediate_size"]),
            heads,
            each * int(given.get("num_key_value_heads") or heads),
            int(given["vocab_size"]),
            int(given["max_position_embeddings"]),
            bool(given.get("tie_word_embeddings")),
        )
    except (KeyError, TypeError, ValueError):
        return None
