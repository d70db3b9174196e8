"""What runs in a process of a Ray cluster: the engine inside, and the reports of what it has answered."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from baleen.engines.protocol import Engine, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.project.settings import Speed

Make = Callable[[str, Speed], Engine]
Report = tuple[list[tuple[int, Reply]], bool]  # replies, and whether more may come

REPORT = 1.0  # seconds of work between two reports of a worker: what a killed worker loses
PASSED = (
    *("BALEEN_MEMO", "DVC_ROOT", "HF_HOME", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM"),
    "VLLM_CPU_KVCACHE_SPACE",  # GiB a worker on a CPU; each takes 1 where nobody says more
)


class Worker:
    """The engine inside, on some machine of the cluster."""

    def __init__(self, folder: str, make: Make, model: str, speed: Speed) -> None:
        self.folder, self.make, self.model, self.speed = folder, make, model, speed
        self.replies: Iterator[tuple[int, Reply]] = iter(())

    def load(self, kind: str, identity: str) -> Report:
        """Nothing, once the engine is there; a Problem when it is not the one that was to be asked."""
        if not os.path.isdir(self.folder):
            raise Problem(f"no folder {self.folder} on {node()}: every machine of the cluster must share the project")
        os.chdir(self.folder)
        self.engine = self.make(self.model, self.speed)
        if (self.engine.kind, self.engine.identity) != (kind, identity):
            raise Problem(f"model {self.model} on {node()} is another one ({self.engine.identity}, not {identity})")
        return [], False

    def ask(self, kind: str, requests: dict[int, Request], *given: Sampling) -> Report:
        """Begin with new requests and forget those before."""
        indices = list(requests)
        found = getattr(self.engine, kind)(list(requests.values()), *given)
        self.replies = ((indices[at], reply) for at, reply in found)
        return self.more()

    def more(self) -> Report:
        """The replies of about the next second, and whether more may come."""
        found, end = list[tuple[int, Reply]](), monotonic() + REPORT
        for pair in self.replies:
            found.append(pair)
            if monotonic() > end:
                return found, True
        return found, False


def node() -> str:
    return os.uname().nodename


def environment(speed: Speed) -> dict[str, str]:
    """What a worker must know wherever it runs: the code that asks, and one thread unless the settings say more."""
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    return passed | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": str(max(1, speed.threads))}
