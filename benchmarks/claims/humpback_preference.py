"""Humpback: does a backward model that prefers the best of its own instructions for a text to the worst ask better?"""

from benchmarks.claims import GOOD, OF_GOOD, Claim, Pair

CLAIM = Claim(
    recipes=("humpback", "more/humpback-preference"),
    targets=("evaluate@eval-preference",),
    pairs={"right pairs, with preferences - without": Pair("preference-after", "preference-before", GOOD)},
    figures={
        f"good pairs, {name}": ("eval-preference", *OF_GOOD, key)
        for name, key in {"with preferences": "mean", "without": "against"}.items()
    },
)
