"""Round trips: what a filter on the true meaning brings, the ceiling of every filter behind the same translator."""

from benchmarks.claims import Claim, Pair
from benchmarks.claims.round_trip import MEASURES

ARMS = {
    "filtered on the true meaning against seeds alone": ("meant", "seed"),
    "filtered on the true meaning against unfiltered": ("meant", "any"),
    "filtered on the true meaning against filtered": ("meant", "kept"),
    "filtered against seeds alone": ("kept", "seed"),
    "filtered against unfiltered": ("kept", "any"),
    "all trips with the true meaning against seeds alone, as many steps": ("meant-all", "seed-longer"),
    "all trips with the true meaning, three times the steps, against 300": ("meant-all", "meant"),
}
MEANT = "pocket.asks_the_same(original,instruction)"
CLAIM = Claim(
    recipes=("round-trip", "round-trip-arms", "more/round-trip-meant"),
    targets=tuple(f"generate@again-rt-{arm}" for arm in ("seed", "kept", "any", "meant", "meant-all", "seed-longer")),
    pairs={
        f"{name}: {measured}": Pair(f"again-rt-{better}", f"again-rt-{other}", measure)
        for name, (better, other) in ARMS.items()
        for measured, measure in MEASURES.items()
    },
    figures={
        "trips": ("round-trip-words", "rows_out"),
        "filtered": ("round-trip-kept", "rows_out"),
        "that mean the same, in other words": ("rt-meant-all", "rows_out"),
    },
)
