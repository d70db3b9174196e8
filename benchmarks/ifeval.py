"""Verifiable instructions against published verdicts: python -m benchmarks.ifeval [--data FOLDER] [--json]

The 540 responses of GPT-4 that were published with IFEval (arXiv:2311.07911), each instruction of each checked by
`baleen.measures.verifiable`. `strict` and `loose` are the shares of the 832 instructions whose verdict is the
published one; every other one is printed. FOLDER holds ifeval-prompts.jsonl and ifeval-gpt4-graded.jsonl.gz.
"""

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.measures.verifiable import texts, verdicts
from baleen.project.command_line import report_problems
from benchmarks.data import DATA

PROMPTS, GRADED = "ifeval-prompts.jsonl", "ifeval-gpt4-graded.jsonl.gz"
WAYS = ("strict", "loose")


def graded(folder: Path) -> Iterator[dict[str, Any]]:
    """Each response with the prompt that it answers."""
    for name in (PROMPTS, GRADED):
        if not (folder / name).is_file():
            raise Problem(f"no file {folder / name}; name its folder with --data")
    prompts = {prompt["key"]: prompt for prompt in records((folder / PROMPTS).read_bytes())}
    for response in records(gzip.decompress((folder / GRADED).read_bytes())):
        yield prompts[response["key"]] | response


def records(lines: bytes) -> list[dict[str, Any]]:
    """What JSON lines hold; only a line feed ends one, and a blank one holds nothing."""
    return [json.loads(line) for line in lines.split(b"\n") if line.strip()]


def differences(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each verdict of a row that is not the published one."""
    found = verdicts(tuple(row["instruction_id_list"]), texts(row["kwargs"]), row["response"])
    for number, ours in enumerate(found):
        for way, verdict in zip(WAYS, ours, strict=True):
            if verdict != row[way][number]:
                place = {"key": row["key"], "instruction": row["instruction_id_list"][number]}
                yield place | {"kwargs": row["kwargs"][number], "verdict": way, "ours": verdict}


def measured(folder: Path) -> dict[str, Any]:
    """Rows, instructions, the shares of equal verdicts, and the others."""
    rows = list(graded(folder))
    number, odd = sum(len(row["strict"]) for row in rows), [one for row in rows for one in differences(row)]
    shares = {way: 1 - sum(one["verdict"] == way for one in odd) / number for way in WAYS}
    return {"responses": len(rows), "instructions": number, **shares, "different": odd}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true", help="one object, for a program")
    options = parser.parse_args()
    with report_problems():
        found = measured(options.data)
    if options.json:
        return print(json.dumps(found))
    print(f"{found['instructions']} instructions of {found['responses']} responses")
    print(*(f"{way:<7}{found[way]:.4f} of the verdicts are the published ones" for way in WAYS), sep="\n")
    print(*map(json.dumps, found["different"]), sep="\n")


if __name__ == "__main__":
    main()
