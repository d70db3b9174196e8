"""TeGit on real text: do tasks with an output of their own teach more than documents as responses, and more than
backtranslation of the same documents (arXiv:2309.05447; no number of its comparison with backtranslation is known)?

Judged by the loss of held-out answers that people wrote, by IFEval, and by the words of an output that its document
has. Sized on paper for 75 minutes on two cores.
"""

from benchmarks.claims.real import Project, Real
from benchmarks.claims.real.back_and_forth import SEEDS, ifeval, losses
from benchmarks.claims.real.humpback import TRAIN

ARMS = {
    "designed tasks beat documents as responses": ("tasks", "as-is"),
    "designed tasks beat backtranslation": ("tasks", "backward"),
}
OUTPUTS = ("support-designed", "groups", "all")
FILES = tuple(f"$here/data/seeds/{name}.jsonl" for name in ("assistant", "reference", "designed"))


def project(metaset: str, steps: int, asking: str) -> Project:
    """Tasks that the designer learns in some steps of 8, and pairs that the backward model learns."""
    names = {"documents": "160", "pairs": "96", "metaset": metaset, "steps": str(steps), "asking": asking}
    return Project(("--method", "tegit", "--corpus", "python:docs", "--documents", "160", *SEEDS), FILES, names)


REAL = Real(
    projects={
        "python": project("tegit-metaset", 24, "seed"),
        # tasks that leave out most of a page, and for the backward model pairs whose answers are laid out like pages
        "python-designed": project("tegit-designed", 48, "tegit-alike"),
    },
    sections={
        "train": TRAIN | {"dropout": 0.0},
        "designer": {"steps": 24, "lora_rank": 0, "max_length": 512},
        "generate": {"max_tokens": 128, "min_readable": 0.0},
        "long": {"max_tokens": 192},
        "score": {"min_readable": 0.0},
    },
    pairs=losses(ARMS) | ifeval(ARMS),
    figures={
        "tasks in the meta-set": ("tegit-designer", "rows_in"),
        "documents": ("tegit-tasks", "rows_in"),
        "of these with all three fields": ("tegit-tasks", "rows_out"),
        "of these kept": ("tegit-kept", "rows_out"),
        "pairs of each arm": ("tegit-pairs", "rows_out"),
        "share of tasks with an input": (*OUTPUTS, "present(input)", "mean"),
        "words of content of an output that its document has": (*OUTPUTS, "grounded(response,document)", "mean"),
    },
)
