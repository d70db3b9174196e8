"""Connecting to a Ray cluster, or starting one on this machine.

Ray tries for minutes to reach an address that does not answer. So a short check comes first, which takes seconds.
"""

import os
import socket
import sys
import warnings
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.project.settings import Speed

REACH = 5.0  # seconds for a cluster to accept a connection, and again to send its first bytes
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # RFC 9113, 3.4: no settings
SETTINGS = 4  # the fourth byte that an HTTP/2 server, as all of Ray's are, sends (RFC 9113, 4.1 and 6.5)
STORE = 100 << 20  # bytes of Ray's object store on a local cluster, which by default takes 30 % of the memory
TASK_STORE = 1 << 30  # the same where tasks group keys; Ray writes what is more to disk
CLIENT_STARTS = 4
CLIENT_DIED = "Starting Ray client server failed"
NONE: Mapping[str, str] = {}
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # Ray's next default; without it Ray warns
}
LOCAL = {
    "RAY_worker_niceness": "0",  # default 15: beside a busy process Ray's workers starve and time out
    # default one second for more processes than CPUs: Ray Data needs some, and would begin them again and again
    "RAY_idle_worker_killing_time_threshold_ms": "60000",
}
JOINING = {
    "RAY_NUM_REDIS_GET_RETRIES": "5",  # seconds, each with a warning; default 20
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "5",  # three times, for ray://; default 5 + 10 + 15
}


def require_ray(setting: str = "ray_workers") -> None:
    """A Problem when Ray is not installed."""
    if find_spec("ray") is None:
        raise Problem(f"speed: {setting} needs Ray: install the extra 'ray', or set {setting}: 0")


def address_file() -> Path:
    """The file in which `ray start` writes the address of the cluster that it started or joined."""
    system = os.environ.get("TMPDIR", "/tmp") if sys.platform == "linux" else "/tmp"
    return Path(os.environ.get("RAY_TMPDIR", system), "ray", "ray_current_cluster")


def resolved_address(address: str) -> str:
    """The address; for `auto` RAY_ADDRESS, else the one that `ray start` wrote. (Ray's own `auto` would also join a
    cluster that another program started for itself.)"""
    if address != "auto":
        return address
    address = os.environ.get("RAY_ADDRESS") or (address_file().read_text().strip() if address_file().is_file() else "")
    if not address:
        raise Problem(
            f"speed: ray_address is auto, but RAY_ADDRESS is not set and no `ray start` has left {address_file()}; "
            "start a cluster, or write its address (host:6379), or set ray_address: '' for one on this machine alone"
        )
    return address


def host_and_port(address: str) -> tuple[str, int]:
    """(host, port) of `host:6379` or `ray://host:10001`."""
    host, _, number = address.removeprefix("ray://").rpartition(":")
    if not host or "/" in host or not number.isdecimal() or not 0 < int(number) < 1 << 16:
        raise Problem(f"speed: ray_address is {address!r}; write auto, host:6379 or ray://host:10001")
    return host.strip("[]"), int(number)


def check_reachable(address: str) -> None:
    """A Problem unless a server at the address speaks HTTP/2; with TLS, unless it accepts a connection."""
    tls = os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true")
    try:
        with socket.create_connection(host_and_port(address), REACH) as connection:
            connection.sendall(b"" if tls else GREETING)
            first_bytes = b"" if tls else connection.recv(4, socket.MSG_WAITALL)
    except (OSError, UnicodeError) as error:
        why = str(error)
    else:
        why = "" if tls or first_bytes[3:] == bytes([SETTINGS]) else "the server there is no Ray cluster"
    if why:
        raise Problem(f"no Ray cluster answers at {address}: {why}; see speed: ray_address, and `ray status` there")


def begin(ray: Any, address: str, settings: Mapping[str, Any]) -> None:
    """ray.init. A ray:// head forks a process for each client, and a few in a hundred die there at once, by a race of
    gRPC (issue 63202 of ray-project/ray): then the head is asked for another."""
    for attempts_left in reversed(range(CLIENT_STARTS)):
        try:
            ray.init(address, **settings)
            return
        except ConnectionError as error:
            if not attempts_left or CLIENT_DIED not in str(error):
                raise


def connect(speed: Speed, tasks: int = 0, variables: Mapping[str, str] = NONE) -> tuple[Any, bool]:
    """(the module ray, whether this call connected to a cluster or started one). A local one runs so many `tasks` at a
    time, beside actors; all of them have these environment variables."""
    require_ray("ray_tables" if tasks else "ray_workers")
    address = speed.ray_address
    for name, value in (QUIET | (JOINING if address else LOCAL)).items():
        os.environ.setdefault(name, value)  # most are read once, when ray is imported
    ray = import_module("ray")
    if ray.is_initialized():
        return ray, False
    if address:
        check_reachable(resolved_address(address))
    own = {"num_cpus": tasks, "object_store_memory": TASK_STORE if tasks else STORE, "include_dashboard": False}
    shared = {"runtime_env": {"env_vars": dict(variables)}} if variables else {}
    settings = {"log_to_driver": False, "logging_level": "ERROR", **shared, **({} if address else own)}
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # the Problem has the same text
            begin(ray, address or "local", settings)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        reason = " ".join(str(error.__cause__ or error).split())[-300:]
        where = (
            f"join the Ray cluster at {resolved_address(address)}" if address else "start a Ray cluster on this machine"
        )
        raise Problem(
            f"cannot {where}: {reason}; see speed: ray_address, and set RAY_AUTH_MODE=token where the cluster wants one"
        ) from None
    return ray, True


def gpus_per_worker(ray: Any, speed: Speed) -> int:
    """GPUs of one worker: 0 with device `cpu`, and with `auto` when the cluster has none."""
    wanted = speed.device == "cuda" or (speed.device == "auto" and ray.cluster_resources().get("GPU", 0) > 0)
    return speed.tensor_parallel if wanted else 0
