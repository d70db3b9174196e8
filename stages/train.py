"""train: teach a model to answer a prompt as the rows of a table do.

python -m stages.train reply --input seed --base base --prompt reply --profile pocket --settings sft
"""

import gc
import importlib
import json
import math
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import numpy as np

from baleen.errors import Problem
from baleen.memo import throughput
from baleen.memo.dry_run import count_weights, disk_size, duration
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate
from baleen.models import identity, load, pins, scratch
from baleen.project import code_hashes, inputs, settings
from baleen.project.command_line import run
from baleen.project.inputs import unchanged
from baleen.project.locks import memo_folder
from baleen.project.options import options_of_run, run_flags
from baleen.project.settings import Speed
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.training import checkpoints, examples, processes
from baleen.training.lessons import GENERAL, Lessons, constant_lines_of, read_lessons
from baleen.training.options import Job, TrainOptions, check, shares


def digest(lessons: Lessons, options: TrainOptions) -> str:
    """What the weights depend on, whatever things are called; the code too, or a run would go on from examples and
    checkpoints that other code has made."""
    told = {key: value for key, value in asdict(options).items() if key not in ("input", "base", "prompt", "prompts")}
    asked = [f"{name}={prompt.digest}" for name, prompt in sorted(lessons.prompts.items())]
    lines, ours = constant_lines_of(options.prompts) if options.grow else [], code_hashes.at_start("train")
    table = identity.file_hash(lessons.path)
    return checkpoints.digest(identity.identity(options.base), table, *asked, *lines, *ours, repr(told))


def unmade(name: str) -> scratch.Fresh | None:
    """The sizes of a model that has no weights yet."""
    pin = pins.pin(name)
    return pin.fresh if pin else None


def base(work: Path, lessons: Lessons, options: TrainOptions) -> str:
    """The model to start from; one that has no weights yet, or not all words, is made in the work folder. One of the
    hub stays as it is: its tokens are pieces of words, no word is new to it."""
    made = unmade(options.base)
    if not made and (not options.grow or pins.pin(options.base)):
        return options.base
    whole, part = work / "base", work / "base.part"
    if not whole.is_dir():
        shutil.rmtree(part, ignore_errors=True)
        said = lessons.texts(options.tag)
        if made:
            scratch.make(part, made, said, options.seed)
        else:
            scratch.grow(pins.model_folder(options.base), part, said, constant_lines_of(options.prompts), options.seed)
        os.replace(part, whole)  # only now: config.json is there long before the weights are
    return str(whole)


def encode(work: Path, start: str, lessons: Lessons, options: TrainOptions) -> None:
    """Write the examples, unless an interrupted run has done so."""
    if (work / "examples.json").is_file():
        return
    words = load.tokenizer(start, chat=any(prompt.body for prompt in lessons.prompts.values()))
    tally = Counter[str]()
    found = examples.encoded(rows.read(lessons.path), lessons.prompt, options.tag, words)
    fit = examples.packed(found, options.max_length, tally) if options.packing else None
    fit = fit or examples.fitted(found, options.max_length, options.too_long == "cut", tally)
    examples.write(work, fit, tally)


def prepare(name: str, work: Path, options: TrainOptions, speed: Speed) -> Job:
    """Everything a training process reads, written to the work folder."""
    lessons = read_lessons(options)
    start = base(work, lessons, options)
    encode(work, start, lessons, options)
    lengths = np.load(work / "lengths.npy")
    if not len(lengths):
        raise Problem(
            f"train {name}: no example is left of {lessons.path}: {json.loads((work / 'examples.json').read_text())}"
        )
    steps = options.steps if options.steps > 0 else math.ceil(options.epochs * len(lengths) / options.batch)
    np.save(work / "order.npy", examples.order(lengths, options.batch, steps, options.seed))
    output = Path("models", f".{name}.part")
    shutil.rmtree(output, ignore_errors=True)
    checkpoints.keep_last_complete(work)
    return Job(name, start, str(work), str(output), steps, *shares(options.batch, speed), options, speed)


def counts(job: Job) -> Row:
    """What goes to models/<name>.json."""
    tally = json.loads(Path(job.folder, "examples.json").read_text(encoding="utf-8"))
    lengths, order = (np.load(Path(job.folder, f"{name}.npy")) for name in ("lengths", "order"))
    dropped = {reason: tally[reason] for reason in ("no answer", "too long") if tally.get(reason)}
    found = {"rows_in": tally["rows_in"], "examples": len(lengths), "dropped": dropped, "cut": tally.get("cut", 0)}
    seen = {"steps": job.steps, "batch": job.options.batch, "tokens": int(lengths[order].sum(dtype=np.int64))}
    result: Row = json.loads(Path(job.folder, "result.json").read_text(encoding="utf-8"))
    return found | seen | result


def publish(name: str, part: Path, numbers: Row) -> None:
    """Put a finished model in its place; until then nothing is there."""
    final = Path("models", name)
    unchanged()
    rows.write_json(Path("models", f"{name}.json"), numbers)
    if final.exists():
        shutil.rmtree(final)
    os.replace(part, final)


def copied(name: str, options: TrainOptions) -> None:
    """The base, or its pin, as it is."""
    part = Path("models", f".{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(pins.model_folder(options.base), part)
    publish(name, part, {"rows_in": rows.size(rows.table_path(options.input)), "examples": 0, "steps": 0})


def taken(name: str, options: TrainOptions) -> None:
    """A model that somebody else has trained, as a pin."""
    part = Path("models", f".{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    found = pins.declared(dict(options.instead), f"train {name}: instead")
    (part / "pin.yaml").write_text(yaml_text(found), encoding="utf-8")
    publish(name, part, {"rows_in": rows.size(rows.table_path(options.input)), "examples": 0, "steps": 0})


@contextmanager
def light(options: TrainOptions) -> Iterator[None]:
    """Import TRL in 7.7 s of CPU instead of 9.8: without collecting garbage, and without PEFT when it is not needed
    (TRL imports it wherever it is installed). Collections while training skip what was imported: 0.7 s each."""
    gc.disable()
    if not options.lora_rank and not (pins.model_folder(options.base) / "adapter_config.json").exists():
        sys.modules.setdefault("peft", None)  # type: ignore[arg-type]
    importlib.import_module("trl.trainer.sft_trainer")
    gc.enable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()  # or libraries complain of leaks at the end


def size_up(lessons: Lessons, options: TrainOptions) -> tuple[int, int, int]:
    """Tokens of the table (4 characters each), optimizer steps, and tokens that are learned from in all of them."""
    path, said = lessons.path, sum(map(len, lessons.texts(options.tag))) // 4
    seen = math.ceil(said / options.max_length) if options.packing else rows.size(path)
    steps = options.steps if options.steps >= 0 else math.ceil(options.epochs * seen / options.batch)
    return said, steps, round(steps * options.batch * said / max(1, seen))


def plan(name: str, options: TrainOptions) -> str:
    """What the run would do, need and take, told without opening the model."""
    lessons = read_lessons(options)
    if why := untrained(options):
        return f"train {name}: {rows.size(lessons.path)} rows, none to learn: {why}; nothing was trained"
    said, steps, tokens = size_up(lessons, options)
    number = parameters(options.base)
    kept, saved = number * (2 if options.bf16 else 4), number * 12  # bytes: a checkpoint has AdamW's two moments too
    disk = f"{disk_size(kept)} of weights, {disk_size(saved)} for a checkpoint" if number else "a download first"
    work = f"{rows.size(lessons.path)} rows, about {said} tokens (4 characters each), {steps} steps of {options.batch}"
    return f"train {name}: {work}; {disk}; {expected_time(tokens, options)}; nothing was trained"


def untrained(options: TrainOptions) -> str:
    """Why a run has nothing to train, or ''."""
    if options.instead:
        return f"{options.instead.get('hub') or options.instead.get('endpoint')} is taken as it is"
    return f"{options.base} is copied as it is" if options.steps == 0 else ""


def expected_time(tokens: int, options: TrainOptions) -> str:
    """How long earlier trainings of a model of this size say it takes."""
    speed = measured_speed(options)
    return f"about {duration(tokens / speed)} at {speed:,.0f} tokens/s measured" if speed else "no rate measured yet"


def measured_speed(options: TrainOptions) -> float | None:
    """Tokens a second of earlier trainings of a model of this size."""
    rate = throughput.rates(Memo(memo_folder())).get(rate_key(options))
    return rate.tokens_per_second if rate else None


def rate_key(options: TrainOptions) -> str:
    """What the speed of a training is remembered under."""
    return f"train {parameters(options.base)} parameters{' lora' if options.lora_rank else ''}"


def parameters(name: str) -> int:
    """Weights of a model, at most; of one that is not built yet those of the profile's origin; 0 when nobody says."""
    built = "/" in name or Path("models", name).is_dir()
    pin = pins.pin(name) if built else pins.origin_pin()
    if pin and pin.fresh:
        return scratch.count_parameters(pin.fresh, pin.fresh.vocab_size)
    if pin:
        return int(pin.parameters)
    return sum(map(count_weights, pins.model_folder(name).glob("*.safetensors")))


def build(name: str, options: TrainOptions, speed: Speed) -> None:
    lessons = read_lessons(options)
    inputs.reads(pins.model_folder(options.base))
    if options.instead:
        return taken(name, options)
    load.check_trainable(options.base)
    if options.steps == 0:
        return copied(name, options)
    if options.adapter and unmade(options.base):
        told = f"{options.base} is made for this run alone; train it in a line of its own, or leave adapter out"
        raise Problem(f"train {name}: adapter needs a base that stays, and {told}")
    os.environ |= {key: value for key, value in processes.QUIET.items() if key not in os.environ}
    with light(options), checkpoints.run_folder(digest(lessons, options)) as work:
        job = prepare(name, work, options, speed)
        whole, begun = checkpoints.last_complete(work) is None, monotonic()
        processes.launch(job)
        if whole:  # the time of a run that was interrupted says nothing
            tokens = size_up(lessons, options)[2]
            throughput.add(Memo(memo_folder()), rate_key(options), Rate(1, monotonic() - begun, tokens))
        publish(name, Path(job.output), counts(job))


def names(options: TrainOptions) -> list[tuple[str, str]]:
    """The prompts that the settings, or rows of the table, name."""
    folder = sorted(f"{options.prompts}/{path.stem}" for path in Path("prompts", options.prompts).glob("*.md"))
    known = [*folder, *GENERAL] if options.prompts else [options.prompt]
    return [("prompt", name) for name in known if Path("prompts", f"{name}.md").is_file() or name not in GENERAL]


def main(argv: list[str]) -> None:
    argv, once = run_flags(argv)
    if once.limit or once.budget:
        raise Problem("train has no --limit and no --budget; shorten a run with --steps")
    name, options = options_of_run(TrainOptions, argv, "train", once)
    check(options, f"train {name}")
    if once.dry_run:
        return print(plan(name, options))
    build(name, options, settings.speed())


if __name__ == "__main__":
    run(main)
