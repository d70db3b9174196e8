"""An engine that sends requests to several workers on a Ray cluster, each with another engine and the full model.

The number of workers is a speed setting: kind and identity are those of the engine in the workers, so the memo is
shared and nothing is rebuilt when work moves to a cluster. Ray transports requests and replies alone; weights are
loaded by path. So every machine of a cluster must have the project's folder under the same path (a shared disk), and
the same Python environment.

A reply depends on its request and seed, not on the worker, the chunk or the order, up to the last bits of a logit: they
vary with the shape of a batch (padding), as in one process. In float32 that moves a text only
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

from baleen.engines.protocol import Make, Reply, Request, Sampling
from baleen.engines.ray.chunks import Chunk, chunks
from baleen.engines.ray.join import connect, gpus_per_worker
from baleen.engines.ray.worker import Worker, environment
from baleen.errors import Problem
from baleen.models import identity
from baleen.project.settings import Speed

MAX_DEATHS = 3  # workers that end with the same requests before a Problem
WAIT = 60.0  # seconds without a loaded worker before a line is printed


def say(line: str) -> None:
    print(f"ray: {line}", file=sys.stderr, flush=True)


def release(ray: Any, workers: set[Any], started: bool) -> None:
    """End the workers; also the cluster, or the connection to it, when it was started here and no Cluster is left."""
    if ray.is_initialized():
        for worker in workers:
            ray.kill(worker)
        if started and not CLUSTERS:
            ray.shutdown()


class Cluster:
    """Workers that share the requests. Replies come as workers report them; a worker that ends is replaced, and its
    unreported requests are sent again. The workers end with this object and with the process, also a killed one."""

    def __init__(self, kind: str, make: Make, model: str, speed: Speed) -> None:
        self.kind, self.identity = kind, identity.identity(model)
        self.ray, started = connect(speed)
        self.workers = set[Any]()
        finalize(self, release, self.ray, self.workers, started)
        CLUSTERS.add(self)
        cores = max(1, speed.threads) if speed.ray_address else 0  # a local cluster does not count them
        self.resources = {"CPU": cores, "GPU": gpus_per_worker(self.ray, speed)}
        if not speed.ray_address:
            self.check_gpus(speed.ray_workers)
        device = "cuda" if self.resources["GPU"] else "cpu"
        self.worker_arguments = (str(Path.cwd()), make, model, replace(speed, ray_workers=0, device=device))
        self.environment = environment(speed)
        self.tokens = speed.batch_tokens
        self.idle = list[Any]()
        self.running = dict[Any, tuple[Any, Chunk]]()
        for _ in range(speed.ray_workers):
            self.start_worker(Chunk({}))

    def check_gpus(self, workers: int) -> None:
        """A Problem when a local cluster has too few GPUs; a cluster elsewhere may grow."""
        there, needed = int(self.ray.cluster_resources().get("GPU", 0)), workers * self.resources["GPU"]
        if needed > there:
            raise Problem(
                f"{workers} workers of {self.resources['GPU']} GPUs need {needed}, this machine has {there}; "
                "lower speed: ray_workers or tensor_parallel, or set ray_address"
            )

    def start_worker(self, chunk: Chunk) -> None:
        """Start a worker, which gets requests when its model is loaded."""
        actor = self.ray.remote(Worker).options(
            num_cpus=self.resources["CPU"],
            num_gpus=self.resources["GPU"],
            max_restarts=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": self.environment},
        )
        worker = actor.remote(*self.worker_arguments)
        self.workers.add(worker)
        self.running[worker.load.remote(self.kind, self.identity)] = (worker, chunk)

    def run_on_workers(
        self, kind: str, requests: Sequence[Request], *sampling: Sampling
    ) -> Iterator[tuple[int, Reply]]:
        """(index, reply) of all requests as workers report them; each has one chunk at a time."""
        self.free_abandoned()
        room = sampling[0].max_tokens if sampling else 1
        waiting = deque(chunks(requests, self.tokens, room, len(self.workers)))
        while waiting or any(chunk.left for _, chunk in self.running.values()):
            while waiting and self.idle:
                worker, chunk = self.idle.pop(), waiting.popleft()
                self.running[worker.query.remote(kind, chunk.left, *sampling)] = (worker, chunk)
            done, _ = self.ray.wait(list(self.running), timeout=WAIT)
            for report in done or self.print_waiting():
                yield from self.take_report(report, waiting)

    def take_report(self, report: Any, waiting: deque[Chunk]) -> list[tuple[int, Reply]]:
        """The replies of a report. Its worker continues, becomes idle, or is replaced when it ended."""
        worker, chunk = self.running.pop(report)
        try:
            replies, more = self.ray.get(report)
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, Problem):
                raise Problem(str(error.cause)) from None
            raise
        except self.ray.exceptions.RayError as error:
            self.replace_worker(worker, chunk, error, waiting)
            return []
        for index, _ in replies:
            del chunk.left[index]
            chunk.deaths = 0  # the requests work: they did not end the earlier workers
        if more:
            self.running[worker.next_report.remote()] = (worker, chunk)
        else:
            self.idle.append(worker)
        return list(replies)

    def replace_worker(self, worker: Any, chunk: Chunk, why: Exception, waiting: deque[Chunk]) -> None:
        """Start a worker for one that ended, and put its requests first in the queue; a Problem after MAX_DEATHS."""
        self.ray.kill(worker)
        self.workers.discard(worker)
        chunk.deaths += 1
        task = f"{len(chunk.left)} requests" if chunk.left else "its start"
        if chunk.deaths >= MAX_DEATHS:
            reason = " ".join(str(why).split())[:300]
            raise Problem(
                f"{MAX_DEATHS} workers ended, one after another, over {task} (is memory short? lower speed: "
                f"batch_tokens or ray_workers); the other replies are stored. The last error: {reason}"
            )
        say(f"a worker ended over {task}; another one is started, and no stored reply is lost")
        if chunk.left:
            waiting.appendleft(chunk)
        self.start_worker(Chunk({}) if chunk.left else chunk)

    def free_abandoned(self) -> None:
        """Make workers idle that still have requests of a caller who stopped early."""
        for report, (worker, chunk) in list(self.running.items()):
            if chunk.left:
                del self.running[report]
                self.idle.append(worker)

    def print_waiting(self) -> list[Any]:
        """Print a line when no worker is loaded yet."""
        if not self.idle and not any(chunk.left for _, chunk in self.running.values()):
            say(
                f"waiting for a first worker: each needs {self.resources}, "
                f"and the cluster has free {self.ray.available_resources()}"
            )
        return []

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        return self.run_on_workers("generate", requests, sampling)

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.run_on_workers("loss", requests)

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.run_on_workers("choose", requests)

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.run_on_workers("embed", requests)


CLUSTERS = WeakSet[Cluster]()
