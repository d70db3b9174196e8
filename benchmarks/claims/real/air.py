"""AIR on real text: do instructions with the constraints that a student was found to lack teach to follow instructions
that code can verify (IFEval, strict), over the same documents without constraints?

Sized for an hour on one core: 50 tasks, two rounds, 10 steps of 8, 100 prompts of IFEval. The guidance model is the
small one itself, which finds little that is lacking; how little, the figures say: each row of an arm is looked up in
its merge once for the task and once for each constraint.
"""

from benchmarks.claims.real import Project, Real
from benchmarks.claims.real.crab import SECTIONS, SEEDS, claims

REAL = Real(
    projects={
        "python": Project(
            ("--method", "air", "--corpus", "python:docs", "--documents", "80", *SEEDS), names={"tasks": "50"}
        )
    },
    sections=SECTIONS
    | {
        "documents": {"count": 60, "keep": []},
        "refine": {"max_tokens": 96},
        "student": {"max_tokens": 96},
    },
    pairs=claims("air", "none"),
    figures={
        "rows of the arms": ("air-dataset", "rows_out"),
        "rows of which each constraint and the task were looked up in the merge": ("air-stated", "rows_out"),
    },
)
