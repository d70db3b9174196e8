"""Settings: every option of a verb is a field of one dataclass; OmegaConf checks types and refuses unknown keys.

Values come, weakest first, from the dataclass, the profile's section for the verb, the knobs of params.yaml and the
flags on the command line (which are the recipe line). Files hold plain values: no `${}`, no anchors (DVC hashes the
text as it stands).
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from omegaconf import MISSING as REQUIRED_MARK
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException, ValidationError

from baleen.errors import Problem, unknown
from baleen.project import command_line, inputs
from baleen.project.yaml_files import parsed

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


@dataclass
class Layers:
    """Flags that name where the other settings come from."""

    profile: str = setting("", "profile to take the other settings from")
    settings: str = setting("", "its section, instead of the one with the verb's name")
    knobs: str = setting("", "section of params.yaml")


def load_yaml(path: Path, plain: bool = True) -> Settings:
    """A mapping read from a YAML file; `plain` refuses what DVC would hash unresolved."""
    try:
        text = path.read_text(encoding="utf-8")
        value = parsed(text)
    except FileNotFoundError:
        raise Problem(f"no file {path}") from None
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except yaml.YAMLError as error:
        raise Problem(f"{path} is not YAML: {error}") from None
    if plain and "${" in text:
        line = text[: text.index("${")].count("\n") + 1
        raise Problem(f"{path}:{line} holds a '${{': write the plain value, DVC hashes it as it stands")
    if not isinstance(value, dict):
        raise Problem(f"{path} must be a mapping of names to values, not {type(value).__name__}")
    return value


@cache
def profile(name: str) -> Settings:
    """profiles/<name>.yaml"""
    path = Path("profiles", f"{name}.yaml")
    if not path.is_file():
        raise Problem(f"params.yaml: {unknown('profile', name, [p.stem for p in Path('profiles').glob('*.yaml')])}")
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
        raise Problem(f"{where}: {told(error)}") from None


def flat(layers: Sequence[Mapping[str, Any]]) -> list[Settings]:
    """The layers as one, which OmegaConf reads in a third of the time; as they are when mappings lie inside."""
    nested = any(isinstance(value, dict) for layer in layers for value in layer.values())
    whole = [dict(layer) for layer in layers if layer]
    return whole if nested else [{key: value for layer in whole for key, value in layer.items()}]


@cache
def blank(kind: type[Any]) -> Any:
    """The defaults alone; `merge` copies them."""
    return OmegaConf.structured(kind)


def told(error: OmegaConfBaseException) -> str:
    """OmegaConf's complaint in one line."""
    key = getattr(error, "full_key", None) or "?"
    return f"setting {key!r}: {str(error).splitlines()[0]}"


def within(options: Any, where: str, bounds: Mapping[str, tuple[float, float]]) -> None:
    """A Problem for the first setting below its smallest or above its largest value."""
    for name, (low, high) in bounds.items():
        if not low <= (given := getattr(options, name)) <= high:
            raise Problem(f"{where}: {name} is {given}; it must lie between {low} and {high}")


def once(argv: Sequence[str]) -> tuple[list[str], Once]:
    """The command line without the flags of `Once`, and those flags."""
    if "--help" in argv or "-h" in argv:
        return list(argv), Once()
    name, given = command_line.read(argv)
    mine = {key: given[key] for key in given if key in Once.__dataclass_fields__}
    rest = [word for key, words in command_line.raw(argv).items() if key not in mine for word in words]
    found = typed(Once, name, mine)
    within(found, name, {"limit": (0, ENDLESS), "budget": (0, ENDLESS)})
    return [name, *rest], found


def from_command_line(kind: type[T], argv: Sequence[str], verb: str) -> tuple[str, T]:
    """Target name and settings of a verb: dataclass < profile section < params.yaml knobs < flags.

    The flags of `Layers` name the profile, its section and the knobs; they are consumed here.
    """
    if "--help" in argv or "-h" in argv:
        print(usage(kind, verb))
        raise SystemExit(0)
    name, given = command_line.read(argv)
    return name, resolved(kind, verb, name, command_line.nested(given))


def resolved(kind: type[T], verb: str, name: str, line: Mapping[str, Any]) -> T:
    """The settings of one recipe line, all layers put together."""
    given, where = dict(line), f"{verb} {name}"
    if odd := next((key for key in LAYERS if key in given and verb not in LAYERS[key]), None):
        told = f"{odd} is for {', '.join(LAYERS[odd])}, where dvc.yaml watches what it names"
        raise Problem(f"{where}: {told}; write the values themselves in the line")
    chosen, own = given.pop("profile", None), given.pop("settings", None)
    layers = [section(chosen, own or verb, bool(own)), knobs(given.pop("knobs", None)), listed(kind, given)]
    return typed(kind, where, *layers)


def listed(kind: type[Any], given: Settings) -> Settings:
    """A single word given to a list setting becomes a list of one, and none (a bare flag) an empty list."""
    lists = {f.name for f in fields(kind) if str(f.type).startswith("list")}
    single = {k: [] if v is True else [v] for k, v in given.items() if k in lists and not isinstance(v, list)}
    return given | single


def section(name: str | None, wanted: str, needed: bool = False) -> Settings:
    """A section of a profile; empty when there is none and none is needed."""
    if not name:
        return {}
    whole = profile(name)
    if needed and wanted not in whole:
        raise Problem(f"profiles/{name}.yaml: {unknown('section', wanted, list(whole))}")
    return watched(Path("profiles", f"{name}.yaml"), wanted, whole.get(wanted))


def knobs(name: str | None) -> Settings:
    """A section of params.yaml, by the name the recipe line gives."""
    if not name:
        return {}
    params = load_yaml(Path("params.yaml"))
    if not isinstance(params.get(name), dict):
        raise Problem(f"params.yaml: {unknown('section', name, [k for k, v in params.items() if isinstance(v, dict)])}")
    return watched(Path("params.yaml"), name, params[name])


def watched(path: Path, name: str, found: Settings | None) -> Settings:
    """A section of a file, noted: other sections may change while a stage runs."""
    inputs.watch(f"{path}: {name}", lambda: load_yaml(path).get(name), found)
    return dict(found or {})


def speed(name: str | None = None) -> Speed:
    """The speed knobs of the profile in force; never part of a hash."""
    found = name or str(load_yaml(Path("params.yaml")).get("profile", "pocket"))
    return paced(profile(found).get("speed"), f"profiles/{found}.yaml: speed")


def paced(section: Mapping[str, Any] | None, where: str) -> Speed:
    """The speed knobs of a profile's section, every value possible."""
    found = typed(Speed, where, section or {})
    within(found, where, SPEEDS)
    return found


def usage(kind: type[Any], verb: str) -> str:
    """--help: every setting with its type, default and words."""
    own = [f for f in [*fields(Layers), *fields(Once)] if verb in (LAYERS | ONCE)[f.name]]
    lines = [f"python -m stages.{verb} TARGET [--setting value ...]; a recipe line writes _ where a flag has -", ""]
    for f in [*fields(kind), *own]:
        default = f.default if f.default is not MISSING else cast(Any, f.default_factory)()
        shown = "required" if default == REQUIRED else f"default {default!r}"
        lines.append(f"  --{f.name.replace('_', '-'):<18} {f.metadata.get('help', '')} [{kind_of(f.type)}, {shown}]")
    return "\n".join(lines)


def kind_of(hint: Any) -> str:
    """How a type is written: str, list[str], dict[str, Any]."""
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


LAYERS = {  # the verbs whose rules in dvc.yaml watch what these flags name
    "profile": ("generate", "score", "train", "evaluate"),
    "settings": ("generate", "train", "evaluate"),
    "knobs": ("filter",),
}
ONCE = {  # the verbs that have these flags
    "dry_run": ("generate", "score", "train"),
    "limit": ("generate", "score"),
    "budget": ("generate", "score"),
}
