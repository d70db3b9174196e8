"""Pins: pin.yaml in the folder of a model names a model that is elsewhere, or the sizes of one to be made."""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from baleen.errors import Problem, unknown
from baleen.models.scratch import Fresh
from baleen.project.settings import Settings, load_yaml, profile, setting, typed

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + eos_token + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEMPLATES = {"": "", "chatml": CHATML}


@dataclass
class Pin:
    """Where a model is whose weights are not in its folder. One of hub, endpoint, apertium and fresh is set."""

    hub: str = setting("", "organisation/name on the Hugging Face hub")
    revision: str = setting("", "the commit, 40 hex digits")
    trust_remote_code: bool = setting(False, "run Python code that comes with the model")
    chat_template: str = setting("", "chatml, for a base model that has none")
    parameters: float = setting(0, "number of weights, for --dry-run")
    endpoint: str = setting("", "address of an OpenAI-compatible server")
    model: str = setting("", "name of the model at the endpoint")
    weights: str = setting(
        "", "what the endpoint serves, as organisation/name@commit; replies are then cached for it on any server"
    )
    apertium: str = setting("", "pair of languages of the translator Apertium, such as eng-spa")
    version: str = setting(
        "", "version of the package that holds the pair; another version can give other translations"
    )
    fresh: Fresh | None = field(default=None, metadata={"help": "sizes of a model made from scratch"})


def model_folder(name: str) -> Path:
    """models/<name>; a name with a slash is a path. A Problem when there is no such folder."""
    folder = Path(name) if "/" in name else Path("models", name)
    if not folder.is_dir():
        raise Problem(unknown("model", name, [p.name for p in Path("models").glob("*/") if p.name[0] != "."]))
    return folder


def pin(name: str) -> Pin | None:
    """The pin of a model, or None when the folder holds the weights themselves."""
    path = model_folder(name) / "pin.yaml"
    return checked(path, typed(Pin, str(path), load_yaml(path))) if path.is_file() else None


def checked(path: Path, candidate: Pin) -> Pin:
    """The pin; a Problem, which names `path`, when its values do not fit each other."""
    if sum(map(bool, (candidate.hub, candidate.endpoint, candidate.fresh, candidate.apertium))) != 1:
        raise Problem(f"{path} must hold one of 'hub', 'endpoint', 'apertium' and 'fresh'")
    if candidate.apertium and not candidate.version:
        raise Problem(
            f"{path}: add the version of the package that holds {candidate.apertium}, such as version: 0.8.1-2"
        )
    if candidate.hub and not re.fullmatch(r"[0-9a-f]{40}", candidate.revision):
        raise Problem(f"{path}: revision {candidate.revision!r} of {candidate.hub} must be the commit, 40 hex digits")
    if candidate.endpoint and not candidate.model:
        raise Problem(f"{path}: add the name of the model at {candidate.endpoint}, such as 'model: name'")
    if candidate.weights and not (candidate.endpoint and re.fullmatch(r"[^\s@#]+@[0-9a-f]{40}", candidate.weights)):
        raise Problem(
            f"{path}: weights {candidate.weights!r} must name what an endpoint serves, as organisation/name@commit "
            "with 40 hex digits"
        )
    if candidate.chat_template not in TEMPLATES:
        raise Problem(f"{path}: {unknown('chat_template', candidate.chat_template, ['chatml'])}")
    return candidate


def declared(given: Settings, where: str) -> Settings:
    """The content of pin.yaml for the `origin` section of a profile, or for `instead`: a pin of a model elsewhere as it
    is, anything else as the sizes of a model to be made."""
    if not {"hub", "endpoint", "apertium"} & given.keys():
        return {"fresh": asdict(typed(Fresh, where, given))}
    pinned = checked(Path(where), typed(Pin, where, given))
    return {key: value for key, value in asdict(pinned).items() if value}


def origin_pin() -> Pin:
    """The pin of the model that the current profile starts from (its `origin` section)."""
    name = str(load_yaml(Path("params.yaml")).get("profile", "pocket"))
    return typed(Pin, f"profiles/{name}.yaml: origin", origin_section(name))


def origin_section(name: str) -> Settings:
    """What pin.yaml says of the model that a profile starts from."""
    if "origin" not in profile(name):
        raise Problem(f"profiles/{name}.yaml has no section origin; write which model everything starts from")
    return declared(profile(name)["origin"] or {}, f"profiles/{name}.yaml: origin")
