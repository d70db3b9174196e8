"""Humpback: is the best of every cluster of pages better than the best of all?"""

from benchmarks.claims import Claim, arms

CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "more/humpback-tail"),
    targets=(*(f"answer@answers-{arm}" for arm in ("tail", "humpback-1", "reply")), "evaluate@eval-tail"),
    pairs={
        "the best of every cluster beats the best of all": arms("tail", "humpback-1"),
        "the best of every cluster beats seed-only": arms("tail", "reply"),
    },
)
