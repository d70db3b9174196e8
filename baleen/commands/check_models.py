"""Can the engine of a line use the model that it names, as far as the pin of the model says?"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from baleen import prompts
from baleen.errors import Problem
from baleen.models import pins
from baleen.project.recipes import Line
from baleen.project.settings import Settings

PinOf = Callable[[str], Settings]


def pin_given(name: str, origin: Settings) -> Settings:
    """What the pin of a model says that no line builds, `origin` what the profile says of it; {} for one with weights
    in its folder."""
    if name == "origin":
        return origin
    pinned = pins.pin(name)
    return vars(pinned) if pinned else {}


def check_engine(made: Any, pin_of: PinOf) -> None:
    """A Problem for a model at a server that the settings of a line would load or train."""
    base, model, engine = (getattr(made, key, "") for key in ("base", "model", "engine"))
    if base and not made.instead and (endpoint := pin_of(base).get("endpoint")):
        raise Problem(f"base {base} is at {endpoint}: it can be queried, not trained; name a model that has weights")
    if engine and engine != "openai" and (endpoint := (made.instead or pin_of(model)).get("endpoint")):
        raise Problem(f"model {model} is at {endpoint}, which engine {engine} cannot load; write engine: openai")


def vllm_alone(made: Any) -> str:
    """What of a score only vLLM's servers give, and what else would do; '' when any server serves."""
    kind, judge = import_module("stages.score").scorer(made).kind, prompts.load(made.prompt)
    if kind == "loss":
        return "the likelihood of an answer"
    if kind == "choose" and judge.cue:
        return f"the choices after the cue of prompts/{judge.name}.md (rating: written needs none)"
    return ""


def servers_asked(lines: Iterable[Line], settings_of: Callable[[Line], Any], pin_of: PinOf) -> str:
    """What to say of the first line that asks a server for what only vLLM's give, where the pin of its model does not
    say that it is one. It is no mistake: the server tells what it is when it is asked."""
    for line in (line for line in lines if line.verb == "score"):
        made = settings_of(line)
        given = (made.instead or pin_of(made.model)) if made.engine == "openai" else {}
        if given.get("endpoint") and given.get("server") != "vllm" and (what := vllm_alone(made)):
            advice = f"if {given['endpoint']} is one, write server: vllm in the pin of {made.model}"
            return f"; {line.where}: only a vLLM server gives {what}; {advice}"
    return ""
