"""Back-and-forth: does a student that prefers the rewritten answer to the text as it was found (DPO) answer better?"""

from benchmarks.claims import Claim, arms
from benchmarks.claims.back_and_forth import RECIPES

CLAIM = Claim(
    recipes=(*RECIPES, "more/back-and-forth-preference"),
    targets=("answer@answers-bf-preferring", "answer@answers-bf-both", "evaluate@eval-bf-preferring"),
    pairs={"preferring rewritten answers beats learning them alone": arms("bf-preferring", "bf-both")},
)
