"""Requests as token ids: one renderer for all engines that have a tokenizer in this process."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from baleen.engines.protocol import Message, Request
from baleen.errors import Problem

ChoiceContext = tuple[bool, str, tuple[str, ...]]  # whether there are messages, the prefill, the choices


class ChoicePrompt(NamedTuple):
    """The token ids of a prompt, the token id of each choice after it, and the number of first tokens that it shares
    with every prompt of the same opening."""

    prompt: list[int]
    choices: list[int]
    opening: int


@dataclass(frozen=True)
class Renderer:
    """Renders requests with a tokenizer. Two caches make all rows of a prompt as cheap as one: `choice_cache` has the
    token ids of the choices after a prefill, `opening_cache` those of the openings."""

    tokenizer: Any
    choice_cache: dict[ChoiceContext, list[int]] = field(default_factory=dict)
    opening_cache: dict[str, list[int]] = field(default_factory=dict)

    def prompt(self, request: Request) -> str:
        """The text of the conversation, up to the first token that the model writes or grades."""
        if not request.messages:
            return str(self.tokenizer.bos_token or "") + request.prefill
        text = self.tokenizer.apply_chat_template(messages_of(request), tokenize=False, add_generation_prompt=True)
        return str(text) + request.prefill

    def prompt_and_answer(self, request: Request) -> tuple[str, str]:
        """The texts of the prompt, and of the answer with its end as the chat template writes them after it."""
        if not request.messages:
            return self.prompt(request), request.answer + str(self.tokenizer.eos_token or "")
        return prompt_and_answer(self.tokenizer, messages_of(request), request.prefill, request.answer)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return list(self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]) if texts else []

    def prompts(self, requests: Sequence[Request]) -> list[list[int]]:
        """The token ids of each prompt."""
        return self.token_ids([self.prompt(request) for request in requests])

    def prompts_and_answers(self, requests: Sequence[Request]) -> list[tuple[list[int], list[int]]]:
        """The token ids of prompt and answer of each request."""
        prompts, answers = zip(*map(self.prompt_and_answer, requests), strict=True) if requests else ((), ())
        return list(zip(self.token_ids(prompts), self.token_ids(answers), strict=True))

    def graded_texts(self, requests: Sequence[Request]) -> list[tuple[list[int], int]]:
        """The token ids of prompt and answer together, and the index of the first graded token: the first of the
        answer, but at least 1, because the first token of a text has no likelihood."""
        return [(prompt + answer, max(1, len(prompt))) for prompt, answer in self.prompts_and_answers(requests)]

    def choice_prompts(self, requests: Sequence[Request]) -> list[ChoicePrompt]:
        """Each request up to the token in which its choices differ."""
        prompts = [self.prompt(request) for request in requests]
        firsts = self.token_ids(
            [prompt + request.choices[0] for prompt, request in zip(prompts, requests, strict=True)]
        )
        return [
            ChoicePrompt(first[:-1], self.choices(request, first), self.opening_length(request.opening, prompt, first))
            for request, prompt, first in zip(requests, prompts, firsts, strict=True)
        ]

    def opening_length(self, opening: str, prompt: str, tokens: list[int]) -> int:
        """Number of first tokens that a prompt shares with every prompt of this opening. The last token of the opening
        does not count: the tokenizer can join it to the text that follows."""
        before = prompt[: prompt.find(opening) + len(opening)] if opening and opening in prompt else ""
        if before not in self.opening_cache:
            self.opening_cache[before] = self.token_ids([before])[0][:-1] if before else []
        shared = self.opening_cache[before]
        return len(shared) if tokens[: len(shared)] == shared else 0

    def choices(self, request: Request, first: list[int]) -> list[int]:
        """The token id of each choice; a Problem unless prompts with different choices differ in their last token
        alone. `first` is the prompt with the first choice."""
        context = (bool(request.messages), request.prefill, request.choices)
        if context not in self.choice_cache or self.choice_cache[context][0] != first[-1]:
            texts = self.token_ids([self.prompt(request) + choice for choice in request.choices])
            if any(tokens[:-1] != first[:-1] for tokens in texts) or len({t[-1] for t in texts}) < len(texts):
                raise Problem(
                    f"the choices {', '.join(request.choices)} are not one token each for this tokenizer; "
                    "write other `choices` in the prompt, or let generate write the rating"
                )
            self.choice_cache[context] = [tokens[-1] for tokens in texts]
        return self.choice_cache[context]


def messages_of(request: Request) -> list[Message]:
    return [{"role": role, "content": content} for role, content in request.messages]


def too_long(lengths: Sequence[int], room: int, limit: int | None) -> list[int]:
    """Indices of the requests whose tokens, with `room` tokens to write, are more than the model's limit."""
    return [i for i, length in enumerate(lengths) if limit and length + room > limit]


def prompt_and_answer(tokenizer: Any, messages: list[Message], prefill: str, answer: str) -> tuple[str, str]:
    """The text of the prompt with its prefill, and the text of the answer with the end that the chat template writes
    after it, else with the end token."""
    prompt = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)) + prefill
    reply = {"role": "assistant", "content": prefill + answer}
    text = str(tokenizer.apply_chat_template([*messages, reply], tokenize=False))
    completion = text.removeprefix(prompt).rstrip("\n") if text.startswith(prompt) else answer
    ended = completion.rstrip() != answer.rstrip()
    return prompt, completion if ended else answer + tokenizer.eos_token
