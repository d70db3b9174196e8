"""python -m benchmarks.claims METHOD [--worlds 0 1 2] [--json]: build the arms of a claim in each world, compare them.

Two worlds run side by side, one training process each.
"""

import json
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from benchmarks.claims import Claim, build, results

METHODS = sorted(path.stem.replace("_", "-") for path in Path(__file__).parent.glob("[a-z]*.py"))


def claim(method: str) -> Claim:
    result: Claim = import_module(f"benchmarks.claims.{method.replace('-', '_')}").CLAIM
    return result


def main() -> None:
    cli = ArgumentParser(prog="python -m benchmarks.claims", description=__doc__)
    cli.add_argument("method", choices=METHODS)
    cli.add_argument("--worlds", type=int, nargs="+", default=[0, 1, 2])
    cli.add_argument("--json", action="store_true", help="print one JSON object")
    args = cli.parse_args()
    chosen = claim(args.method)
    with ThreadPoolExecutor(2) as pool:
        folders = dict(zip(args.worlds, pool.map(lambda world: build(world, chosen), args.worlds), strict=True))
    result = results(chosen, folders)
    print(json.dumps(result) if args.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
