"""Cycle-Instruct: how many answers of the base may be wrong, and how, before no seeds are worth less than 5 % seeds?"""

from benchmarks.claims import OF_GOOD, Claim, arms

ARMS = {f"{share} % with wrong facts": f"wrong-{share}" for share in (80, 50, 20)} | {
    f"{share} % of its wrong answers made right": f"mended-{share}" for share in (40, 75)
}
CLAIM = Claim(
    recipes=("cycle-sources", "cycle", "cycle-arms", "more/cycle-wrong"),
    targets=(
        *(f"{rule}-cycle-{arm}" for rule in ("answer@answers", "evaluate@eval") for arm in ARMS.values()),
        *(f"answer@answers-cycle-{arm}" for arm in ("1", "seeded-5", "full")),
    ),
    pairs={"round 1 against 5 % seeds": arms("cycle-1", "cycle-seeded-5")}
    | {f"round 1, {name}, against 5 % seeds": arms(f"cycle-{arm}", "cycle-seeded-5") for name, arm in ARMS.items()}
    | {f"round 1, {name}, against round 1": arms(f"cycle-{arm}", "cycle-1") for name, arm in ARMS.items()}
    | {"round 1, 20 % with wrong facts, against all pairs": arms("cycle-wrong-20", "cycle-full")},
    figures={f"right questions, {name}": (f"eval-cycle-{arm}", *OF_GOOD, "mean") for name, arm in ARMS.items()}
    | {"right questions, round 1": ("eval-cycle-wrong-80", *OF_GOOD, "against")},
)
