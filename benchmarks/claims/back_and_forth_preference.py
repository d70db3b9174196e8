"""Back-and-forth: does a student that prefers the rewritten answer to the text as it was found (DPO) answer better?"""

from benchmarks.claims import Claim, arms

CLAIM = Claim(
    recipes=(
        "humpback",
        "humpback-arms",
        "back-and-forth",
        "back-and-forth-arms",
        "more/back-and-forth-preference",
        "more/humpback-preference",
    ),
    targets=("answer@answers-bf-preferring", "answer@answers-bf-both", "evaluate@eval-bf-preferring"),
    pairs={"preferring rewritten answers beats learning them alone": arms("bf-preferring", "bf-both")},
)
