"""Rendering: a request as the token ids that a model in this process is given, the same for every such engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from baleen import models
from baleen.engines import Message, Request
from baleen.problems import Problem

Cue = tuple[bool, str, tuple[str, ...]]


@dataclass(frozen=True)
class Renderer:
    """Speaks for a tokenizer; `known` keeps the tokens of the marks after a cue, so that one row pays for all."""

    words: Any
    known: dict[Cue, list[int]] = field(default_factory=dict)

    def prompt(self, request: Request) -> str:
        """The conversation up to where the model goes on."""
        if not request.messages:
            return str(self.words.bos_token or "") + request.prefill
        text = self.words.apply_chat_template(chat(request), tokenize=False, add_generation_prompt=True)
        return str(text) + request.prefill

    def turn(self, request: Request) -> tuple[str, str]:
        """The prompt, and the answer with the end of turn exactly as the chat template writes them after it."""
        if not request.messages:
            return self.prompt(request), request.answer + str(self.words.eos_token or "")
        return models.turn(self.words, chat(request), request.prefill, request.answer)

    def encoded(self, texts: Sequence[str]) -> list[list[int]]:
        return list(self.words(list(texts), add_special_tokens=False)["input_ids"]) if texts else []

    def prompts(self, requests: Sequence[Request]) -> list[list[int]]:
        return self.encoded([self.prompt(request) for request in requests])

    def turns(self, requests: Sequence[Request]) -> list[tuple[list[int], list[int]]]:
        """Prompt and answer of each request."""
        asked, said = zip(*map(self.turn, requests), strict=True) if requests else ((), ())
        return list(zip(self.encoded(asked), self.encoded(said), strict=True))

    def marked(self, requests: Sequence[Request]) -> list[tuple[list[int], list[int]]]:
        """Of each request the prompt tokens up to where its marks differ, and the token of each mark there."""
        firsts = self.encoded([self.prompt(request) + request.marks[0] for request in requests])
        return [(first[:-1], self.marks(request, first)) for request, first in zip(requests, firsts, strict=True)]

    def marks(self, request: Request, first: list[int]) -> list[int]:
        """The tokens of the marks; a Problem unless prompts that end in different marks differ in their last token
        alone. `first` is the prompt with the first mark."""
        cue = (bool(request.messages), request.prefill, request.marks)
        if cue not in self.known or self.known[cue][0] != first[-1]:
            whole = self.encoded([self.prompt(request) + mark for mark in request.marks])
            if any(tokens[:-1] != first[:-1] for tokens in whole) or len({t[-1] for t in whole}) < len(whole):
                raise Problem(
                    f"the marks {', '.join(request.marks)} are not one token each for this tokenizer; "
                    "choose other marks, or ask for a written-out rating with generate"
                )
            self.known[cue] = [tokens[-1] for tokens in whole]
        return self.known[cue]


def chat(request: Request) -> list[Message]:
    return [{"role": role, "content": content} for role, content in request.messages]


def beyond(lengths: Sequence[int], room: int, limit: int | None) -> list[int]:
    """Indices of the requests that, with the tokens still to be written, are longer than the model can read."""
    return [i for i, length in enumerate(lengths) if limit and length + room > limit]
