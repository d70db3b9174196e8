"""OpenAI's interface as JSON: the conversation that a request becomes, and the reply that a body holds."""

import json
from collections.abc import Sequence
from dataclasses import replace
from math import ceil, exp, inf
from typing import Any

from baleen.engines.openai.retries import Failure, without_keys
from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.tables.rows import LONE_SURROGATE

Json = dict[str, Any]
FINISH = {"stop": "stop", "length": "length", "content_filter": "refused"}
REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking")  # no two servers use the same name
NO_PROBABILITIES = (
    "the server gives no log-probabilities: write rating: written for a judge that is to write its mark out, or ask a "
    "model with weights through engine hf or vllm"
)
CHARACTERS = 3  # at least so many a token, where the server has not counted


def conversation(request: Request, answer: str = "") -> Json:
    """The conversation up to where the model goes on; or, with the answer, to the end of its turn."""
    turns = [{"role": role, "content": content} for role, content in request.messages]
    template = {"chat_template_kwargs": json.loads(request.template)} if request.template else {}
    if not request.messages:
        raise Problem("a server takes chat messages, and this prompt has none; use --engine hf or vllm")
    if not request.prefill + answer:
        return {"messages": turns} | template
    turn = {"role": "assistant", "content": request.prefill + answer}
    ended = {"continue_final_message": not answer, "add_generation_prompt": False}
    return {"messages": [*turns, turn]} | ended | template


def malformed(body: object) -> Failure:
    """A failure that shows how a reply of another shape begins."""
    return Failure("flawed", f"a reply of another shape: {without_keys(json.dumps(body))[:100]}")


def first_choice(body: Json) -> Json:
    """The first choice of a reply; a Failure when it has none, or one that is not finished."""
    try:
        choice: Json = body["choices"][0]
        if choice["finish_reason"] not in FINISH:
            raise Failure("flawed", f"a reply finished with {choice['finish_reason']!r}")
    except (KeyError, IndexError, TypeError):
        raise malformed(body) from None
    return choice


def token_count(body: Json, *names: str) -> int:
    """How many tokens of a kind, and of a kind of these, a reply reports; 0 when it reports no number."""
    count: Any = body.get("usage")
    for name in names:
        count = count.get(name) if isinstance(count, dict) else None
    return int(count) if isinstance(count, int | float) and 0 < count < inf else 0


def counted_reply(
    body: Json, text: str = "", finish: str = "stop", values: Sequence[float] = (), reasoning: str = ""
) -> Reply:
    """A reply with the server's counts; vLLM counts its prefix cache with --enable-prompt-tokens-details."""
    prompt, completion = token_count(body, "prompt_tokens"), token_count(body, "completion_tokens")
    cached = token_count(body, "prompt_tokens_details", "cached_tokens")
    return Reply(text, finish, prompt, completion, tuple(values), cached, reasoning=reasoning)


def text_reply(body: Json) -> Reply:
    """The text of a reply; one that a filter stopped is 'refused' and has no text, whatever was written before."""
    choice = first_choice(body)
    finish = FINISH[choice["finish_reason"]]
    if finish == "refused":
        return counted_reply(body, finish=finish)
    message = choice.get("message")
    if not isinstance(message, dict) or not isinstance(content := message.get("content"), str | list | None):
        raise malformed(body)
    text, thoughts = text_of_parts(content) if isinstance(content, list) else (content or "", "")
    fields = [text_of_field(message[name]) for name in REASONING if message.get(name)]
    text, reasoning = (LONE_SURROGATE.sub("\ufffd", one) for one in (text, next(iter(fields), thoughts)))
    return counted_reply(body, text, finish, reasoning=reasoning)


def text_of_field(value: object) -> str:
    """The text in a field of a message, which is one or a list of parts."""
    return "".join(text_of_parts(value)) if isinstance(value, list) else value if isinstance(value, str) else ""


def text_of_parts(parts: list[Any]) -> tuple[str, str]:
    """The text of the parts of a message, and that of its parts that are reasoning; a Failure for other parts."""
    texts: dict[str, list[str]] = {"text": [], "thinking": [], "reasoning": []}
    for part in parts:
        kind = str(part.get("type", "text")).partition(".")[0] if isinstance(part, dict) else ""
        if kind not in texts:
            raise malformed(parts)
        texts[kind].append(text_of_field(next((part[name] for name in (*texts, "summary") if part.get(name)), "")))
    return "".join(texts["text"]), "".join(texts["thinking"] + texts["reasoning"])


def choice_probabilities(body: Json, choices: Sequence[str]) -> Reply:
    """The probability of each choice as the first token; 0 when the server reports none. A filter may stop this too."""
    choice = first_choice(body)
    try:
        first = choice["logprobs"]["content"][0]["top_logprobs"]
        likely = {token["token"]: exp(token["logprob"]) for token in first}
    except (KeyError, IndexError, TypeError):
        if FINISH[choice["finish_reason"]] == "refused":
            return counted_reply(body, finish="refused")
        raise Failure("unable", NO_PROBABILITIES) from None
    return counted_reply(body, values=[likely.get(word, 0.0) for word in choices])


def answer_loss(body: Json, begin: int) -> Reply:
    """The mean and the largest loss of the tokens from `begin` on, in nats, and how many these are."""
    try:
        losses = [-float(value) for value in body["choices"][0]["logprobs"]["token_logprobs"][begin:]]
        values = (sum(losses) / len(losses), max(losses), float(len(losses)))
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        raise malformed(body) from None
    return replace(counted_reply(body, values=values), prompt_tokens=begin, completion_tokens=len(losses))


def estimated_tokens(content: object) -> int:
    """About how many tokens a text or a conversation has."""
    return ceil(len(json.dumps(content)) / CHARACTERS)


def tokens_to_reserve(sent: Json) -> int:
    """How many tokens a request takes at most, estimated."""
    return estimated_tokens(sent.get("messages", "")) + int(sent.get("max_tokens", 0))


def with_estimates(reply: Reply, sent: Json) -> Reply:
    """The reply, with an estimate of what its server did not count: a budget is kept at every server."""
    if reply.prompt_tokens and (reply.completion_tokens or not reply.raw):
        return reply
    completion = min(reply.completion_tokens or estimated_tokens(reply.raw), sent["max_tokens"])
    prompt = reply.prompt_tokens or estimated_tokens(sent["messages"])
    return replace(reply, prompt_tokens=prompt, completion_tokens=completion, estimated=True)
