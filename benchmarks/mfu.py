"""Training tokens a second of the train verb over those of a bare TRL step: python -m benchmarks.mfu --model DIR --json

Both sides learn the same rows, all of exactly `--length` tokens, in the same precision and the same rows a step; what
is timed are optimizer steps alone, after WARM that are not, with the device idle at both ends. `mfu` is tokens/s times
6 N + 12 L H Q T operations a token (PaLM, arXiv:2204.02311, appendix B) over the peak of the device: the data sheet's
of dense bf16 for a GPU that is in PEAKS, else what products of matrices reach here.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from baleen.models import load
from baleen.project.command_line import report_problems
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from baleen.tables.rows import Row
from benchmarks import dtypes

WARM = 3  # steps
PEAKS = {"H100 PCIe": 756e12, "H100 NVL": 835e12, "H100": 989e12, "H200": 989e12}  # NVIDIA's data sheets, dense bf16
FILES = {
    "prompts/reply.md": "---\nwrites: [response]\n---\n$instruction\n",
    "params.yaml": "profile: bench\n",
}


def project(model: str, number: int, length: int, device: str, a_step: int) -> list[Row]:
    """A model, a prompt and rows longer than `length` tokens in the current folder."""
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    speed = {"device": device, "train_rows": a_step, "checkpoint_seconds": 3600}
    Path("profiles").mkdir()
    Path("profiles/bench.yaml").write_text(yaml_text({"speed": speed}), encoding="utf-8")
    Path("models/base").mkdir(parents=True)
    Path("models/base/pin.yaml").write_text(yaml_text({"path": model}), encoding="utf-8")
    words = "what a long answer says about nothing in particular "
    pairs = [(f"Question {n}?", f"{n} " + words * length) for n in range(number)]  # cut to `length` tokens
    table: list[Row] = [{"id": rows.row_id(q), "origin": "seed", "instruction": q, "response": a} for q, a in pairs]
    rows.write("seed", table)
    return table


def clock_callback(took: list[float]) -> Any:
    """Appends the seconds of every step after the first WARM, the device idle at both ends of a step."""
    import torch
    from transformers import TrainerCallback

    def now() -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()

    class Clock(TrainerCallback):  # type: ignore[misc]
        begun = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.begun = now()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step > WARM:
                took.append(now() - self.begun)

    return Clock


def ours(given: argparse.Namespace, bf16: bool) -> None:
    """The train verb, as a build runs it."""
    from stages import train

    flags = ["--steps", str(given.steps + WARM), "--batch", str(given.batch), "--max-length", str(given.length)]
    flags += ["--too-long", "cut", "--lr", "1e-5", "--bf16", str(bf16).lower()]
    train.main(["ours", "--input", "seed", "--base", "base", "--prompt", "reply", "--profile", "bench", *flags])


def bare(given: argparse.Namespace, bf16: bool, table: list[Row]) -> None:
    """What one would write by hand with TRL."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    model = load.weights("base", "float32")
    pairs = [
        {
            "prompt": [{"role": "user", "content": row["instruction"]}],
            "completion": [{"role": "assistant", "content": row["response"]}],
        }
        for row in table
    ]
    settings = SFTConfig(
        output_dir="bare", max_steps=given.steps + WARM, per_device_train_batch_size=given.rows,
        gradient_accumulation_steps=given.batch // given.rows, learning_rate=1e-5, bf16=bf16,
        max_length=given.length, gradient_checkpointing=False, use_cpu=load.device(given.device) == "cpu",
        save_strategy="no", report_to=[], disable_tqdm=True, log_level="error", logging_steps=1,
    )  # fmt: skip
    words = load.tokenizer("base")
    SFTTrainer(model=model, args=settings, train_dataset=Dataset.from_list(pairs), processing_class=words).train()


def timed(train: Callable[[], None], tokens_a_step: int) -> tuple[float, list[float]]:
    """Tokens a second over all timed steps, and the seconds of each."""
    from transformers import trainer

    took: list[float] = []
    clock = clock_callback(took)
    trainer.DEFAULT_CALLBACKS.append(clock)
    try:
        train()
    finally:
        trainer.DEFAULT_CALLBACKS.remove(clock)
    return tokens_a_step * len(took) / sum(took), took


def operations_a_token(config: Any, parameters: int, length: int) -> float:
    """Floating-point operations of training on one token: 6 N for the weights, 12 L H Q T for attention."""
    heads = config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // heads
    return 6.0 * parameters + 12.0 * float(config.num_hidden_layers * heads * size * length)


def peak(device: str) -> tuple[float, str]:
    """(operations a second, how that is known) of the device that trains."""
    import torch

    if load.device(device) == "cpu":
        return max(dtypes.rates().values()) * 1e9, "products of matrices on one core"
    name = torch.cuda.get_device_name()
    if known := next((kind for kind in PEAKS if all(word in name for word in kind.split())), ""):
        return PEAKS[known], f"data sheet of {known}, dense bf16"
    return gpu_products(), "products of matrices here"


def gpu_products(width: int = 8192, turns: int = 20) -> float:
    """Operations a second of square products in bf16 on the GPU: the best of `turns`."""
    import torch

    a, b = (torch.randn(width, width, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(turns):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        torch.matmul(a, b)
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begun)
    return 2.0 * width**3 / best


def figures(given: argparse.Namespace) -> Row:
    """Tokens/s and MFU of both sides; ours goes first."""
    from transformers import AutoConfig

    table = project(given.model, given.batch * 2, given.length, given.device, given.rows)
    bf16, tokens = load.device(given.device) != "cpu", given.batch * given.length
    mine, _ = timed(lambda: ours(given, bf16), tokens)
    theirs, _ = timed(lambda: bare(given, bf16, table), tokens)
    number = sum(parameter.numel() for parameter in load.weights("base", "float32").parameters())
    each = operations_a_token(AutoConfig.from_pretrained(given.model), number, given.length)
    most, how = peak(given.device)
    sides = {"ours": mine, "bare": theirs}
    rates = {name: {"tokens_s": round(rate, 1), "mfu": round(rate * each / most, 4)} for name, rate in sides.items()}
    shape = {"steps": given.steps, "batch": given.batch, "rows": given.rows, "length": given.length, "bf16": bf16}
    about = {"ratio": round(mine / theirs, 3), "parameters": number, "peak_tflops": round(most / 1e12, 3), "peak": how}
    return rates | about | shape


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.mfu", description=__doc__)
    cli.add_argument("--model", required=True, help="folder of safetensors")
    cli.add_argument("--device", default="auto")
    cli.add_argument("--steps", type=int, default=20, help="timed optimizer steps")
    cli.add_argument("--batch", type=int, default=64, help="rows an optimizer step")
    cli.add_argument("--rows", type=int, default=32, help="rows at once")
    cli.add_argument("--length", type=int, default=1024, help="tokens of a row")
    cli.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given = cli.parse_args()
    given.model = str(Path(given.model).resolve())
    with TemporaryDirectory() as folder, chdir(folder), report_problems():
        os.environ["BALEEN_MEMO"] = str(Path(folder, "memo"))
        result = figures(given)
    print(json.dumps(result) if given.json else "\n".join(f"{name:<12} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
