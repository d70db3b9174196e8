"""The `seq2seq` engine: translators with an encoder and a decoder, by transformers in this process: Marian (OPUS-MT),
M2M-100 and NLLB.

It translates the content of the last message, so its prompt must have one column as body and nothing else, such as
prompts/round-trip/text-to.md; lines are translated one by one, because these models have learned sentences. A pin names
both languages as the model's own tokenizer does: `languages: eng_Latn-spa_Latn` (NLLB), `en-es` (M2M-100), `-spa` (a
Marian model of several); a Marian model of one direction needs none. At temperature 0 it searches as the model's
generation config says, mostly with beams. pip install 'baleen-build[train,translators]'
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from baleen.engines.gumbel import gumbel, truncated
from baleen.engines.protocol import TOO_LONG, Ability, Make, Reply, Request, Sampling
from baleen.errors import Problem, unknown
from baleen.models import identity, load
from baleen.project.settings import Speed

SEMANTICS = "seq2seq-1"  # raise it when the same request gets another reply
ABILITIES: tuple[Ability, ...] = ("embed", "workers")
BREAK = re.compile(r"(\s*\n\s*)")  # the text between lines is copied
MARIAN = re.compile(r">>\S+<<")  # how a Marian model of several languages is told the target
NLLB = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")  # a language and its script


class Seq2Seq:
    """One direction of a translator. Requests are translated in order of length, in batches by tokens."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        self.identity = identity.identity(model)
        self.model, self.tokenizer = load.load_translator(model, speed)
        self.tokens = speed.batch_tokens
        self.limit = self.model.config.max_position_embeddings
        self.source, self.target = load.languages(model)
        self.options = self.decoding(model)
        self.ends = self.model.generation_config.eos_token_id

    def decoding(self, model: str) -> dict[str, Any]:
        """What tells the model its target language; a Problem when the pin names none, or one that it does not know."""
        known = languages_of(self.tokenizer)
        if not known:
            if self.source or self.target:
                raise Problem(f"model {model} translates one direction; take languages out of its pin")
            return {}
        for language in (self.target,) if is_marian(self.tokenizer) else (self.source, self.target):
            if language not in known:
                wrong = unknown("language", language, known) if language else f"it has no languages of {known[:6]} ..."
                raise Problem(f"model {model}: {wrong}; write languages: SOURCE-TARGET in its pin")
        if is_marian(self.tokenizer):
            return {}
        self.tokenizer.src_lang = self.source
        return {"forced_bos_token_id": language_id(self.tokenizer, self.target)}

    def sources(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of texts in the source language, with what the model wants around them."""
        before = f">>{self.target}<< " if is_marian(self.tokenizer) and self.target else ""
        return [list(ids) for ids in self.tokenizer([before + text for text in texts])["input_ids"]] if texts else []

    def batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Indices in order of length, of at most `tokens` tokens, as many again for what is written."""
        batch = list[int]()
        for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
            if batch and 2 * lengths[index] * (len(batch) + 1) > self.tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch

    def padded(self, sequences: Sequence[list[int]]) -> tuple[Any, Any]:
        """Token ids and attention mask, shape (rows, longest), padded on the right."""
        import torch

        longest, pad = max(map(len, sequences)), self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*s, *[pad] * (longest - len(s))] for s in sequences], device=self.model.device)
        mask = torch.tensor([[1] * len(s) + [0] * (longest - len(s)) for s in sequences], device=self.model.device)
        return ids, mask

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        pieces = [BREAK.split(text) for text in source_texts(requests)]
        lines = [(i, at, line) for i, split in enumerate(pieces) for at, line in enumerate(split[::2]) if line.strip()]
        ids, room = self.sources([line for _, _, line in lines]), min(sampling.max_tokens, self.limit - 1)
        too_long = {i for (i, _, _), tokens in zip(lines, ids, strict=True) if len(tokens) > self.limit}
        fitting = [place for place, (i, _, _) in enumerate(lines) if i not in too_long]
        translated = dict[int, list[int]]()
        for batch in self.batches([len(ids[place]) for place in fitting]):
            places = [fitting[at] for at in batch]
            seeds = [requests[i].seed + at for i, at, _ in map(lines.__getitem__, places)]
            written = self.translations([ids[place] for place in places], seeds, sampling, room)
            translated |= zip(places, written, strict=True)
        of_request = dict[int, list[int]]()
        for place, (i, _, _) in enumerate(lines):
            of_request.setdefault(i, []).append(place)
        for i, split in enumerate(pieces):
            places = of_request.get(i, [])
            found = [(ids[place], translated[place]) for place in places if i not in too_long]
            yield i, TOO_LONG if i in too_long else self.joined(split, found, room)

    def joined(self, split: list[str], lines: list[tuple[list[int], list[int]]], room: int) -> Reply:
        """The reply to a request whose lines have these tokens, before and after; a line that has used up its room was
        cut off, even where the model is made to end it."""
        texts = iter(self.tokenizer.batch_decode([after for _, after in lines], skip_special_tokens=True))
        whole = "".join(one if at % 2 or not one.strip() else next(texts).strip() for at, one in enumerate(split))
        cut = any(len(after) >= room or self.ends not in after for _, after in lines)
        before, after = (sum(len(line[side]) for line in lines) for side in (0, 1))
        return Reply(whole, "length" if cut else "stop", before, after)

    def translations(
        self, sources: Sequence[list[int]], seeds: list[int], sampling: Sampling, room: int
    ) -> list[list[int]]:
        """The tokens that the decoder writes for each source, up to and with its end token."""
        import torch

        ids, mask = self.padded(sources)
        with torch.inference_mode():
            written = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=False,
                max_new_tokens=room,
                repetition_penalty=sampling.repetition_penalty,
                **self.options | self.sampler(seeds, sampling),
            )
        return [self.until_end(row) for row in written[:, 1:].tolist()]  # the first one starts the decoder

    def until_end(self, tokens: list[int]) -> list[int]:
        return tokens[: tokens.index(self.ends) + 1] if self.ends in tokens else tokens

    def sampler(self, seeds: list[int], sampling: Sampling) -> dict[str, Any]:
        """The options with which greedy decoding becomes seeded sampling; none at temperature 0."""
        import torch

        if sampling.temperature <= 0:
            return {}
        row_seeds = torch.tensor(seeds, dtype=torch.int64, device=self.model.device)

        def sampled(ids: Any, scores: Any) -> Any:
            return truncated(scores, sampling) + gumbel(row_seeds, ids.shape[1], scores.shape[-1])

        return {"logits_processor": [sampled], "num_beams": 1}

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """The embedding of an answer: the mean of the encoder's last states of its tokens."""
        import torch

        ids = self.sources([request.answer for request in requests])
        fitting = [at for at, tokens in enumerate(ids) if len(tokens) <= self.limit]
        yield from ((at, TOO_LONG) for at, tokens in enumerate(ids) if len(tokens) > self.limit)
        for batch in self.batches([len(ids[at]) for at in fitting]):
            places = [fitting[at] for at in batch]
            tokens, mask = self.padded([ids[place] for place in places])
            with torch.inference_mode():
                states = self.model.get_encoder()(input_ids=tokens, attention_mask=mask).last_hidden_state
            means = (states * mask[..., None]).sum(1).float() / mask.sum(1)[:, None]
            for place, vector in zip(places, means.tolist(), strict=True):
                yield place, Reply("", "stop", len(ids[place]), 0, tuple(vector))

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("engine seq2seq translates and embeds; for losses write another model and engine: hf")

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("engine seq2seq translates and embeds; for probabilities write another model and engine: hf")


def source_texts(requests: Sequence[Request]) -> list[str]:
    """The text to translate: the last message of each request."""
    if any(request.prefill or not request.messages for request in requests):
        raise Problem("seq2seq translates a message; use a prompt with a body and no prefill, such as $masked alone")
    return [request.messages[-1][1] for request in requests]


def is_marian(tokenizer: Any) -> bool:
    return hasattr(tokenizer, "supported_language_codes")


def languages_of(tokenizer: Any) -> list[str]:
    """The languages that a tokenizer can be told, by its own names; [] for a model of one direction."""
    if is_marian(tokenizer):
        return [code.strip("<>") for code in tokenizer.supported_language_codes if MARIAN.fullmatch(code)]
    if codes := getattr(tokenizer, "lang_code_to_id", None):
        return sorted(codes)
    return [token for token in tokenizer.all_special_tokens if NLLB.fullmatch(token)]


def language_id(tokenizer: Any, language: str) -> int:
    """The token with which the decoder begins to write a language."""
    if hasattr(tokenizer, "get_lang_id"):
        return int(tokenizer.get_lang_id(language))
    return int(tokenizer.convert_tokens_to_ids(language))


ENGINE: Make = Seq2Seq
