"""Cycle-Instruct on texts that people wrote: does training without a pair beat instruction backtranslation from 5
and from 20 % of the pairs, and come close to all pairs (arXiv:2508.16100)?

Judged by the loss of held-out answers that people wrote, and by IFEval (--pairs IFEval). In `people` texts are cut into
paragraphs, and real requests without a question mark are missed, as in the paper's raw text; in `sides` each text is
whole and its side is known, as where the paper cuts the pairs of a dataset apart. Sized on paper for 75 minutes each.
"""

from itertools import islice

from benchmarks.claims.real import Pair, Project, Real
from benchmarks.claims.real.back_and_forth import SEEDS, ifeval, losses
from benchmarks.claims.real.crab import ALL, LEVELS
from benchmarks.claims.real.humpback import TRAIN

ARMS = {
    "no seeds beat 5 % of the pairs as seeds": ("cycle", "seeded-5"),
    "no seeds beat 20 % of the pairs as seeds": ("cycle", "seeded-20"),
    "no seeds beat all pairs": ("cycle", "full"),
    "the filter helps": ("cycle", "unfiltered"),
    "answers by people alone beat those with answers of the model": ("by-people", "cycle"),
    "no seeds, answers by people alone, beat 5 % of the pairs as seeds": ("by-people", "seeded-5"),
}


def project(questions: str, answers: str) -> Project:
    """Requests and answers of people, cut and sorted by these transforms."""
    return Project(
        ("--method", "cycle", "--corpus", "python:docs", "--documents", "10", *SEEDS),
        ("$here/data/seeds/assistant.jsonl",),
        {"pairs": "110", "questions": questions, "answers": answers},
    )


REAL = Real(
    projects={
        "people": project("cycle.paragraphs", "cycle.paragraphs"),
        "sides": project("cycle.questions", "cycle.answers"),  # whole, as in the paper's tracks of Alpaca and Dolly
    },
    sections={
        "train": TRAIN | {"dropout": 0.0},
        "cycle": {"lora_rank": 0, "lora_alpha": 0.0, "warmup": 0.1, "max_length": 512},
        "rebuilt-best": {"share": 0.95, "clusters": 8},
        "generate": {"max_tokens": 128, "min_readable": 0.0, "min_distinct": 0.0},
        "score": {"min_readable": 0.0},
    },
    pairs=losses(ARMS)
    | {
        "no seeds beat the untrained model: loss of held-out answers": Pair("loss-cycle-s$seed", "loss-base"),
    },
    later=ifeval(dict(islice(ARMS.items(), 3)), {"prompts": ALL, **LEVELS}),
    figures={
        "questions by people": ("cycle-question-pool", "rows_out"),
        "answers by people, of other pairs": ("cycle-answer-pool", "rows_out"),
        "questions that were answered, round 1": ("cycle-answered-1", "rows_out"),
        "questions that were answered, round 2": ("cycle-answered-2", "rows_out"),
        "answers that were asked for, round 1": ("cycle-asked-1", "rows_out"),
        "answers that were asked for, round 2": ("cycle-asked-2", "rows_out"),
        "pairs after the filter": ("cycle-faithful", "rows_out"),
        "pairs of 5 % seeds": ("seeded-mix-5", "rows_out"),
        "pairs of 20 % seeds": ("seeded-arm-20", "rows_out"),
        "pairs of the full arm": ("full-arm", "rows_out"),
        "pairs of the cycle's arm": ("cycle-arm", "rows_out"),
    },
)
