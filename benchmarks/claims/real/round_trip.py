"""Round trips on instructions that people wrote: are answers to two wordings of one instruction more alike after
learning other wordings, and does the filter pay? No paper; the shape tests of our own design.

Alike is chrF of one answer against the other, from 0 to 100; the loss of held-out answers says what it costs.
"""

from benchmarks.claims.real import Pair, Project, Real

SEEDS = ("--seeds", "$data/self-instruct-seeds.jsonl")
ALIKE = "chrf(again,answer)"
ARMS = {
    "filtered trips beat seeds alone": ("kept", "seeds"),
    "filtered trips beat as many unfiltered ones": ("kept", "any"),
    "filtered trips beat as many that were dropped": ("some", "dropped"),
}

REAL = Real(
    projects={
        "spanish": Project(
            ("--method", "round-trip", "--corpus", "python:docs", *SEEDS),
            ("$here/data/seeds/assistant.jsonl",),
            {"apertium": "0.8.1-2"},
        )
    },
    sections={
        "train": {"steps": 20, "batch": 8, "lr": 8.0e-5, "warmup": 0.1, "lr_floor": 0.1, "max_length": 512},
        "generate": {"max_tokens": 48, "min_readable": 0.0, "keep_unreadable": True},
    },
    headline="filtered trips beat as many unfiltered ones: answers to both wordings",
    pairs={
        f"{name}: answers to both wordings": Pair(f"again-{better}-s$seed", f"again-{other}-s$seed", ALIKE, lower=False)
        for name, (better, other) in ARMS.items()
    }
    | {
        f"{name}: loss of held-out answers": Pair(f"loss-{better}-s$seed", f"loss-{other}-s$seed")
        for name, (better, other) in ARMS.items()
    },
    figures={
        "trips": ("trips-words", "rows_in"),
        "trips with their marks": ("trips-words", "rows_out"),
        "of these filtered": ("trips-good", "rows_out"),
        "of these dropped, and compared with as many filtered": ("trips-dropped", "rows_out"),
        "held-out instructions asked twice": ("held-asked", "rows_out"),
    },
)
