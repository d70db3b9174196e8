"""A project with one model that was trained to judge, queried through real engines that log every request."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import forks
import project
import pytest
from faulty_proxy import Json, Proxy, Time, write_pin
from tiny import PROSE, SIZES

from baleen.engines import hf, table
from baleen.engines.openai import client
from baleen.engines.protocol import Batched, Engine, Reply, Request, Sampling
from baleen.project.settings import Speed
from baleen.project.yaml_files import parse_yaml, yaml_text
from baleen.tables import rows
from baleen.tables.rows import Row
from stages import origin

ROOT = Path(__file__).parents[2]
JUDGE = """\
---
writes: [rating]
format: rating
choices: [" 1", " 2", " 3", " 4", " 5"]
cue: "Score:"
system: {seed: be kind, default: be brief}
---
rate $response
"""
PROFILE = {
    "origin": SIZES
    | {"hidden_size": 64, "max_position_embeddings": 512, "words": ["rate", "be", "kind", "brief", "Score:", *"12345"]},
    "teach": {"steps": 60, "batch": 8, "lr": 0.01, "max_length": 32},
    "generate": {"temperature": 0.7, "max_tokens": 6},
    "speed": {"device": "cpu", "batch_tokens": 1024, "train_rows": 8, "checkpoint_seconds": 0, "threads": 1},
}


@dataclass
class Watched:
    """A real engine that logs every reply, and counts those of each batch; it kills its process before
    reply `dies_at`, and requests for which `spoiled` holds get an unreadable reply."""

    engine: Engine
    log: Path
    batches: list[int]
    dies_at: int = 0
    spoiled: Callable[[Request], bool] = lambda request: False

    @property
    def before_batch(self) -> Callable[[], object]:
        if not isinstance(self.engine, Batched):
            raise AttributeError("an engine without batches")
        return self.engine.before_batch

    @before_batch.setter
    def before_batch(self, then: Callable[[], object]) -> None:
        if isinstance(self.engine, Batched):
            self.engine.before_batch = lambda: (self.batches.append(0), then())

    @property
    def identity(self) -> str:
        return self.engine.identity

    @property
    def kind(self) -> str:
        return self.engine.kind

    def log_replies(
        self, requests: Sequence[Request], replies: Iterator[tuple[int, Reply]]
    ) -> Iterator[tuple[int, Reply]]:
        for number, (index, reply) in enumerate(replies, 1):
            with self.log.open("a") as file:
                file.write(json.dumps(ask_memo(requests[index])) + "\n")
            if self.batches:
                self.batches[-1] += 1
            if number == self.dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            nothing = Reply("it is fine , I say 4 or 5 .", values=tuple(0.01 for _ in reply.values))
            yield index, nothing if self.spoiled(requests[index]) else reply

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        return self.log_replies(requests, self.engine.generate(requests, sampling))

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.log_replies(requests, self.engine.loss(requests))

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        return self.log_replies(requests, self.engine.choose(requests))


def ask_memo(request: Request) -> str:
    return request.messages[-1][1]


@dataclass
class Bench:
    """The project in the current folder: faults of its engines, and the log of what they answered."""

    home: Path
    dies_at: int = 0
    spoiled: Callable[[Request], bool] = lambda request: False
    batches: list[int] = field(default_factory=list)
    time: Time = field(default_factory=Time)

    @property
    def log(self) -> Path:
        return self.home / "paid.log"

    def watched(self, make: Callable[[str, Speed], Engine], model: str, speed: Speed) -> Watched:
        return Watched(make(model, speed), self.log, self.batches, self.dies_at, self.spoiled)

    def new_questions(self) -> list[str]:
        """The questions since the last call, sorted."""
        found = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return sorted(json.loads(line) for line in found)

    def run(self, verb: str, *flags: str) -> bytes:
        """Run a verb on table `in` as its command line would; the bytes of its table `out`."""
        import_module(f"stages.{verb}").main(verb_arguments(*flags))
        return Path("data/out.parquet").read_bytes()

    def fork(self, verb: str, *flags: str) -> int:
        """The same in a process of its own; its exit code."""
        return forks.exit_code(
            forks.fork_stage(import_module(f"stages.{verb}").main, verb_arguments(*flags), Path("fork.log"))
        )


def verb_arguments(*flags: str) -> list[str]:
    given = [] if "--model" in flags else ["--model", "judge"]
    prompt = [] if "--prompt" in flags else ["--prompt", "judge"]
    return ["out", "--input", "in", "--profile", "bench", *given, *prompt, *flags]


def pairs(count: int, origin: str = "web") -> list[Row]:
    """Rows that are all different and equally long, at most 3600."""
    found = []
    for n in range(count):
        text = f"{PROSE[n % len(PROSE)]} {PROSE[(n // len(PROSE) + 7 * n) % len(PROSE)]}"
        found.append({"id": rows.row_id(text), "origin": origin, "instruction": "who ?", "response": text})
    return found


def question(row: Row) -> str:
    return f"rate {row['response']}"


def questions_of(table: list[Row]) -> list[str]:
    return sorted(question(row) for row in table)


def outs() -> list[str]:
    """The files of table `out`, half-written ones too."""
    return sorted(path.name for path in Path("data").iterdir() if path.name.lstrip(".").startswith("out"))


def counts() -> dict[str, Any]:
    return dict(json.loads(Path("data/out.json").read_text()))


def column(name: str, table: str = "out") -> list[Any]:
    return [row[name] for row in rows.read(rows.table_path(table))]


def set_speed(**speed: Any) -> None:
    """Other speed settings."""
    whole = parse_yaml(Path("profiles/bench.yaml").read_text())
    Path("profiles/bench.yaml").write_text(yaml_text(whole | {"speed": whole["speed"] | speed}))


def populate(home: Path) -> None:
    """Prompts, a profile, the table a judge is trained on and the pin of the model it starts from."""
    for folder in ("prompts", "profiles", "data", "models"):
        (home / folder).mkdir()
    (home / "prompts/judge.md").write_text(JUDGE)
    (home / "prompts/real.md").write_text((ROOT / "prompts/judge.md").read_text())
    (home / "params.yaml").write_text("profile: bench\n")
    (home / "profiles/bench.yaml").write_text(yaml_text(PROFILE))
    rows.write("taught", [row | {"rating": 1.0 + n % 4} for n, row in enumerate(pairs(240))])
    origin.main(["origin", "--profile", "bench"])


def start_training(name: str) -> int:
    """Process id of the training of the judge."""
    import_module("trl.trainer.sft_trainer")
    told = ["--input", "taught", "--base", "origin", "--prompt", "judge", "--settings", "teach", "--profile", "bench"]
    return forks.fork_stage(import_module("stages.train").main, [name, *told], Path(f"{name}.log"))


def training_rows(home: Path) -> None:
    """The project with its judge, trained without interruption."""
    with chdir(home), pytest.MonkeyPatch.context() as patch:
        patch.setenv("BALEEN_MEMO", str(home / ".memo"))
        populate(home)
        assert forks.exit_code(start_training("judge")) == 0, Path("judge.log").read_text()


def start_bench(home: Path, factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A copy of the project in which the real engines are watched."""
    shutil.copytree(project.shared_folder(factory, "taught", training_rows), home)
    monkeypatch.chdir(home)
    monkeypatch.setenv("BALEEN_MEMO", str(home / ".memo"))
    bench = Bench(home)
    watch_engines(bench, monkeypatch)
    return bench


def served_engine(engine: Engine) -> Callable[[str, Json, Mapping[str, str]], tuple[int, Json]]:
    """The answers of an OpenAI-compatible server with an engine behind it."""
    turn = threading.Lock()

    def answer(path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        if path.endswith("/models"):
            return 200, {"data": [{"id": "judge", "owned_by": "somebody"}]}
        request = Request(tuple((said["role"], said["content"]) for said in body["messages"]), seed=body["seed"])
        drawn = Sampling(body["temperature"], body["top_p"], max_tokens=body["max_tokens"])
        with turn:
            [(_, reply)] = engine.generate([request], drawn)
        message = {"role": "assistant", "content": reply.text}
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        return 200, {"choices": [{"message": message, "finish_reason": reply.finish}], "usage": usage}

    return answer


def watch_engines(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log the requests of the real engines; waiting for a server uses a clock that moves by itself."""
    patient = partial(client.OpenAI, patience=bench.time.patience(seconds=1e9))
    monkeypatch.setitem(table.ENGINES, "hf", lambda: (hf.SEMANTICS, partial(bench.watched, hf.HF)))
    monkeypatch.setitem(table.ENGINES, "openai", lambda: (client.SEMANTICS, partial(bench.watched, patient)))


def at_proxy(proxy: Proxy) -> list[str]:
    """The flags that ask the judge behind a server."""
    return ["--engine", "openai", "--model", Path(write_pin(Path("models/served"), proxy.endpoint, "judge")).name]


def run_command(home: Path, log: Path, *said: str) -> None:
    """Run a program under nohup; both its streams go to a file."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "PYTEST_"))}
    with log.open("wb") as file:
        done = subprocess.run(
            ["nohup", sys.executable, *said],
            cwd=home,
            env=ours | {"PYTHONPATH": str(ROOT), "BALEEN_MEMO": str(home / ".memo"), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    assert not done.returncode, log.read_text()[-3000:]
