"""OpenAI's interface as JSON: the conversation that a request becomes, and the reply that a body says."""

import json
from collections.abc import Sequence
from dataclasses import replace
from math import ceil, exp

from baleen.engines.openai.retries import Json, Setback, counted, misshapen
from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.tables.rows import LONE_SURROGATE

FINISH = {"stop": "stop", "length": "length", "content_filter": "refused"}
CHARACTERS = 3  # at least so many a token, where the server has not counted


def chat(request: Request, answer: str = "") -> Json:
    """The conversation up to where the model goes on; or, with the answer, to the end of its turn."""
    said = [{"role": role, "content": content} for role, content in request.messages]
    if not request.messages:
        raise Problem("a server is asked with chat messages, and this prompt has none; use --engine hf or vllm")
    if not request.prefill + answer:
        return {"messages": said}
    turn = {"role": "assistant", "content": request.prefill + answer}
    ended = {"continue_final_message": not answer, "add_generation_prompt": False}
    return {"messages": [*said, turn]} | ended


def read(body: Json) -> Json:
    """The first choice of a reply; a Setback when it has none, or one that is not finished."""
    try:
        choice: Json = body["choices"][0]
        if choice["finish_reason"] not in FINISH:
            raise Setback("flawed", f"a reply finished with {choice['finish_reason']!r}")
    except (KeyError, IndexError, TypeError):
        raise misshapen(body) from None
    return choice


def reply(body: Json, text: str = "", finish: str = "stop", values: Sequence[float] = ()) -> Reply:
    """A reply with what the server counted; of its prefix cache vLLM tells with --enable-prompt-tokens-details."""
    read, wrote = counted(body, "prompt_tokens"), counted(body, "completion_tokens")
    return Reply(text, finish, read, wrote, tuple(values), counted(body, "prompt_tokens_details", "cached_tokens"))


def written(body: Json) -> Reply:
    """A reply as text; one that a filter stopped is 'refused' and has no text, whatever was written before."""
    choice = read(body)
    finish = FINISH[choice["finish_reason"]]
    if finish == "refused":
        return reply(body, finish=finish)
    message = choice.get("message")
    if not isinstance(message, dict) or not isinstance(text := message.get("content"), str | None):
        raise misshapen(body)
    return reply(body, LONE_SURROGATE.sub("\ufffd", text or ""), finish)


def weighed(body: Json, marks: Sequence[str]) -> Reply:
    """Probability of each mark as the first token; 0 when the server does not tell it. A filter may stop this too."""
    choice = read(body)
    try:
        first = choice["logprobs"]["content"][0]["top_logprobs"]
        likely = {token["token"]: exp(token["logprob"]) for token in first}
    except (KeyError, IndexError, TypeError):
        if FINISH[choice["finish_reason"]] == "refused":
            return reply(body, finish="refused")
        raise Setback("row", "the server gives no log-probabilities; use --engine hf or vllm") from None
    return reply(body, values=[likely.get(mark, 0.0) for mark in marks])


def graded(body: Json, begin: int) -> Reply:
    """Mean and worst loss of the prompt's tokens from `begin` on."""
    try:
        losses = [-float(value) for value in body["choices"][0]["logprobs"]["token_logprobs"][begin:]]
        values = (sum(losses) / len(losses), max(losses), float(len(losses)))
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        raise misshapen(body) from None
    return replace(reply(body, values=values), prompt_tokens=begin, completion_tokens=len(losses))


def roughly(said: object) -> int:
    """About how many tokens a text or a conversation has."""
    return ceil(len(json.dumps(said)) / CHARACTERS)


def size(sent: Json) -> int:
    """Tokens to reserve for a request."""
    return roughly(sent.get("messages", "")) + int(sent.get("max_tokens", 0))


def priced(found: Reply, sent: Json) -> Reply:
    """The reply, with an estimate of what its server did not count: a budget is kept at every server."""
    if found.prompt_tokens and (found.completion_tokens or not found.text):
        return found
    wrote = min(found.completion_tokens or roughly(found.text), sent["max_tokens"])
    read = found.prompt_tokens or roughly(sent["messages"])
    return replace(found, prompt_tokens=read, completion_tokens=wrote, estimated=True)
