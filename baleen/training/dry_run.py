"""What a training would do, need and take, in words, without opening the model; and the speed that earlier ones had."""

import math
from dataclasses import replace
from typing import NamedTuple

from baleen.memo import throughput
from baleen.memo.dry_run import disk_size, duration, parameters
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate
from baleen.project import bills, settings
from baleen.project.bills import Work
from baleen.project.locks import memo_folder
from baleen.tables import rows
from baleen.training.examples import Lessons, read_lessons
from baleen.training.options import TrainOptions, batch_for, steps_for


def describe(name: str, options: TrainOptions) -> str:
    """One line for --dry-run: rows, tokens, steps, disk space and time."""
    lessons = read_lessons(options)
    if why := nothing_to_train(options):
        return f"train {name}: {rows.size(lessons.path)} rows, none to learn: {why}; nothing was trained"
    sized = size_up(lessons, options)
    number = parameters(options.base)
    weights, checkpoint = disk_bytes(options)
    disk = (
        f"{disk_size(weights)} of weights, {disk_size(checkpoint)} for a checkpoint" if number else "a download first"
    )
    size = f"{rows.size(lessons.path)} rows, about {sized.table_tokens} tokens (4 characters each)"
    size += f", {sized.steps} steps of {sized.batch}"
    ends = filter(
        None, [expected_time(sized.learned, options), price_words(sized.learned, options), "nothing was trained"]
    )
    return f"train {name}: {size}; {disk}; {'; '.join(ends)}"


def disk_bytes(options: TrainOptions) -> tuple[int, int]:
    """Bytes of the trained weights, and of a checkpoint, which has AdamW's moments too."""
    number = parameters(options.base)
    return number * (2 if options.bf16 else 4), number * 12


def work(tokens: int, options: TrainOptions) -> Work:
    """What a training asks of a model."""
    return Work(parameters(options.base), trained=tokens, disk=sum(disk_bytes(options)))


def price_words(tokens: int, options: TrainOptions) -> str:
    """GPU hours, wall time and dollars of a training; its disk is said already."""
    rate, here = measured_speed(options), settings.speed()
    one = bills.bill(work(tokens, options), here, tokens / rate if rate else None)
    return bills.words(replace(one, disk=0), here.dollars_per_gpu_hour)


class Size(NamedTuple):
    """Tokens of the table (4 characters each), optimizer steps, their batch, and tokens learned from in all of them."""

    table_tokens: int
    steps: int
    batch: int
    learned: int


def size_up(lessons: Lessons, options: TrainOptions) -> Size:
    """How much a training is, before the texts are tokenized."""
    path, sides = lessons.path, 2 if options.rejected else 1  # each question is read with either answer
    tokens = sides * sum(map(len, lessons.texts(options.tag))) // 4
    seen = math.ceil(tokens / options.max_length) if options.packing else rows.size(path)
    steps, batch = steps_for(options, seen), batch_for(options, seen)
    return Size(tokens, steps, batch, round(steps * batch * tokens / max(1, seen)))


def nothing_to_train(options: TrainOptions) -> str:
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
    rate = throughput.rates(Memo(memo_folder())).get(rate_name(options))
    return rate.tokens_per_second if rate else None


def remember_speed(options: TrainOptions, seconds: float) -> None:
    """Note how long a whole training took, for `expected_time` of later ones."""
    tokens = size_up(read_lessons(options), options).learned
    throughput.add(Memo(memo_folder()), rate_name(options), Rate(1, seconds, tokens))


def rate_name(options: TrainOptions) -> str:
    """What the speed of a training is remembered under."""
    return f"train {parameters(options.base)} parameters{' lora' if options.lora_rank else ''}"
