"""Humpback: does the gain find right pairs as the likelihood does, and is 0 its natural threshold?"""

from benchmarks.claims import OF_GOOD, Claim, arms

CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "more/humpback-gain"),
    targets=(
        *(f"answer@answers-{arm}" for arm in ("gain-1", "humpback-1", "random", "reply")),
        *(f"evaluate@eval-gain{kind}-{n}" for kind in ("", "-above") for n in (1, 2)),
    ),
    pairs={
        "curated by gain beats seed-only": arms("gain-1", "reply"),
        "curated by gain beats as many random pairs": arms("gain-1", "random"),
        "curated by gain against curated by likelihood": arms("gain-1", "humpback-1"),
    },
    figures={
        f"round {n}: {name}": (f"eval-gain{kind}-{n}", *keys)
        for n in (1, 2)
        for name, (kind, *keys) in {
            "AUC of the gain": ("", "auc", "-gain"),
            "AUC of the max token loss": ("", "auc", "worst"),
            "AUC of the mean token loss": ("", "auc", "loss"),
            "good pairs in the pool": ("", *OF_GOOD, "against"),
            "good pairs of the best 30 %": ("", *OF_GOOD, "mean"),
            "good pairs above 0": ("-above", *OF_GOOD, "mean"),
            "of the good pairs above 0": ("-above", "recall"),
            "pairs above 0": ("-above", "rows"),
        }.items()
    },
)
