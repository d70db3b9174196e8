"""Humpback with a scorer that grows with its model, agreement with its own answers: is there a second round in it?"""

from benchmarks.claims import OF_GOOD, Claim, Pair

CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "more/humpback-agree"),
    targets=(
        *(f"answer@answers-{arm}" for arm in ("agree-1", "agree-2", "reply", "random", "oracle")),
        *(f"evaluate@eval-agree-{n}" for n in (1, 2)),
    ),
    pairs={
        "curated beats seed-only (M1 - M0)": Pair("answers-agree-1", "answers-reply"),
        "curated beats as many random pairs (M1 - random)": Pair("answers-agree-1", "answers-random"),
        "a second round helps (M2 - M1)": Pair("answers-agree-2", "answers-agree-1"),
        "what perfect curation would give (oracle - M1)": Pair("answers-oracle", "answers-agree-1"),
    },
    figures={
        f"round {n}: {name}": (f"eval-agree-{n}", *keys)
        for n in (1, 2)
        for name, keys in {
            "AUC": ("auc", "disagreement(response,answer)"),
            "good pairs kept": (*OF_GOOD, "mean"),
            "good pairs found": ("recall",),
        }.items()
    },
)
