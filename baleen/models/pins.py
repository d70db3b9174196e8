"""Pins: pin.yaml in the folder of a model names a model that is elsewhere, or the sizes of one to be made."""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from baleen.errors import Problem, unknown
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import Settings, load_yaml, profile, setting, typed

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + eos_token + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEMPLATES = {"": "", "chatml": CHATML}
PLACES = ("hub", "endpoint", "apertium", "path", "gguf", "fresh")
DTYPES = ["bfloat16", "float32"]


@dataclass
class Pin:
    """Where a model is whose weights are not in its folder. One of PLACES is set."""

    hub: str = setting("", "organisation/name on the Hugging Face hub")
    revision: str = setting("", "the commit, 40 hex digits")
    path: str = setting("", "folder of safetensors anywhere on this machine")
    gguf: str = setting("", "GGUF file; its weights are written once as a folder of safetensors, in `dtype`")
    dtype: str = setting("bfloat16", "of the weights of a GGUF file: bfloat16 or float32")
    package: str = setting("", "installed Python package in which `path` or `gguf` lies")
    trust_remote_code: bool = setting(False, "run Python code that comes with the model")
    chat_template: str = setting("", "chatml, for a base model that has none")
    parameters: float = setting(0, "number of weights, for --dry-run")
    endpoint: str = setting("", "address of an OpenAI-compatible server")
    model: str = setting("", "name of the model at the endpoint")
    server: str = setting("", "vllm, where the endpoint is such a server: replies are then held to the prompt's format")
    weights: str = setting(
        "",
        "what an endpoint serves, as organisation/name@commit: replies are then cached for it on any server; for path "
        "and gguf the identity, 32 hex digits: other weights are refused",
    )
    apertium: str = setting("", "pair of languages of the translator Apertium, such as eng-spa")
    version: str = setting(
        "", "version of the package that holds the pair of languages, or the weights; another may hold others"
    )
    languages: str = setting(
        "", "source-target of a translator, as its tokenizer names them: en-es, eng_Latn-spa_Latn (engine seq2seq)"
    )
    fresh: Fresh | None = field(default=None, metadata={"help": "sizes of a model made from scratch"})


def model_folder(name: str) -> Path:
    """models/<name>; a name with a slash is a path. A Problem when there is no such folder."""
    folder = Path(name) if "/" in name else Path("models", name)
    if not folder.is_dir():
        raise Problem(unknown("model", name, [p.name for p in Path("models").glob("*/") if p.name[0] != "."]))
    return folder


def is_there(name: str) -> bool:
    """Whether a model has a folder: one that is yet to be built has none."""
    return (Path(name) if "/" in name else Path("models", name)).is_dir()


def pin(name: str) -> Pin | None:
    """The pin of a model, or None when the folder holds the weights themselves."""
    path = model_folder(name) / "pin.yaml"
    return checked(path, typed(Pin, str(path), load_yaml(path))) if path.is_file() else None


def checked(path: Path, candidate: Pin) -> Pin:
    """The pin; a Problem, which names `path`, when its values do not fit each other."""
    c, local = candidate, bool(candidate.path or candidate.gguf)
    commit, digits = r"[0-9a-f]{40}", r"[0-9a-f]{32}"
    wrong = {
        f"must hold one of {', '.join(map(repr, PLACES[:-1]))} and {PLACES[-1]!r}": sum(
            bool(getattr(c, place)) for place in PLACES
        )
        != 1,
        f": add the version of the package that holds {c.apertium}, such as version: 0.8.1-2": c.apertium
        and not c.version,
        f": revision {c.revision!r} of {c.hub} must be the commit, 40 hex digits": c.hub
        and not re.fullmatch(commit, c.revision),
        f": add the name of the model at {c.endpoint}, such as 'model: name'": c.endpoint and not c.model,
        f": weights {c.weights!r} must be 32 hex digits; leave it out, and baleen fills it in": local
        and not re.fullmatch(f"({digits})?", c.weights),
        f": weights {c.weights!r} must name what an endpoint serves, as organisation/name@commit with 40 hex digits": (
            not local and c.weights and not (c.endpoint and re.fullmatch(rf"[^\s@#]+@{commit}", c.weights))
        ),
        f": package {c.package!r} holds a path or gguf; write one": c.package and not local,
        f": add the version of {c.package}, such as version: 1.0": c.package and not c.version,
        f": languages {c.languages!r} must be source-target, such as en-es": c.languages
        and not re.fullmatch(r"\w*-\w+", c.languages),
        f": {unknown('server', c.server, ['vllm'])}": c.server not in ("", "vllm"),
        f": server {c.server} has no effect without an endpoint; take it out": c.server and not c.endpoint,
        f": {unknown('dtype', c.dtype, DTYPES)}": c.dtype not in DTYPES,
        f": {unknown('chat_template', c.chat_template, ['chatml'])}": c.chat_template not in TEMPLATES,
    }
    for words in (words for words, is_wrong in wrong.items() if is_wrong):
        raise Problem(f"{path}{words}" if words[0] == ":" else f"{path} {words}")
    return candidate


def declared(given: Settings, where: str) -> Settings:
    """The content of pin.yaml for the `origin` section of a profile, or for `instead`: a pin of a model elsewhere as it
    is, anything else as the sizes of a model to be made."""
    if not ({*PLACES} - {"fresh"}) & given.keys():
        return {"fresh": asdict(scratch.checked(typed(Fresh, where, given), where))}
    pinned = checked(Path(where), typed(Pin, where, given))
    left_out = {"dtype"} if not pinned.gguf else set[str]()
    return {key: value for key, value in asdict(pinned).items() if value and key not in left_out}


def origin_pin() -> Pin:
    """The pin of the model that the current profile starts from (its `origin` section)."""
    name = str(load_yaml(Path("params.yaml")).get("profile", "pocket"))
    return typed(Pin, f"profiles/{name}.yaml: origin", origin_section(name))


def origin_section(name: str) -> Settings:
    """What pin.yaml says of the model that a profile starts from."""
    if "origin" not in profile(name):
        raise Problem(f"profiles/{name}.yaml has no section origin; write which model everything starts from")
    return declared(profile(name)["origin"] or {}, f"profiles/{name}.yaml: origin")
