"""Humpback: does a second round find right pairs better when no model grades what it has learned?"""

from benchmarks.claims import OF_GOOD, Claim, arms

CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "more/humpback-cross"),
    targets=(
        *(f"evaluate@{name}" for name in ("eval-cross-scorer", "eval-scorer-1", "eval-scorer-2")),
        *(f"answer@answers-{arm}" for arm in ("cross", "humpback", "humpback-1", "reply")),
        "evaluate@eval-cross",
    ),
    pairs={
        "cross-fitted beats round 2": arms("cross", "humpback"),
        "cross-fitted beats round 1": arms("cross", "humpback-1"),
        "cross-fitted beats seed-only": arms("cross", "reply"),
    },
    figures={
        f"{name}: {what}": (file, *keys)
        for name, file in {"cross": "eval-cross-scorer", "1": "eval-scorer-1", "2": "eval-scorer-2"}.items()
        for what, keys in {"AUC": ("auc", "worst"), "good pairs kept": (*OF_GOOD, "mean")}.items()
    },
)
