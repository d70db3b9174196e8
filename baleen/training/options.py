"""The settings of a training run, checked before any model is opened.

TrainOptions holds what changes the weights and is hashed. The number of processes and the interval of checkpoints are
in Speed, which is not hashed.
"""

import json
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from baleen import prompts
from baleen.errors import Problem, unknown
from baleen.project.settings import ENDLESS, REQUIRED, Speed, setting, within
from baleen.tables import rows


@dataclass
class TrainOptions:
    input: str = setting(REQUIRED, "table to learn from")
    base: str = setting(REQUIRED, "model to start from")
    prompt: str = setting("", "prompt whose answer is learned; one without a question is plain text")
    prompts: str = setting("", "folder of prompts/: each row names in `prompt` the one it answers, there or above")
    grow: bool = setting(
        False, "extend the vocabulary: a token for each new word and each fixed line of the prompts (word tokenizers)"
    )
    instead: dict[str, Any] = setting({}, "pin of a trained model to use instead of training one")
    writes: str = setting("", "column of the answer instead of the prompt's own")
    rejected: str = setting("", "column of an answer that is to lose: DPO, the prompt's own answer against it")
    beta: float = setting(0.1, "with `rejected`: how near the model stays to its base; high is near")
    tag: str = setting("", "use the system message of this origin instead of the row's own")
    template: dict[str, Any] = setting({}, "arguments of the chat template, such as {enable_thinking: false}")
    steps: int = setting(-1, "optimizer steps; 0 copies the base, -1 goes by epochs")
    steps_of: str = setting("", "model of the project that is trained for as many steps, in place of steps (rule arm)")
    epochs: float = setting(3.0, "passes over the examples when steps is -1; rounded up to whole steps")
    epochs_by_rows: dict[str, float] = setting(
        {}, "in place of epochs: passes by number of examples, in proportion between two: {'100': 2.4, '3200': 5.0}"
    )
    batch: int = setting(32, "examples (or blocks) an optimizer step")
    batch_by_rows: dict[str, int] = setting(
        {}, "in place of batch when steps is -1: from so many examples on: {'0': 8, '3000': 32}"
    )
    lr: float = setting(1e-5, "highest learning rate, of AdamW")
    schedule: str = setting("cosine", "the rate after the warm-up: cosine, linear or constant")
    lr_floor: float = setting(0.0, "cosine and linear fall to this share of lr")
    warmup: float = setting(0.0, "share of the steps in which the rate rises from 0")
    weight_decay: float = setting(0.1, "of AdamW, on matrices only")
    beta2: float = setting(0.999, "of AdamW")
    max_grad_norm: float = setting(1.0, "gradients are scaled down to this norm; 0 is off")
    dropout: float = setting(0.0, "where the architecture has dropout (Llama: attention only), and in LoRA")
    max_length: int = setting(2048, "tokens of an example, or of a block when packing")
    too_long: str = setting("drop", "longer examples: drop or cut")
    packing: bool = setting(False, "plain texts one after the other in blocks of max_length")
    bf16: bool = setting(False, "mixed precision, and weights saved in bfloat16")
    seed: int = setting(0, "of the order of the examples, dropout and new weights")
    lora_rank: int = setting(0, "rank of LoRA on all linear layers; 0 trains all weights")
    lora_alpha: float = setting(0.0, "scale of LoRA; 0 is twice the rank")
    adapter: bool = setting(False, "save the LoRA adapter alone instead of merging it into the base")


ALLOWED = {"schedule": ("cosine", "linear", "constant"), "too_long": ("drop", "cut")}
BOUNDS = {  # smallest and largest value
    "steps": (-1, ENDLESS), "batch": (1, ENDLESS), "lr": (0, 1), "lr_floor": (0, 0.999), "warmup": (0, 1),
    "dropout": (0, 0.99), "beta2": (0, 0.99999), "max_length": (2, ENDLESS), "lora_rank": (0, 65536),
    "beta": (1e-6, 100),
}  # fmt: skip


def check(options: TrainOptions, where: str) -> None:
    """A Problem for the first setting that is not valid."""
    if bool(options.prompt) == bool(options.prompts):
        raise Problem(f"{where}: write prompt (one for all rows) or prompts (a folder; each row names its own)")
    for name, allowed in ALLOWED.items():
        if (value := getattr(options, name)) not in allowed:
            raise Problem(f"{where}: {unknown(name, value, list(allowed))}")
    within(options, where, BOUNDS)
    if options.steps < 0 and options.epochs <= 0:
        raise Problem(f"{where}: epochs is {options.epochs}; write the number of passes (above 0), or steps")
    if options.template and options.prompt and not prompts.load(options.prompt).body:
        raise Problem(f"{where}: prompts/{options.prompt}.md is no chat, so `template` has no effect; take it out")
    for key, example in {"epochs_by_rows": "{'3200': 5.0}", "batch_by_rows": "{'3000': 32}"}.items():
        if odd := next((rows for rows in getattr(options, key) if not rows.isdigit()), ""):
            raise Problem(f"{where}: {key} names {odd!r}; write numbers of examples, such as {example}")
    if (smallest := min(options.batch_by_rows.values(), default=1)) < 1:
        raise Problem(f"{where}: batch_by_rows has a batch of {smallest}; write a number of examples from 1")
    if options.rejected:
        import_module("baleen.training.preferences").check(options, where)
    if options.adapter and not options.lora_rank:
        raise Problem(f"{where}: adapter works with LoRA only; write lora_rank too, such as lora_rank: 16")
    if options.adapter and options.grow:
        raise Problem(f"{where}: adapter needs a base that stays; grow it in a line of its own, or leave adapter out")


def passes(options: TrainOptions, examples: int) -> float:
    """Passes over so many examples where steps is -1."""
    if not options.epochs_by_rows:
        return options.epochs
    points = sorted((int(rows), passes) for rows, passes in options.epochs_by_rows.items())
    return float(np.interp(examples, [rows for rows, _ in points], [passes for _, passes in points]))


def number_of(model: str, key: str) -> int:
    """The steps for which a model of the project was trained, or its batch; 0 before it is."""
    path = Path("models", f"{model}.json")
    return int(json.loads(path.read_text(encoding="utf-8")).get(key, 0)) if path.is_file() else 0


def with_own_steps(options: TrainOptions, where: str) -> TrainOptions:
    """The settings with the number of steps in the place of the model that has them, and with its batch where that
    goes by the number of examples."""
    if not options.steps_of:
        return options
    if not (steps := number_of(options.steps_of, "steps")):
        raise Problem(f"{where}: {options.steps_of} was trained for no steps; name another model, or write steps")
    return replace(options, steps=steps, steps_of="", batch=batch_for(options, 0))


def batch_for(options: TrainOptions, examples: int) -> int:
    """Examples (or blocks) an optimizer step where there are so many."""
    if options.steps_of and options.batch_by_rows and (other := number_of(options.steps_of, "batch")):
        return other
    reached = [(int(rows), batch) for rows, batch in options.batch_by_rows.items() if int(rows) <= examples]
    return max(reached)[1] if reached and options.steps < 0 else options.batch


def steps_for(options: TrainOptions, examples: int) -> int:
    """Optimizer steps over so many examples (or blocks); passes are rounded up to whole steps."""
    if options.steps_of and (other := number_of(options.steps_of, "steps")):
        return other
    if options.steps >= 0:
        return options.steps
    return ceil(passes(options, examples) * examples / batch_for(options, examples))


@dataclass(frozen=True)
class Job:
    """One training run: `folder` holds examples, order and checkpoints, `output` receives the model."""

    name: str
    base: str
    folder: str
    output: str
    steps: int
    rows: int
    accumulate: int
    options: TrainOptions
    speed: Speed


def save_job(job: Job) -> Path:
    path = Path(job.folder, "job.json")
    rows.write_json(path, asdict(job))
    return path


def load_job(path: Path) -> Job:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Job(**fields | {"options": TrainOptions(**fields["options"]), "speed": Speed(**fields["speed"])})


def shares(batch: int, speed: Speed) -> tuple[int, int]:
    """(rows per device and forward pass, gradient accumulation steps) with which a step has exactly `batch` examples; a
    Problem when the processes cannot share the batch equally."""
    own, left = divmod(batch, speed.processes)
    if left or not own:
        raise Problem(f"a batch of {batch} cannot be shared by {speed.processes} processes; change speed: processes")
    at_once = max(n for n in range(1, min(own, speed.train_rows) + 1) if own % n == 0)
    return at_once, own // at_once
