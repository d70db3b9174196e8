"""LINGUIST: written utterances are worth more than ten examples alone, and than translated ones (arXiv:2209.09900)."""

from benchmarks.claims import Claim, Pair

MEASURES = {"intent recall": "linguist.intent_right(parse,answer)", "span F1": "linguist.span_f1(parse,answer)"}
NEW = {
    "ten examples against none": ("linguist-shots", "linguist-none"),
    "written utterances against ten examples alone": ("linguist", "linguist-shots"),
    "written utterances against as many round trips": ("linguist-fair", "linguist-round-trip"),
    "round trips against ten examples alone": ("linguist-round-trip", "linguist-shots"),
}
ABROAD = {
    "written in the other language against none": ("linguist-cross", "linguist-cross-none"),
    "written in the other language against translated": ("linguist-cross", "linguist-cross-translated"),
}
ARMS = dict.fromkeys(arm for pair in [*NEW.values(), *ABROAD.values()] for arm in pair)


def pairs(compared: dict[str, tuple[str, str]], suffix: str, split: str) -> dict[str, Pair]:
    return {
        f"{name}: {measured}{suffix}": Pair(f"answers-{better}", f"answers-{other}", measure, split)
        for name, (better, other) in compared.items()
        for measured, measure in MEASURES.items()
    }


CLAIM = Claim(
    recipes=("linguist", "linguist-arms", "more/linguist-cross"),
    targets=tuple(f"evaluate@eval-{arm}" for arm in ARMS),
    pairs=pairs(NEW, " of the new intent", "test new")
    | pairs(NEW, " of the others", "test other")
    | pairs(ABROAD, "", "test"),
    figures={
        "written utterances that can be read": ("linguist-generated", "readable"),
        "written utterances, of 480": ("linguist-labelled", "rows_out"),
        "round trips with their slots, of 480": ("linguist-reprojected", "rows_out"),
        "written utterances beside as many round trips": ("linguist-kept-fair", "rows_out"),
        "written for the other language, of 1200": ("linguist-cross-labelled", "rows_out"),
        "of these not in it": ("linguist-cross-spoken", "dropped", "not pocket.worded_in(utterance,language)>=0.8"),
        "translated and aligned, of 600": ("linguist-cross-aligned", "rows_out"),
    },
)
