"""A worker: a process of a Ray cluster that holds an engine and returns its replies in reports."""

import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import baleen
from baleen.engines.protocol import Make, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.project.settings import Speed

Report = tuple[list[tuple[int, Reply]], bool]  # replies, and whether more may come

REPORT = 1.0  # seconds between two reports of a worker; a killed worker loses its work since the last one
ENVIRONMENT = (
    *("BALEEN_MEMO", "DVC_ROOT", "HF_HOME", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM"),
    "VLLM_CPU_KVCACHE_SPACE",  # GiB per worker on a CPU; 1 when it is not set
)


class Worker:
    """An engine on some machine of the cluster."""

    def __init__(self, folder: str, make: Make, model: str, speed: Speed) -> None:
        self.folder, self.make, self.model, self.speed = folder, make, model, speed
        self.replies: Iterator[tuple[int, Reply]] = iter(())

    def load(self, kind: str, identity: str) -> Report:
        """Load the engine, and return an empty report; a Problem when kind or identity differ from the given ones."""
        if not os.path.isdir(self.folder):
            raise Problem(
                f"no folder {self.folder} on {hostname()}: every machine of the cluster must share the project "
                "under the same path"
            )
        os.chdir(self.folder)
        self.engine = self.make(self.model, self.speed)
        if (self.engine.kind, self.engine.identity) != (kind, identity):
            raise Problem(
                f"model {self.model} on {hostname()} is another one ({self.engine.identity}, not {identity}); "
                "every machine of the cluster must have the same models/"
            )
        return [], False

    def query(self, kind: str, requests: dict[int, Request], *sampling: Sampling) -> Report:
        """Begin with new requests, drop the earlier ones, and return the first report."""
        indices = list(requests)
        replies = getattr(self.engine, kind)(list(requests.values()), *sampling)
        self.replies = ((indices[at], reply) for at, reply in replies)
        return self.next_report()

    def next_report(self) -> Report:
        """The replies of about the next second, and whether more may come."""
        report, end = list[tuple[int, Reply]](), monotonic() + REPORT
        for pair in self.replies:
            report.append(pair)
            if monotonic() > end:
                return report, True
        return report, False


def hostname() -> str:
    return os.uname().nodename


def environment(speed: Speed) -> dict[str, str]:
    """The environment variables of a worker: where the code is, those of ENVIRONMENT that are set here, and one thread
    unless the settings say more."""
    paths = [str(Path(baleen.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    copied = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return copied | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": str(max(1, speed.threads))}
