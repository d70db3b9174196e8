"""Models: a folder that any server loads unchanged, or a pin that says where a model is or how to make one.

models/<name>/ holds safetensors, config, tokenizer and chat template, or pin.yaml with one of {hub, revision},
{endpoint, model}, {apertium, version} and {fresh: {...}}. Weights in pickle are refused: opening them can run code.
A server's address is part of every memo key unless the pin also says which `weights` stand there, as name@commit of the
hub: then the replies stay at hand when the same model is served elsewhere.
"""

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from baleen import guard, memo
from baleen.fresh import Fresh
from baleen.problems import Problem, unknown
from baleen.settings import Settings, Speed, load_yaml, section, setting, typed

IGNORED = (".md", ".bin", ".part")  # cards and pickles say nothing about what the model answers
BIG = 1 << 20  # bytes; the hashes of larger files are remembered
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


def identity(name: str) -> str:
    """What the model is, whatever it is called: hash of weights, config, tokenizer and template; or hub@revision; or
    endpoint#model, with the weights in place of the endpoint where the pin says them."""
    guard.reads(place(name))
    found = pin(name)
    if found is None:
        return contents(place(name))
    if found.hub:
        return f"{found.hub}@{found.revision}" + (f"+{found.chat_template}" if found.chat_template else "")
    if found.apertium:
        return f"apertium:{found.apertium}@{found.version}"
    if found.endpoint:
        return f"{found.weights or found.endpoint}#{found.model}"
    return sha256(repr(found.fresh).encode()).hexdigest()[:32]


def contents(folder: Path) -> str:
    """32 hex digits over names and bytes of the files that matter, and over the base of an adapter."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in IGNORED and p.name[0] != ".")
    parts = [f"{path.relative_to(folder)}\x1f{file_hash(path)}" for path in files]
    return sha256("\x1e".join(parts + adapted(folder)).encode()).hexdigest()[:32]


def adapter(folder: Path) -> dict[str, Any]:
    """The settings of the LoRA adapter in a folder; empty for a whole model."""
    path = folder / "adapter_config.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def adapted(folder: Path) -> list[str]:
    base = adapter(folder).get("base_model_name_or_path", "")
    return [identity(base)] if base and Path(base).is_dir() else []


def file_hash(path: Path) -> str:
    """SHA-256 of a file; that of a big one is looked up while its place, size and times stay as they were."""
    found = path.stat()
    if found.st_size < BIG:
        return sha256(path.read_bytes()).hexdigest()
    key = f"{path.resolve()}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
    notes = memo.root() / "file-hashes"
    note = notes / sha256(key.encode()).hexdigest()[:32]
    with suppress(OSError):
        return note.read_text(encoding="ascii")
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    notes.mkdir(parents=True, exist_ok=True)
    temporary = note.with_suffix(f".{os.getpid()}")
    temporary.write_text(digest, encoding="ascii")
    os.replace(temporary, note)
    return digest


def trainable(name: str) -> None:
    """A Problem for a model that can be asked but not trained."""
    found = pin(name)
    if found and found.endpoint:
        raise Problem(f"model {name} is at {found.endpoint}: it can be asked (engine openai), not loaded or trained")
    if found and found.apertium:
        raise Problem(f"model {name} is the translator Apertium: it can be asked (engine apertium), not trained")


def source(name: str) -> tuple[str, dict[str, Any]]:
    """What from_pretrained is given: a folder, or a hub name with its revision."""
    trainable(name)
    found = pin(name)
    if found and found.fresh:
        raise Problem(f"model {name} has no weights yet: it is made when it is first trained")
    if found:
        return found.hub, {"revision": found.revision, "trust_remote_code": found.trust_remote_code}
    return str(place(name)), {}


def tokenizer(name: str, chat: bool = True) -> Any:
    """The tokenizer of a model, with a chat template unless `chat` is off, and with a token to pad with."""
    where, extra = source(name)
    if not extra and not any(Path(where).glob("tokenizer*")):
        raise Problem(f"{where} has no tokenizer; copy tokenizer.json and tokenizer_config.json of its base there")
    from transformers import AutoTokenizer

    found = told(lambda: AutoTokenizer.from_pretrained(where, **extra), where)
    chosen = pin(name)
    if chosen and chosen.chat_template:
        end = {"eos_token": "<|im_end|>"} if "<|im_end|>" in found.get_vocab() else {}
        found.add_special_tokens(end)
        found.chat_template = TEMPLATES[chosen.chat_template]
    if chat and not found.chat_template:
        raise Problem(f"model {name} ({where}) has no chat template; add 'chat_template: chatml' to its pin")
    found.pad_token = found.pad_token or found.eos_token
    return found


def weights(name: str, dtype: str, **config: Any) -> Any:
    """The model itself, on the CPU, with settings of its config replaced, an adapter merged into its base."""
    made = bare(*whole(name), dtype, **config)
    if not apart(name):
        return made
    return attached(name, made, trainable=False).merge_and_unload().requires_grad_(True)  # PEFT has frozen the base


def bare(where: str, extra: dict[str, Any], dtype: str, **config: Any) -> Any:
    """The whole model at a source, without an adapter; a Problem when it is only there in pickle."""
    if not extra and not any(Path(where).glob("*.safetensors")):
        found = ", ".join(p.name for p in sorted(Path(where).iterdir())) or "nothing"
        raise Problem(f"{where} has no weights in safetensors, only {found}; convert them, pickle is not opened")
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    extra = extra | {"use_safetensors": True, "dtype": dtype} | config
    return told(lambda: AutoModelForCausalLM.from_pretrained(where, **extra), where)


def precision(name: str) -> str:
    """The type that a model's weights were saved in, and in which it is asked: that shapes answers, as weights do."""
    from transformers import AutoConfig

    where, extra = whole(name)
    config = told(lambda: AutoConfig.from_pretrained(where, **extra), where)
    saved = str(getattr(config, "dtype", "")).removeprefix("torch.")
    return saved if saved in ("bfloat16", "float16") else "float32"


def whole(name: str) -> tuple[str, dict[str, Any]]:
    """The source of the whole model of this name, which for an adapter is its base."""
    found = adapter(place(name))
    if not found:
        return source(name)
    base = str(found["base_model_name_or_path"])
    return source(base) if Path(base).is_dir() else (base, {"revision": found.get("revision")})


def apart(name: str) -> bool:
    """Whether the model is an adapter that lies apart from its base."""
    return bool(adapter(place(name)))


def attached(name: str, base: Any, trainable: bool) -> Any:
    """PEFT's model of an adapter on the weights of its base."""
    from peft import PeftModel

    return told(lambda: PeftModel.from_pretrained(base, place(name), is_trainable=trainable), name)


def told(opened: Callable[[], Any], where: str) -> Any:
    """What `opened()` gives; the library's complaint becomes one line."""
    try:
        return opened()
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise Problem(f"cannot open model {where}: {' '.join(str(error).split())[:300]}") from None


def device(wanted: str) -> str:
    """cpu or cuda; 'auto' takes the GPU when there is one."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def load(name: str, speed: Speed, chat: bool = True) -> tuple[Any, Any]:
    """(model, tokenizer) ready to answer, on the device of the speed settings."""
    import torch

    if speed.threads:
        torch.set_num_threads(speed.threads)
    words = tokenizer(name, chat)
    return weights(name, precision(name)).to(device(speed.device)).eval(), words


def turn(words: Any, messages: list[dict[str, str]], prefill: str, answer: str) -> tuple[str, str]:
    """The text a model is asked with, and the text it is to answer with, up to and with the end of its turn."""
    asked = str(words.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)) + prefill
    said = {"role": "assistant", "content": prefill + answer}
    whole = str(words.apply_chat_template([*messages, said], tokenize=False))
    completion = whole.removeprefix(asked).rstrip("\n") if whole.startswith(asked) else answer
    ended = completion.rstrip() != answer.rstrip()
    return asked, completion if ended else answer + words.eos_token
