"""AIR at equal doses: what the judge finds, or one without a mistake, against as many constraints of the document."""

from benchmarks.claims import Claim
from benchmarks.claims.air import OK, arms

COUNT, HOLD = "count(constraints)", "constraints.met(constraints,response)"
CLAIM = Claim(
    recipes=("air", "air-rounds", "air-arms", "more/air-oracle"),
    targets=(
        *(f"answer@answers-air{arm}" for arm in ("", "-seen", "-bare", "-oracle", "-oracle-seen", "-oracle-bare")),
        "evaluate@eval-air-doses",
        "evaluate@eval-air-oracle",
    ),
    pairs={
        "judge against as many of the document (air - seen)": arms("air", "air-seen"),
        "judge against none (air - bare)": arms("air", "air-bare"),
        "document against none (seen - bare)": arms("air-seen", "air-bare"),
        "judge without a mistake against as many of the document": arms("air-oracle", "air-oracle-seen"),
        "judge without a mistake against none": arms("air-oracle", "air-oracle-bare"),
        "as many of the document against none": arms("air-oracle-seen", "air-oracle-bare"),
        "judge without a mistake against as many of the document, right": arms("air-oracle", "air-oracle-seen", OK),
    },
    figures={
        f"{name}, {who}": (f"eval-{file}", "groups", "all", measure, side)
        for name, measure in {"constraints a row": COUNT, "met by the response": HOLD}.items()
        for who, (file, side) in {
            "judge": ("air-doses", "mean"),
            "document": ("air-doses", "against"),
            "judge without a mistake": ("air-oracle", "mean"),
            "as many of the document": ("air-oracle", "against"),
        }.items()
    },
)
