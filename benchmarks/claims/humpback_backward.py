"""Humpback: does a backward model that learned the curated pairs turned round ask better than one of seeds alone?"""

from benchmarks.claims import OF_GOOD, Claim, arms

CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "more/humpback-backward"),
    targets=(
        *(f"answer@answers-{arm}" for arm in ("backward", "humpback", "reply")),
        "evaluate@eval-backward",
        "evaluate@eval-backward-pairs",
    ),
    pairs={
        "asked again beats round 2": arms("backward", "humpback"),
        "asked again beats seed-only": arms("backward", "reply"),
    },
    figures={
        f"good pairs in the pool, {side}": ("eval-backward-pairs", *OF_GOOD, key)
        for side, key in {"asked again": "mean", "asked once": "against"}.items()
    },
)
