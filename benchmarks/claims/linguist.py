"""LINGUIST: ten examples of a new intent are worth more when a generator writes further ones (arXiv:2209.09900)."""

from benchmarks.claims import Claim, Pair

INTENT, SPANS = "intent_right(parse,answer)", "span_f1(parse,answer)"
ARMS = {"none": "answers-linguist-none", "shots": "answers-linguist-shots", "trip": "answers-linguist-round-trip"}
OURS = "answers-linguist"
COMPARED = {
    "ten examples against none": (ARMS["shots"], ARMS["none"]),
    "generated utterances against ten examples alone": (OURS, ARMS["shots"]),
    "generated utterances against as many round trips": (OURS, ARMS["trip"]),
    "round trips against ten examples alone": (ARMS["trip"], ARMS["shots"]),
}
CLAIM = Claim(
    recipes=("linguist", "linguist-arms"),
    targets=tuple(f"evaluate@eval-linguist{arm}" for arm in ("", "-none", "-shots", "-round-trip")),
    pairs={
        f"{name}: {measured} of the {split}": Pair(*tables, measure, f"test {split}")
        for name, tables in COMPARED.items()
        for split in ("new", "other")
        for measured, measure in (("intent recall", INTENT), ("span F1", SPANS))
    },
    figures={
        "generated utterances that can be read": ("linguist-generated", "readable"),
        "generated utterances that pass the rules": ("linguist-labelled", "rows_out"),
        "distinct generated utterances": ("linguist-kept", "rows_in"),
        "round trips whose slots are found again": ("linguist-reprojected", "rows_out"),
    },
)
