"""Crab: constraints that the response meets teach to follow constraints; so do reverse rows and demonstrations
(arXiv:2410.24175). All arms have the same responses, rows, steps and batch."""

from benchmarks.claims import Claim, Pair

MET, ALL, OK = (
    "constraints.met(constraints,answer)",
    "constraints.followed(constraints,answer)",
    "pocket.ok(truth,answer)",
)


MANY = "count(constraints)>=4"


def arms(other: str, measure: str = MET, better: str = "crab", keep: str = "") -> Pair:
    return Pair(f"answers-{better}", f"answers-{other}", measure, keep=keep)


CLAIM = Claim(
    recipes=("crab", "crab-arms", "more/crab-ablations", "humpback", "humpback-arms"),
    targets=tuple(f"evaluate@eval-crab{arm}" for arm in ("", "-chance", "-forward", "-alone", "-own", "-relaid")),
    pairs={
        "constraints met: told beats not told (crab - bare)": arms("crab-bare"),
        "all constraints met (crab - bare)": arms("crab-bare", ALL),
        "right answers to constrained questions (crab - bare)": arms("crab-bare", OK),
        "constraints met: beats what is met by chance (crab - bare, asked without them)": arms("crab-chance"),
        "all constraints met, beyond chance": arms("crab-chance", ALL),
        "right answers (crab - bare, asked without them)": arms("crab-chance", OK),
        "reverse rows help (crab - forward only)": arms("crab-forward"),
        "demonstrations help (crab - without)": arms("crab-alone"),
        "demonstrations help with four constraints or more": arms("crab-alone", keep=MANY),
        "layout clause of predicted instructions corrected (relaid - Humpback)": arms(
            "humpback-1", "pocket.format(truth,answer)", "crab-relaid"
        ),
        "right answers (relaid - Humpback)": arms("humpback-1", OK, "crab-relaid"),
    },
    figures={
        "constraints that the responses meet (claim i)": (
            "eval-crab-own",
            "groups",
            "all",
            "constraints.met(constraints,response)",
            "mean",
        ),
        "targets": ("crab-rows", "rows_out"),
        "constraints claimed": ("crab-claims", "rows_out"),
    },
)
