"""The interface of all engines: requests in, replies out, for four kinds of query.

`generate` writes a text, `loss` grades an answer that is there, `choose` gives the probabilities of a few choices,
`embed` gives the embedding of an answer.

Everything that shapes a reply is in the request, in `Engine.identity` or in `Sampling`. Batch size, order and device do
not shape it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from baleen.project.settings import Speed

Message = tuple[str, str]  # role, content
Ability = Literal["embed", "split", "structured", "template", "workers"]
"""Embeddings; a model over several GPUs; replies held to a format; arguments of the chat template; workers on Ray."""


@dataclass(frozen=True)
class Sampling:
    """How a reply is sampled; temperature 0 is greedy, top_k 0 and top_p 1 are off. `max_tokens` counts new tokens.
    `shape` is a regular expression that the whole reply must match, for engines with structured output; '' is off. A
    reply ends before the first of the texts in `stop`."""

    temperature: float = 0.7
    top_p: float = 0.9
    top_k: int = 0
    repetition_penalty: float = 1.0
    max_tokens: int = 512
    shape: str = ""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """One request: chat messages, the start of the assistant's message (`prefill`), the seed of this sample, and the
    answer to grade for `loss` or the choices for `choose` (`choices`, as in prompt files). `opening` is how the last
    message begins in every row of the same prompt, such as a rubric: an engine can compute it once. It shapes no reply.
    """

    messages: tuple[Message, ...]
    prefill: str = ""
    seed: int = 0
    answer: str = ""
    choices: tuple[str, ...] = ()
    opening: str = field(default="", compare=False)
    template: str = ""  # arguments of the chat template, as a JSON object; '' is none


@dataclass(frozen=True)
class Reply:
    """The reply to a request.

    `finish` is 'stop', 'length' (cut off), 'refused' (by a content filter) or 'too long' (for the model to read). For
    `loss` `values` is (mean, max, number of tokens): negative log-likelihood in nats per graded token, empty when no
    token is graded; for `choose` the probability of each choice, before normalising; for `embed` the embedding.
    `cached_tokens` of the prompt tokens came from a prefix cache; they are no part of the reply, so they are neither
    compared nor stored in the memo. `estimated`: the server did not count the tokens. `passing`: the same model can
    reply differently elsewhere, so the memo does not store it. `reasoning` is what a server gave apart from the text.
    """

    text: str = ""
    finish: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    values: tuple[float, ...] = ()
    cached_tokens: int = field(default=0, compare=False)
    estimated: bool = False
    passing: bool = field(default=False, compare=False)
    reasoning: str = ""

    @property
    def raw(self) -> str:
        """All that the model wrote, reasoning first."""
        return f"<think>\n{self.reasoning}\n</think>\n\n{self.text}" if self.reasoning else self.text


TOO_LONG = Reply(finish="too long")  # by the model's own limit, which is part of its identity
UNGRADED = Reply()  # to `loss`, when no token of the text can be graded


class Engine(Protocol):
    """A loaded model. Replies come in any order, each with the index of its request."""

    @property
    def identity(self) -> str: ...  # hash of weights, tokenizer and template; or hub revision; or endpoint and model

    @property
    def kind(self) -> str: ...  # engine kind and the version of its semantics, part of every memo key

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]: ...

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]: ...

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]: ...

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]: ...


Make = Callable[[str, Speed], Engine]  # loads a model


@runtime_checkable
class Batched(Protocol):
    """An engine that computes one batch after the other, and calls `before_batch` before each."""

    before_batch: Callable[[], object]
