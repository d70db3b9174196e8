"""Cycle-Instruct: how many answers of the base may be wrong before no seeds are worth less than 5 % seeds?"""

from benchmarks.claims import Claim, arms

GOOD = ("groups", "all", "pocket.good(truth,instruction,response)")
SHARES = (80, 50, 20)
CLAIM = Claim(
    recipes=("cycle-sources", "cycle", "cycle-arms", "more/cycle-wrong"),
    targets=(
        *(f"answer@answers-cycle-wrong-{share}" for share in SHARES),
        *(f"evaluate@eval-cycle-wrong-{share}" for share in SHARES),
        *(f"answer@answers-cycle-{arm}" for arm in ("1", "seeded-5", "full")),
    ),
    pairs={"round 1 against 5 % seeds": arms("cycle-1", "cycle-seeded-5")}
    | {
        f"round 1, {share} % wrong, against 5 % seeds": arms(f"cycle-wrong-{share}", "cycle-seeded-5")
        for share in SHARES
    }
    | {f"round 1, {share} % wrong, against round 1": arms(f"cycle-wrong-{share}", "cycle-1") for share in SHARES}
    | {"round 1, 20 % wrong, against all pairs": arms("cycle-wrong-20", "cycle-full")},
    figures={
        f"right questions asked, {share} % wrong": (f"eval-cycle-wrong-{share}", *GOOD, "mean") for share in SHARES
    }
    | {"right questions asked, round 1": ("eval-cycle-wrong-80", *GOOD, "against")},
)
