"""Models: a folder that any server loads unchanged, or a pin that says where a model is or how to make one.

models/<name>/ holds safetensors, config, tokenizer and chat template, or pin.yaml with one of {hub, revision},
{endpoint, model}, {apertium, version} and {fresh: {...}}. Weights in pickle are refused: opening them can run code.
A server's address is part of every memo key unless the pin also says which `weights` stand there, as name@commit of the
hub: then the replies stay at hand when the same model is served elsewhere.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.models.identity import adapter
from baleen.models.pins import TEMPLATES, pin, place
from baleen.project.settings import Speed


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
