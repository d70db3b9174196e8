"""AIR: constraints that a judge finds the student to lack teach more than those read off the document, and those more
than none (arXiv:2502.17787). All arms have the same documents, steps and batch; the test is Crab's."""

from benchmarks.claims import Claim, Pair

MET, ALL, OK = (
    "constraints.met(constraints,answer)",
    "constraints.followed(constraints,answer)",
    "pocket.ok(truth,answer)",
)
ARMS = ("", "-seen", "-hard", "-random", "-student", "-chat", "-rounds")


def arms(better: str, other: str, measure: str = MET) -> Pair:
    return Pair(f"answers-{better}", f"answers-{other}", measure)


CLAIM = Claim(
    recipes=("air", "air-rounds", "air-arms", "more/air-random", "crab", "crab-arms", "humpback", "humpback-arms"),
    targets=tuple(f"evaluate@eval-air{arm}" for arm in ARMS),
    pairs={
        "judge-guided beats document-only (air - seen)": arms("air", "air-seen"),
        "judge-guided beats none (air - bare)": arms("air", "air-bare"),
        "document-only beats none (seen - bare)": arms("air-seen", "air-bare"),
        "all constraints met (air - bare)": arms("air", "air-bare", ALL),
        "right answers (air - bare)": arms("air", "air-bare", OK),
        "constraints that the student still fails (hard - air)": arms("air-hard", "air"),
        "spread documents beat random ones (spread - random)": arms("air-spread", "air-random", OK),
        "training helps at all (air - student)": arms("air", "air-student"),
        "what the guidance model does (chat - air)": arms("air-chat", "air"),
    },
    figures={
        "constraints after round 1": ("eval-air-rounds", "groups", "all", "count(constraints)", "mean"),
        "constraints after the last round": ("eval-air-rounds", "groups", "all", "count(constraints)", "against"),
        "met by the student after round 1": ("eval-air-rounds", "groups", "all", MET, "mean"),
        "met by the student after the last round": ("eval-air-rounds", "groups", "all", MET, "against"),
    },
)
