"""The `encoder` engine: a sentence encoder, such as all-MiniLM-L6-v2, which gives a text a vector and writes nothing.

A model is a folder as sentence-transformers writes it, or any encoder of transformers: 1_Pooling/config.json says
whether the vector is the mean of the tokens' last states or the first of them, sentence_bert_config.json how many
tokens are read at once. A longer text is cut into pieces, and its vector is their mean by number of tokens: nothing is
left out. Vectors have length 1.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from baleen.engines.protocol import UNGRADED, Ability, Make, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.models import identity, load, places
from baleen.models.libraries import import_transformers
from baleen.project.settings import Speed

SEMANTICS = "encoder-1"  # raise it when the same request gets another reply
ABILITIES: tuple[Ability, ...] = ("embed",)
CPU_TOKENS = 4096  # of a forward pass; more do not fit a CPU's caches
DIGITS = 6  # of a value: what the shape of a batch changes lies below
Piece = tuple[int, list[int]]  # the index of a request, and some of its tokens between the special ones of the model


def settings_in(folder: Path, name: str) -> dict[str, Any]:
    """A file of settings in the folder of a model; {} where there is none."""
    path = folder / name
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def text_of(request: Request) -> str:
    """What is embedded: what people say in the messages, and the answer."""
    said = [content for role, content in request.messages if role != "system"]
    return "\n".join(filter(None, [*said, request.prefill + request.answer]))


class Encoder:
    """A sentence encoder in this process."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        import_transformers()
        import torch
        from transformers import AutoModel

        if speed.threads:
            torch.set_num_threads(speed.threads)
        self.identity, self.speed = identity.identity(model), speed
        where, extra = load.source(model)
        if not extra:
            places.check_folder(Path(where))
        self.tokenizer = load.tokenizer(model, chat=False)
        options = extra | {"use_safetensors": True, "dtype": "float32"}
        opened = load.open_or_explain(lambda: AutoModel.from_pretrained(where, **options), where)
        self.model = opened.to(load.device(speed.device)).eval()
        self.first = bool(settings_in(Path(where), "1_Pooling/config.json").get("pooling_mode_cls_token"))
        limit = int(getattr(self.model.config, "max_position_embeddings", 512))
        self.longest = min(
            int(settings_in(Path(where), "sentence_bert_config.json").get("max_seq_length", limit)), limit
        )
        cpu = self.model.device.type == "cpu"
        self.tokens = min(speed.batch_tokens, CPU_TOKENS) if cpu else speed.batch_tokens
        self.special = int(self.tokenizer.num_special_tokens_to_add())
        self.before_batch: Callable[[], object] = bool

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> NoReturn:
        raise Problem("engine encoder gives vectors alone; write engine: hf in the recipe line that generates")

    def loss(self, requests: Sequence[Request]) -> NoReturn:
        raise Problem("engine encoder gives vectors alone; write embed: true in its recipe line, or engine: hf")

    def choose(self, requests: Sequence[Request]) -> NoReturn:
        raise Problem("engine encoder gives vectors alone; write embed: true in its recipe line, or engine: hf")

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """The vector of each text, shape (values of the model); of a text without words none."""
        import torch

        pieces = self.pieces([text_of(request) for request in requests])
        counts = [0] * len(requests)
        for index, tokens in pieces:
            counts[index] += len(tokens) - self.special
        yield from ((index, UNGRADED) for index, count in enumerate(counts) if not count)
        sums, left = dict[int, Any](), list(counts)
        for batch in self.batches([piece for piece in pieces if counts[piece[0]]]):
            for (index, tokens), state in zip(batch, self.states([tokens for _, tokens in batch]), strict=True):
                own = len(tokens) - self.special
                sums[index] = sums.get(index, 0) + own * state
                left[index] -= own
                if not left[index]:
                    unit = torch.nn.functional.normalize(sums.pop(index), dim=0).tolist()
                    yield index, Reply("", "stop", counts[index], 0, tuple(round(x, DIGITS) for x in unit))

    def pieces(self, texts: Sequence[str]) -> list[Piece]:
        """Every text in pieces that the model can read."""
        if not texts:
            return []
        cut = {"truncation": True, "max_length": self.longest, "return_overflowing_tokens": True}
        every = self.tokenizer(list(texts), **cut)
        return list(zip(every["overflow_to_sample_mapping"], every["input_ids"], strict=True))

    def batches(self, pieces: list[Piece]) -> Iterator[list[Piece]]:
        """Pieces of similar length together, as many as fit into a forward pass."""
        batch = list[Piece]()
        for piece in sorted(pieces, key=lambda piece: (len(piece[1]), piece[0])):
            if batch and len(piece[1]) * (len(batch) + 1) > self.tokens:
                self.before_batch()
                yield batch
                batch = []
            batch.append(piece)
        if batch:
            self.before_batch()
            yield batch

    def states(self, sequences: list[list[int]]) -> Any:
        """The mean of the last states of each sequence, or the first where the model says so, shape (rows, values)."""
        import torch

        inputs = self.tokenizer.pad({"input_ids": sequences}, return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            states = self.model(**inputs).last_hidden_state.float()
        if self.first:
            return states[:, 0].cpu()
        mask = inputs["attention_mask"][..., None]
        return ((states * mask).sum(1) / mask.sum(1)).cpu()


ENGINE: Make = Encoder
