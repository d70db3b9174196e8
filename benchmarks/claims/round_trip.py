"""Round trips: other words for an instruction make answers steadier; filters and marks pay; a far pivot loses more."""

from benchmarks.claims import Claim, Pair

SAME, FIRST, OTHER = "pocket.agree(truth,answer,again)", "pocket.ok(truth,answer)", "pocket.ok(truth,again)"
ARMS = {
    "filtered trips against seeds alone": ("kept", "seed"),
    "filtered against unfiltered trips": ("kept", "any"),
    "trips drawn by what earlier ones brought against as many others": ("adaptive", "kept"),
    "outputs (x^, y') against seeds alone": ("output", "seed"),
    "outputs (x^, y) against seeds alone": ("first", "seed"),
}
ACROSS = {
    "filtered trips against seeds alone": ("kept", "seed"),
    "instructions as they were said abroad against seeds alone": ("abroad", "seed"),
}
MEASURES = {"same facts in both wordings": SAME, "right": FIRST, "right in other words": OTHER}
ROUTES = {"near": "qaa", "far": "qab", "near then far": "qaa qab"}
CHRF, SURVIVED, MEANT = (
    "chrf(instruction,original)", "round_trip.survived(spans,original,instruction)", "pocket.means(truth,instruction)"
)  # fmt: skip
BLEU = "bleu(instruction,original)"  # the lower, the more is reworded
FIGURES: dict[str, tuple[str, ...]] = {}
for name, route in ROUTES.items():
    FIGURES[f"{name}: trips"] = ("eval-rt-words", "groups", route, CHRF, "rows")
    FIGURES[f"{name}: good ones"] = ("eval-rt-good", "groups", route, CHRF, "rows")
    FIGURES[f"{name}: chrF to the original"] = ("eval-rt-words", "groups", route, CHRF, "mean")
    FIGURES[f"{name}: BLEU of the good ones to the original"] = ("eval-rt-good", "groups", route, BLEU, "mean")
LOST = "a protected span is lost"
FIGURES["trips that leave for a lost mark"] = ("round-trip-words", "dropped", LOST)
FIGURES["trips, all in all"] = ("round-trip-words", "rows_in")
for name, route in list(ROUTES.items())[:2]:
    FIGURES[f"{name}: protected spans without"] = ("eval-rt-bare", "groups", route, SURVIVED, "mean")
    FIGURES[f"{name}: the same is meant"] = ("eval-rt-held", "groups", route, MEANT, "mean")

CLAIM = Claim(
    recipes=("round-trip", "round-trip-arms", "more/round-trip-across"),
    targets=(
        *(f"evaluate@eval-rt-{name}" for name in "kept any adaptive output first words bare good more held".split()),
        *(f"generate@across-rt-{name}" for name in ("seed", "kept", "abroad")),
    ),
    pairs={
        f"{name}: {measured}": Pair(f"again-rt-{better}", f"again-rt-{other}", measure)
        for name, (better, other) in ARMS.items()
        for measured, measure in MEASURES.items()
    }
    | {
        f"asked in the near language, {name}: {measured}": Pair(f"across-rt-{better}", f"across-rt-{other}", measure)
        for name, (better, other) in ACROSS.items()
        for measured, measure in {"same facts as at home": SAME, "right abroad": OTHER, "right at home": FIRST}.items()
    },
    figures=FIGURES,
)
