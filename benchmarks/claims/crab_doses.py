"""Crab: do reverse rows cost because they take the place of forward ones, at equal steps?"""

from benchmarks.claims import Claim
from benchmarks.claims.crab import OK, arms

CLAIM = Claim(
    recipes=("crab", "crab-arms", "more/crab-ablations", "more/crab-doses", "humpback", "humpback-arms"),
    targets=tuple(f"answer@answers-crab{arm}" for arm in ("", "-forward", "-longer", "-forward-longer")),
    pairs={
        "constraints met: reverse rows at equal steps": arms("crab-forward"),
        "constraints met: reverse rows, as many forward rows": arms("crab-forward", better="crab-longer"),
        "constraints met: reverse rows at as many more steps": arms("crab-forward-longer", better="crab-longer"),
        "constraints met: more steps without reverse rows": arms("crab-forward", better="crab-forward-longer"),
        "right answers: reverse rows at equal steps": arms("crab-forward", OK),
        "right answers: reverse rows, as many forward rows": arms("crab-forward", OK, "crab-longer"),
        "right answers: reverse rows at as many more steps": arms("crab-forward-longer", OK, "crab-longer"),
    },
)
