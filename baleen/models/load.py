"""Loading models: a model is a folder that any server loads unchanged, or a pin that names a model elsewhere.

models/<name>/ holds safetensors, config, tokenizer and chat template, or pin.yaml with one of {hub, revision}, {path}
(such a folder elsewhere), {gguf} (a file), {endpoint, model}, {apertium, version} and {fresh: {...}} (sizes of a model
to be made). Pickled weights are refused: opening them can run code. The address of a server is part of every memo key,
unless the pin also names the `weights` that are served, as name@commit of the hub: then the cached replies also serve
another server with the same model.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from baleen.errors import Problem, unknown
from baleen.models import gguf_files, places
from baleen.models.identity import adapter_config, file_hash
from baleen.models.libraries import import_transformers
from baleen.models.pins import TEMPLATES, Pin, model_folder, pin
from baleen.project.settings import Settings, Speed, typed


def check_trainable(name: str) -> None:
    """A Problem for a model that can only be queried, not trained."""
    pinned = pin(name)
    if pinned and pinned.endpoint:
        raise Problem(f"model {name} is at {pinned.endpoint}: it can be queried (engine openai), not loaded or trained")
    if pinned and pinned.apertium:
        raise Problem(f"model {name} is the translator Apertium: it can be queried (engine apertium), not trained")


def source(name: str) -> tuple[str, dict[str, Any]]:
    """The arguments of from_pretrained: a folder, or the name of a model on the hub and its revision."""
    check_trainable(name)
    pinned = pin(name)
    if pinned and pinned.fresh:
        raise Problem(f"model {name} has no weights yet: it is made when it is first trained; name the trained model")
    if pinned and pinned.hub:
        return pinned.hub, {"revision": pinned.revision, "trust_remote_code": pinned.trust_remote_code}
    return str(weights_folder(name)), {}


def weights_folder(name: str) -> Path:
    """The folder that holds the weights of a model on this machine; that of a GGUF file is written when it is missing.
    That of any other pin holds none."""
    pinned = pin(name)
    if pinned and pinned.gguf:
        file = places.located(pinned)
        return gguf_files.converted(file, pinned.dtype, file_hash(file))
    return places.located(pinned) if pinned and pinned.path else model_folder(name)


def check_weights(name: str, built: list[str]) -> None:
    """A Problem for a model in models/ whose pin cannot be meant or whose weights, if they are on this machine, cannot
    be loaded, and for a name that stands neither there nor among those that are built."""
    if not Path("models", name).is_dir():
        raise Problem(unknown("model", name, [*built, *(path.name for path in Path("models").glob("[!.]*/"))]))
    pinned = pin(name)
    if pinned is None:
        places.check(model_folder(name))
    else:
        check_place(pinned)


def check_place(pinned: Pin) -> None:
    """A Problem for a pin whose weights lie on this machine and cannot be loaded."""
    if pinned.path or pinned.gguf:
        places.check(places.located(pinned))
    if pinned.gguf and not find_spec("gguf"):
        raise Problem(f"reading {pinned.gguf} needs the package gguf: pip install 'baleen-build[gguf]'")


def check_origin(given: Settings) -> None:
    """The same for the `origin` section of a profile and for `instead`; sizes of a new model name no weights."""
    if given.get("path") or given.get("gguf"):
        check_place(typed(Pin, "origin", given))


def tokenizer(name: str, chat: bool = True) -> Any:
    """The tokenizer of a model, with a chat template unless `chat` is off, and with a token to pad with."""
    where, extra = source(name)
    if not extra:
        places.check_tokenizer(Path(where))
    from transformers import AutoTokenizer

    tokenizer = open_or_explain(lambda: AutoTokenizer.from_pretrained(where, **extra), where)
    pinned = pin(name)
    if pinned and pinned.chat_template:
        end = {"eos_token": "<|im_end|>"} if "<|im_end|>" in tokenizer.get_vocab() else {}
        tokenizer.add_special_tokens(end)
        tokenizer.chat_template = TEMPLATES[pinned.chat_template]
    if chat and not tokenizer.chat_template:
        raise Problem(f"model {name} ({where}) has no chat template; add 'chat_template: chatml' to its pin")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer


def weights(name: str, dtype: str, **config: Any) -> Any:
    """The model on the CPU in this dtype, with these values in its config; an adapter is merged into its base."""
    model = base_model(*base_source(name), dtype, **config)
    if not is_adapter(name):
        return model
    return (
        with_adapter(name, model, trainable=False).merge_and_unload().requires_grad_(True)
    )  # PEFT has frozen the base


def base_model(where: str, extra: dict[str, Any], dtype: str, **config: Any) -> Any:
    """The model at a source, without an adapter; a Problem when its weights are only there as pickles."""
    if not extra:
        places.check_folder(Path(where))
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    extra = extra | {"use_safetensors": True, "dtype": dtype} | config
    return open_or_explain(lambda: AutoModelForCausalLM.from_pretrained(where, **extra), where)


def checkpoint_dtype(name: str) -> str:
    """The dtype of the checkpoint, in which inference runs: bfloat16, float16 or float32. It changes the replies, as
    the weights do."""
    from transformers import AutoConfig

    where, extra = base_source(name)
    config = open_or_explain(lambda: AutoConfig.from_pretrained(where, **extra), where)
    saved = str(getattr(config, "dtype", "")).removeprefix("torch.")
    return saved if saved in ("bfloat16", "float16") else "float32"


def base_source(name: str) -> tuple[str, dict[str, Any]]:
    """The source of a model; for an adapter that of its base."""
    adapter = adapter_config(weights_folder(name))
    if not adapter:
        return source(name)
    base = str(adapter["base_model_name_or_path"])
    return source(base) if Path(base).is_dir() else (base, {"revision": adapter.get("revision")})


def is_adapter(name: str) -> bool:
    """Whether the folder of the model holds a LoRA adapter without its base."""
    return bool(adapter_config(weights_folder(name)))


def with_adapter(name: str, base: Any, trainable: bool) -> Any:
    """The base with the adapter on it, as a PEFT model."""
    from peft import PeftModel

    return open_or_explain(lambda: PeftModel.from_pretrained(base, weights_folder(name), is_trainable=trainable), name)


def open_or_explain(open_: Callable[[], Any], where: str) -> Any:
    """The result of `open_()`; an error of the library becomes a Problem of one line."""
    try:
        return open_()
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise Problem(f"cannot open model {where}: {' '.join(str(error).split())[:300]}") from None


def device(wanted: str) -> str:
    """cpu or cuda; 'auto' takes the GPU when there is one."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted


def load(name: str, speed: Speed, chat: bool = True) -> tuple[Any, Any]:
    """(model, tokenizer) ready for inference, on the device of the speed settings."""
    import_transformers()
    import torch

    if speed.threads:
        torch.set_num_threads(speed.threads)
    loaded = tokenizer(name, chat)
    return weights(name, checkpoint_dtype(name)).to(device(speed.device)).eval(), loaded


def load_translator(name: str, speed: Speed) -> tuple[Any, Any]:
    """(model, tokenizer) of a translator with an encoder and a decoder, ready for inference, as `load`."""
    import_transformers()
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if speed.threads:
        torch.set_num_threads(speed.threads)
    where, extra = source(name)
    if not extra:
        places.check_folder(Path(where))
    given = {"use_safetensors": True, "dtype": checkpoint_dtype(name)}
    model = open_or_explain(lambda: AutoModelForSeq2SeqLM.from_pretrained(where, **extra, **given), where)
    return model.to(device(speed.device)).eval(), open_or_explain(
        lambda: AutoTokenizer.from_pretrained(where, **extra), where
    )


def languages(name: str) -> tuple[str, str]:
    """The source and the target language of a translator, '' where its pin names none."""
    pinned = pin(name)
    first, _, second = (pinned.languages if pinned else "").partition("-")
    return first, second
