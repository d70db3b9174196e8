"""python -m benchmarks.claims METHOD [--worlds 0 1 2] [--json]: build the arms of a claim in each world, compare them.

Two worlds run side by side, one training process each; --train-seeds 3 trains every arm three times. With --real the
claim is of real text and a real model (benchmarks/claims/real), such as with humpback --real --data ~/data --json. Run
again it goes on.
"""

import json
from argparse import ArgumentParser, Namespace
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from baleen.errors import Problem, unknown
from baleen.project.command_line import report_problems
from baleen.tables.rows import Row
from benchmarks.claims import Change, Claim, build, real, results
from benchmarks.claims.real import figures, page, projects
from benchmarks.data import DATA

METHODS = sorted(path.stem.replace("_", "-") for path in Path(__file__).parent.glob("[a-z]*.py"))


def claim(method: str) -> Claim:
    result: Claim = import_module(f"benchmarks.claims.{method.replace('-', '_')}").CLAIM
    return result


def in_worlds(args: Namespace) -> Row:
    """What the claim of a method comes to in generated worlds."""
    chosen, change = claim(args.method), Change(args.noise, args.width)
    with ThreadPoolExecutor(2) as pool:
        built = pool.map(lambda w: build(w, chosen, args.train_seeds, change), args.worlds)
        folders = dict(zip(args.worlds, built, strict=True))
    return results(chosen, folders, args.train_seeds)


def on_real_text(args: Namespace) -> Row:
    """What the claim of a method comes to on real text, in each of its projects."""
    if args.method not in real.METHODS:
        raise Problem(unknown("claim on real text", args.method, real.METHODS))
    chosen, place = real.claim(args.method), projects.Place(args.folder, args.data, tuple(args.seeds), args.processes)
    chosen = chosen.of_pairs(args.pairs) if args.pairs else chosen.of_all() if args.as_built else chosen
    names = args.projects or list(chosen.projects)
    if odd := next((name for name in names if name not in chosen.projects), ""):
        raise Problem(unknown(f"project of {args.method}", odd, list(chosen.projects)))
    place.folder.mkdir(parents=True, exist_ok=True)
    made = {name: real_project(args, chosen, name, place) for name in names}
    told = {name: figures.results(chosen, folder, place.seeds) for name, folder in made.items()}
    return {"claim": args.method, "seeds": args.seeds, "projects": told}


def real_project(args: Namespace, chosen: real.Real, name: str, place: projects.Place) -> Path:
    """The folder of a project: built, only written, or as it is."""
    if args.as_built:
        return place.project(args.method, name)
    make = projects.write if args.write else projects.build
    return make(args.method, chosen, name, place)


def main() -> None:
    cli = ArgumentParser(prog="python -m benchmarks.claims", description=__doc__)
    cli.add_argument("method", choices=sorted({*METHODS, *real.METHODS}))
    cli.add_argument("--worlds", type=int, nargs="+", default=[0, 1, 2])
    cli.add_argument("--train-seeds", type=int, default=1, help="trainings of every arm, each with another seed")
    cli.add_argument("--noise", type=float, help="share of useless documents, such as 0.2, in place of the recipe's")
    cli.add_argument("--width", type=int, help="hidden size of the models, such as 256, in place of the profile's 128")
    cli.add_argument("--json", action="store_true", help="print one JSON object")
    cli.add_argument("--real", action="store_true", help="real text and a real model in place of generated worlds")
    own = cli.add_argument_group("with --real")
    own.add_argument("--data", type=Path, default=DATA, help="folder of the corpora (BALEEN_DATA, or data/real)")
    own.add_argument("--folder", type=Path, default=Path("build/claims-real"), help="of projects, cache and memo")
    own.add_argument("--projects", nargs="+", help="those of the claim to build; without it all")
    own.add_argument("--pairs", nargs="+", help="words: only pairs whose name has one of them are built and compared")
    own.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of training and of random draws")
    own.add_argument("--processes", type=int, default=0, help="of one training; 0: as the profile says")
    own.add_argument("--write", action="store_true", help="write the projects and build nothing")
    own.add_argument("--as-built", action="store_true", help="build nothing; the figures of all pairs that are built")
    own.add_argument("--record", action="store_true", help="put the figures into docs/real.json and README's table")
    args = cli.parse_args()
    with report_problems():
        result = on_real_text(args) if args.real else in_worlds(args)
        if args.real and args.record:
            page.record(args.method, result)
        print(json.dumps(result) if args.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
