"""Humpback where the unlabelled texts are written as answers, and their true instructions are known: what limits it,
the scorer, the instructions that the backward model writes, or what the loss of held-out answers can show?

The texts are published answers of GPT-4 to the prompts of IFEval, taken without them. Beside random and curated pairs
there are the texts of the random ones with their true instructions, and each of these texts with another's instruction.
Judged by the loss of held-out answers that people wrote, the seeds' authors, in nats a token; the same models also by
the loss of answers of GPT-4 that are in no training, to their true prompts.
"""

from benchmarks import ifeval
from benchmarks.claims.real import Pair, Project, Real
from benchmarks.claims.real.humpback import SEEDS, TRAIN, arms


def by_others(better: str, other: str) -> Pair:
    """Two arms by held-out answers of the texts' author."""
    return Pair(f"gpt-4-loss-{better}-s$seed", f"gpt-4-loss-{other}-s$seed")


REAL = Real(
    projects={
        "gpt-4": Project(
            ("--corpus", "$data/tldr-pages-en.tar.gz", *SEEDS, "--documents", "10"),
            ("$here/data/seeds/assistant.jsonl",),
            {"documents": "200", "pairs": "60", "shortest": "100", "longest": "1100", "heldout": "1300"},
            {"answers.jsonl": ifeval.graded},
        )
    },
    sections={"train": TRAIN, "generate": {"max_tokens": 64, "min_readable": 0.0}},
    pairs={
        "true instructions beat those of other texts": arms("true", "wrong"),
        "true instructions beat the backward model's": arms("true", "random"),
        "the backward model's instructions beat those of other texts": arms("random", "wrong"),
        "curated by gain beats as many random pairs": arms("gain", "random"),
        "true instructions beat seeds alone": arms("true", "seeds"),
        "random pairs beat seeds alone": arms("random", "seeds"),
        "curated by gain beats seeds alone": arms("gain", "seeds"),
        "all pairs beat seeds alone": arms("uncurated", "seeds"),
        "true instructions beat seeds alone, steps by rows": arms("true-longer", "seeds"),
        "random pairs beat seeds alone, steps by rows": arms("random-longer", "seeds"),
        "curated by gain beats seeds alone, steps by rows": arms("gain-longer", "seeds"),
        "curated by gain beats as many random pairs, steps by rows": arms("gain-longer", "random-longer"),
        "seeds alone with the steps of more rows beat seeds alone": arms("seeds-longer", "seeds"),
        "true instructions beat those of other texts: answers by GPT-4": by_others("true", "wrong"),
        "the backward model's instructions beat those of other texts: answers by GPT-4": by_others("random", "wrong"),
        "curated by gain beats as many random pairs: answers by GPT-4": by_others("gain", "random"),
        "true instructions beat seeds alone: answers by GPT-4": by_others("true", "seeds"),
        "random pairs beat seeds alone: answers by GPT-4": by_others("random", "seeds"),
        "curated by gain beats seeds alone: answers by GPT-4": by_others("gain", "seeds"),
    },
    headline="curated by gain beats as many random pairs",
    figures={
        "candidates": ("humpback-augment", "rows_in"),
        "with an instruction": ("humpback-pool", "rows_out"),
        "curated, and each other arm": ("gain-pairs", "rows_out"),
    },
)
