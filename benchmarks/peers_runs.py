"""The tools beside baleen: how each is installed, started, killed, and what its run asked and gave."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import peers_server
from benchmarks.peers_server import Query, Server

HERE = Path(__file__).parent
IDLE, QUIESCENT, MOST = 20.0, 0.15, 300.0  # seconds; share of a processor below which a tool does nothing; seconds
SAMPLING = {"temperature": 0.7, "max_tokens": 256}
QUIET = {  # nothing of a run leaves this machine
    "NEMO_TELEMETRY_ENABLED": "false", "TELEMETRY_ENABLED": "false", "DVC_NO_ANALYTICS": "1", "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENAI_API_KEY": "none", "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "OMP_NUM_THREADS": "1", "DATA_DESIGNER_HOME": "", "HF_HOME": "",
}  # fmt: skip


@dataclass(frozen=True)
class Tool:
    """A tool: what to install, the settings that were fastest, and the others that were tried."""

    name: str
    packages: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    others: Sequence[Mapping[str, Any]] = ()

    @property
    def script(self) -> Path:
        return HERE / "peers" / f"{self.name.lower()}_rows.py"


TOOLS = (
    Tool("baleen", (), {"concurrency": 32}, ({"concurrency": 16}, {"concurrency": 128})),
    Tool(
        "DataDesigner",
        ("data-designer==0.9.7",),
        {"max_parallel_requests": 16, "buffer_size": 100},
        ({"max_parallel_requests": 64, "buffer_size": 100}, {"max_parallel_requests": 64, "buffer_size": 1000}),
    ),
    Tool(
        "curator",
        ("bespokelabs-curator==0.1.31",),
        {"backend": "openai", "max_concurrent_requests": 64},
        (
            {"backend": "openai", "max_concurrent_requests": 256},
            {"backend": "openai", "max_concurrent_requests": 16},
        ),
    ),
    Tool(
        "distilabel",
        ("distilabel[openai]==1.5.3", "setuptools<81", "requests", "beautifulsoup4"),  # it imports more than it names
        {"input_batch_size": 500},
        ({"input_batch_size": 50}, {"input_batch_size": 200}),
    ),
)
POLARS = Tool("polars", ("polars==2.1.0",))


def install(tool: Tool, below: Path) -> str:
    """Make an environment of the tool's own, if it is not there; what went wrong, or ''."""
    place = below / tool.name.lower()
    if not tool.packages or (place / "whole").exists():
        return ""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    commands = [
        [uv, "venv", "-q", "--clear", "--python", f"{sys.version_info.major}.{sys.version_info.minor}", str(place)],
        [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(place / "bin/python"), *tool.packages],
    ]
    for command in commands:
        done = subprocess.run(command, text=True, capture_output=True)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    (place / "whole").touch()
    return ""


def python(tool: Tool, below: Path) -> str:
    """The interpreter that runs a tool: baleen is in this one."""
    return str(below / tool.name.lower() / "bin/python") if tool.packages else sys.executable


def version(tool: Tool, below: Path) -> str:
    """The version of the tool's package, and of the client that it asks with where it has one of its own."""
    package = tool.packages[0].partition("==")[0].partition("[")[0] if tool.packages else "baleen"
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python(tool, below), "-c", code], text=True, capture_output=True, check=True).stdout.strip()


@dataclass(frozen=True)
class Job:
    """One build: texts and the system message that are asked, and the folder that keeps what a tool remembers."""

    texts: Sequence[str]
    system: str
    folder: Path

    def expected(self) -> dict[str, str]:
        """The digest of what must be asked about each text."""
        return {text: peers_server.digest([("system", self.system), ("user", text)]) for text in self.texts}


@dataclass(frozen=True)
class Run:
    """What one run of a tool did: whether it ended by itself and well, on the clock and of the processor, what it
    asked, and its rows as (text, reply)."""

    ended: str
    seconds: float
    cpu: float
    queries: Sequence[Query]
    rows: Sequence[tuple[str, str]]


def environment(home: Path, below: Path) -> dict[str, str]:
    """Ours, with nothing that leads outside, and the checkout for baleen's own Python. The table of tokens that two
    tools would download is one that curator's litellm brings."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("BALEEN_", "DVC_", "GIT_", "PYTEST"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {key: value or str(home / key.lower()) for key, value in QUIET.items()}
    tables = next(below.glob("curator/lib/*/site-packages/litellm/litellm_core_utils/tokenizers"), None)
    own |= {"TIKTOKEN_CACHE_DIR": str(tables)} if tables else {}
    return kept | own | {"PATH": path, "PYTHONPATH": str(HERE.parent)}


def run(tool: Tool, job: Job, server: Server, below: Path, kill_at: int = 0, settings: Any = None) -> Run:
    """Run a tool until it ends, hangs, or the server has answered `kill_at` conversations; then its whole process group
    is killed with -9."""
    folder = job.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in job.texts), "utf-8")
    out, job_file = folder / "out.jsonl", folder / "job.json"
    out.unlink(missing_ok=True)
    given: dict[str, Any] = {"endpoint": server.endpoint, "rows": str(folder / "rows.jsonl"), "system": job.system}
    given |= {"state": str(folder / "state"), "out": str(out), "sampling": SAMPLING}
    job_file.write_text(json.dumps(given | {"settings": settings or tool.settings}), "utf-8")
    server.queries()
    start, used = time.perf_counter(), cpu()
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [python(tool, below), str(tool.script), str(job_file)], cwd=folder, env=environment(folder, below),
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        ended = wait(process, server, kill_at)
    took = time.perf_counter() - start
    lines = out.read_text("utf-8").splitlines() if out.exists() else []
    rows = [(row["text"], row["reply"]) for row in map(json.loads, lines)]
    return Run(ended, took, cpu() - used, server.queries(), rows)


def wait(process: subprocess.Popen[bytes], server: Server, kill_at: int = 0, idle: float = IDLE) -> str:
    """'well', 'failed', 'killed' or 'hung'; nothing of the process group is left. It hangs when it has wanted next to
    no processor for `idle` seconds, however busy the machine is, and when MOST seconds have passed."""
    ended, start = "", time.perf_counter()
    looked, before, active = start, demand(process.pid), start
    while not ended:
        time.sleep(0.002 if kill_at else 0.02)
        now = time.perf_counter()
        if now - looked > 1.0:
            wanted = demand(process.pid)
            used = sum(time - before.get(task, 0) for task, time in wanted.items()) / 1e9
            active = now if used > QUIESCENT * (now - looked) else active
            looked, before = now, wanted
        if process.poll() is not None:
            ended = "failed" if process.returncode else "well"
        elif kill_at and server.answered() >= kill_at:
            ended = "killed"
        elif now - active > idle or now - start > MOST:
            ended = "hung"
    clear(process)
    return ended


def demand(group: int) -> dict[str, int]:
    """Nanoseconds in which each thread of a process group has run or waited for a processor."""
    times = dict[str, int]()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if int((process / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[2]) == group:
                for task in (process / "task").iterdir():
                    run, waited, _ = map(int, (task / "schedstat").read_text("ascii").split())
                    times[str(task)] = run + waited
    return times


def clear(process: subprocess.Popen[bytes], patience: float = 10.0) -> None:
    """Kill a process group with -9, and wait until none of it is left: the next run begins as a person's would."""
    until = time.perf_counter() + patience
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while time.perf_counter() < until:
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    process.wait()


def cpu() -> float:
    """Seconds of the processor that ended children took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
