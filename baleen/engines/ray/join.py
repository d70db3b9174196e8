"""Joining a Ray cluster, or starting one of our own on this machine.

Ray tries an address that does not answer for minutes. So whether a cluster is there is asked first, in seconds.
"""

import os
import socket
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.project.settings import Speed

REACH = 5.0  # seconds for a cluster to take a connection, and again to greet
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # RFC 9113, 3.4: no settings
SETTINGS = 4  # the fourth byte of what a server of HTTP/2, as all of Ray's are, says first (RFC 9113, 4.1 and 6.5)
STORE = 100 << 20  # bytes of Ray's object store on a local cluster, which else takes 30 % of the memory
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # tell nobody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what will be Ray's default; else it warns
}
WORKING = {"RAY_worker_niceness": "0"}  # 15 else: beside any busy process its workers starve and are given up
JOINING = {
    "RAY_NUM_REDIS_GET_RETRIES": "5",  # seconds for a cluster to let us in, each with a warning; 20 else
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "5",  # the same for ray://, three times; 5 + 10 + 15 else
}


def installed() -> None:
    """A Problem without Ray."""
    if find_spec("ray") is None:
        raise Problem("speed: ray_workers needs Ray: install the extra 'ray', or set ray_workers: 0")


def noted() -> Path:
    """Where `ray start` writes down the address of the cluster it began or joined."""
    system = os.environ.get("TMPDIR", "/tmp") if sys.platform == "linux" else "/tmp"
    return Path(os.environ.get("RAY_TMPDIR", system), "ray", "ray_current_cluster")


def located(address: str) -> str:
    """What `auto` stands for: RAY_ADDRESS, else what `ray start` wrote down. Ray itself would also join a cluster that
    another program started for itself alone."""
    if address != "auto":
        return address
    found = os.environ.get("RAY_ADDRESS") or (noted().read_text().strip() if noted().is_file() else "")
    if not found:
        raise Problem(
            f"speed: ray_address is auto, but RAY_ADDRESS is not set and no `ray start` has left {noted()}; begin a "
            "cluster, or write its address (host:6379), or set ray_address: '' for one on this machine alone"
        )
    return found


def port(address: str) -> tuple[str, int]:
    """(host, port) of `host:6379` or `ray://host:10001`."""
    host, _, number = address.removeprefix("ray://").rpartition(":")
    if not host or "/" in host or not number.isdecimal() or not 0 < int(number) < 1 << 16:
        raise Problem(f"speed: ray_address is {address!r}; write auto, host:6379 or ray://host:10001")
    return host.strip("[]"), int(number)


def reach(address: str) -> None:
    """A Problem unless something there speaks HTTP/2; under TLS, unless something takes a connection."""
    secret = os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true")
    try:
        with socket.create_connection(port(address), REACH) as line:
            line.sendall(b"" if secret else GREETING)
            said = b"" if secret else line.recv(4, socket.MSG_WAITALL)
    except (OSError, UnicodeError) as error:
        why = str(error)
    else:
        why = "" if secret or said[3:] == bytes([SETTINGS]) else "what listens there is no Ray cluster"
    if why:
        raise Problem(f"no Ray cluster answers at {address}: {why}; see speed: ray_address, and `ray status` there")


def connected(speed: Speed) -> tuple[Any, bool]:
    """(Ray, whether it was this call that connected to a cluster, or started one)."""
    installed()
    address = speed.ray_address
    for name, value in (QUIET | (JOINING if address else WORKING)).items():
        os.environ.setdefault(name, value)  # most are read once, when ray is imported
    ray = import_module("ray")
    if ray.is_initialized():
        return ray, False
    if address:
        reach(located(address))
    own = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # the Problem says it
            ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **({} if address else own))
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        told = " ".join(str(error.__cause__ or error).split())[-300:]
        where = f"join the Ray cluster at {located(address)}" if address else "start a Ray cluster on this machine"
        raise Problem(
            f"cannot {where}: {told}; see speed: ray_address, and set RAY_AUTH_MODE=token where the cluster wants one"
        ) from None
    return ray, True


def gpus(ray: Any, speed: Speed) -> int:
    """GPUs of one worker: none on `cpu`, and with `auto` none when the cluster has none."""
    wanted = speed.device == "cuda" or (speed.device == "auto" and ray.cluster_resources().get("GPU", 0) > 0)
    return speed.tensor_parallel if wanted else 0
