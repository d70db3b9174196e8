"""Pins: where a model is."""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from baleen.errors import Problem, unknown
from baleen.models.scratch import Fresh
from baleen.project.settings import Settings, load_yaml, section, setting, typed

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + eos_token + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEMPLATES = {"": "", "chatml": CHATML}


@dataclass
class Pin:
    """Where a model is that is not in the folder."""

    hub: str = setting("", "organisation/name on the Hugging Face hub")
    revision: str = setting("", "the commit, 40 hex digits")
    trust_remote_code: bool = setting(False, "run Python code that comes with the model")
    chat_template: str = setting("", "chatml, for a base model that has none")
    parameters: float = setting(0, "weights, for the plan of a dry run")
    endpoint: str = setting("", "address of an OpenAI-compatible server")
    model: str = setting("", "name of the model at the endpoint")
    weights: str = setting("", "what is served there, as organisation/name@commit: the same wherever it is served")
    apertium: str = setting("", "pair of languages of the translator Apertium, such as eng-spa")
    version: str = setting("", "version of the package that holds the pair: another one translates otherwise")
    fresh: Fresh | None = field(default=None, metadata={"help": "sizes of a model made from scratch"})


def place(name: str) -> Path:
    """models/<name>; a name with a slash is taken as a path. A Problem when there is nothing."""
    folder = Path(name) if "/" in name else Path("models", name)
    if not folder.is_dir():
        raise Problem(unknown("model", name, [p.name for p in Path("models").glob("*/") if p.name[0] != "."]))
    return folder


def pin(name: str) -> Pin | None:
    """The pin of a model, or None when the folder holds the weights themselves."""
    path = place(name) / "pin.yaml"
    return checked(path, typed(Pin, str(path), load_yaml(path))) if path.is_file() else None


def checked(path: Path, found: Pin) -> Pin:
    if sum(map(bool, (found.hub, found.endpoint, found.fresh, found.apertium))) != 1:
        raise Problem(f"{path} must hold one of 'hub', 'endpoint', 'apertium' and 'fresh'")
    if found.apertium and not found.version:
        raise Problem(f"{path}: say the version of the package that holds {found.apertium}, such as version: 0.8.1-2")
    if found.hub and not re.fullmatch(r"[0-9a-f]{40}", found.revision):
        raise Problem(f"{path}: revision {found.revision!r} of {found.hub} must be the commit, 40 hex digits")
    if found.endpoint and not found.model:
        raise Problem(f"{path}: say which model at {found.endpoint}, such as 'model: name'")
    if found.weights and not (found.endpoint and re.fullmatch(r"[^\s@#]+@[0-9a-f]{40}", found.weights)):
        raise Problem(
            f"{path}: weights {found.weights!r} must say what an endpoint serves as name@commit, 40 hex digits"
        )
    if found.chat_template not in TEMPLATES:
        raise Problem(f"{path}: {unknown('chat_template', found.chat_template, ['chatml'])}")
    return found


def declared(given: Settings, where: str) -> Settings:
    """The pin of a profile's `origin` section, or of `instead`: a model elsewhere stays as it is, sizes are a model to
    be made."""
    if not {"hub", "endpoint", "apertium"} & given.keys():
        return {"fresh": asdict(typed(Fresh, where, given))}
    found = checked(Path(where), typed(Pin, where, given))
    return {key: value for key, value in asdict(found).items() if value}


def profiled() -> Pin:
    """What the profile in force starts from."""
    name = str(load_yaml(Path("params.yaml")).get("profile", "pocket"))
    where = f"profiles/{name}.yaml: origin"
    return typed(Pin, where, declared(section(name, "origin", needed=True), where))
