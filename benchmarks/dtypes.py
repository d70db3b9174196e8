"""Which dtype is the faster one on this CPU: products of matrices of the sizes of SmolLM2-135M, on one core.

python -m benchmarks.dtypes [PROFILE.yaml]: prints it with both rates; a profile that is named is written with it.
AVX512_BF16 is twice as fast as float32 on some CPUs and half as fast on others (measured: 80 against 135 GFLOP/s).
"""

import re
import sys
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


def main(argv: list[str]) -> None:
    measured = rates()
    dtype = faster(measured)
    print(f"{dtype}: {measured} GFLOP/s")
    for path in map(Path, argv):
        path.write_text(with_dtype(path.read_text(encoding="utf-8"), dtype), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
