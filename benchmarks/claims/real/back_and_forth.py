"""Back-and-forth translation on real text: do pairs that were filtered and rewritten teach more than filtered ones, and
rewritten more than distilled ones (arXiv:2408.04614: 74.38, 71.70 and for rewriting alone 73.44 % wins at 7B)?

Judged by the loss of held-out answers that people wrote, by IFEval, and by the words of a rewriting that its document
has. The rewriter is the small model itself, taught with seeds; the paper's is a stronger one, and its order of arms
may not show without. Sized on paper for 88 minutes on two cores.
"""

from collections.abc import Mapping
from itertools import islice

from benchmarks.claims.real import Pair, Project, Real, crab
from benchmarks.claims.real.humpback import TRAIN
from benchmarks.claims.real.humpback import arms as loss

Arms = Mapping[str, tuple[str, str]]  # a claim by its words: the arm that should be better, and the other one
LEVELS = {"prompts": crab.ALL, "instructions of a prompt": crab.EACH, **crab.LEVELS}
ARMS = {
    "filtered and rewritten beats filtered": ("both", "filter"),
    "rewritten beats filtered": ("rewrite", "filter"),
    "rewritten beats distilled": ("rewrite", "distil"),
    "filtered and rewritten beats distilled": ("both", "distil"),
}
SEEDS = ("--seeds", "$data/self-instruct-seeds.jsonl", "--verifiable", "$data/ifeval-prompts.jsonl")


def losses(arms: Arms) -> dict[str, Pair]:
    """Each pair of arms by the loss of held-out answers."""
    return {f"{name}: loss of held-out answers": loss(*sides) for name, sides in arms.items()}


def ifeval(arms: Arms, levels: Mapping[str, str] = LEVELS) -> dict[str, Pair]:
    """Each pair of arms by each of these measures of IFEval's instructions."""
    return {
        f"{name}: IFEval, {level}": Pair(
            f"verifiable-{better}-s$seed", f"verifiable-{other}-s$seed", measure, lower=False
        )
        for name, (better, other) in arms.items()
        for level, measure in levels.items()
    }


REAL = Real(
    projects={
        "python": Project(
            ("--method", "back-and-forth", "--corpus", "python:docs", "--documents", "240", *SEEDS),
            ("$here/data/seeds/assistant.jsonl",),
            {"documents": "240", "pairs": "72", "few": "24"},
        )
    },
    sections={
        "train": TRAIN | {"dropout": 0.0},
        "back-and-forth-sft": TRAIN | {"dropout": 0.0},
        "generate": {"max_tokens": 128, "min_readable": 0.0},
        "rewrite": {"max_tokens": 144, "min_readable": 0.0},
        "score": {"min_readable": 0.0},
    },
    pairs=losses({**ARMS, "filtered and rewritten beats seeds alone": ("both", "seeds")})
    | ifeval(dict(islice(ARMS.items(), 2))),
    later=ifeval(dict(islice(ARMS.items(), 2, None))),
    figures={
        "curated": ("back-and-forth-curate", "rows_out"),
        "of these rewritten between both marks": ("back-and-forth-draft", "rows_out"),
        "of these faithful": ("back-and-forth-rewrite", "rows_out"),
        "at random, rewritten and faithful": ("back-and-forth-rewrite-all", "rows_out"),
        "instructions with a distilled answer that ends": ("distil-whole", "rows_out"),
        "pairs of each arm, at most": ("both-pairs", "rows_out"),
    }
    | {
        name: (file, "groups", "all", measure, "mean")
        for name, file, measure in (
            ("words of a rewriting that its document has", "support-rewritten", "supported(response,draft)"),
            (
                "words of an answer without it that the document has",
                "support-distilled",
                "supported(answer,draft)",
            ),
            ("words of a rewriting", "support-rewritten", "words(response)"),
            ("words of its document", "support-rewritten", "words(draft)"),
            ("words of an answer without it", "support-distilled", "words(answer)"),
            ("distance of the document from that answer", "support-distilled", "disagreement(draft,answer)"),
            ("distance of the rewriting from that answer", "support-distilled", "disagreement(response,answer)"),
        )
    },
)
