"""Scores: what is queried to score a row, and how the replies are read.

A likelihood grades the answer that a row has; a gain compares it with the likelihood without the instruction; a rating
is one of the choices of a prompt, expected under their probabilities or written out by the model; a vector is the
embedding of the answer.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf, isfinite
from typing import Any

import pyarrow as pa

from baleen.engines.protocol import Reply, Request, Sampling
from baleen.measures.ratings import written_choice
from baleen.memo import queries
from baleen.memo.generation import seed_of
from baleen.memo.queries import Pair
from baleen.memo.replies import Answered, answer_of
from baleen.prompts import Prompt
from baleen.tables.rows import NUMBER, TEXT, TYPES, Row

Scored = tuple[Row, Sequence[Answered]]  # a row and its replies, none where it cannot be scored
RATINGS = ["expected", "written"]
SHARES = {"min_mass": (0, 1), "min_readable": (0, 1), "top_p": (1e-6, 1)}
BOUNDS = SHARES | {"temperature": (0, 100), "max_tokens": (1, inf)}  # smallest and largest value of settings


@dataclass(frozen=True)
class Chat:
    """How a prompt is put to a model: the origin that picks the system message, and arguments of the chat template."""

    prompt: Prompt
    tag: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)

    def request(self, row: Row) -> Request:
        """The conversation about a row."""
        return Request(self.prompt.messages(row, self.tag), template=queries.template_text(self.template))

    @property
    def settings(self) -> Row:
        """What a lineage says of it."""
        return {"tag": self.tag} | ({"template": dict(self.template)} if self.template else {})


@dataclass(frozen=True)
class Scorer:
    """How rows are scored by a prompt. `kind` and `sampling` are those of the query, `settings` what a lineage says of
    it; `columns` are written, the score first, NULL when it cannot be read; a row is scored only where the columns of
    `graded` are not NULL; `passes` names the requests of a row, of which the first has no name; `flaw` says what is
    wrong with a reply without a score."""

    chat: Chat
    settings: Mapping[str, object]
    kind: str
    columns: Mapping[str, pa.DataType]
    requests: Callable[[Row], list[Request]]
    read: Callable[[Sequence[Reply]], Row]
    graded: tuple[str, ...]
    flaw: str
    passes: tuple[str, ...] = ("",)
    sampling: Sampling | None = None

    @property
    def rates(self) -> bool:
        """Whether the score is a choice of the prompt."""
        return self.kind in ("choose", "generate")

    @property
    def score(self) -> str:
        """The column of the score itself."""
        return next(iter(self.columns))

    def is_unreadable(self, _: Request, reply: Reply) -> bool:
        """Whether a reply alone leaves its row without a score."""
        return self.read([reply] * len(self.passes))[self.score] is None

    def pairs(self, row: Row, aside: deque[Row | None]) -> list[Pair]:
        """The requests of a row with it, and None for `aside`; a row that cannot be scored has none and goes there."""
        scored = all(row[column] is not None for column in self.graded)
        aside.append(None if scored else row)
        return [(row, request) for request in self.requests(row)] if scored else []

    def in_order(self, replies: Iterator[Answered], aside: deque[Row | None]) -> Iterator[Scored]:
        """Rows with their replies, and those put aside in their places among them."""
        while batch := list(islice(replies, len(self.passes))):
            while (row := aside.popleft()) is not None:
                yield row, []
            yield batch[0].row, batch
        yield from ((row, []) for row in aside if row is not None)


def answer_request(row: Row, chat: Chat) -> Request:
    """The request that grades the answer of a row after its prefill."""
    start = chat.prompt.start(row)
    return replace(chat.request(row), prefill=start, answer=chat.prompt.format_reply(row).removeprefix(start))


def without_question(request: Request) -> Request:
    """The same request with an empty user message. The system message stays, so that a difference in likelihood is the
    question's alone; the request is the same for every question to an answer, so the memo has it once."""
    messages = tuple((role, "" if role == "user" else content) for role, content in request.messages)
    return replace(request, messages=messages)


def likelihood(chat: Chat) -> Scorer:
    """Mean and largest negative log-likelihood of the answer's tokens, in nats, and their number."""
    columns = dict.fromkeys(("loss", "worst", "tokens"), NUMBER)

    def read(replies: Sequence[Reply]) -> Row:
        values = [x if isfinite(x) else None for x in replies[0].values]
        return dict(zip(columns, values or (None, None, None), strict=True))

    flaw = "without a token to grade or a finite likelihood"
    graded = chat.prompt.writes
    return Scorer(chat, chat.settings, "loss", columns, lambda row: [answer_request(row, chat)], read, graded, flaw)


def gain(chat: Chat) -> Scorer:
    """The likelihood, and before it the gain: mean log-likelihood of the answer given the question minus that without,
    in nats a token (pointwise mutual information). At or below 0 the question does not help to give the answer."""
    alone = likelihood(chat)

    def requests(row: Row) -> list[Request]:
        whole = answer_request(row, chat)
        return [whole, without_question(whole)]

    def read(replies: Sequence[Reply]) -> Row:
        given, without = (alone.read([reply]) for reply in replies)
        known = given["loss"] is not None and without["loss"] is not None
        return {"gain": without["loss"] - given["loss"] if known else None} | given

    passes = ("", "without the instruction")
    return replace(alone, columns={"gain": NUMBER, **alone.columns}, requests=requests, read=read, passes=passes)


def choice_values(prompt: Prompt) -> tuple[float, ...]:
    """What the choices of a prompt stand for: two are 0 and 1, others count from 0 if the first is 0, else from 1."""
    first = 0 if len(prompt.choices) == 2 or prompt.choices[0].strip() == "0" else 1
    return tuple(float(first + place) for place in range(len(prompt.choices)))


def expected(chat: Chat, min_mass: float) -> Scorer:
    """The mean of the choices under their probabilities right after the cue; of two the probability of the second. NULL
    when the choices together have less probability (`mass`) than `min_mass`."""
    prompt = chat.prompt

    def requests(row: Row) -> list[Request]:
        return [replace(chat.request(row), prefill=prompt.cue, choices=prompt.choices, opening=prompt.opening)]

    def read(replies: Sequence[Reply]) -> Row:
        probabilities, mass = replies[0].values, sum(replies[0].values)
        pairs = zip(choice_values(prompt), probabilities, strict=False)
        mean = sum(value * p for value, p in pairs) / mass if mass else None
        return {prompt.scores[0]: mean if mass >= min_mass else None, "mass": mass}

    columns = dict.fromkeys(prompt.scores, NUMBER)
    return Scorer(chat, chat.settings, "choose", columns, requests, read, (), no_choice(prompt))


def written(chat: Chat, sampling: Sampling, seed: int) -> Scorer:
    """The choice that the model writes out after its reasons, and the answer as `reasons`; of two 0 for the first and 1
    for the second. NULL when the answer is cut off or does not plainly name one."""
    prompt, column = chat.prompt, chat.prompt.scores[0]

    def requests(row: Row) -> list[Request]:
        return [replace(chat.request(row), seed=seed_of(seed, row, 0) if sampling.temperature > 0 else 0)]

    def read(replies: Sequence[Reply]) -> Row:
        answer = answer_of(replies[0], prompt).answer
        return {
            column: written_choice(answer, prompt.cue, prompt.choices) if replies[0].finish == "stop" else None,
            "reasons": answer,
        }

    columns = {column: NUMBER, "reasons": TEXT}
    settings = (
        chat.settings | {"seed": seed} | {name: value for name, value in vars(sampling).items() if name != "stop"}
    )
    return Scorer(chat, settings, "generate", columns, requests, read, (), no_choice(prompt), sampling=sampling)


def no_choice(prompt: Prompt) -> str:
    return f"without a choice from the model (use another scorer than prompts/{prompt.name}.md)"


def vector(chat: Chat, column: str) -> Scorer:
    """The mean of the model's last hidden states over the answer."""

    def read(replies: Sequence[Reply]) -> Row:
        return {column: list(replies[0].values) or None}

    alone = likelihood(chat)
    flaw = "without a token to embed"
    return replace(alone, kind="embed", columns={column: TYPES["vector"]}, read=read, flaw=flaw)
