"""For tests of the model verbs: a project of three prompts and one model, whose replies a test writes down."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from baleen.engines import table
from baleen.engines.protocol import TOO_LONG, Reply, Request, Sampling
from baleen.models import identity
from baleen.project.settings import Speed
from baleen.tables import rows
from baleen.tables.rows import Row

ASK = (
    "---\nwrites: [instruction]\nsystem: {seed: Be kind., default: Be brief.}\n---\nWhat does this answer?\n$response\n"
)
JUDGE = "---\nwrites: [rating]\nformat: rating\nchoices: [' 1', ' 2', ' 3']\ncue: 'Score:'\n---\nGrade: $response\n"
REPLY = "---\nwrites: [response]\n---\n$instruction\n"


def last_line(request: Request) -> str:
    """The last line of the question, which is the text of the row."""
    return request.messages[-1][1].rpartition("\n")[2]


@dataclass
class Script:
    """The reply to each question; every request that reaches the engine is recorded."""

    text: Callable[[Request], str] = lambda request: f"Question about {last_line(request)}"
    choices: Callable[[Request], tuple[float, ...]] = lambda request: (0.0, 0.5, 0.5)
    paid: list[Request] = field(default_factory=list)
    built: int = 0
    context: int = 10**6  # characters

    def load(self, model: str, speed: Speed) -> "ScriptedEngine":
        self.built += 1
        return ScriptedEngine(self, identity.identity(model))

    def new_questions(self) -> list[str]:
        """The questions since the last call, sorted."""
        found = sorted(last_line(request) for request in self.paid)
        self.paid.clear()
        return found


@dataclass(frozen=True)
class ScriptedEngine:
    """The engine: a word is a token, and the last request is answered first."""

    script: Script
    identity: str
    kind: str = "scripted-1"

    def numbered(self, requests: Sequence[Request]) -> Iterator[tuple[int, Request]]:
        for index in reversed(range(len(requests))):
            self.script.paid.append(requests[index])
            yield index, requests[index]

    def reads(self, request: Request) -> bool:
        """Whether a request is short enough for this model."""
        return len(request.messages[-1][1]) + len(request.answer) < self.script.context

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        for index, request in self.numbered(requests):
            if not self.reads(request):
                yield index, TOO_LONG
                continue
            words = self.script.text(request).split(" ")
            finish = "length" if len(words) > sampling.max_tokens else "stop"
            words = words[: sampling.max_tokens]
            yield index, Reply(" ".join(words), finish, prompt_tokens=1, completion_tokens=len(words))

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        for index, request in self.numbered(requests):
            words = request.answer.split()
            yield (
                index,
                TOO_LONG
                if not self.reads(request)
                else Reply(values=(len(request.answer) / 10, float(len(words[-1])), float(len(words)))),
            )

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        for index, request in self.numbered(requests):
            yield index, Reply(values=self.script.choices(request))

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        for index, request in self.numbered(requests):
            yield index, Reply(values=(1.0, float(len(request.answer))))


@dataclass(frozen=True)
class VerbOutputs:
    """What a verb left: rows kept, rows dropped, counts."""

    rows: list[Row]
    dropped: list[Row]
    counts: dict[str, Any]

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]


def documents(*texts: str, origin: str = "web") -> list[Row]:
    return [{"id": rows.row_id(text), "origin": origin, "response": text} for text in texts]


def scripted_project(folder: Path, monkeypatch: pytest.MonkeyPatch, script: Script) -> Script:
    """Make `folder` a project whose engine `scripted` answers by the script."""
    files = {"prompts/ask.md": ASK, "prompts/judge.md": JUDGE, "prompts/reply.md": REPLY, "params.yaml": "profile: p\n"}
    for name, text in (files | {"profiles/p.yaml": "speed: {}\n", "models/m/model.safetensors": "weights"}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BALEEN_MEMO", str(folder / ".memo"))
    monkeypatch.setitem(table.ENGINES, "scripted", lambda: (ScriptedEngine.kind, script.load))
    return script


def run_verb(verb: str, table: list[Row] | None, *flags: str) -> VerbOutputs:
    """Write the input when it is given, run the verb as its command line would, and read its outputs."""
    if table is not None:
        rows.write("in", table)
    engine = ["--engine", "scripted", "--model", "m"]
    import_module(f"stages.{verb}").main(["out", "--input", "in", *engine, *flags])
    return read_outputs("out")


def read_outputs(name: str) -> VerbOutputs:
    kept, dropped = (list(rows.read(Path("data", f"{name}{end}.parquet"))) for end in ("", ".dropped"))
    return VerbOutputs(kept, dropped, json.loads(Path("data", f"{name}.json").read_text()))


def no_outputs() -> bool:
    """No table, no counts and no half-written file of the target."""
    return not [path for path in Path("data").iterdir() if path.name.lstrip(".").startswith("out")]
