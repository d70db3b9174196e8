"""One training run: from the settings of a train line to a model in models/, that of an interrupted run gone on with.

What a process reads is written to a folder under the checkpoints, whose name is a digest of what the weights depend on.
"""

import json
import os
import shutil
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic

import numpy as np

from baleen.errors import Problem
from baleen.memo.queries import template_text
from baleen.models import identity, load, pins, scratch
from baleen.project import code_hashes, inputs
from baleen.project.inputs import unchanged
from baleen.project.settings import Speed, load_yaml
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.training import checkpoints, examples, library_settings, preferences, processes
from baleen.training.examples import Lessons, constant_lines_of, read_lessons
from baleen.training.options import Job, TrainOptions, batch_for, shares, steps_for, with_own_steps


def train_model(name: str, options: TrainOptions, speed: Speed) -> float | None:
    """Train a model, or take or copy one where the settings say so, and put it into models/.

    Returns the seconds that all steps took; None for a run that went on from a checkpoint, or had no steps.
    """
    options = with_own_steps(options, f"train {name}")
    lessons = read_lessons(options)
    inputs.reads(pins.model_folder(options.base))
    if options.instead:
        take_pin(name, options)
        return None
    load.check_trainable(options.base)
    if options.steps == 0:
        copy_base(name, options)
        return None
    if options.adapter and missing_weights(options.base):
        hint = f"{options.base} is made for this run alone; train it in a line of its own, or leave adapter out"
        raise Problem(f"train {name}: adapter needs a base that stays, and {hint}")
    os.environ |= {key: value for key, value in processes.QUIET.items() if key not in os.environ}
    library_settings.import_trl(options)
    with checkpoints.run_folder(digest(lessons, options)) as work:
        job = prepare(name, work, lessons, options, speed)
        whole, begun = checkpoints.last_complete(work) is None, monotonic()
        processes.launch(job)
        seconds = monotonic() - begun
        publish(name, Path(job.output), counts(job))
    return seconds if whole else None


def digest(lessons: Lessons, options: TrainOptions) -> str:
    """What the weights depend on, whatever things are called; the code too, or a run would go on from examples and
    checkpoints that other code has made."""
    named = ("input", "base", "prompt", "prompts", "steps_of")
    chosen = {key: value for key, value in asdict(options).items() if key not in named}
    if not options.template:  # older checkpoints have none
        del chosen["template"]
    if not options.rejected:  # the same
        del chosen["rejected"], chosen["beta"]
    if not options.batch_by_rows:  # the same
        del chosen["batch_by_rows"]
    taught = [f"{name}={prompt.digest}" for name, prompt in sorted(lessons.prompts.items())]
    lines, code = constant_lines_of(options.prompts) if options.grow else [], code_hashes.at_start("train")
    table = identity.file_hash(lessons.path)
    return checkpoints.digest(identity.identity(options.base), table, *taught, *lines, *code, repr(chosen))


def missing_weights(name: str) -> scratch.Fresh | None:
    """The sizes of a model that has no weights yet."""
    pin = pins.pin(name)
    return pin.fresh if pin else None


def start_model(work: Path, lessons: Lessons, options: TrainOptions) -> str:
    """The model to start from; one that has no weights yet, or not all words, is made in the work folder. One of the
    hub stays as it is: its tokens are pieces of words, no word is new to it."""
    sizes, pin = missing_weights(options.base), pins.pin(options.base)
    if not sizes and (not options.grow or (pin and pin.hub)):
        return options.base
    whole, part = work / "base", work / "base.part"
    if not whole.is_dir():
        shutil.rmtree(part, ignore_errors=True)
        texts = lessons.texts(options.tag)
        if sizes:
            scratch.make(part, sizes, texts, options.seed)
        else:
            lines = constant_lines_of(options.prompts)
            scratch.grow(load.weights_folder(options.base), part, texts, lines, options.seed)
        os.replace(part, whole)  # only now: config.json is there long before the weights are
    return str(whole)


def encode(work: Path, start: str, lessons: Lessons, options: TrainOptions) -> None:
    """Write the examples, unless an interrupted run has done so."""
    if (work / "examples.json").is_file():
        return
    words = load.tokenizer(start, chat=any(prompt.body for prompt in lessons.prompts.values()))
    tally = Counter[str]()
    template = template_text(options.template)
    if options.rejected:
        pairs = preferences.encoded(rows.read(lessons.path), options, words, template)
        fit_pairs = preferences.fitted(pairs, options.max_length, options.too_long == "cut", tally)
        return preferences.write(work, fit_pairs, tally)
    encoded = examples.encoded(rows.read(lessons.path), lessons.prompt, options.tag, words, template)
    fit = examples.packed(encoded, options.max_length, tally) if options.packing else None
    fit = fit or examples.fitted(encoded, options.max_length, options.too_long == "cut", tally)
    examples.write(work, fit, tally)


def prepare(name: str, work: Path, lessons: Lessons, options: TrainOptions, speed: Speed) -> Job:
    """Everything a training process reads, written to the work folder."""
    start = start_model(work, lessons, options)
    encode(work, start, lessons, options)
    lengths = np.load(work / "lengths.npy")
    if not len(lengths):
        tally = json.loads((work / "examples.json").read_text())
        limit = f"max_length is {options.max_length} tokens; raise it, cut the texts when they are ingested (max_chars)"
        raise Problem(f"train {name}: no example is left of {lessons.path}: {tally}; {limit}, or set too_long: cut")
    steps, batch = steps_for(options, len(lengths)), batch_for(options, len(lengths))
    np.save(work / "order.npy", examples.order(lengths, batch, steps, options.seed))
    output = Path("models", f".{name}.part")
    shutil.rmtree(output, ignore_errors=True)
    checkpoints.keep_last_complete(work)
    return Job(name, start, str(work), str(output), steps, *shares(batch, speed), replace(options, batch=batch), speed)


def counts(job: Job) -> Row:
    """What goes to models/<name>.json."""
    tally = json.loads(Path(job.folder, "examples.json").read_text(encoding="utf-8"))
    lengths, order = (np.load(Path(job.folder, f"{name}.npy")) for name in ("lengths", "order"))
    dropped = {reason: tally[reason] for reason in ("no answer", "same answer", "too long") if tally.get(reason)}
    table = {"rows_in": tally["rows_in"], "examples": len(lengths), "dropped": dropped, "cut": tally.get("cut", 0)}
    seen = {"steps": job.steps, "batch": job.options.batch, "tokens": int(lengths[order].sum(dtype=np.int64))}
    result: Row = json.loads(Path(job.folder, "result.json").read_text(encoding="utf-8"))
    return table | seen | result


def publish(name: str, part: Path, numbers: Row) -> None:
    """Put a finished model in its place; until then nothing is there."""
    final = Path("models", name)
    unchanged()
    rows.write_json(Path("models", f"{name}.json"), numbers)
    if final.exists():
        shutil.rmtree(final)
    os.replace(part, final)


def copy_base(name: str, options: TrainOptions) -> None:
    """Put the base, or its pin, into models/ as it is."""
    part = Path("models", f".{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(pins.model_folder(options.base), part, ignore=shutil.ignore_patterns(identity.LINKS))
    if (pin := part / "pin.yaml").is_file():
        pin.write_text(yaml_text(identity.noted(load_yaml(pin), str(pin))), encoding="utf-8")
    publish(name, part, {"rows_in": rows.size(rows.table_path(options.input)), "examples": 0, "steps": 0})


def take_pin(name: str, options: TrainOptions) -> None:
    """Put a model that somebody else has trained into models/, as a pin."""
    part = Path("models", f".{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    where = f"train {name}: instead"
    pin = identity.noted(pins.declared(dict(options.instead), where), where)
    (part / "pin.yaml").write_text(yaml_text(pin), encoding="utf-8")
    publish(name, part, {"rows_in": rows.size(rows.table_path(options.input)), "examples": 0, "steps": 0})
