"""Kun on real text: do polished answers teach more than the texts that they are polished from, and does judging the
instruction alone keep more rows than grading the pair (arXiv:2401.06477; its tables are not known)?

Judged by the loss of held-out answers that people wrote, by IFEval, and by the words of a polished answer that its
text has. In English, which is what SmolLM2 has learned; the paper is on Chinese. Sized on paper for 80 minutes on
two cores.
"""

from benchmarks.claims.real import Project, Real
from benchmarks.claims.real.back_and_forth import SEEDS, ifeval, losses
from benchmarks.claims.real.humpback import TRAIN

ARMS = {"polished beats the text itself": ("polished", "raw"), "polished beats seeds alone": ("polished", "seeds")}
REAL = Real(
    projects={
        "python": Project(
            ("--method", "kun", "--corpus", "python:docs", "--documents", "200", *SEEDS),
            ("$here/data/seeds/assistant.jsonl",),
            {"documents": "200", "judged": "120", "pairs": "72", "few": "24"},
        )
    },
    sections={
        "train": TRAIN | {"dropout": 0.0},
        "kun": {"steps": 30, "batch": 8, "lr": 8.0e-5},
        "label": {"steps": 12, "batch": 8, "lr": 8.0e-5},
        "primary-lessons": {"apply": ["kun.roles"]},
        "generate": {"max_tokens": 128, "min_readable": 0.0},
        # the release's penalty of 1.2 is of the words of the prompt too, and keeps a small model from those of its text
        # without a stop half of its answers go on with the question that they were asked
        "polish": {"max_tokens": 160, "repetition_penalty": 1.0, "stop": ["\nPlease answer:"]},
        "point": {"min_mass": 0.0},
        "score": {"min_readable": 0.0},
    },
    pairs=losses({**ARMS, "a third of the pairs is as good as all": ("smaller", "polished")}) | ifeval(ARMS),
    figures={
        "instructions that were judged": ("kun-point", "rows_in"),
        "probability of the mark that an instruction is good": ("marks", "groups", "all", "probability", "mean"),
        "grade of a pair, 1 to 5": ("grades", "groups", "all", "rating", "mean"),
        "pairs of each arm": ("polished-pairs", "rows_out"),
    }
    | {
        name: ("support-polished", "groups", "all", measure, "mean")
        for name, measure in {
            "words of a polished answer that its text has": "supported(response,draft)",
            "words of a polished answer": "words(response)",
            "words of its text": "words(draft)",
        }.items()
    },
)
