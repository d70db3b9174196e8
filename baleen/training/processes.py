"""The processes of a training run: this one, or several on this machine that end when this one ends.

On CPUs they are forked; on GPUs torchrun or accelerate starts `python -m baleen.training.processes JOB`.
"""

import importlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from baleen.errors import Interrupted, Problem
from baleen.models import load
from baleen.project.command_line import run
from baleen.project.interrupts import is_interrupt
from baleen.project.lifetime import die_with
from baleen.project.preload import renew_threads
from baleen.training import checkpoints, library_settings
from baleen.training.options import Job, load_job, save_job

QUIET = {  # set before torch is imported: one thread (two would busy-wait), no telemetry, no progress bars
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
}


def launch(job: Job) -> None:
    """Train in this process, or in several processes of this machine that end when this one does."""
    from baleen.training import trainer

    several = job.speed.processes > 1
    try:
        if job.speed.accelerate_config or (several and load.device(job.speed.device) != "cpu"):
            train_launched(job)
        elif several:
            train_forked(job)
        else:
            trainer.run(job)
    except BaseException as error:
        if is_interrupt(error):
            raise Interrupted(kept(job)) from None
        raise


def kept(job: Job) -> str:
    """What the next run of an interrupted training goes on from."""
    last = checkpoints.last_complete(Path(job.folder))
    if not last:
        return f"the prepared examples are kept, no checkpoint of the {job.steps} steps was due yet"
    return f"the checkpoint of step {checkpoints.step_number(last)} of {job.steps} is kept"


def train_forked(job: Job) -> None:
    """Processes on a CPU: copies of this one, so that torch and TRL are imported once."""
    torch: Any = importlib.import_module("torch.multiprocessing")
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            arguments = (job, listener, os.getpid())
            torch.start_processes(train_rank, arguments, nprocs=job.speed.processes, start_method="fork")
    except KeyboardInterrupt:
        for rank in torch.active_children():
            rank.kill()
        raise
    except torch.ProcessRaisedException as error:
        text = str(error).strip()
        kind, _, why = text.splitlines()[-1].partition("Problem: ")
        print("" if why else text, end="", file=sys.stderr)
        raise Problem(why or f"train {job.name}: {kind}") from None
    except torch.ProcessExitedException as error:
        raise Problem(f"train {job.name}: {error}; the same command goes on from the last checkpoint") from None


def train_rank(rank: int, job: Job, listener: socket.socket, parent: int) -> None:
    """What a forked process does: train as this rank."""
    from baleen.training import trainer

    die_with(parent)
    renew_threads()  # while it has one thread
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends this process
    count, (host, port) = str(job.speed.processes), listener.getsockname()
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    os.environ |= {"MASTER_ADDR": host, "MASTER_PORT": str(port)}
    loopback = "lo" if sys.platform == "linux" else "lo0"
    os.environ |= {"GLOO_SOCKET_IFNAME": loopback, "ACCELERATE_USE_CPU": "true"}
    _server = rendezvous_server(listener) if rank == 0 else None  # lives until the training ends
    used = trainer.run(job)
    sys.stdout.flush()
    sys.stderr.flush()
    if used:  # freeing it joins gloo's threads, which can wait for the interpreter's lock for ever
        os._exit(0)


def rendezvous_server(listener: socket.socket) -> Any:
    """The server at which the processes meet, on a socket that listens already: its port was never free again after it
    was chosen. torch's own rendezvous in this process finds the server by its port (`multi_tenant`)."""
    distributed: Any = importlib.import_module("torch.distributed")
    host, port = listener.getsockname()
    told = {"is_master": True, "multi_tenant": True, "wait_for_workers": False}
    return distributed.TCPStore(host, port, master_listen_fd=listener.detach(), **told)


def train_launched(job: Job) -> None:
    """Processes on GPUs, started by accelerate (with a configuration of its own, such as FSDP) or by torchrun."""
    chosen, count = job.speed.accelerate_config, str(job.speed.processes)
    torchrun = ["torch.distributed.run", "--nproc_per_node", count]
    accelerate = ["accelerate.commands.launch", "--config_file", chosen, "--num_processes", count]
    accelerate += ["--main_process_port", "0"]  # else it warns when its usual one is taken
    command = [sys.executable, "-m", *(accelerate if chosen else torchrun), "-m", "baleen.training.processes"]
    mine = os.getpid()
    standalone = os.environ | {"PET_STANDALONE": "1"}  # torchrun's --standalone, an option that accelerate lacks
    # in a session of their own they do not see Ctrl-C: this process does, and they end with it
    started = subprocess.run(
        [*command, str(save_job(job))], env=standalone, start_new_session=True, preexec_fn=lambda: die_with(mine)
    )
    if started.returncode:
        raise Problem(f"train {job.name} failed (see above); the same command goes on from the last checkpoint")


def main(argv: list[str]) -> None:
    from baleen.training import trainer

    die_with(os.getppid())
    job = load_job(Path(argv[0]))
    library_settings.import_trl(job.options)
    trained = trainer.run(job)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(
        int(trained is None)
    )  # freeing a trainer of several processes at times waits for ever for one that has ended


if __name__ == "__main__":
    run(main)
