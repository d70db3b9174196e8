"""One seed of Humpback on real text for the GPU story: python -m benchmarks.gpu_humpback --folder build/gpu --seed 0

A project of its own in FOLDER/humpback-SEED, with the profile laptop on the fastest device; memo and DVC's cache are
shared by the seeds. The seed is that of training and of every sample. Run again, it goes on where it was stopped.
"""

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from baleen.errors import Problem
from baleen.measures.model_report import tested
from baleen.project import machine, settings
from baleen.project.command_line import report_problems
from baleen.project.yaml_files import yaml_text
from baleen.tables.rows import Row

CURATION = "eval-loss-humpback-1-over-random"  # the first curated round beside as many random pairs
ARMS = ("reply", "random", "uncurated", "humpback-1", "humpback")
FEW = 10  # documents of a quick rehearsal
PAGES = 7425  # of tldr in English, all of which a GPU reads; a rehearsal at a share takes this share of them
ENOUGH = 0.05  # the share from which on some pairs are good enough to stay
BALEEN = [sys.executable, "-P", "-c", "from baleen.commands.command import main; main()"]


def profile(laptop: Row, model: str, seed: int, rehearsal: bool, engine: str = "hf", share: float = 0.0) -> Row:
    """The profile laptop with this model, device and seed; `share` is that of the steps on a GPU, 0 for all."""
    gpu = bool(machine.this_machine().gpus)
    origin = {"path": model, "parameters": laptop["origin"]["parameters"]}
    instead = {name: {"instead": dict(origin)} for name, section in laptop.items() if "instead" in (section or {})}
    few = {"steps": 2, "batch": 2, "max_length": 128, "too_long": "cut"}
    sizes = few if rehearsal else {"steps": max(2, round(100 * (share or 1))), "batch": 32}
    train = laptop["train"] | {"seed": seed, "bf16": gpu} | sizes
    drawn = laptop["generate"] | {"seed": seed, "engine": engine} | ({"max_tokens": 16} if rehearsal else {})
    at_once = 2 if rehearsal else 32 if gpu else 4
    speed: Row = {"device": "auto", "train_rows": at_once, "checkpoint_seconds": 60}
    speed |= {"batch_tokens": 65536} if gpu else {}
    return laptop | instead | {"origin": origin, "train": train, "generate": drawn, "speed": speed}


def write_project(given: argparse.Namespace, folder: Path) -> None:
    """The project, written anew; what was built stays."""
    documents = FEW if given.rehearse else max(FEW, round(given.share * PAGES)) if given.share else 0
    few = ["--documents", str(documents)] if documents else []
    texts = ["--corpus", given.corpus, "--seeds", given.seeds_file]
    new = ["new", str(folder), "--profile", "laptop", *texts, *few, "--cache", str(given.folder / "cache"), "--replace"]
    subprocess.run([*BALEEN, *new], check=True, stdout=sys.stderr)
    path = folder / "profiles/laptop.yaml"
    laptop = settings.load_yaml(path)
    written = profile(laptop, str(given.folder / "model"), given.seed, given.rehearse, given.engine, given.share)
    path.write_text(yaml_text(written), encoding="utf-8")
    if given.rehearse or 0 < given.share < ENOUGH:
        keep_all(folder)


def keep_all(folder: Path) -> None:
    """Let every pair stay: of two dozen that a model wrote after two steps none may be an instruction."""
    path = folder / "params.yaml"
    params = settings.load_yaml(path)
    params["pool"]["keep"], params["curate"]["gain"] = [], {"best": "gain", "highest": True, "share": 0.5}
    path.write_text(yaml_text(params), encoding="utf-8")


def build(folder: Path, memo: Path, arms: tuple[str, ...]) -> None:
    """Everything up to the held-out loss of each arm, and of curated beside random pairs."""
    command = [sys.executable, "-m", "stages.warm", sys.executable, "-m", "dvc", "repro"]
    environment = os.environ | {"BALEEN_MEMO": str(memo), "PYTHONPATH": os.getcwd()}
    targets = [f"evaluate@{name}" for name in (*(f"eval-loss-{arm}" for arm in arms), CURATION)]
    subprocess.run([*command, *targets], cwd=folder, check=True, stdout=sys.stderr, env=environment)


def counts(folder: Path, table: str) -> int:
    figures: Row = json.loads((folder / f"data/{table}.json").read_text(encoding="utf-8"))
    return int(figures["rows_out"])


def figures(folder: Path, arms: tuple[str, ...], corpus: str) -> Row:
    """Losses of all arms, the paired difference of curated and random pairs, and rows on the way."""
    losses = {arm: loss(folder, f"eval-loss-{arm}") for arm in arms}
    rows = {"documents": "web", "heldout": "heldout", "candidates": "humpback-pool", "curated": "humpback-curate-1"}
    found: Row = {name: counts(folder, table) for name, table in rows.items()}
    return found | {"arms": losses, "curated - random": loss(folder, CURATION), "corpus": Path(corpus).name}


def loss(folder: Path, evaluation: str) -> Row:
    """The mean held-out loss of an evaluation, and its paired difference with the 95 % interval."""
    measured = tested(json.loads((folder / f"data/{evaluation}.json").read_text(encoding="utf-8")))["loss"]
    return {key: measured.get(key) for key in ("mean", "difference", "low", "high", "rows")}


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.gpu_humpback", description=__doc__)
    cli.add_argument("--folder", type=Path, required=True, help="where model/ lies and the projects are written")
    cli.add_argument("--corpus", required=True)
    cli.add_argument("--seeds-file", required=True)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--engine", default="hf", help="that writes the instructions; hf scores")
    cli.add_argument("--rehearse", action="store_true", help="few documents, steps and tokens")
    cli.add_argument("--share", type=float, default=0.0, help="of the documents and steps; 0: all")
    given = cli.parse_args()
    given.folder = given.folder.resolve()
    with report_problems():
        if missing := next((name for name in ("dvc", "trl", "datasets") if not find_spec(name)), ""):
            raise Problem(f"humpback needs the package {missing}; install the extra 'train'")
        arms, folder = (
            ("reply", "random", "humpback-1") if given.rehearse else ARMS,
            given.folder / f"humpback-{given.seed}",
        )
        write_project(given, folder)
        build(folder, given.folder / "memo", arms)
        print(json.dumps(figures(folder, arms, given.corpus)))


if __name__ == "__main__":
    main()
