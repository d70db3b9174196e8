"""Humpback: curated pairs align, uncurated ones do not, and a second round adds to the first (arXiv:2308.06259)."""

from benchmarks.claims import OF_GOOD, Claim, arms

ARMS = ("reply", "random", "uncurated", "humpback-1", "humpback", "oracle")
CLAIM = Claim(
    recipes=("humpback", "humpback-arms"),
    targets=tuple(f"evaluate@eval-{name}" for name in (*ARMS, "curation", "round-2", "scorer-1", "scorer-2")),
    pairs={
        "curated beats seed-only (M1 - M0)": arms("humpback-1", "reply"),
        "curated beats as many random pairs (M1 - random)": arms("humpback-1", "random"),
        "curated beats all pairs (M1 - uncurated)": arms("humpback-1", "uncurated"),
        "random pairs help (random - M0)": arms("random", "reply"),
        "uncurated pairs help (uncurated - M0)": arms("uncurated", "reply"),
        "a second round helps (M2 - M1)": arms("humpback", "humpback-1"),
        "what perfect curation would give (oracle - M1)": arms("oracle", "humpback-1"),
    },
    figures={
        f"round {n}: {name}": (f"eval-scorer-{n}", *keys)
        for n in (1, 2)
        for name, keys in {
            "AUC": ("auc", "worst"),
            "good pairs kept": (*OF_GOOD, "mean"),
            "good pairs in the pool": (*OF_GOOD, "against"),
            "good pairs found": ("recall",),
        }.items()
    },
)
