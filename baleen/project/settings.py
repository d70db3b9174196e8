"""Settings: every option of a verb is a field of one dataclass; OmegaConf checks types and refuses unknown keys.

Where the values of a recipe line come from says layers.py. Files hold plain values: no `${}`, no anchors (DVC hashes
the text as it stands).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from omegaconf import MISSING as REQUIRED_MARK
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException, ValidationError

from baleen.errors import Problem, unknown
from baleen.project.yaml_files import InvalidYaml, parse_yaml

T = TypeVar("T")
REQUIRED: Any = REQUIRED_MARK
Settings = dict[str, Any]


def setting(default: Any, words: str) -> Any:
    """A field with its default and the words that --help shows; `REQUIRED` as the default makes it mandatory."""
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata={"help": words})
    return field(default=default, metadata={"help": words})


@dataclass
class Speed:
    """What changes only the speed, never the rows; read when a stage runs, never hashed."""

    batch_tokens: int = setting(16384, "tokens in one forward pass when scoring or generating")
    train_rows: int = setting(8, "rows a device sees at once when training; the rest is accumulated")
    processes: int = setting(1, "training processes on this machine")
    accelerate_config: str = setting(
        "", "file for `accelerate launch`, such as FSDP over several GPUs; '' uses torchrun"
    )
    threads: int = setting(0, "threads of a process on a CPU; 0 is the library's choice")
    device: str = setting("auto", "auto, cpu, cuda")
    gpu_memory: float = setting(0.9, "share of the memory vLLM may take")
    tensor_parallel: int = setting(1, "GPUs one model is split over")
    ray_workers: int = setting(0, "workers on a Ray cluster, each with the whole model; 0 answers in this process")
    ray_address: str = setting(
        "",
        "the cluster to join, with the project's folder shared: auto (RAY_ADDRESS, or that of the last `ray start` "
        "here), host:6379 or ray://host:10001; '' starts a local one",
    )
    concurrency: int = setting(32, "requests in flight at a server")
    requests_per_minute: int = setting(0, "limit at a server, for all runs on this machine together; 0 is none")
    tokens_per_minute: int = setting(0, "limit at a server, for all runs on this machine together; 0 is none")
    gradient_checkpointing: bool = setting(False, "compute activations twice to keep fewer, when training big models")
    checkpoint_seconds: int = setting(60, "a training checkpoint at least this often")


ENDLESS = float("inf")
SPEEDS = {  # smallest and largest value
    "batch_tokens": (1, ENDLESS), "train_rows": (1, ENDLESS), "processes": (1, ENDLESS), "threads": (0, ENDLESS),
    "gpu_memory": (0.01, 1), "tensor_parallel": (1, ENDLESS), "ray_workers": (0, ENDLESS), "concurrency": (1, ENDLESS),
    "requests_per_minute": (0, ENDLESS), "tokens_per_minute": (0, ENDLESS), "checkpoint_seconds": (0, ENDLESS),
}  # fmt: skip


@dataclass
class Once:
    """Flags for one run by hand; no recipe line carries them and no table depends on them."""

    dry_run: bool = setting(False, "say what would be asked and what it would cost, and stop")
    limit: int = setting(0, "preview: only the first rows, written to <target>-preview")
    budget: int = setting(0, "stop cleanly after paying this many tokens; the same command goes on; 0 is no limit")


def load_yaml(path: Path, plain: bool = True) -> Settings:
    """A mapping read from a YAML file; `plain` refuses what DVC would hash unresolved."""
    try:
        text = path.read_text(encoding="utf-8")
        value = parse_yaml(text)
    except FileNotFoundError:
        raise Problem(f"no file {path}") from None
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except InvalidYaml as error:
        raise Problem(f"{path} is not YAML: {error}") from None
    if plain and "${" in text:
        line = text[: text.index("${")].count("\n") + 1
        raise Problem(f"{path}:{line} holds a '${{': write the plain value, DVC hashes it as it stands")
    if not isinstance(value, dict):
        raise Problem(f"{path} must be a mapping of names to values, not {type(value).__name__}")
    return value


def profile(name: str) -> Settings:
    """profiles/<name>.yaml"""
    path = Path("profiles", f"{name}.yaml")
    if not path.is_file():
        raise Problem(f"params.yaml: {unknown('profile', name, [p.stem for p in Path('profiles').glob('*.yaml')])}")
    return loaded(path, path.read_bytes())


@cache
def loaded(path: Path, _: bytes) -> Settings:
    """A YAML file with these bytes: a hundred lines ask for the same profile."""
    return load_yaml(path)


def typed(kind: type[T], where: str, *layers: Mapping[str, Any]) -> T:
    """One settings object from layers, later ones winning; every mistake is one line that names the setting."""
    merged = layered(kind, where, *layers)
    try:
        return cast(T, OmegaConf.to_object(merged))
    except MissingMandatoryValue as error:
        raise Problem(f"{where}: setting {error.full_key!r} is missing; add it to the recipe line") from None


def layered(kind: type[Any], where: str, *layers: Mapping[str, Any]) -> Any:
    """The layers as one typed OmegaConf object, in which required settings may still be missing."""
    names = [f.name for f in fields(kind)]
    if odd := next((key for layer in layers for key in layer if key not in names), None):
        raise Problem(f"{where}: {unknown('setting', str(odd), names)}")
    try:
        given = [OmegaConf.create(layer) for layer in flat(layers)]
        return OmegaConf.merge(blank(cast(Any, kind)), *given)
    except (ValidationError, ConfigKeyError, OmegaConfBaseException) as error:
        raise Problem(f"{where}: {error_line(error)}") from None


def flat(layers: Sequence[Mapping[str, Any]]) -> list[Settings]:
    """The layers as one, which OmegaConf reads in a third of the time; as they are when mappings lie inside."""
    nested = any(isinstance(value, dict) for layer in layers for value in layer.values())
    whole = [dict(layer) for layer in layers if layer]
    return whole if nested else [{key: value for layer in whole for key, value in layer.items()}]


@cache
def blank(kind: type[Any]) -> Any:
    """The defaults alone; `merge` copies them."""
    return OmegaConf.structured(kind)


def error_line(error: OmegaConfBaseException) -> str:
    """OmegaConf's complaint in one line."""
    key = getattr(error, "full_key", None) or "?"
    return f"setting {key!r}: {str(error).splitlines()[0]}"


def within(options: Any, where: str, bounds: Mapping[str, tuple[float, float]]) -> None:
    """A Problem for the first setting below its smallest or above its largest value."""
    for name, (low, high) in bounds.items():
        if not low <= (given := getattr(options, name)) <= high:
            raise Problem(f"{where}: {name} is {given}; it must lie between {low} and {high}")


def listed(kind: type[Any], given: Settings) -> Settings:
    """A single word given to a list setting becomes a list of one, and none (a bare flag) an empty list."""
    lists = {f.name for f in fields(kind) if str(f.type).startswith("list")}
    single = {k: [] if v is True else [v] for k, v in given.items() if k in lists and not isinstance(v, list)}
    return given | single


def speed(name: str | None = None) -> Speed:
    """The speed knobs of the profile in force; never part of a hash."""
    found = name or str(load_yaml(Path("params.yaml")).get("profile", "pocket"))
    return paced(profile(found).get("speed"), f"profiles/{found}.yaml: speed")


def paced(section: Mapping[str, Any] | None, where: str) -> Speed:
    """The speed knobs of a profile's section, every value possible."""
    found = typed(Speed, where, section or {})
    within(found, where, SPEEDS)
    return found


ONCE = {  # the verbs that have these flags
    "dry_run": ("generate", "score", "train"),
    "limit": ("generate", "score"),
    "budget": ("generate", "score"),
}
