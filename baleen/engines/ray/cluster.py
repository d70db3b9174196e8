"""Workers on a Ray cluster: an engine that lets several copies of another one answer, each with the whole model.

How many there are is a speed knob: kind and identity are those of the engine inside, so that the memo is shared and
nothing is rebuilt when work moves to a cluster. Ray sees requests and replies alone; weights are loaded by path. So on
every machine of a cluster the project's folder must be there under the same path (a shared disk), with the same
Python environment.

A reply depends on its request and seed, not on the worker, the chunk or the order. The limit of this is the last bits
of a logit: they vary with the shape of a batch (padding), here as in one process. In float32 that moves a text only
where two tokens tie to 6 digits, and losses and probabilities by about 1e-6 (not those of hf on a CPU, where shapes are
fixed); in bfloat16, with 3 digits, ties are common and texts do differ.
"""

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakSet, finalize

from baleen.engines.protocol import Reply, Request, Sampling
from baleen.engines.ray.chunks import Chunk, chunks
from baleen.engines.ray.join import connected, gpus
from baleen.engines.ray.worker import Make, Worker, environment
from baleen.errors import Problem
from baleen.models import identity
from baleen.project.settings import Speed

DEATHS = 3  # workers that end over the same requests before these are held to be the reason
PATIENCE = 60.0  # seconds without a worker before a line says what is waited for


def say(line: str) -> None:
    print(f"ray: {line}", file=sys.stderr, flush=True)


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
        self.kind, self.identity = kind, identity.identity(model)
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
            chunk.deaths = 0  # it was not these requests that ended the workers before
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
