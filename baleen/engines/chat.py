"""Requests as token ids: one renderer for all engines that have a tokenizer in this process."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

from baleen.engines import reasoning, stops
from baleen.engines.protocol import Message, Request
from baleen.errors import Problem

ChoiceContext = tuple[bool, str, tuple[str, ...], str]  # whether there are messages, prefill, choices, template
ANSWER = "Xanswerx"  # stands for an answer where only what is round it matters


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
        start = answer_start(self.tokenizer, request.template) if request.prefill or request.choices else ""
        return rendered(self.tokenizer, request.messages, request.template) + start + request.prefill

    def prompt_and_answer(self, request: Request) -> tuple[str, str]:
        """The texts of the prompt, and of the answer with its end as the chat template writes them after it."""
        if not request.messages:
            return self.prompt(request), request.answer + str(self.tokenizer.eos_token or "")
        turn = chat_turn(self.tokenizer, request.messages, request.prefill, request.answer, request.template)
        return turn.prompt + turn.start, turn.answer

    def reply_text(self, request: Request, tokens: list[int]) -> str:
        """The text of a reply without special tokens, but for those that are marks of reasoning; when the chat template
        has opened reasoning, with the mark that it wrote."""
        skipped = skipped_tokens(self.tokenizer)
        kept = tokens if skipped is None else [token for token in tokens if token not in skipped]
        text = str(self.tokenizer.decode(kept, skip_special_tokens=skipped is None))
        inside = request.messages and not request.prefill
        return (opened_reasoning(self.tokenizer, request.template) if inside else "") + text

    def reply_until(self, request: Request, tokens: list[int], stop: Sequence[str]) -> tuple[str, list[int], bool]:
        """The text of a reply up to the first stop, its tokens up to and with that, and whether there is one."""
        tokens = stops.shortest(tokens, partial(self.reply_text, request), stop)
        text, stopped = stops.cut(self.reply_text(request, tokens), stop)
        return text, tokens, stopped

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
        context = (bool(request.messages), request.prefill, request.choices, request.template)
        if context not in self.choice_cache or self.choice_cache[context][0] != first[-1]:
            texts = self.token_ids([self.prompt(request) + choice for choice in request.choices])
            if any(tokens[:-1] != first[:-1] for tokens in texts) or len({t[-1] for t in texts}) < len(texts):
                raise Problem(
                    f"the choices {', '.join(request.choices)} are not one token each for this tokenizer; "
                    "write other `choices` in the prompt, or let generate write the rating"
                )
            self.choice_cache[context] = [tokens[-1] for tokens in texts]
        return self.choice_cache[context]


def too_long(lengths: Sequence[int], room: int, limit: int | None) -> list[int]:
    """Indices of the requests whose tokens, with `room` tokens to write, are more than the model's limit."""
    return [i for i, length in enumerate(lengths) if limit and length + room > limit]


class Turn(NamedTuple):
    """The texts of an example: the prompt, what stands between it and the answer (what the chat template writes there,
    such as an empty block of reasoning, and the prefill), and the answer with the end of the turn."""

    prompt: str
    start: str
    answer: str


def rendered(tokenizer: Any, messages: Sequence[Message], template: str, asks: bool = True) -> str:
    """A conversation as the chat template writes it, up to where the model begins when it asks the model."""
    arguments = template_arguments(tokenizer, template) if template else {}
    turns = [{"role": role, "content": content} for role, content in messages]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=asks, **arguments))


@lru_cache(maxsize=16)
def template_arguments(tokenizer: Any, template: str) -> dict[str, Any]:
    """The arguments of a chat template; a Problem for one of which the template has no word."""
    arguments: dict[str, Any] = json.loads(template)
    text = str(tokenizer.get_chat_template())
    if unused := [name for name in arguments if not re.search(rf"\b{re.escape(name)}\b", text)]:
        raise Problem(f"the chat template of this model has no argument {unused[0]!r}; take it out of `template`")
    return arguments


@lru_cache(maxsize=16)
def answer_start(tokenizer: Any, template: str) -> str:
    """What the chat template writes between the prompt and an answer: an empty block of reasoning, a channel; where the
    prompt leaves reasoning open, what closes it."""
    question = ("user", "a")
    prompt = rendered(tokenizer, [question], template)
    text = rendered(tokenizer, [question, ("assistant", ANSWER)], template, asks=False)
    if (mark := reasoning.left_open(prompt)) and reasoning.closing(mark):
        return f"\n{reasoning.closing(mark)}\n\n"
    before, answer, _ = text.partition(ANSWER)
    return before.removeprefix(prompt) if answer and before.startswith(prompt) else ""


@lru_cache(maxsize=16)
def opened_reasoning(tokenizer: Any, template: str) -> str:
    """The mark of reasoning that the chat template leaves open at the end of a prompt, else ''."""
    return reasoning.left_open(rendered(tokenizer, [("user", "a")], template))


@lru_cache(maxsize=16)
def skipped_tokens(tokenizer: Any) -> frozenset[int] | None:
    """The ids of the special tokens that are left out of a reply; None for all of them, when none marks reasoning."""
    marks = reasoning.special_tokens(tokenizer.all_special_tokens)
    return frozenset(tokenizer.all_special_ids) - {*tokenizer.convert_tokens_to_ids(marks)} if marks else None


def chat_turn(tokenizer: Any, messages: Sequence[Message], prefill: str, answer: str, template: str) -> Turn:
    """An example as the chat template writes it; where it writes no end of turn after the answer, the end token."""
    prompt, start = rendered(tokenizer, messages, template), answer_start(tokenizer, template) + prefill
    reply = ("assistant", prefill + answer)
    text = rendered(tokenizer, [*messages, reply], template, asks=False)
    before = prompt + start
    completion = text.removeprefix(before).rstrip("\n") if text.startswith(before) else answer
    ended = completion.rstrip() != answer.rstrip()
    return Turn(prompt, start, completion if ended else answer + tokenizer.eos_token)


def prompt_and_answer(
    tokenizer: Any, messages: Sequence[Message], prefill: str, answer: str, template: str = ""
) -> tuple[str, str]:
    """The text of the prompt with its prefill, and the text that a model learns to write after it."""
    turn = chat_turn(tokenizer, messages, prefill, answer, template)
    return (turn.prompt + turn.start, turn.answer) if prefill else (turn.prompt, turn.start + turn.answer)
