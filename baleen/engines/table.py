"""The table of engines, and the function that loads one when the first reply is missing."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from baleen.engines.protocol import Engine
from baleen.errors import Problem, unknown
from baleen.models import identity
from baleen.project.settings import Speed

Make = Callable[[str, Speed], Engine]


def hf() -> tuple[str, Make]:
    from baleen.engines.hf import HF, SEMANTICS

    return SEMANTICS, HF


def vllm() -> tuple[str, Make]:
    from baleen.engines.vllm import SEMANTICS, VLLM

    return SEMANTICS, VLLM


def openai() -> tuple[str, Make]:
    from baleen.engines.openai.client import SEMANTICS, OpenAI

    return SEMANTICS, OpenAI


def apertium() -> tuple[str, Make]:
    from baleen.engines.apertium import SEMANTICS, Apertium

    return SEMANTICS, Apertium


def loader(engine: str, model: str, speed: Speed) -> tuple[str, str, Callable[[], Engine]]:
    """(engine kind with the version of its semantics, model identity, function that loads the engine). The first two
    are part of every memo key and need no loaded model."""
    if engine not in ENGINES:
        raise Problem(unknown("engine", engine, list(ENGINES)))
    kind, make = ENGINES[engine]()
    if speed.ray_workers:
        make = on_ray(engine, kind, make)
    return kind, identity.identity(model), partial(make, model, speed)


def on_ray(engine: str, kind: str, make: Make) -> Make:
    """The same engine in workers on a Ray cluster instead of in this process."""
    from baleen.engines.ray.cluster import Cluster
    from baleen.engines.ray.join import require_ray

    if engine == "openai":
        raise Problem(
            "speed: ray_workers does not work with engine openai; set it to 0, and for a server set speed: concurrency"
        )
    require_ray()
    return partial(Cluster, kind, make)


ENGINES: dict[str, Callable[[], tuple[str, Make]]] = {"hf": hf, "vllm": vllm, "openai": openai, "apertium": apertium}
WITHOUT_VECTORS = ("vllm", "openai", "apertium")


def module_of(engine: str) -> str:
    """The dotted module of an engine."""
    name = f"baleen.engines.{engine}"
    return f"{name}.client" if Path(__file__).with_name(engine).is_dir() else name
