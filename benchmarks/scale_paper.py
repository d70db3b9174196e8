"""What a run takes at the papers' size, computed: python -m benchmarks.scale_paper [--write]

GPU hours, wall time, disk and dollars are those of baleen/project/bills.py, which dry runs and `baleen plan` use;
--write puts the tables into docs/scale.md, and a test compares them.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from baleen.project import bills
from baleen.project.bills import Bill, Work
from baleen.project.settings import Speed
from benchmarks import scale_tables

PAGE = Path("docs/scale.md")
PRICE = 2.5  # dollars for an hour of one H100: assumed, write your own as speed: dollars_per_gpu_hour

# Humpback (arXiv:2308.06259): mean characters of all augmented pairs and of those kept (table 2), at 4 a token
DOCUMENT, INSTRUCTION = 1722 / 4, 352 / 4
KEPT_DOCUMENT, KEPT_INSTRUCTION = 1663 / 4, 115 / 4
SEED = (148 + 1072) / 4
TEMPLATE = 60.0  # tokens of prompt and chat template around a row: assumed
RUBRIC = 380.0  # tokens of the judge's rubric: prompts/judge.md at 4 characters a token
REASONS = 100.0  # tokens of a written rating: assumed
KEPT = 41_821 / 502_133  # of all documents, in round two (section 3.2)
SEEDS, SEED_STEPS = 3_200, 500 * 32  # pairs, and examples seen in training (table 18)
CHECKPOINT = 12.0  # bytes of a weight: the weights and AdamW's moments in float32
WEIGHT = 2.0  # bytes of a weight that is kept


@dataclass(frozen=True)
class Job:
    """A Humpback run: documents, weights of the model, how candidates are judged (rating or gain), how often each kept
    pair is seen in training, and rounds."""

    name: str
    documents: int
    parameters: float
    judge: str
    passes: float
    rounds: int = 2


JOBS = (
    Job("502,000 segments, 7B, judged by the rating (the paper)", 502_133, 6.74e9, "rating", 1.1),
    Job("502,000 segments, 7B, judged by gain", 502_133, 6.74e9, "gain", 1.1),
    Job("100 million documents, 8B, judged by gain", 100_000_000, 8.03e9, "gain", 1.0),
)


@dataclass(frozen=True)
class Stage:
    """One verb of a job, and what it asks of the model."""

    verb: str
    what: str
    work: Work

    @property
    def bill(self) -> Bill:
        return bills.bill(self.work, Speed(device="cpu", dollars_per_gpu_hour=PRICE))


def queried(job: Job, replies: float, read: float, written: float) -> Work:
    """The work of so many replies with so many tokens each."""
    return bills.queries(job.parameters, round(replies), round(replies * read), round(replies * written))


def training(job: Job, examples: float, tokens: float) -> Work:
    disk = job.parameters * WEIGHT
    return Work(job.parameters, trained=examples * tokens, disk=disk)


def judged(job: Job) -> Work:
    """One round of scores: a written rating, or the loss of the document with and without the instruction."""
    pair = DOCUMENT + INSTRUCTION + TEMPLATE
    if job.judge == "rating":
        return queried(job, job.documents, pair + RUBRIC, REASONS)
    return queried(job, 2 * job.documents, pair - (INSTRUCTION + TEMPLATE) / 2, 0)


def stages(job: Job) -> Iterator[Stage]:
    """The verbs of a job that query or train a model, and the texts at its beginning."""
    corpus = Work(0, disk=bills.CHARACTER * DOCUMENT * job.documents)
    yield Stage("ingest", "the documents as a table", corpus)
    seeds = training(job, SEED_STEPS, SEED + TEMPLATE)
    yield Stage("train", "ask and reply, on 3,200 seeds each", twice(seeds))
    augment = queried(job, job.documents, DOCUMENT + TEMPLATE, INSTRUCTION)
    yield Stage("generate", "an instruction for each document", augment)
    scored = judged(job)
    for number in range(1, job.rounds + 1):
        yield Stage("score", f"round {number}, by {job.judge}", scored)
        examples = (job.documents * KEPT + SEEDS) * job.passes
        learned = training(job, examples, KEPT_DOCUMENT + KEPT_INSTRUCTION + TEMPLATE)
        yield Stage("train", f"round {number}, {thousands(examples)} examples", learned)
    yield Stage("train", "the checkpoint of the training in progress", Work(0, disk=CHECKPOINT * job.parameters))


def twice(work: Work) -> Work:
    return Work(work.parameters, 2 * work.read, 2 * work.written, 2 * work.trained, 2 * work.disk)


def thousands(number: float) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{round(number, -2):,.0f}"


def table(job: Job) -> str:
    """A job in Markdown: a row for each stage and the total."""
    whole = list(stages(job))
    total = bills.total(stage.bill for stage in whole)
    heads = " | ".join(f"hours on {n} GPU{'s' * (n > 1)}" for n in bills.GPUS)
    lines = [
        f"| verb | what | GPU hours | disk | dollars | {heads} |",
        f"|---|---|---{'|---' * (2 + len(bills.GPUS))}|",
    ]
    for one in whole:
        lines.append(f"| {one.verb} | {one.what} | {cells(one.bill)} |")
    return "\n".join([*lines, f"| **all** | | {cells(total)} |"])


def cells(one: Bill) -> str:
    dollars = bills.money(one.dollars) if one.dollars else "-"
    return " | ".join([shown(one.gpu_hours or 0.0), bills.size(one.disk), dollars, *map(shown, one.walls)])


def shown(hours: float) -> str:
    return bills.hours(hours) if hours else "-"


def by_verb(job: Job) -> dict[str, float]:
    """GPU hours of each verb."""
    verbs: dict[str, float] = {}
    for one in stages(job):
        verbs[one.verb] = verbs.get(one.verb, 0.0) + (one.bill.gpu_hours or 0.0)
    return verbs


def assumptions() -> str:
    """Every rate in Markdown, and where it is from."""
    rates = {
        "peak of one GPU": (f"{bills.PEAK / 1e12:,.0f} TFLOP/s", "NVIDIA's data sheet, H100 SXM, dense bf16"),
        "operations": ("6 a weight and token trained, 2 read or written", "arXiv:2001.08361, section 2.1"),
        "training": (f"{bills.TRAINING:.0%} of the peak", "assumed; arXiv:2407.21783, table 4, reports 38 to 43 %"),
        "reading": (f"{bills.READING:.0%} of the peak", "assumed as for training"),
        "writing": (f"{bills.WRITING:.0%} of the peak", "assumed, no source; `benchmarks/gpu.sh` measures rows/s"),
        "workers on Ray": (f"{bills.SHARED:.0%} of n alone", "measured with 2 on a CPU, assumed for more (LOG.md)"),
        "our own work": (
            f"{bills.ROW * 1e6:.0f} µs a row of one processor",
            "measured (`benchmarks.overhead`, LOG.md)",
        ),
        "a stored reply": (f"{bills.REPLY:.0f} bytes", "measured (`benchmarks.memo`, LOG.md)"),
        "texts": (
            f"{DOCUMENT:.0f} tokens a document, {INSTRUCTION:.0f} an instruction",
            "arXiv:2308.06259, table 2, at 4 characters a token",
        ),
        "pairs kept": (f"{KEPT:.1%}", "arXiv:2308.06259, section 3.2: 41,821 of 502,133, in both rounds"),
        "prompts": (f"{TEMPLATE:.0f} tokens around a row, {RUBRIC:.0f} of rubric, {REASONS:.0f} of reasons", "assumed"),
        "price": (f"${PRICE:.2f} for an hour of a GPU", "assumed; `speed: {dollars_per_gpu_hour: ...}` in a profile"),
    }  # fmt: skip
    rows = [f"| {name} | {value} | {source} |" for name, (value, source) in rates.items()]
    return "\n".join(["| rate | value | source |", "|---|---|---|", *rows])


def gpus_of_one_process(job: Job) -> int:
    """How many GPUs one process keeps at work when it scores: with more, they wait for it."""
    scoring = next(stage for stage in stages(job) if stage.verb == "score")
    return int(scoring.work.gpu_seconds / (scoring.work.rows * bills.ROW * bills.SHARED))


def blocks() -> dict[str, str]:
    """What stands between the markers of the page, by their names."""
    jobs = {f"job {n}": f"{job.name}:\n\n{table(job)}" for n, job in enumerate(JOBS, 1)}
    return {"rates": assumptions()} | jobs | scale_tables.blocks()


def written(page: str) -> str:
    """A page with its blocks as they are computed now."""
    for name, text in blocks().items():
        pattern = rf"(?s)(<!-- {re.escape(name)} -->\n).*?(\n<!-- end -->)"
        page = re.sub(pattern, lambda found, text=text: f"{found[1]}{text}{found[2]}", page)  # type: ignore[misc]
    return page


def main(argv: list[str]) -> None:
    if "--write" in argv:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print("\n\n".join(blocks().values()))


if __name__ == "__main__":
    main(sys.argv[1:])
