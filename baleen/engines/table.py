"""The table of engines: what each declares, and the function that loads one when the first reply is missing.

An engine is a module of this package, or the module `client` of a package in it, that declares SEMANTICS (its kind and
version, part of every memo key), ABILITIES and ENGINE (its class). A new engine is one such file. What an engine
declares is read without importing it.
"""

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from baleen import engines
from baleen.engines.protocol import Ability, Engine, Make
from baleen.errors import Problem, unknown
from baleen.models import identity, sizes
from baleen.project.settings import Speed


@cache
def declared(module: str) -> dict[str, Any]:
    """The values of SEMANTICS and ABILITIES in a module, read without importing it; {} when there is no module."""
    spec = find_spec(module)
    tree = ast.parse(Path(str(spec.origin)).read_text(encoding="utf-8") if spec else "")
    given = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
    values = {ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0]): node for node in given}
    return {name: ast.literal_eval(values[name].value or "") for name in ("SEMANTICS", "ABILITIES") if name in values}


@cache
def modules() -> dict[str, str]:
    """The module of each engine that there is, by its name."""
    found = {
        one.name: f"{engines.__name__}.{one.name}{'.client' * one.ispkg}" for one in iter_modules(engines.__path__)
    }
    return {name: module for name, module in found.items() if "SEMANTICS" in declared(module)}


def module_of(engine: str) -> str:
    """The dotted name of the module that an engine stands in, '' when none declares it."""
    return modules().get(engine, "")


def can(engine: str, ability: Ability) -> bool:
    """Whether an engine declares an ability; one that no module declares is asked, and says so itself."""
    return not module_of(engine) or ability in declared(module_of(engine))["ABILITIES"]


def require(engine: str, ability: Ability, where: str, lack: str) -> None:
    """A Problem unless the engine declares an ability; it says which engines do."""
    if not can(engine, ability):
        others = " or ".join(sorted(name for name in modules() if can(name, ability)))
        raise Problem(f"{where}: engine {engine} {lack}; write engine: {others}")


def kind_and_class(engine: str) -> tuple[str, Make]:
    """(engine kind with the version of its semantics, what loads a model) of an engine."""
    make: Make = import_module(module_of(engine)).ENGINE
    return declared(module_of(engine))["SEMANTICS"], make


def loader(engine: str, model: str, speed: Speed) -> tuple[str, str, Callable[[], Engine]]:
    """(engine kind with the version of its semantics, model identity, function that loads the engine). The first two
    are part of every memo key and need no loaded model."""
    if engine not in ENGINES:
        raise Problem(unknown("engine", engine, list(ENGINES)))
    kind, make = ENGINES[engine]()
    if can(engine, "split") and not speed.tensor_parallel:
        speed = replace(speed, tensor_parallel=sizes.gpus_for(sizes.weight_bytes(model), speed))
    if speed.ray_workers:
        make = on_ray(engine, kind, make)
    return kind, identity.identity(model), partial(make, model, speed)


def on_ray(engine: str, kind: str, make: Make) -> Make:
    """The same engine in workers on a Ray cluster instead of in this process."""
    if not can(engine, "workers"):
        raise Problem(
            f"speed: ray_workers does not work with engine {engine}; "
            "set it to 0, and for a server set speed: concurrency"
        )
    import_module("baleen.engines.ray.join").require_ray()
    return partial(import_module("baleen.engines.ray.cluster").Cluster, kind, make)


ENGINES: dict[str, Callable[[], tuple[str, Make]]] = {name: partial(kind_and_class, name) for name in modules()}
