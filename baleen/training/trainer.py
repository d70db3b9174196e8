"""Training: examples become weights, with TRL's SFTTrainer in one or several processes.

A run that was killed goes on from its last complete checkpoint, and on a CPU ends in the same bytes.
"""

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from baleen.errors import Problem
from baleen.models import identity, load, pins
from baleen.project.progress import Progress
from baleen.tables import rows
from baleen.training import checkpoints
from baleen.training.options import Job, TrainOptions

DROPOUTS = ("attention_dropout", "hidden_dropout", "resid_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop")
LOSSES = 50  # last steps whose mean loss is reported
SMALL = 10**8  # parameters; a smaller model is looked at every tenth step only, a look costs it a few per cent


def opened(job: Job) -> tuple[Any, Any]:
    """(model, tokenizer) to be trained; an adapter goes on being trained when one is asked for, else it is merged."""
    from transformers import AutoConfig

    where, extra = load.base_source(job.base)
    known = load.open_or_explain(lambda: AutoConfig.from_pretrained(where, **extra), where)
    dropout = {name: job.options.dropout for name in DROPOUTS if hasattr(known, name)}
    if job.options.dropout and not (dropout or job.options.lora_rank):
        raise Problem(f"train {job.name}: {where} has no dropout; leave the setting out")
    dtype = "bfloat16" if job.options.bf16 and job.options.lora_rank else "float32"
    words = load.tokenizer(job.base, chat=False)
    if not goes_on(job):
        return load.weights(job.base, dtype, **dropout), words
    base = load.base_model(where, extra, dtype, **dropout)
    return load.with_adapter(job.base, base, trainable=True), words


def goes_on(job: Job) -> bool:
    """Whether the base is an adapter that is trained further; its rank must be the one that is asked for."""
    found = identity.adapter_config(pins.model_folder(job.base))
    if not found or not job.options.lora_rank:
        return False
    if found["r"] != job.options.lora_rank:
        raise Problem(f"train {job.name}: {job.base} is an adapter of rank {found['r']}; write lora_rank: {found['r']}")
    return True


def config(job: Job, parameters: int) -> Any:
    """TRL's settings; those about data are off, for the examples come as token ids in their final order."""
    from trl import SFTConfig

    options, cpu = job.options, load.device(job.speed.device) == "cpu"
    schedule, floor = SCHEDULES[options.schedule](options)
    return SFTConfig(
        output_dir=job.folder,
        max_steps=job.steps,
        per_device_train_batch_size=job.rows,
        gradient_accumulation_steps=job.accumulate,
        learning_rate=options.lr,
        lr_scheduler_type=schedule,
        lr_scheduler_kwargs=floor,
        warmup_steps=round(options.warmup * job.steps),
        weight_decay=options.weight_decay,
        adam_beta2=options.beta2,
        max_grad_norm=options.max_grad_norm,
        bf16=options.bf16,
        seed=options.seed,
        use_cpu=cpu,
        max_length=None,
        train_sampling_strategy="sequential",
        gradient_checkpointing=job.speed.gradient_checkpointing,
        dataloader_pin_memory=not cpu,
        ddp_find_unused_parameters=False,
        ddp_broadcast_buffers=False,
        save_strategy="no",
        logging_steps=10 if parameters < SMALL else 1,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        log_level="error",
    )


def lora(job: Job) -> Any:
    """PEFT's settings, which name the revision of a base on the hub, or None for full fine-tuning."""
    options = job.options
    if not options.lora_rank:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=options.lora_rank,
        lora_alpha=options.lora_alpha or 2 * options.lora_rank,
        lora_dropout=options.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        revision=load.source(job.base)[1].get("revision"),
    )


def watcher(job: Job) -> Any:
    """What is done beside the steps: progress, checkpoints when they are due, a stop when the loss is lost."""
    import torch
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):  # type: ignore[misc]
        saved = time.monotonic()
        bar: Progress | None = None

        def due(self, device: Any) -> bool:
            """Whether to save now, as the first process sees the clock."""
            late = torch.tensor([time.monotonic() - self.saved >= job.speed.checkpoint_seconds], device=device)
            if torch.distributed.is_initialized():
                torch.distributed.broadcast(late, 0)
            return bool(late.item())

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                self.bar = Progress(job.name, job.steps, "steps")
                self.bar.done = state.global_step

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            last = state.global_step >= state.max_steps
            if last or state.global_step % args.logging_steps == 0:
                control.should_log = True
                control.should_save = not last and self.due(args.device)

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
            if "loss" in logs and not np.isfinite(logs["loss"]):
                raise Problem(f"train {job.name}: the loss is {logs['loss']} at step {state.global_step}; lower lr")
            if self.bar is not None and "loss" in logs:
                shown: dict[str, Any] = {"loss": f"{logs['loss']:.3f}"}
                self.bar.advance(state.global_step - self.bar.done, **shown)

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if torch.distributed.is_initialized():
                torch.distributed.barrier()
            if state.is_world_process_zero:
                checkpoints.mark(Path(job.folder, f"checkpoint-{state.global_step}"))
            self.saved = time.monotonic()

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.bar is not None:
                self.bar.close()

    return Watcher()


def run(job: Job) -> Any:
    """Train from the last complete checkpoint, and write the model and result.json (in the first process). The trainer
    comes back, for the caller to choose when it is freed."""
    import torch
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import SFTTrainer

    quiet()
    model, words = opened(job)
    parameters = model.num_parameters()
    examples = Dataset.from_file(str(Path(job.folder, "examples.arrow")))
    trainer = SFTTrainer(
        model=model,
        args=config(job, parameters),
        train_dataset=examples.select(np.load(Path(job.folder, "order.npy"))),
        processing_class=words,
        peft_config=None if goes_on(job) else lora(job),
        callbacks=[watcher(job)],
    )
    trainer.remove_callback(PrinterCallback)
    last = checkpoints.latest(Path(job.folder))
    try:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.OutOfMemoryError:
        raise Problem(f"train {job.name}: no GPU memory for {job.rows} rows; lower speed: train_rows") from None
    save(trainer, words, job)
    if trainer.is_world_process_zero():
        loss = last_loss(trainer.state.log_history)
        rows.write_json(Path(job.folder, "result.json"), {"loss": loss, "parameters": parameters})
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    return trainer


def quiet() -> None:
    """No bars, no notices of the libraries, one thread a process on a CPU."""
    import warnings

    import datasets
    import torch
    import transformers

    warnings.simplefilter("ignore")
    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if os.environ.get("OMP_NUM_THREADS") == "1":
        torch.set_num_threads(1)
    keep_memory()


def keep_memory() -> None:
    """Let glibc keep the memory of tensors between operations: giving it back and faulting it in again took 12% of the
    CPU of a small model's step."""
    if allocator := getattr(ctypes.CDLL(None), "mallopt", None):
        allocator(-3, 32 << 20)  # M_MMAP_THRESHOLD, at its largest
        allocator(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD


def last_loss(history: list[dict[str, Any]]) -> float:
    """Mean loss of the last steps (nats per learned token), from means over a few steps each."""
    logs = [(log["step"], log["loss"]) for log in history if "loss" in log]
    before = [0, *(step for step, _ in logs)]
    means = [(step - start, loss) for start, (step, loss) in zip(before, logs, strict=False)]
    late = [pair for pair, (step, _) in zip(means, logs, strict=True) if step > logs[-1][0] - LOSSES]
    return float(round(sum(n * loss for n, loss in late) / sum(n for n, _ in late), 6))


def save(trainer: Any, words: Any, job: Job) -> None:
    """Write the model, in the first process."""
    sharded, unwrapped = trainer.is_fsdp_enabled, trainer.accelerator.unwrap_model
    model = gathered(trainer, words, job) if sharded else unwrapped(trainer.model)
    if trainer.is_world_process_zero():
        finish(model, words, job)


def gathered(trainer: Any, words: Any, job: Job) -> Any:
    """A model whose weights lie in shards, whole again in the first process: the base, given what was trained."""
    trained = trainer.accelerator.get_state_dict(trainer.model)
    if not trainer.is_world_process_zero():
        return None
    from transformers.trainer_utils import align_special_tokens

    model, _ = opened(job)
    if (adapter := lora(job)) and not goes_on(job):
        from peft import get_peft_model

        model = get_peft_model(model, adapter)
    model.load_state_dict(trained)  # every name must fit: PEFT's own files leave out what it does not find
    align_special_tokens(model, words)  # as the trainer does
    return model


def finish(model: Any, words: Any, job: Job) -> None:
    """Write the model in the layout that from_pretrained and servers read."""
    import torch

    whole = model.merge_and_unload() if job.options.lora_rank and not job.options.adapter else model
    whole.generation_config.eos_token_id = ends(whole.generation_config.eos_token_id, words.eos_token_id)
    whole.to(torch.bfloat16 if job.options.bf16 else torch.float32).save_pretrained(job.output)
    words.save_pretrained(job.output)


def ends(known: int | list[int] | None, own: int) -> int | list[int]:
    """Tokens that end a reply, the tokenizer's own among them."""
    several = [known] if isinstance(known, int) else list(known or [])
    return own if several in ([], [own]) else [own, *(token for token in several if token != own)]


SCHEDULES: dict[str, Callable[[TrainOptions], tuple[str, dict[str, float]]]] = {
    "cosine": lambda options: ("cosine_with_min_lr", {"min_lr_rate": options.lr_floor}),
    "linear": lambda options: ("polynomial", {"power": 1.0, "lr_end": options.lr * options.lr_floor}),
    "constant": lambda options: ("constant_with_warmup", {}),
}
