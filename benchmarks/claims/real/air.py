"""AIR on real text: do instructions with the constraints that a student was found to lack teach to follow instructions
that code can verify (IFEval, strict), over the same rows without constraints?

Two judges. A program reads constraints off responses of people and keeps those that the student's answer does not meet
(one round). And the small model itself, as in the recipe (two rounds, 50 tasks), whose critiques can hardly be read:
how many rows it changes, the figures say. Sized for an hour each on two cores: 40 steps of 8, 100 prompts of IFEval.
"""

from benchmarks.claims.real import Project, Real
from benchmarks.claims.real.crab import SECTIONS, SEEDS, arms, claims

REAL = Real(
    projects={
        "python": Project(
            ("--method", "air", "--corpus", "python:docs", "--documents", "80", *SEEDS),
            ("$here/data/seeds/assistant.jsonl",),
            {"tasks": "50", "pairs": "100"},
        )
    },
    sections=SECTIONS
    | {
        "documents": {"count": 60, "keep": []},
        "refine": {"max_tokens": 96},
        "student": {"max_tokens": 96},
    },
    pairs=claims("lack", "bare"),
    later={
        "the small model as judge: prompts with all instructions followed": arms("air-s$seed", "none-s$seed"),
    },
    figures={
        "rows with constraints that the student lacks": ("people-lack", "rows_out"),
        "rows of the small model as judge": ("air-dataset", "rows_out"),
        "rows of which each constraint and the task were looked up in the merge": ("air-stated", "rows_out"),
    },
)
