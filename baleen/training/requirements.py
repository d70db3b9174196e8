"""Requirements: what the lines of a recipe need of a machine under a profile, and what this one lacks of it."""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from baleen.engines import table
from baleen.errors import Problem
from baleen.measures.expressions import MEASURES
from baleen.memo.dry_run import disk_size
from baleen.project import inputs, layers, plan, settings
from baleen.project.code_hashes import module_file
from baleen.project.command_line import EXTRAS
from baleen.project.machine import Machine, hub_error, in_hub_cache, installed, this_machine
from baleen.project.recipes import RULES, Group, Line
from baleen.project.settings import Settings, Speed
from baleen.project.statements import imported
from baleen.training import memory

CALLED = re.compile(r"\b([a-z_]+)\(")  # the name of a measure of baleen's in an expression
WEIGHT, TRAINED = 2, 16  # bytes for a parameter: bf16 to answer; fp32 weights, gradients and AdamW's moments to train


@dataclass(frozen=True)
class Job:
    """The settings of a line, of the verb train, generate or score, and its name."""

    verb: str
    options: Any
    name: str = ""


@cache
def packages_of(engine: str) -> frozenset[str]:
    """The optional packages that the modules of an engine import."""
    file = inputs.CODE / module_file(table.module_of(engine))
    return imports_of(file.parent.glob("*.py") if file.parent.name == engine else [file])


@cache
def packages_of_measure(name: str) -> frozenset[str]:
    """The optional packages that the module of a measure imports; none for what is no measure."""
    file = module_file(MEASURES[name].__module__) if name in MEASURES else ""
    return imports_of([inputs.CODE / file]) if file.startswith("baleen/") else frozenset()


def imports_of(files: Iterable[Path]) -> frozenset[str]:
    """The optional packages that some modules import."""
    nodes = [node for one in files for node in ast.walk(ast.parse(one.read_text(encoding="utf-8")))]
    lines = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {module for node in lines for module, _ in imported(node).values()}
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module")]
    names |= {str(node.args[0].value) for node in calls if isinstance(node.args[0], ast.Constant)}
    return frozenset(name.partition(".")[0] for name in names) & EXTRAS.keys()


def extras(profile: Settings, lines: Iterable[Line] = (), groups: Mapping[str, Group] = {}) -> list[str]:
    """The extras of baleen that a colleague needs to build some lines under a profile: those of training, its engines
    and its model, and of what the lines, with the groups of settings that they name, measure and search."""
    own = [*lines]
    given = [RULES[line.rule].adds | line.given for line in own]
    given += [groups[name].values for one in given if (name := str(one.get("settings", ""))) in groups]
    sections = [section for section in profile.values() if isinstance(section, dict)]
    engines = {str(one["engine"]) for one in (*sections, *given) if one.get("engine") in table.ENGINES}
    packages = {package for engine in engines for package in packages_of(engine)}
    packages |= {package for name in CALLED.findall(str(given)) for package in packages_of_measure(name)}
    packages |= {"bm25s"} if any(one.get("nearest") == "bm25" for one in given) else set()
    origin = profile.get("origin") or {}
    model = {"laptop"} if "package" in origin else {"gguf"} if "gguf" in origin else set[str]()
    return sorted({"train", *(EXTRAS[package] for package in packages), *model})


def lacks(jobs: Iterable[Job], speed: Speed, origin: Settings, machine: Machine) -> list[str]:
    """What a machine lacks for some lines, each with what to do about it; [] when it can run them."""
    some = list(jobs)
    trains = [job.options for job in some if job.verb == "train" and job.options.steps and not job.options.instead]
    missing = {name for job in some if job.verb != "train" for name in packages_of(job.options.engine)}
    missing |= {"torch", "transformers", "trl"} if trains else set()
    extras = sorted({EXTRAS[name] for name in missing if not installed([name])})
    found = [f"extra {name} is not installed; pip install 'baleen-build[{name}]'" for name in extras]
    some_gpu = [*gpus_lack(some, speed, origin, machine), *gpu_lacks(trains, speed, machine)]
    return [*found, *some_gpu, *memory_lacks(trains, speed, origin, machine)]


def gpus_lack(jobs: list[Job], speed: Speed, origin: Settings, machine: Machine) -> list[str]:
    """The first line whose model does not fit the GPUs: those of this machine, else those that the profile is for."""
    here = min((gpu.memory for gpu in machine.gpus), default=0)
    gpu = min(here or speed.gpu_gb * 1e9, speed.gpu_gb * 1e9)
    lines = memory.needs([(job.name, job.verb, job.options) for job in jobs], origin, speed)
    lacking = [lack for need in lines if speed.device == "cuda" and gpu and (lack := need.lack(gpu))]
    more = f" (and {len(lacking) - 1} more lines)" if len(lacking) > 1 else ""
    return [f"{lacking[0]}{more}"] if lacking else []


def gpu_lacks(trains: list[Any], speed: Speed, machine: Machine) -> list[str]:
    """What is wrong with the GPUs of a machine."""
    if speed.device != "cuda":
        return []
    wanted = max(speed.processes if trains else 1, speed.tensor_parallel or 1)
    if len(machine.gpus) < wanted:
        why = machine.unused or ("there is none" if not machine.gpus else f"there are {len(machine.gpus)}")
        own = "a GPU" if wanted == 1 else f"{wanted} GPUs"
        return [f"speed: device: cuda needs {own}, {why}; choose a profile for this machine, such as text"]
    if any(options.bf16 for options in trains) and not machine.bf16:
        return [f"train: bf16: true needs a GPU that has it, not {machine.gpus[0].name}; write bf16: false"]
    return []


def memory_lacks(trains: list[Any], speed: Speed, origin: Settings, machine: Machine) -> list[str]:
    """Whether the model that everything starts from fits, at the least that it can take."""
    parameters, full = float(origin.get("parameters", 0)), any(not options.lora_rank for options in trains)
    wanted = parameters * (TRAINED if full else WEIGHT)
    there = sum(gpu.memory for gpu in machine.gpus) if speed.device == "cuda" else machine.memory
    if not there or wanted <= there:
        return []
    where = "the GPUs have" if speed.device == "cuda" else "this machine has"
    how = "training all weights" if full else "the weights"
    name = origin.get("hub") or origin.get("path") or origin.get("gguf")
    return [f"{how} of {name} takes {disk_size(wanted)} at least, {where} {disk_size(there)}"]


def hub_lacks(origin: Settings, error: str | None = None) -> str:
    """Why the model of a profile cannot be had from the hub, or ''. One that was downloaded needs no hub; the hub is
    tried unless its `error` is known."""
    name, revision = str(origin.get("hub", "")), str(origin.get("revision", ""))
    if not name or in_hub_cache(name, revision):
        return ""
    why = hub_error() if error is None else error
    return f"origin: {name} is not downloaded yet and {why}; connect, or download it first" if why else ""


def check(jobs: Iterable[Job], speed: Speed, profile: str, origin: Settings | None = None) -> None:
    """A Problem when this machine cannot run some lines under a profile; `origin` is asked of the hub."""
    found = lacks(jobs, speed, origin or {}, this_machine())
    if not found and origin:
        found = [*filter(None, [hub_lacks(origin)])]
    if found:
        raise Problem(f"profiles/{profile}.yaml: this machine cannot run it: {found[0]}")


def check_stage(verb: str, options: Any) -> None:
    """A Problem in a stage of DVC that this machine cannot run: it may have been planned on another one."""
    if plan.stage_name():
        profile = layers.profile_in_force()
        check([Job(verb, options)], settings.speed(profile), profile)
