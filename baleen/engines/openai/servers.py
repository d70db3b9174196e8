"""Flavours: which kind of server stands at an endpoint, by its list of models: vLLM, which can do more, or another."""

from dataclasses import replace
from functools import partial

from baleen.engines.openai.retries import Line, Post, Setback, Tries
from baleen.errors import Problem

LISTED = 3  # tries for the list of models; transformers' own server has none where there is no hub, and fails


async def met(line: Line, tries: Tries, endpoint: str, model: str) -> bool:
    """Whether the server is vLLM; one that breaks over the question each time is not."""
    first = Tries(replace(tries.patience, tries=min(LISTED, tries.patience.tries)))
    try:
        return await first.until_answered(partial(flavour, line.post, endpoint, model))
    except Setback as setback:
        if first.ended or setback.why != "flawed":
            told = first.ended or f"no list of models ({setback})"
            raise Problem(f"{endpoint}: {told}; start the server, then run the same command") from None
        return False
    finally:
        tries.repeated += first.repeated


async def flavour(post: Post, endpoint: str, model: str) -> bool:
    """Whether the server is vLLM; then the model must be among those it serves. One that has no list of models is
    another; one that only fails now has not said."""
    try:
        listed = (await post("/models", {}, 0)).get("data")
    except Setback as setback:
        if setback.why not in ("row", "end"):
            raise
        return False
    served = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    vllm = any(one.get("owned_by") == "vllm" for one in served)
    if vllm and model not in (names := [str(one.get("id")) for one in served]):
        raise Problem(f"{endpoint} serves {', '.join(names)}, not {model}")
    return vllm
