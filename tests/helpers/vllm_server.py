"""vLLM's own server for tests: it can be killed and started again, each time as a copy of one process that has imported
vLLM, which takes most of its start."""

import atexit
import os
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import preloading
import pytest
from copies import write_program

MODULE = "vllm.entrypoints.openai.api_server"
QUIET = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # or its engine starts another process, which imports all anew
    "TORCHDYNAMO_DISABLE": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
}


@cache
def program() -> str:
    """A program that takes the flags of vLLM's server."""
    folder = Path(mkdtemp(prefix="baleen-"))  # as in preloading.variables
    atexit.register(rmtree, folder, ignore_errors=True)
    (folder / "vllm_parts.py").symlink_to(Path(__file__).with_name("vllm_parts.py"))
    found = write_program(folder, folder / "door", MODULE)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUIET.items():
            patch.setenv(name, value)
        preloading.start(folder, folder / "door", "vllm_parts")
    return found


@dataclass
class VllmServer:
    """vLLM's server on a port of its own."""

    folder: str
    log: Path
    port: int
    running: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        words = f"--model {self.folder} --served-model-name small --host 127.0.0.1 --port {self.port} --dtype float32 "
        words += "--enforce-eager --max-model-len 512 --max-num-seqs 16 --api-key k "
        words += "--enable-prompt-tokens-details --enable-prefix-caching --block-size 32"
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [program(), *words.split()], env=os.environ | QUIET, stdout=log, stderr=log, process_group=0
            )

    def ready(self) -> bool:
        assert self.running is not None and self.running.poll() is None, self.log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health") as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        if self.running and self.running.poll() is None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            while self.listens():  # its copies end a moment later, and until then nobody else can listen there
                time.sleep(0.01)

    def listens(self) -> bool:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False
