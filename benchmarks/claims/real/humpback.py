"""Humpback on real text: do curated pairs teach more than as many random ones, by which scorer, and in two rounds?

Judged by the loss of held-out answers that people wrote, in nats a token. Corpora: tldr pages and Python's
documentation; seeds: those of Self-Instruct and of this project.
"""

from benchmarks.claims.real import Pair, Project, Real
from benchmarks.claims.real.crab import ALL, ALL_LOOSELY, OF_INSTRUCTIONS

SEEDS = ("--seeds", "$data/self-instruct-seeds.jsonl")
FILES = ("$here/data/seeds/assistant.jsonl", "$here/data/seeds/reference.jsonl", "$data/ifeval-prompts.jsonl")
SIZES = {"pairs": "60", "shortest": "150", "longest": "450"}


def project(corpus: str, documents: int = 200, lessons: str = "seed") -> Project:
    names = SIZES | {"documents": str(documents), "lessons": lessons}
    return Project(("--corpus", corpus, *SEEDS, "--documents", str(documents)), FILES, names)


def arms(better: str, other: str) -> Pair:
    return Pair(f"loss-{better}-s$seed", f"loss-{other}-s$seed")


TRAIN = {"steps": 12, "batch": 8, "lr": 8.0e-5, "warmup": 0.1, "lr_floor": 0.1, "max_length": 512, "bf16": True}


def answers(better: str, other: str, measure: str = ALL, lower: bool = False) -> Pair:
    return Pair(f"ifeval-{better}-s$seed", f"ifeval-{other}-s$seed", measure, lower)


REAL = Real(
    projects={
        "tldr": project("$data/tldr-pages-en.tar.gz"),
        # as many pairs of three times the candidates; the paper keeps 8 % (41,821 of 502,133: section 3.1, table 2)
        "tldr-600": project("$data/tldr-pages-en.tar.gz", 600),
        "python": project("python:docs"),
        # the backward model also learns from 30 pairs whose answers are laid out like these pages
        "python-alike": project("python:docs", lessons="lessons-alike"),
    },
    sections={
        "train": TRAIN,
        "generate": {"max_tokens": 48, "min_readable": 0.0},
    },
    pairs={
        "curated by gain beats as many random pairs": arms("gain", "random"),
        "curated by gain beats seeds alone": arms("gain", "seeds"),
        "curated by likelihood beats as many random pairs": arms("likelihood", "random"),
        "a gain above 0, then likelihood, beats as many random pairs": arms("both", "random"),
        "all pairs beat seeds alone": arms("uncurated", "seeds"),
        "curated by gain beats all pairs": arms("gain", "uncurated"),
        "curated by the gain of the instruct model beats random": arms("instruct", "random"),
        "curated by the rating of the instruct model beats random": arms("rating", "random"),
        "two rounds beat one": arms("two-rounds", "gain"),
    },
    later={
        "LoRA beats all weights, 16 steps for 12": arms("lora", "seeds"),
        "LoRA beats all weights, 40 steps for 30": arms("lora-40", "whole"),
        "LoRA beats all weights at 2.5 times their rate, 40 steps for 30": arms("lora-40", "faster"),
        "all weights, 30 steps: 2.5 times the rate beats the profile's": arms("faster", "whole"),
        "IFEval, strict: curated by gain beats as many random pairs": answers("gain", "random"),
        "IFEval, strict: curated by likelihood beats as many random pairs": answers("likelihood", "random"),
        "IFEval, strict: curated by gain beats seeds alone": answers("gain", "seeds"),
        "IFEval, strict: curated by rating beats as many random pairs": answers("rating", "random"),
        "IFEval, strict: two rounds beat one": answers("two-rounds", "gain"),
        "IFEval, loose: curated by gain beats as many random pairs": answers("gain", "random", ALL_LOOSELY),
        "IFEval, loose: curated by likelihood beats as many random pairs": answers("likelihood", "random", ALL_LOOSELY),
        "IFEval, loose: curated by gain beats seeds alone": answers("gain", "seeds", ALL_LOOSELY),
        **{
            f"IFEval, {level}: curated by gain beats as many random pairs": answers("gain", "random", measure)
            for level, measure in OF_INSTRUCTIONS.items()
        },
        "IFEval answers: curated by gain repeats itself less": answers("gain", "random", "repeated(answer)", True),
        "IFEval answers: curated by gain is longer": answers("gain", "random", "words(answer)"),
    },
    figures={
        f"{name}: AUC of {score}": (f"calibration-{table}", "scores", score, "auc")
        for table, name, scores in (
            ("by-seeds", "judged by the model of the seeds", ("-gain", "worst", "loss")),
            ("by-instruct", "judged by the instruct model", ("-gain", "worst", "loss")),
            ("rated", "rated by the instruct model", ("-rating",)),
        )
        for score in scores
    },
)
