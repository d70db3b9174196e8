"""The claim of a method, tested over several pocket worlds: arms at equal steps and batch, paired by held-out prompt.

python -m benchmarks.claims humpback --worlds 0 1 2 --json

Each world is built in its own copy of the checkout under build/claims, with `dvc repro`; a copy that is there already
goes on where it stopped. Two worlds run side by side, one training process each.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from baleen import rows
from baleen.intervals import interval
from baleen.measures import value
from baleen.rows import Row

FOLDER = Path("build", "claims")
OK = value("pocket_ok(truth,answer)")


@dataclass(frozen=True)
class Claim:
    """What is built, and the pairs of arms whose difference is the claim."""

    target: str
    pairs: dict[str, tuple[str, str]]  # name of the claim: (arm that should be better, arm it is compared with)
    scorers: tuple[str, ...]


CLAIMS = {
    "humpback": Claim(
        "",
        {
            "curated beats seed-only (M1 - M0)": ("humpback-1", "reply"),
            "curated beats as many random pairs (M1 - random)": ("humpback-1", "random"),
            "curated beats uncurated (M1 - uncurated)": ("humpback-1", "uncurated"),
            "random pairs help (random - M0)": ("random", "reply"),
            "uncurated pairs help (uncurated - M0)": ("uncurated", "reply"),
            "a second round helps (M2 - M1)": ("humpback", "humpback-1"),
            "what perfect curation would give (oracle - M1)": ("oracle", "humpback-1"),
        },
        ("eval-scorer-1", "eval-scorer-2"),
    ),
}


def copy(world: int) -> Path:
    """A copy of the files git knows, with its world set and one training process; kept when it is there."""
    folder = FOLDER / f"world-{world}"
    if not (folder / "dvc.yaml").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
        packed = subprocess.run(["tar", "c", "--null", "-T", "-"], input=listed, check=True, capture_output=True)
        subprocess.run(["tar", "x"], cwd=folder, input=packed.stdout, check=True)
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / "data/raw/pocket.yaml").write_text(f"world: {world}\n", encoding="utf-8")
    profile = folder / "profiles/pocket.yaml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("processes: 2", "processes: 1"), encoding="utf-8")
    return folder


def build(world: int, target: str) -> Path:
    folder = copy(world)
    with (folder / "build.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "dvc", "repro", *([target] if target else [])]
        subprocess.run(command, cwd=folder, check=True, stdout=log, stderr=subprocess.STDOUT)
    return folder


def answers(folder: Path, arm: str) -> dict[str, tuple[str, float]]:
    """Cell and 1 or 0 of each test prompt."""
    table = rows.read(folder / f"data/answers-{arm}.parquet")
    return {row["id"]: (row["cell"], OK.of(row) or 0.0) for row in table if row["split"] == "test"}


def difference(folders: dict[int, Path], better: str, other: str) -> Row:
    """Points of difference in each world and over all of them, with 95 % intervals; cells are drawn whole."""
    found, pooled, cells = dict[str, Row](), list[float](), list[str]()
    for world, folder in folders.items():
        mine, theirs = answers(folder, better), answers(folder, other)
        gains = [100 * (mine[i][1] - theirs[i][1]) for i in mine]
        clusters = [f"{world} {mine[i][0]}" for i in mine]
        found[f"world {world}"] = told(gains, clusters)
        pooled, cells = pooled + gains, cells + clusters
    return found | {"all": told(pooled, cells)}


def told(gains: list[float], clusters: list[str]) -> Row:
    low, high = interval(gains, clusters)
    return {"points": round(fmean(gains), 1), "low": round(low, 1), "high": round(high, 1)}


def scorer(folder: Path, name: str) -> Row:
    """AUC of the score over the pool, and the share of good pairs kept and in the pool."""
    found = json.loads((folder / f"data/{name}.json").read_text(encoding="utf-8"))
    (good,) = found["groups"]["all"].values()
    return {"auc": found["auc"]["worst"], "kept": good["mean"], "pool": good["against"]}


def measured(claim: Claim, folders: dict[int, Path]) -> Row:
    arms = dict.fromkeys(arm for pair in claim.pairs.values() for arm in pair)
    accuracy = {
        arm: {f"world {w}": round(100 * fmean(ok for _, ok in answers(f, arm).values()), 1) for w, f in folders.items()}
        for arm in arms
    }
    gains = {name: difference(folders, *pair) for name, pair in claim.pairs.items()}
    scorers = {name: {f"world {w}": scorer(f, name) for w, f in folders.items()} for name in claim.scorers}
    return {"accuracy": accuracy, "differences": gains, "scorers": scorers}


def main() -> None:
    cli = ArgumentParser(description=__doc__)
    cli.add_argument("method", choices=list(CLAIMS))
    cli.add_argument("--worlds", type=int, nargs="+", default=[0, 1, 2])
    cli.add_argument("--json", action="store_true", help="print one JSON object")
    args = cli.parse_args()
    claim = CLAIMS[args.method]
    with ThreadPoolExecutor(2) as pool:
        folders = dict(zip(args.worlds, pool.map(lambda w: build(w, claim.target), args.worlds), strict=True))
    found = measured(claim, folders)
    print(json.dumps(found) if args.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
