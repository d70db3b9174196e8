"""Settings: every option of a verb is a field of one dataclass; OmegaConf checks types and refuses unknown keys.

Where the values of a recipe line come from says layers.py. Files hold plain values: no `${}`, no anchors (DVC hashes
the text as it stands).
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from omegaconf import MISSING as REQUIRED_MARK
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

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
    tensor_parallel: int = setting(1, "GPUs one model is split over; 0 is as many as its weights need, by gpu_gb")
    gpu_gb: float = setting(0.0, "memory of a GPU that the profile is for, in GB (10^9 bytes); 0 is not stated")
    ray_workers: int = setting(0, "workers on a Ray cluster, each with the whole model; 0 answers in this process")
    ray_address: str = setting(
        "",
        "the cluster to join, with the project's folder shared: auto (RAY_ADDRESS, or that of the last `ray start` "
        "here), host:6379 or ray://host:10001; '' starts a local one",
    )
    ray_tables: int = setting(
        0, "workers on a Ray cluster that ingest, filter and mix tables, to the same bytes; 0 is this process alone"
    )
    concurrency: int = setting(32, "requests in flight at a server")
    requests_per_minute: int = setting(0, "limit at a server, for all runs on this machine together; 0 is none")
    tokens_per_minute: int = setting(0, "limit at a server, for all runs on this machine together; 0 is none")
    gradient_checkpointing: bool = setting(False, "compute activations twice to keep fewer, when training big models")
    checkpoint_seconds: int = setting(60, "a training checkpoint at least this often")
    dollars_per_gpu_hour: float = setting(0.0, "price of a GPU, for --dry-run and `baleen plan`; 0 is not stated")


DEVICES = ("auto", "cpu", "cuda")
ENDLESS = float("inf")
SPEEDS = {  # smallest and largest value
    "batch_tokens": (1, ENDLESS), "train_rows": (1, ENDLESS), "processes": (1, ENDLESS), "threads": (0, ENDLESS),
    "gpu_memory": (0.01, 1), "tensor_parallel": (0, ENDLESS), "ray_workers": (0, ENDLESS), "concurrency": (1, ENDLESS),
    "requests_per_minute": (0, ENDLESS), "tokens_per_minute": (0, ENDLESS), "checkpoint_seconds": (0, ENDLESS),
    "dollars_per_gpu_hour": (0, ENDLESS), "gpu_gb": (0, ENDLESS), "ray_tables": (0, ENDLESS),
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
    if not name:
        raise Problem("params.yaml names no profile; write one of profiles/, as profile: pocket")
    if not path.is_file():
        raise Problem(f"params.yaml: {unknown('profile', name, [p.stem for p in Path('profiles').glob('*.yaml')])}")
    return loaded(path, path.read_bytes())


@cache
def loaded(path: Path, _: bytes) -> Settings:
    """A YAML file with these bytes: a hundred lines ask for the same profile."""
    return load_yaml(path)


def typed(kind: type[T], where: str, *layers: Mapping[str, Any]) -> T:
    """One settings object from layers, later ones winning; every mistake is one line that names the setting."""
    given = layered(kind, where, *layers)
    if missing := next((name for name in required(cast(Any, kind)) if name not in given), ""):
        raise Problem(f"{where}: setting {missing!r} is missing; add it to the recipe line")
    return kind(**given)


def layered(kind: type[Any], where: str, *layers: Mapping[str, Any]) -> Settings:
    """What the layers say, each value of the type of its setting; required settings may still be missing."""
    types = types_of(cast(Any, kind))
    if odd := next((key for layer in layers for key in layer if key not in types), None):
        raise Problem(f"{where}: {unknown('setting', str(odd), list(types))}")
    whole = flat(layers)
    if len(whole) == 1 and all(has_type(value, types[key]) for key, value in whole[0].items()):
        return {key: copied(value, types[key]) for key, value in whole[0].items()}
    try:
        merged: Any = OmegaConf.merge(blank(cast(Any, kind)), *map(OmegaConf.create, whole))
        return {f.name: converted(merged[f.name]) for f in fields(kind) if any(f.name in layer for layer in whole)}
    except OmegaConfBaseException as error:
        raise Problem(f"{where}: {error_line(error)}") from None


def flat(layers: Sequence[Mapping[str, Any]]) -> list[Settings]:
    """The layers as one; as they are when mappings, which OmegaConf merges key by key, lie inside more than one."""
    whole = [dict(layer) for layer in layers if layer]
    nested = sum(any(isinstance(value, dict) for value in layer.values()) for layer in whole)
    return whole if nested > 1 else [{key: value for layer in whole for key, value in layer.items()}]


@cache
def required(kind: type[Any]) -> tuple[str, ...]:
    """The settings without a default."""
    return tuple(f.name for f in fields(kind) if f.default == REQUIRED)


@cache
def types_of(kind: type[Any]) -> dict[str, Any]:
    """The type of every setting."""
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


def has_type(value: Any, hint: Any) -> bool:
    """Whether a value is of the type of its setting as it stands; OmegaConf takes 1 to 5 ms to see that for a line."""
    if hint is str:
        return type(value) is str and "${" not in value and value != REQUIRED
    if get_origin(hint) is list:
        return type(value) is list and all(has_type(item, *get_args(hint)) for item in value)
    if get_origin(hint) is dict:
        kinds = get_args(hint)
        return type(value) is dict and all(all(map(has_type, item, kinds)) for item in value.items())
    if hint is Any:
        return value is None or any(has_type(value, kind) for kind in (str, int, float, bool))
    return type(value) is hint if hint in (int, bool) else hint is float and type(value) in (float, int)


def copied(value: Any, hint: Any) -> Any:
    """A value that has its type: a list or mapping of its own, a whole number as a float where the setting is one."""
    if isinstance(value, dict):
        return {key: copied(item, get_args(hint)[1]) for key, item in value.items()}
    return float(value) if hint is float else value.copy() if isinstance(value, list) else value


def converted(value: Any) -> Any:
    """A value of OmegaConf as one of Python."""
    return OmegaConf.to_object(value) if OmegaConf.is_config(value) else value


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
    lists = list_settings(cast(Any, kind))
    single = {k: [] if v is True else [v] for k, v in given.items() if k in lists and not isinstance(v, list)}
    return given | single


@cache
def list_settings(kind: type[Any]) -> frozenset[str]:
    """The settings that are lists."""
    return frozenset(f.name for f in fields(kind) if str(f.type).startswith("list"))


def speed(name: str | None = None) -> Speed:
    """The speed knobs of the profile in force; never part of a hash."""
    found = name or str(load_yaml(Path("params.yaml")).get("profile", "pocket"))
    return paced(profile(found).get("speed"), f"profiles/{found}.yaml: speed")


def speed_of_tables() -> Speed:
    """The speed knobs of the profile in force, those by default where no params.yaml names one."""
    return speed() if Path("params.yaml").is_file() else Speed()


def made_alone(where: str, why: str) -> None:
    """Say that one process makes a table in spite of `ray_tables`."""
    print(f"{where}: made by one process, without the workers of speed: ray_tables, because {why}", file=sys.stderr)


def paced(section: Mapping[str, Any] | None, where: str) -> Speed:
    """The speed knobs of a profile's section, every value possible."""
    found = typed(Speed, where, section or {})
    within(found, where, SPEEDS)
    if found.device not in DEVICES:
        raise Problem(f"{where}: {unknown('device', found.device, list(DEVICES))}")
    return found


ONCE = {  # the verbs that have these flags
    "dry_run": ("generate", "score", "train"),
    "limit": ("generate", "score"),
    "budget": ("generate", "score"),
}
