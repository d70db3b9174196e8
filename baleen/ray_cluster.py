"""Workers on a Ray cluster: an engine that lets several copies of another one answer, each with the whole model.

How many there are is a speed knob: kind and identity are those of the engine inside, so that the memo is shared and
nothing is rebuilt when work moves to a cluster. Ray sees requests and replies alone; weights are loaded by path. So on
every machine of a cluster the project's folder must be there under the same path (a shared disk), with the same
Python environment.

A reply depends on its request and seed, not on the worker, the chunk or the order. The limit of this is the last bits
of a logit: they vary with the shape of a batch (padding), here as in one process. In float32 that moves losses and
probabilities by about 1e-6 and a text only where two tokens tie to 6 digits; in bfloat16, with 3 digits, ties are
common and texts do differ.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any
from weakref import WeakSet, finalize

from baleen import models
from baleen.engines import Engine, Reply, Request, Sampling
from baleen.problems import Problem
from baleen.settings import Speed

Make = Callable[[str, Speed], Engine]
Report = tuple[list[tuple[int, Reply]], bool]  # replies, and whether more may come

DEATHS = 3  # workers that end over the same requests before these are held to be the reason
REPORT = 1.0  # seconds of work between two reports of a worker: what a killed worker loses
PATIENCE = 60.0  # seconds without a worker before a line says what is waited for
STORE = 100 << 20  # bytes of Ray's object store on a local cluster, which else takes 30 % of the memory
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # tell nobody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what will be Ray's default; else it warns
}
PASSED = ("BALEEN_MEMO", "DVC_ROOT", "HF_HOME", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM")


@dataclass
class Chunk:
    """Requests that go to one worker, those without a reply yet, and how many workers ended over them; the chunk of a
    worker that is loading its model is empty."""

    left: dict[int, Request]
    deaths: int = 0


def parcels(requests: Sequence[Request], tokens: int, room: int, workers: int) -> list[list[int]]:
    """Indices, the longest first, in parcels of about one forward pass each, at most `tokens`; as many parcels for
    every worker. `room` is what a reply may add to its request, a token of which is taken to have 3 characters."""
    costs = [ceil(sum(map(len, texts(request))) / 3) + room for request in requests]
    number = workers * ceil(sum(costs) / (tokens * workers))
    made, before = [list[int]() for _ in range(number)], 0
    for index in sorted(range(len(costs)), key=lambda i: -costs[i]):
        made[before * number // sum(costs)].append(index)
        before += costs[index]
    return [parcel for parcel in made if parcel]


def texts(request: Request) -> list[str]:
    return [*(text for _, text in request.messages), request.prefill, request.answer]


def chunks(requests: Sequence[Request], tokens: int, room: int, workers: int) -> Iterator[Chunk]:
    """Each chunk half of a worker's share of what is left: large while there is much to do and one forward pass at the
    end, so that all end together (guided self-scheduling, Polychronopoulos and Kuck, 1987) and passes are full."""
    left = parcels(requests, tokens, room, workers)
    while left:
        size = ceil(len(left) / (2 * workers)) if workers > 1 else len(left)
        yield Chunk({index: requests[index] for parcel in left[:size] for index in parcel})
        left = left[size:]


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


def say(line: str) -> None:
    print(f"ray: {line}", file=sys.stderr, flush=True)


def installed() -> None:
    """A Problem without Ray."""
    if find_spec("ray") is None:
        raise Problem("speed: ray_workers needs Ray: install the extra 'ray', or set ray_workers: 0")


def gpus(ray: Any, speed: Speed) -> int:
    """GPUs of one worker: none on `cpu`, and with `auto` none when the cluster has none."""
    wanted = speed.device == "cuda" or (speed.device == "auto" and ray.cluster_resources().get("GPU", 0) > 0)
    return speed.tensor_parallel if wanted else 0


def connected(speed: Speed) -> tuple[Any, bool]:
    """(Ray, whether it was this call that connected to a cluster, or started one)."""
    installed()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ray = import_module("ray")
    if ray.is_initialized():
        return ray, False
    own = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    try:
        ray.init(
            address=speed.ray_address or "local",
            log_to_driver=False,
            logging_level="ERROR",
            **({} if speed.ray_address else own),
        )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        where = f"the Ray cluster at {speed.ray_address}" if speed.ray_address else "a local Ray cluster"
        raise Problem(
            f"cannot reach {where}: {' '.join(str(error).split())[:300]}; see speed: "
            "ray_address, and set RAY_AUTH_MODE=token where the cluster wants one"
        ) from None
    return ray, True


def environment(speed: Speed) -> dict[str, str]:
    """What a worker must know wherever it runs: the code that asks, and one thread unless the settings say more."""
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    return passed | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_NUM_THREADS": str(max(1, speed.threads))}


def release(ray: Any, workers: set[Any], started: bool) -> None:
    """End the workers; the cluster too, or the connection to it, when it was begun here and nobody uses it."""
    if ray.is_initialized():
        for worker in workers:
            ray.kill(worker)
        if started and not CLUSTERS:
            ray.shutdown()


class Cluster:
    """Workers that answer together. Replies come as workers report them; a worker that ends is replaced, and what it
    had not reported is asked again. All of it ends with this object, or with the process however that ends."""

    def __init__(self, kind: str, make: Make, model: str, speed: Speed) -> None:
        self.kind, self.identity = kind, models.identity(model)
        self.ray, started = connected(speed)
        self.workers = set[Any]()
        finalize(self, release, self.ray, self.workers, started)
        CLUSTERS.add(self)
        cores = max(1, speed.threads) if speed.ray_address else 0  # on a machine of one's own nobody counts them
        self.each = {"CPU": cores, "GPU": gpus(self.ray, speed)}
        if not speed.ray_address:
            self.fits(speed.ray_workers)
        device = "cuda" if self.each["GPU"] else "cpu"
        self.made = (str(Path.cwd()), make, model, replace(speed, ray_workers=0, device=device))
        self.environment = environment(speed)
        self.tokens = speed.batch_tokens
        self.idle = list[Any]()
        self.running = dict[Any, tuple[Any, Chunk]]()
        for _ in range(speed.ray_workers):
            self.begin(Chunk({}))

    def fits(self, workers: int) -> None:
        """A Problem when a local cluster has too few GPUs; a cluster elsewhere may grow."""
        there, needed = int(self.ray.cluster_resources().get("GPU", 0)), workers * self.each["GPU"]
        if needed > there:
            raise Problem(
                f"{workers} workers of {self.each['GPU']} GPUs need {needed}, this machine has {there}; "
                "lower speed: ray_workers or tensor_parallel, or set ray_address"
            )

    def begin(self, chunk: Chunk) -> None:
        """Start a worker; it takes requests when its model is loaded."""
        actor = self.ray.remote(Worker).options(
            num_cpus=self.each["CPU"],
            num_gpus=self.each["GPU"],
            max_restarts=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": self.environment},
        )
        worker = actor.remote(*self.made)
        self.workers.add(worker)
        self.running[worker.load.remote(self.kind, self.identity)] = (worker, chunk)

    def shared(self, kind: str, requests: Sequence[Request], *given: Sampling) -> Iterator[tuple[int, Reply]]:
        """(index, reply) of all requests as workers report them; each has one chunk at a time."""
        self.forget()
        room = given[0].max_tokens if given else 1
        waiting = deque(chunks(requests, self.tokens, room, len(self.workers)))
        while waiting or any(chunk.left for _, chunk in self.running.values()):
            while waiting and self.idle:
                worker, chunk = self.idle.pop(), waiting.popleft()
                self.running[worker.ask.remote(kind, chunk.left, *given)] = (worker, chunk)
            done, _ = self.ray.wait(list(self.running), timeout=PATIENCE)
            for report in done or self.complain():
                yield from self.heard(report, waiting)

    def heard(self, report: Any, waiting: deque[Chunk]) -> list[tuple[int, Reply]]:
        """The replies of a report, and its worker set to go on, free again or replaced."""
        worker, chunk = self.running.pop(report)
        try:
            found, more = self.ray.get(report)
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, Problem):
                raise Problem(str(error.cause)) from None
            raise
        except self.ray.exceptions.RayError as error:
            self.replace(worker, chunk, error, waiting)
            return []
        for index, _ in found:
            del chunk.left[index]
        if more:
            self.running[worker.more.remote()] = (worker, chunk)
        else:
            self.idle.append(worker)
        return list(found)

    def replace(self, worker: Any, chunk: Chunk, why: Exception, waiting: deque[Chunk]) -> None:
        """Another worker for one that ended, and its requests first in line; a Problem when they ended several."""
        self.ray.kill(worker)
        self.workers.discard(worker)
        chunk.deaths += 1
        over = f"{len(chunk.left)} requests" if chunk.left else "its start"
        if chunk.deaths >= DEATHS:
            told = " ".join(str(why).split())[:300]
            raise Problem(
                f"{DEATHS} workers ended, one after another, over {over} (is memory short? lower speed: batch_tokens "
                f"or ray_workers); the other replies are kept. The last: {told}"
            )
        say(f"a worker ended over {over}; another one is started, and nothing is lost")
        if chunk.left:
            waiting.appendleft(chunk)
        self.begin(Chunk({}) if chunk.left else chunk)

    def forget(self) -> None:
        """Free the workers that still answer a reader who stopped early."""
        for report, (worker, chunk) in list(self.running.items()):
            if chunk.left:
                del self.running[report]
                self.idle.append(worker)

    def complain(self) -> list[Any]:
        """Say what is waited for when no worker has come up yet."""
        if not self.idle and not any(chunk.left for _, chunk in self.running.values()):
            say(f"waiting for a first worker: each needs {self.each}, free are {self.ray.available_resources()}")
        return []

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        return self.shared("generate", requests, sampling)

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.shared("loss", requests)

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.shared("choose", requests)

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.shared("embed", requests)


CLUSTERS = WeakSet[Cluster]()
