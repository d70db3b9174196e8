"""Training with TRL's SFTTrainer, in one process of a run or in each of several.

A killed run continues from its last complete checkpoint; on a CPU it ends in the same bytes as without a kill.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from baleen.errors import Problem
from baleen.models import identity, load
from baleen.project.progress import Progress
from baleen.tables import rows
from baleen.training import checkpoints, library_settings, preferences
from baleen.training.options import Job, TrainOptions

DROPOUTS = ("attention_dropout", "hidden_dropout", "resid_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop")
CURVE = 60  # points of a learning curve
LOSSES = 50  # last steps whose mean loss is reported
SMALL = 10**8  # parameters; a smaller model logs every tenth step only; logging each step costs it a few per cent


def load_model(job: Job) -> tuple[Any, Any]:
    """(model, tokenizer) to train. A base that is an adapter is trained further when lora_rank is set, else merged."""
    from transformers import AutoConfig

    where, extra = load.base_source(job.base)
    config = load.open_or_explain(lambda: AutoConfig.from_pretrained(where, **extra), where)
    dropout = {name: job.options.dropout for name in DROPOUTS if hasattr(config, name)}
    if job.options.dropout and not (dropout or job.options.lora_rank):
        raise Problem(f"train {job.name}: {where} has no dropout; write dropout: 0")
    dtype = "bfloat16" if job.options.bf16 and job.options.lora_rank else "float32"
    tokenizer = load.tokenizer(job.base, chat=False)
    if not continues_adapter(job):
        return load.weights(job.base, dtype, **dropout), tokenizer
    base = load.base_model(where, extra, dtype, **dropout)
    return load.with_adapter(job.base, base, trainable=True), tokenizer


def continues_adapter(job: Job) -> bool:
    """Whether the base is an adapter that is trained further; a Problem when its rank is not lora_rank."""
    adapter = identity.adapter_config(load.weights_folder(job.base))
    if not adapter or not job.options.lora_rank:
        return False
    if adapter["r"] != job.options.lora_rank:
        raise Problem(
            f"train {job.name}: {job.base} is an adapter of rank {adapter['r']}; write lora_rank: {adapter['r']}"
        )
    return True


def settings_of(job: Job, parameters: int) -> dict[str, Any]:
    """TRL's settings; its processing of data is off, because the examples are token ids in their final order."""
    options, cpu = job.options, load.device(job.speed.device) == "cpu"
    schedule, floor = SCHEDULES[options.schedule](options)
    return dict(
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
        log_level_replica="error",  # else each other process tells of tied weights when it goes on from a checkpoint
    )


def lora_config(job: Job) -> Any:
    """PEFT's settings, or None for full fine-tuning. They name the revision when the base is on the hub."""
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


def training_callback(job: Job) -> Any:
    """A callback that shows progress, saves a checkpoint when one is due, and stops when the loss is not finite."""
    import torch
    from transformers import TrainerCallback

    class TrainingCallback(TrainerCallback):  # type: ignore[misc]
        saved = time.monotonic()
        bar: Progress | None = None

        def due(self, device: Any) -> bool:
            """Whether to save now, by the clock of the first process."""
            late = torch.tensor([time.monotonic() - self.saved >= job.speed.checkpoint_seconds], device=device)
            if torch.distributed.is_initialized():
                torch.distributed.broadcast(late, 0)
            return bool(late.item())

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                self.bar = Progress(job.name, job.steps, "steps", begun=state.global_step)

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
                checkpoints.mark_complete(Path(job.folder, f"checkpoint-{state.global_step}"))
            self.saved = time.monotonic()

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.bar is not None:
                self.bar.close()

    return TrainingCallback()


def trainer_of(job: Job, model: Any, tokenizer: Any, parameters: int) -> Any:
    """TRL's trainer of a job: on answers, or on preferences."""
    from datasets import Dataset

    examples = Dataset.from_file(str(Path(job.folder, "examples.arrow")))
    given = {
        "model": model,
        "train_dataset": examples.select(np.load(Path(job.folder, "order.npy"))),
        "processing_class": tokenizer,
        "peft_config": None if continues_adapter(job) else lora_config(job),
        "callbacks": [training_callback(job)],
    }
    settings = settings_of(job, parameters)
    if job.options.rejected:
        reference = None if job.options.lora_rank else load_model(job)[0]
        return preferences.trainer(reference, settings, job.options, **given)
    from trl import SFTConfig, SFTTrainer

    return SFTTrainer(args=SFTConfig(**settings), **given)


def run(job: Job) -> Any:
    """Train from the last complete checkpoint, and write the model and result.json (in the first process). Returns the
    trainer, so that the caller decides when it is freed."""
    import torch
    from transformers import PrinterCallback

    library_settings.silence()
    model, tokenizer = load_model(job)
    library_settings.fit_head(model.config.vocab_size)
    library_settings.score_labels_alone()
    parameters = model.num_parameters()
    trainer = trainer_of(job, model, tokenizer, parameters)
    trainer.remove_callback(PrinterCallback)
    last = checkpoints.last_complete(Path(job.folder))
    try:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.OutOfMemoryError:
        raise Problem(f"train {job.name}: no GPU memory for {job.rows} rows; lower speed: train_rows") from None
    save(trainer, tokenizer, job)
    if trainer.is_world_process_zero():
        loss = mean_last_loss(trainer.state.log_history)
        curve = learning_curve(trainer.state.log_history)
        more = preferences.figures(trainer.state.log_history, LOSSES) if job.options.rejected else {}
        result = {"loss": loss, "parameters": parameters, "curve": curve} | more
        rows.write_json(Path(job.folder, "result.json"), result)
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    return trainer


def mean_last_loss(history: list[dict[str, Any]]) -> float:
    """Mean loss (nats per token with loss) of the last LOSSES steps, from logs that are means over a few steps."""
    logs = [(log["step"], log["loss"]) for log in history if "loss" in log]
    before = [0, *(step for step, _ in logs)]
    means = [(step - start, loss) for start, (step, loss) in zip(before, logs, strict=False)]
    late = [pair for pair, (step, _) in zip(means, logs, strict=True) if step > logs[-1][0] - LOSSES]
    return float(round(sum(n * loss for n, loss in late) / sum(n for n, _ in late), 6))


def learning_curve(history: list[dict[str, Any]]) -> list[list[float]]:
    """Step and training loss (nats per token) of each log, of at most CURVE logs."""
    logs = [[float(log["step"]), round(float(log["loss"]), 4)] for log in history if "loss" in log]
    return logs[:: max(1, len(logs) // CURVE)]


def save(trainer: Any, tokenizer: Any, job: Job) -> None:
    """Write the model, in the first process."""
    sharded, unwrapped = trainer.is_fsdp_enabled, trainer.accelerator.unwrap_model
    model = gathered_model(trainer, tokenizer, job) if sharded else unwrapped(trainer.model)
    if trainer.is_world_process_zero():
        write_model(model, tokenizer, job)


def gathered_model(trainer: Any, tokenizer: Any, job: Job) -> Any:
    """The full model from sharded weights, in the first process (None in the others): the base with the trained weights
    loaded into it."""
    trained = trainer.accelerator.get_state_dict(trainer.model)
    if not trainer.is_world_process_zero():
        return None
    from transformers.trainer_utils import align_special_tokens

    model, _ = load_model(job)
    if (adapter := lora_config(job)) and not continues_adapter(job):
        from peft import get_peft_model

        model = get_peft_model(model, adapter)
    model.load_state_dict(trained)  # strict: loading through PEFT would ignore missing names
    align_special_tokens(model, tokenizer)  # as the trainer does
    return model


def write_model(model: Any, tokenizer: Any, job: Job) -> None:
    """Write the model and tokenizer as from_pretrained and servers read them."""
    import torch

    if job.options.lora_rank and not job.options.adapter:
        model = model.merge_and_unload()
    model.generation_config.eos_token_id = end_tokens(model.generation_config.eos_token_id, tokenizer.eos_token_id)
    model.to(torch.bfloat16 if job.options.bf16 else torch.float32).save_pretrained(job.output)
    tokenizer.save_pretrained(job.output)


def end_tokens(of_model: int | list[int] | None, of_tokenizer: int) -> int | list[int]:
    """Tokens that end a reply: those of the model and the one of the tokenizer."""
    tokens = [of_model] if isinstance(of_model, int) else list(of_model or [])
    own = of_tokenizer
    return own if tokens in ([], [own]) else [own, *(token for token in tokens if token != own)]


SCHEDULES: dict[str, Callable[[TrainOptions], tuple[str, dict[str, float]]]] = {
    "cosine": lambda options: ("cosine_with_min_lr", {"min_lr_rate": options.lr_floor}),
    "linear": lambda options: ("polynomial", {"power": 1.0, "lr_end": options.lr * options.lr_floor}),
    "constant": lambda options: ("constant_with_warmup", {}),
}
