"""Rendering: a request as the token ids that a model in this process is given, the same for every such engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from baleen.engines.protocol import Message, Request
from baleen.errors import Problem

Cue = tuple[bool, str, tuple[str, ...]]


class Marked(NamedTuple):
    """A prompt's tokens, the token of each mark after it, and how many of the first tokens its opening is."""

    prompt: list[int]
    marks: list[int]
    opening: int


@dataclass(frozen=True)
class Renderer:
    """Speaks for a tokenizer; `known` keeps the tokens of the marks after a cue and `openings` those of what prompts
    begin with, so that one row pays for all."""

    words: Any
    known: dict[Cue, list[int]] = field(default_factory=dict)
    openings: dict[str, list[int]] = field(default_factory=dict)

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
        return turn(self.words, chat(request), request.prefill, request.answer)

    def encoded(self, texts: Sequence[str]) -> list[list[int]]:
        return list(self.words(list(texts), add_special_tokens=False)["input_ids"]) if texts else []

    def prompts(self, requests: Sequence[Request]) -> list[list[int]]:
        return self.encoded([self.prompt(request) for request in requests])

    def turns(self, requests: Sequence[Request]) -> list[tuple[list[int], list[int]]]:
        """Prompt and answer of each request."""
        asked, said = zip(*map(self.turn, requests), strict=True) if requests else ((), ())
        return list(zip(self.encoded(asked), self.encoded(said), strict=True))

    def graded(self, requests: Sequence[Request]) -> list[tuple[list[int], int]]:
        """The tokens of prompt and answer together, and the first of them that is graded: that of the answer, but not
        the very first of a text, which follows nothing and so has no likelihood."""
        return [(prompt + answer, max(1, len(prompt))) for prompt, answer in self.turns(requests)]

    def marked(self, requests: Sequence[Request]) -> list["Marked"]:
        """Each request up to where its marks differ."""
        prompts = [self.prompt(request) for request in requests]
        firsts = self.encoded([prompt + request.marks[0] for prompt, request in zip(prompts, requests, strict=True)])
        return [
            Marked(first[:-1], self.marks(request, first), self.opening(request.opening, prompt, first))
            for request, prompt, first in zip(requests, prompts, firsts, strict=True)
        ]

    def opening(self, said: str, prompt: str, tokens: list[int]) -> int:
        """How many tokens a prompt begins with that any other with this opening begins with too. The last one may
        be joined to what follows and does not count."""
        before = prompt[: prompt.find(said) + len(said)] if said and said in prompt else ""
        if before not in self.openings:
            self.openings[before] = self.encoded([before])[0][:-1] if before else []
        known = self.openings[before]
        return len(known) if tokens[: len(known)] == known else 0

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


def turn(words: Any, messages: list[dict[str, str]], prefill: str, answer: str) -> tuple[str, str]:
    """The text a model is asked with, and the text it is to answer with, up to and with the end of its turn."""
    asked = str(words.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)) + prefill
    said = {"role": "assistant", "content": prefill + answer}
    whole = str(words.apply_chat_template([*messages, said], tokenize=False))
    completion = whole.removeprefix(asked).rstrip("\n") if whole.startswith(asked) else answer
    ended = completion.rstrip() != answer.rstrip()
    return asked, completion if ended else answer + words.eos_token
