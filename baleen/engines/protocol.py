"""Engines: the one seam to a model. A request goes in, a reply comes back; four kinds of question.

`generate` writes a text, `loss` grades an answer that is already there, `choose` weighs a few marks against each other,
`embed` gives the answer as a vector.
Whatever shapes the answer is in the request, in `Engine.identity` or in `Sampling`; batch size, order and device are
not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

Message = dict[str, str]  # role, content


@dataclass(frozen=True)
class Sampling:
    """How a reply is drawn; temperature 0 is greedy, top_k 0 and top_p 1 are off. `max_tokens` counts new tokens.
    `shape` is a regular expression that the whole reply matches, for engines that can hold it; '' is free."""

    temperature: float = 0.7
    top_p: float = 0.9
    top_k: int = 0
    repetition_penalty: float = 1.0
    max_tokens: int = 512
    shape: str = ""


@dataclass(frozen=True)
class Request:
    """One question: chat messages, the start of the assistant's turn, the seed of this sample, and for `loss` the
    answer to grade or for `choose` the marks to weigh. `opening` is how the last message begins in every row that is
    asked the same, such as a rubric: an engine may read it once for all. It shapes no answer."""

    messages: tuple[tuple[str, str], ...]  # (role, content)
    prefill: str = ""
    seed: int = 0
    answer: str = ""
    marks: tuple[str, ...] = ()
    opening: str = field(default="", compare=False)


@dataclass(frozen=True)
class Reply:
    """What came back.

    `finish` is 'stop', 'length' (cut off), 'refused' (by a content filter) or 'too long' (for the model to read). For
    `loss` `values` is (mean, worst, tokens): negative log-likelihood in nats per token, of those graded, and empty when
    there are none; for `choose` the probability of each mark, before normalising; for `embed` the vector.
    `cached_tokens` are those of the prompt that came from a prefix cache: how a reply came to be and not what it says,
    so it is neither compared nor kept in the memo. `estimated` says that a server did not count the tokens; `passing`
    that the same model may say otherwise elsewhere, so that the memo does not keep it.
    """

    text: str = ""
    finish: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    values: tuple[float, ...] = ()
    cached_tokens: int = field(default=0, compare=False)
    estimated: bool = False
    passing: bool = field(default=False, compare=False)


TOO_LONG = Reply(finish="too long")  # by the model's own limit, which is part of its identity
UNGRADED = Reply()  # to `loss`, when the text has no token that follows another


class Engine(Protocol):
    """A model ready to answer. Replies come back in any order, each with the index of its request."""

    @property
    def identity(self) -> str: ...  # hash of weights, tokenizer and template; or hub revision; or endpoint and model

    @property
    def kind(self) -> str: ...  # engine kind and the version of its semantics, part of every memo key

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]: ...

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]: ...

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]: ...

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]: ...


@runtime_checkable
class Batched(Protocol):
    """An engine that answers one batch after the other, and calls `between` before it begins one."""

    between: Callable[[], object]
