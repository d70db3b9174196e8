"""Clusters of Ray for tests: one of workers that answer, and programs that have one and end."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from echo import Echo

from baleen.engines import table
from baleen.engines.protocol import Request
from baleen.engines.ray.cluster import Cluster
from baleen.models import identity
from baleen.project.settings import Speed

SPEED = Speed(device="cpu", batch_tokens=512)
HELPERS = Path(__file__).parent
PLACES = os.pathsep.join(
    map(str, (HELPERS.parent / "engines", HELPERS, HELPERS.parents[1]))
)  # where workers find tests
HASTY = {"RAY_gcs_rpc_server_reconnect_timeout_s": "5"}  # Ray's agents look for their parent for a minute


def cluster(model: str, workers: int, engine: str = "hf", **more: Any) -> Cluster:
    made = table.loader(engine, model, replace(SPEED, ray_workers=workers, **more))[2]()
    assert isinstance(made, Cluster)
    return made


def echo(model: str, speed: Speed, log: str, **faults: Any) -> Echo:
    return Echo(Path(log), **{"identity": identity.identity(model)} | faults)


def drive(model: str) -> None:
    """Print the processes of a working cluster, whose worker imports no library for seconds, and end when stdin
    closes."""
    engine = Cluster("echo/1", partial(echo, log=os.devnull), model, replace(SPEED, ray_workers=1))
    requests = [Request((("user", str(number)),), answer="yes") for number in range(40)]
    assert len(list(engine.loss(requests))) == len(requests)
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    sys.stdin.read()


def begun(model: str) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """A program that drives a cluster, and the processes of the cluster."""
    code = "import sys, ray_programs; ray_programs.drive(sys.argv[1])"
    env, pipe = os.environ | {"PYTHONPATH": PLACES} | HASTY, subprocess.PIPE
    driver = subprocess.Popen([sys.executable, "-c", code, model], env=env, stdin=pipe, stdout=pipe, text=True)
    assert driver.stdout
    children = [psutil.Process(int(number)) for number in driver.stdout.readline().split()]
    assert len(children) >= 5  # a worker, raylet, GCS and agents
    return driver, children


def exit_code(driver: "subprocess.Popen[str]") -> int:
    """How a program ends that has no stdin any more."""
    with driver:
        assert driver.stdin
        driver.stdin.close()
        return driver.wait(timeout=600)
