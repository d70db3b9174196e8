"""Which dtype is the faster one on this CPU: products of matrices of the sizes of SmolLM2-135M, on one core.

python -m benchmarks.dtypes [--known FILE] [PROFILE.yaml]: prints it; a profile that is named is written with it. With
--known it is measured once and noted in a file: near the border another time could choose otherwise, and build it anew.
AVX512_BF16 is twice as fast as float32 on some CPUs and half as fast on others (measured: 80 against 135 GFLOP/s).
"""

import re
from argparse import ArgumentParser
from pathlib import Path
from time import thread_time

SHAPE = (256, 576, 1536)  # tokens, width, width of the feed-forward layers
TURNS = 20
ENOUGH = 1.2  # bfloat16 needs half the memory: float32 must be faster by this to be worth it


def rates() -> dict[str, float]:
    """Billions of operations a second in each dtype: the best of TURNS, which take turns."""
    import torch

    torch.set_num_threads(1)
    rows, width, wide = SHAPE
    pairs = {name: (torch.randn(rows, width), torch.randn(wide, width)) for name in ("bfloat16", "float32")}
    pairs = {name: (a.to(getattr(torch, name)), b.to(getattr(torch, name))) for name, (a, b) in pairs.items()}
    seconds = dict.fromkeys(pairs, float("inf"))
    for _ in range(TURNS):
        for name, (a, b) in pairs.items():
            begun = thread_time()
            torch.nn.functional.linear(a, b)
            seconds[name] = min(seconds[name], thread_time() - begun)
    return {name: round(2 * rows * width * wide / spent / 1e9, 1) for name, spent in seconds.items()}


def faster(measured: dict[str, float]) -> str:
    return "float32" if measured["float32"] > ENOUGH * measured["bfloat16"] else "bfloat16"


def with_dtype(profile: str, dtype: str) -> str:
    """The text of a profile in which models are opened and trained in this dtype."""
    text = re.sub(r"\bdtype: \w+", f"dtype: {dtype}", profile)
    return re.sub(r"\bbf16: \w+", f"bf16: {str(dtype == 'bfloat16').lower()}", text)


def known(note: Path) -> str:
    """The dtype in a note; else it is measured and noted."""
    dtype = note.read_text(encoding="utf-8") if note.exists() else ""
    if not dtype:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(dtype := faster(rates()), encoding="utf-8")
    return dtype


def main() -> None:
    cli = ArgumentParser(prog="python -m benchmarks.dtypes", description=__doc__)
    cli.add_argument("--known", type=Path, help="the file in which it is noted")
    cli.add_argument("profiles", type=Path, nargs="*", help="to be written with it")
    args = cli.parse_args()
    measured = {} if args.known else rates()
    dtype = known(args.known) if args.known else faster(measured)
    print(f"{dtype}: {measured} GFLOP/s" if measured else dtype)
    for path in args.profiles:
        path.write_text(with_dtype(path.read_text(encoding="utf-8"), dtype), encoding="utf-8")


if __name__ == "__main__":
    main()
