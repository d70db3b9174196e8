"""The `hf` engine: transformers in this process, the default.

Requests are sorted by length and batched by tokens, so that little padding is computed. Sampling is Gumbel-max with
noise that is a function of (seed, position, token) alone: the same seed gives the same reply in every batch and order,
up to the last bits of the logits, which padding can change. On a CPU the length to which a graded sequence is padded
depends on that sequence alone, so its values are the same to the last bit.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from baleen.engines import chat, grouped_attention, stops
from baleen.engines.chat import Renderer
from baleen.engines.gumbel import gumbel, truncated
from baleen.engines.protocol import TOO_LONG, UNGRADED, Ability, Make, Reply, Request, Sampling
from baleen.engines.shrinking import Decoder
from baleen.models import identity, load
from baleen.models.libraries import keep_memory
from baleen.project.settings import Speed

SEMANTICS = "hf-2"  # raise it when the same request gets another reply
ABILITIES: tuple[Ability, ...] = ("embed", "template", "workers")
WIDTH = 4  # tokens; on a CPU graded sequences are padded to a multiple of it
MIN_ROWS = 4  # of a matrix product on a CPU; with fewer the sums are computed in another order
CPU_TOKENS = 4096  # of a forward pass; 16,384 do not fit a CPU's caches and take 1.25 to 1.5 times as long a token


class HF:
    """A model in this process. Every kind of query yields (index of the request, reply) in order of length."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        self.identity = identity.identity(model)
        self.speed = speed
        self.model, self.tokenizer = load.load(model, speed)
        grouped_attention.use(self.model)
        self.renderer = Renderer(self.tokenizer)
        ends = self.model.generation_config.eos_token_id
        self.ends = [ends] if isinstance(ends, int) else list(ends or [])
        cpu = self.model.device.type == "cpu"
        self.tokens = min(speed.batch_tokens, CPU_TOKENS) if cpu else speed.batch_tokens
        self.width, self.min_rows = (WIDTH, MIN_ROWS) if cpu else (0, 1)
        if cpu:
            keep_memory()
        self.before_batch: Callable[[], object] = bool
        self.opening_cache: tuple[list[int], Any] | None = None

    def batches(
        self,
        lengths: Sequence[int],
        skipped: Sequence[int],
        extra: int = 0,
        tokens: int = 0,
        groups: Sequence[Any] = (),
    ) -> Iterator[list[int]]:
        """Indices in order of length, without the skipped ones. The rows of a batch are in the same group and have at
        most `tokens` tokens together (0: those of a forward pass), with `extra` added to each length."""
        batch, tokens, groups = list[int](), tokens or self.tokens, groups or [0] * len(lengths)
        for index in sorted(set(range(len(lengths))).difference(skipped), key=lambda i: (groups[i], lengths[i], i)):
            full = (lengths[index] + extra) * (len(batch) + 1) > tokens
            if batch and (full or groups[index] != groups[batch[0]]):
                self.before_batch()
                yield batch
                batch = []
            batch.append(index)
        if batch:
            self.before_batch()
            yield batch

    def widths(self, lengths: Sequence[int]) -> list[int]:
        """The number of tokens to which each graded sequence is padded; 0 is the longest of its batch."""
        return [-(-length // self.width) * self.width if self.width else 0 for length in lengths]

    def padded(self, sequences: Sequence[list[int]], left: bool, width: int = 0) -> tuple[Any, Any]:
        """Token ids and attention mask, shape (rows, width or longest), padded on one side."""
        import torch

        longest = max(width, *map(len, sequences))
        pad = self.tokenizer.pad_token_id or 0
        padding = [[pad] * (longest - len(s)) for s in sequences]
        ids = [p + s if left else s + p for s, p in zip(sequences, padding, strict=True)]
        ones = [[1] * len(s) for s in sequences]
        zeros = [[0] * len(p) for p in padding]
        mask = [z + o if left else o + z for o, z in zip(ones, zeros, strict=True)]
        device = self.model.device
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)

    def too_long(self, lengths: Sequence[int], room: int = 0) -> list[int]:
        """Indices of the requests that are longer than the model can read."""
        return chat.too_long(lengths, room, getattr(self.model.config, "max_position_embeddings", None))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        prompts = self.renderer.prompts(requests)
        lengths = [len(prompt) for prompt in prompts]
        too_long = self.too_long(lengths, sampling.max_tokens)
        yield from ((index, TOO_LONG) for index in too_long)
        for batch in self.batches(lengths, too_long, sampling.max_tokens, self.speed.batch_tokens):
            seeds = [requests[i].seed for i in batch]
            replies = self.new_tokens([prompts[i] for i in batch], seeds, sampling)
            for index, tokens in zip(batch, replies, strict=True):
                text, tokens, stopped = self.renderer.reply_until(requests[index], tokens, sampling.stop)
                finish = "stop" if stopped or (tokens and tokens[-1] in self.ends) else "length"
                yield index, Reply(text, finish, lengths[index], len(tokens))

    def new_tokens(self, prompts: Sequence[list[int]], seeds: list[int], sampling: Sampling) -> list[list[int]]:
        """New token ids of each row, up to and with its end token."""
        import torch

        ids, mask = self.padded(prompts, left=True)
        begin = ids.shape[1]
        decoder = Decoder(
            self.model.generate,
            self.ends,
            self.min_rows,
            lambda rows: self.sampler(begin, [seeds[row] for row in rows], sampling),
            lambda: stops.criterion(self.tokenizer.decode, begin, sampling.stop) if sampling.stop else None,
        )
        given = {"do_sample": False, "repetition_penalty": sampling.repetition_penalty}
        with torch.inference_mode():
            out = decoder.new_tokens(
                ids, mask, sampling.max_tokens, pad_token_id=self.tokenizer.pad_token_id or 0, **given
            )
        return [self.until_end(row) for row in out]

    def sampler(self, prompt_length: int, seeds: list[int], sampling: Sampling) -> list[Any]:
        """The logits processor with which greedy decoding becomes seeded sampling; none at temperature 0."""
        import torch

        if sampling.temperature <= 0:
            return []
        row_seeds = torch.tensor(seeds, dtype=torch.int64, device=self.model.device)

        def sampled(ids: Any, scores: Any) -> Any:
            noise = gumbel(row_seeds, ids.shape[1] - prompt_length, scores.shape[-1])
            return truncated(scores, sampling) + noise

        return [sampled]

    def until_end(self, tokens: list[int]) -> list[int]:
        """The tokens up to and with the first end token."""
        end = next((i + 1 for i, token in enumerate(tokens) if token in self.ends), len(tokens))
        return tokens[:end]

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        texts = self.renderer.graded_texts(requests)
        lengths = [len(tokens) for tokens, _ in texts]
        ungraded = [index for index, (tokens, begin) in enumerate(texts) if begin >= len(tokens)]
        too_long = sorted(set(self.too_long(lengths)).difference(ungraded))
        yield from ((index, UNGRADED) for index in ungraded)
        yield from ((index, TOO_LONG) for index in too_long)
        for batch in self.batches(lengths, too_long + ungraded, extra=self.logits_cost(), groups=self.widths(lengths)):
            graded = self.token_losses([texts[i][0] for i in batch], [texts[i][1] for i in batch])
            for index, losses in zip(batch, graded, strict=True):
                values = (sum(losses) / len(losses), max(losses), float(len(losses)))
                yield index, Reply("", "stop", texts[index][1], len(losses), values)

    def logits_cost(self) -> int:
        """Extra length of a row in `batches`, so that the float32 logits of a batch stay under about 1 GiB."""
        return int(self.tokens * self.model.config.vocab_size) // (1 << 28)

    def token_losses(self, sequences: Sequence[list[int]], starts: Sequence[int]) -> list[list[float]]:
        """Negative log-likelihood in nats of every token from `start` (at least 1) on, for each sequence. Logits are
        not computed where all sequences are prompt. No mask is needed: no token sees the padding on its right."""
        import torch

        ids, _ = self.padded(sequences, False, *self.widths([len(sequences[0])]))
        first = max(1, min(*starts, ids.shape[1] + 1 - self.min_rows))
        with torch.inference_mode():
            out = self.model(input_ids=ids, use_cache=False, logits_to_keep=ids.shape[1] - first + 1)
            logits = out.logits[:, :-1].float()
            losses = logits.logsumexp(-1) - logits.gather(-1, ids[:, first:, None])[..., 0]
        rows = losses.tolist()
        return [row[start - first : len(s) - first] for row, start, s in zip(rows, starts, sequences, strict=True)]

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """The embedding of an answer: the mean of the last hidden states of its tokens."""
        pairs = self.renderer.prompts_and_answers(requests)
        texts = [prompt + answer for prompt, answer in pairs]
        too_long = self.too_long([len(tokens) for tokens in texts])
        yield from ((index, TOO_LONG) for index in too_long)
        lengths = [len(tokens) for tokens in texts]
        for batch in self.batches(lengths, too_long, groups=self.widths(lengths)):
            vectors = self.mean_states([texts[i] for i in batch], [len(pairs[i][0]) for i in batch])
            for index, vector in zip(batch, vectors, strict=True):
                prompt, answer = pairs[index]
                yield index, Reply("", "stop", len(prompt), len(answer), tuple(vector))

    def mean_states(self, sequences: Sequence[list[int]], starts: Sequence[int]) -> list[list[float]]:
        """Mean of the last hidden states from `start` on: one vector per sequence."""
        import torch

        ids, mask = self.padded(sequences, False, *self.widths([len(sequences[0])]))
        with torch.inference_mode():
            states = self.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        ends = [len(sequence) for sequence in sequences]
        pairs = zip(states, starts, ends, strict=True)
        return [state[start:end].float().mean(0).tolist() for state, start, end in pairs]

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        prompts = self.renderer.choice_prompts(requests)
        lengths = [len(one.prompt) for one in prompts]
        too_long = self.too_long(lengths, 1)
        yield from ((index, TOO_LONG) for index in too_long)
        widths = self.widths([len(one.prompt) - one.opening for one in prompts])
        groups = [(one.prompt[: one.opening], width) for one, width in zip(prompts, widths, strict=True)]
        for batch in self.batches(lengths, too_long, extra=1, groups=groups):
            start = prompts[batch[0]].opening
            before = self.opening_cache
            probabilities = self.next_token([prompts[i].prompt for i in batch], start)
            new = self.opening_cache is not before
            for index, row in zip(batch, probabilities, strict=True):
                cached = 0 if new and index == batch[0] else start
                values = tuple(row[prompts[index].choices].tolist())
                yield index, Reply("", "stop", lengths[index], 1, values, cached)

    def next_token(self, prompts: Sequence[list[int]], start: int) -> Any:
        """Probabilities of the token after each prompt, shape (rows, vocabulary). All prompts begin with the same
        `start` tokens, such as those of a rubric."""
        import torch

        own = [prompt[start:] for prompt in prompts]
        ids, mask = self.padded(own, True, *self.widths([len(own[0])]))
        places = (mask.cumsum(-1) - 1).clamp(min=0) + start
        with torch.inference_mode():
            cache = None
            if start:
                cache = self.opening_states(prompts[0][:start])
                cache.batch_repeat_interleave(len(prompts))
                mask = torch.cat([torch.ones(len(prompts), start, dtype=mask.dtype, device=mask.device), mask], dim=1)
            out = self.model(
                ids,
                attention_mask=mask,
                position_ids=places,
                past_key_values=cache,
                use_cache=bool(start),
                logits_to_keep=self.min_rows,
            )
            return out.logits[:, -1].float().softmax(-1)

    def opening_states(self, tokens: list[int]) -> Any:
        """A copy of the key-value cache after these tokens, which is computed once for consecutive batches."""
        import torch

        if self.opening_cache is None or self.opening_cache[0] != tokens:
            first = torch.tensor([tokens], device=self.model.device)
            self.opening_cache = tokens, self.model(first, use_cache=True, logits_to_keep=1).past_key_values
        return deepcopy(self.opening_cache[1])


ENGINE: Make = HF
