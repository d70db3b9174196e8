"""The `hf` engine: transformers on the machine at hand, the embedded default.

Requests are sorted by length and batched by tokens, so that padding is not paid for. Sampling is Gumbel-max with noise
that is a pure function of (seed, position, token): the same seed gives the same reply whatever the batch or the order,
up to the last bits of the logits, which padding can change. On a CPU what is graded is padded to a width of its own,
and comes out the same to the last bit.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from baleen.engines import chat
from baleen.engines.chat import Renderer
from baleen.engines.protocol import TOO_LONG, UNGRADED, Reply, Request, Sampling
from baleen.models import identity, load
from baleen.project.settings import Speed

SEMANTICS = "hf-2"  # raise when the same request would get another reply
WIDTH = 4  # what is graded on a CPU is padded to a multiple of it, in tokens
LEAST = 4  # rows of a matrix product on a CPU; fewer are added up in another order
ON_CPU = 4096  # tokens of a forward pass; of 16,384 they leave a CPU's caches and take 1.25 to 1.5 times as long


def mixed_bits(x: Any) -> Any:
    """64-bit finaliser of SplitMix64 (Steele et al., 2014) on int64 tensors, with arithmetic shifts masked."""
    for shift, factor in ((30, -4658895280553007687), (27, -7723592293110705685)):
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def gumbel(seeds: Any, position: int, vocabulary: int) -> Any:
    """Standard Gumbel noise, shape (rows, vocabulary), float64, from one int64 seed a row."""
    import torch

    tokens = torch.arange(vocabulary, device=seeds.device, dtype=torch.int64)
    rows = mixed_bits(mixed_bits(seeds) + position)
    bits = mixed_bits(rows[:, None] ^ mixed_bits(tokens + 1)[None, :])
    uniform = (((bits >> 11) & ((1 << 53) - 1)).double() + 0.5) / (1 << 53)
    return -torch.log(-torch.log(uniform))


def truncated(scores: Any, sampling: Sampling) -> Any:
    """Log-probabilities at this temperature, -inf outside top_k and the top_p nucleus."""
    import torch

    scores = torch.log_softmax(scores.double() / sampling.temperature, dim=-1)
    if sampling.top_k:
        scores = scores.masked_fill(scores < torch.topk(scores, sampling.top_k).values[:, -1:], -torch.inf)
    return scores.masked_fill(~nucleus(scores, sampling.top_p), -torch.inf) if sampling.top_p < 1 else scores


def nucleus(scores: Any, top_p: float) -> Any:
    """Which tokens are the likeliest that together reach `top_p`; of equally likely ones the first."""
    ordered = descending(scores)
    likely = ordered.softmax(-1)
    size = (likely.cumsum(-1) - likely < top_p).sum(-1, keepdim=True)
    least = ordered.gather(-1, size - 1)
    above, level = scores > least, scores == least
    return above | (level & (level.cumsum(-1) <= size - above.sum(-1, keepdim=True)))


def descending(scores: Any) -> Any:
    """Each row from high to low; on a CPU by numpy, which took 0.7 ms for 250 rows of 1000 where torch.sort took 19."""
    import numpy
    import torch

    if scores.is_cuda:
        return torch.sort(scores, descending=True).values
    return -torch.from_numpy(numpy.sort((-scores).numpy(), axis=-1))


class HF:
    """Weights in this process. Every method yields (index of the request, reply) in order of length."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        self.identity = identity.identity(model)
        self.speed = speed
        self.model, self.tokenizer = load.load(model, speed)
        self.renderer = Renderer(self.tokenizer)
        ends = self.model.generation_config.eos_token_id
        self.ends = [ends] if isinstance(ends, int) else list(ends or [])
        cpu = self.model.device.type == "cpu"
        self.tokens = min(speed.batch_tokens, ON_CPU) if cpu else speed.batch_tokens
        self.width, self.least = (WIDTH, LEAST) if cpu else (0, 1)
        self.between: Callable[[], object] = bool
        self.opening: tuple[list[int], Any] | None = None

    def batches(
        self, lengths: Sequence[int], without: Sequence[int], extra: int = 0, tokens: int = 0, apart: Sequence[Any] = ()
    ) -> Iterator[list[int]]:
        """Indices but those left out in order of length, as many at once as fit so many tokens, else one pass, and all
        alike in `apart`."""
        batch, tokens, apart = list[int](), tokens or self.tokens, apart or [0] * len(lengths)
        for index in sorted(set(range(len(lengths))).difference(without), key=lambda i: (apart[i], lengths[i], i)):
            full = (lengths[index] + extra) * (len(batch) + 1) > tokens
            if batch and (full or apart[index] != apart[batch[0]]):
                self.between()
                yield batch
                batch = []
            batch.append(index)
        if batch:
            self.between()
            yield batch

    def widths(self, lengths: Sequence[int]) -> list[int]:
        """To how many tokens each sequence is padded when it is graded; 0 is as its batch needs."""
        return [-(-length // self.width) * self.width if self.width else 0 for length in lengths]

    def padded(self, sequences: Sequence[list[int]], left: bool, width: int = 0) -> tuple[Any, Any]:
        """Token ids and attention mask, shape (rows, the width or longest), padded on one side."""
        import torch

        longest = max(width, *map(len, sequences))
        pad = self.tokenizer.pad_token_id or 0
        blank = [[pad] * (longest - len(s)) for s in sequences]
        ids = [b + s if left else s + b for s, b in zip(sequences, blank, strict=True)]
        ones = [[1] * len(s) for s in sequences]
        zeros = [[0] * len(b) for b in blank]
        mask = [z + o if left else o + z for o, z in zip(ones, zeros, strict=True)]
        device = self.model.device
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)

    def beyond(self, lengths: Sequence[int], room: int = 0) -> list[int]:
        return chat.beyond(lengths, room, getattr(self.model.config, "max_position_embeddings", None))

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        prompts = self.renderer.prompts(requests)
        lengths = [len(prompt) for prompt in prompts]
        outside = self.beyond(lengths, sampling.max_tokens)
        yield from ((index, TOO_LONG) for index in outside)
        for batch in self.batches(lengths, outside, sampling.max_tokens, self.speed.batch_tokens):
            seeds = [requests[i].seed for i in batch]
            written = self.written([prompts[i] for i in batch], seeds, sampling)
            for index, tokens in zip(batch, written, strict=True):
                yield index, self.reply(prompts[index], tokens)

    def written(self, prompts: Sequence[list[int]], seeds: list[int], sampling: Sampling) -> list[list[int]]:
        """New token ids of each row, up to and with its end token."""
        import torch

        ids, mask = self.padded(prompts, left=True)
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=False,
                max_new_tokens=sampling.max_tokens,
                repetition_penalty=sampling.repetition_penalty,
                logits_processor=self.noise(ids.shape[1], seeds, sampling),
                pad_token_id=self.tokenizer.pad_token_id or 0,
            )
        return [self.until_end(row) for row in out[:, ids.shape[1] :].tolist()]

    def noise(self, prompt_length: int, seeds: list[int], sampling: Sampling) -> list[Any]:
        """The logits processor that makes greedy choice a seeded sample; none at temperature 0."""
        import torch

        if sampling.temperature <= 0:
            return []
        row_seeds = torch.tensor(seeds, dtype=torch.int64, device=self.model.device)

        def sampled(ids: Any, scores: Any) -> Any:
            noise = gumbel(row_seeds, ids.shape[1] - prompt_length, scores.shape[-1])
            return truncated(scores, sampling) + noise

        return [sampled]

    def until_end(self, tokens: list[int]) -> list[int]:
        end = next((i + 1 for i, token in enumerate(tokens) if token in self.ends), len(tokens))
        return tokens[:end]

    def reply(self, prompt: list[int], tokens: list[int]) -> Reply:
        stopped = bool(tokens) and tokens[-1] in self.ends
        text = self.tokenizer.decode(tokens, skip_special_tokens=True)
        return Reply(text, "stop" if stopped else "length", len(prompt), len(tokens))

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        texts = self.renderer.graded(requests)
        lengths = [len(tokens) for tokens, _ in texts]
        bare = [index for index, (tokens, begin) in enumerate(texts) if begin >= len(tokens)]
        outside = sorted(set(self.beyond(lengths)).difference(bare))
        yield from ((index, UNGRADED) for index in bare)
        yield from ((index, TOO_LONG) for index in outside)
        for batch in self.batches(lengths, outside + bare, extra=self.logits_cost(), apart=self.widths(lengths)):
            graded = self.graded([texts[i][0] for i in batch], [texts[i][1] for i in batch])
            for index, losses in zip(batch, graded, strict=True):
                values = (sum(losses) / len(losses), max(losses), float(len(losses)))
                yield index, Reply("", "stop", texts[index][1], len(losses), values)

    def logits_cost(self) -> int:
        """Extra length charged to a row so that a batch's logits (float32) stay under about 1 GiB."""
        return int(self.tokens * self.model.config.vocab_size) // (1 << 28)

    def graded(self, sequences: Sequence[list[int]], starts: Sequence[int]) -> list[list[float]]:
        """Negative log-likelihood in nats of every token from `start` (at least 1) on, for each sequence. No logits of
        tokens that are prompt in all of them, and no mask: what is padded on the right no token before it sees."""
        import torch

        ids, _ = self.padded(sequences, False, *self.widths([len(sequences[0])]))
        first = max(1, min(*starts, ids.shape[1] + 1 - self.least))
        with torch.inference_mode():
            out = self.model(input_ids=ids, use_cache=False, logits_to_keep=ids.shape[1] - first + 1)
            logits = out.logits[:, :-1].float()
            losses = logits.logsumexp(-1) - logits.gather(-1, ids[:, first:, None])[..., 0]
        rows = losses.tolist()
        return [row[start - first : len(s) - first] for row, start, s in zip(rows, starts, sequences, strict=True)]

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """The last hidden state, averaged over the tokens of the answer."""
        turns = self.renderer.turns(requests)
        whole = [prompt + answer for prompt, answer in turns]
        outside = self.beyond([len(tokens) for tokens in whole])
        yield from ((index, TOO_LONG) for index in outside)
        lengths = [len(tokens) for tokens in whole]
        for batch in self.batches(lengths, outside, apart=self.widths(lengths)):
            vectors = self.states([whole[i] for i in batch], [len(turns[i][0]) for i in batch])
            for index, vector in zip(batch, vectors, strict=True):
                asked, answer = turns[index]
                yield index, Reply("", "stop", len(asked), len(answer), tuple(vector))

    def states(self, sequences: Sequence[list[int]], starts: Sequence[int]) -> list[list[float]]:
        """Mean of the last hidden states after `start`, a vector for each sequence."""
        import torch

        ids, mask = self.padded(sequences, False, *self.widths([len(sequences[0])]))
        with torch.inference_mode():
            states = self.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        ends = [len(sequence) for sequence in sequences]
        pairs = zip(states, starts, ends, strict=True)
        return [state[start:end].float().mean(0).tolist() for state, start, end in pairs]

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        split = self.renderer.marked(requests)
        lengths = [len(asked.prompt) for asked in split]
        outside = self.beyond(lengths, 1)
        yield from ((index, TOO_LONG) for index in outside)
        own = self.widths([len(asked.prompt) - asked.opening for asked in split])
        apart = [(asked.prompt[: asked.opening], width) for asked, width in zip(split, own, strict=True)]
        for batch in self.batches(lengths, outside, extra=1, apart=apart):
            start = split[batch[0]].opening
            before = self.opening
            likely = self.next_token([split[i].prompt for i in batch], start)
            new = self.opening is not before
            for index, row in zip(batch, likely, strict=True):
                cached = 0 if new and index == batch[0] else start
                yield index, Reply("", "stop", lengths[index], 1, tuple(row[split[index].marks].tolist()), cached)

    def next_token(self, prompts: Sequence[list[int]], start: int) -> Any:
        """Probabilities of the token after each prompt, shape (rows, vocabulary); all begin with the same `start`
        tokens, such as a rubric."""
        import torch

        own = [prompt[start:] for prompt in prompts]
        ids, mask = self.padded(own, True, *self.widths([len(own[0])]))
        places = (mask.cumsum(-1) - 1).clamp(min=0) + start
        with torch.inference_mode():
            cache = None
            if start:
                cache = self.opened(prompts[0][:start])
                cache.batch_repeat_interleave(len(prompts))
                mask = torch.cat([torch.ones(len(prompts), start, dtype=mask.dtype, device=mask.device), mask], dim=1)
            out = self.model(
                ids,
                attention_mask=mask,
                position_ids=places,
                past_key_values=cache,
                use_cache=bool(start),
                logits_to_keep=self.least,
            )
            return out.logits[:, -1].float().softmax(-1)

    def opened(self, tokens: list[int]) -> Any:
        """The state of the model after these tokens, computed once for all batches that begin with them."""
        import torch

        if self.opening is None or self.opening[0] != tokens:
            first = torch.tensor([tokens], device=self.model.device)
            self.opening = tokens, self.model(first, use_cache=True, logits_to_keep=1).past_key_values
        return deepcopy(self.opening[1])
