"""Humpback on real text: do curated pairs teach more than as many random ones, by which scorer, and in two rounds?

Judged by the loss of held-out answers that people wrote, in nats a token. Corpora: tldr pages and Python's
documentation; seeds: those of Self-Instruct and of this project.
"""

from benchmarks.claims.real import Pair, Project, Real

SEEDS = ("--seeds", "$data/self-instruct-seeds.jsonl")
SIZES = {"documents": "300", "pairs": "100", "shortest": "150", "longest": "450"}


def project(corpus: str) -> Project:
    return Project(("--corpus", corpus, *SEEDS, "--documents", "300"), ("$here/data/seeds/assistant.jsonl",), SIZES)


def arms(better: str, other: str) -> Pair:
    return Pair(f"loss-{better}-s$seed", f"loss-{other}-s$seed")


TRAIN = {"steps": 20, "batch": 8, "lr": 8.0e-5, "warmup": 0.1, "lr_floor": 0.1, "max_length": 512, "bf16": True}
REAL = Real(
    projects={"tldr": project("$data/tldr-pages-en.tar.gz"), "python": project("python:docs")},
    sections={
        "train": TRAIN,
        "generate": {"max_tokens": 48, "min_readable": 0.0},
    },
    pairs={
        "curated by gain beats as many random pairs": arms("gain", "random"),
        "curated by gain beats seeds alone": arms("gain", "seeds"),
        "curated by likelihood beats as many random pairs": arms("likelihood", "random"),
        "all pairs beat seeds alone": arms("uncurated", "seeds"),
        "curated by gain beats all pairs": arms("gain", "uncurated"),
        "curated by the gain of the instruct model beats random": arms("instruct", "random"),
        "curated by the rating of the instruct model beats random": arms("rating", "random"),
        "two rounds beat one": arms("two-rounds", "gain"),
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
