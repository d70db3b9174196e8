"""Crab: do reverse rows and demonstrations cost because they take the place of other rows, at equal steps?"""

from benchmarks.claims import Claim
from benchmarks.claims.crab import MANY, OK, arms

CLAIM = Claim(
    recipes=("crab", "crab-arms", "more/crab-ablations", "more/crab-doses", "humpback", "humpback-arms"),
    targets=tuple(
        f"answer@answers-crab{arm}"
        for arm in ("", "-forward", "-longer", "-forward-longer", "-alone", "-shown-longer", "-alone-longer")
    ),
    pairs={
        "constraints met: reverse rows at equal steps": arms("crab-forward"),
        "constraints met: reverse rows, as many forward rows": arms("crab-forward", better="crab-longer"),
        "constraints met: reverse rows at as many more steps": arms("crab-forward-longer", better="crab-longer"),
        "constraints met: more steps without reverse rows": arms("crab-forward", better="crab-forward-longer"),
        "right answers: reverse rows at equal steps": arms("crab-forward", OK),
        "right answers: reverse rows, as many forward rows": arms("crab-forward", OK, "crab-longer"),
        "right answers: reverse rows at as many more steps": arms("crab-forward-longer", OK, "crab-longer"),
        "constraints met: demonstrations at equal steps": arms("crab-alone"),
        "constraints met: demonstrations, as many rows without": arms("crab-alone", better="crab-shown-longer"),
        "constraints met: demonstrations at as many more steps": arms("crab-alone-longer", better="crab-shown-longer"),
        "of four and more: demonstrations at equal steps": arms("crab-alone", keep=MANY),
        "of four and more: demonstrations, as many rows without": arms(
            "crab-alone", better="crab-shown-longer", keep=MANY
        ),
        "of four and more: demonstrations at as many more steps": arms(
            "crab-alone-longer", better="crab-shown-longer", keep=MANY
        ),
    },
)
