"""LINGUIST on SNIPS, the paper's setting of new intents with ten examples: do utterances that a generator wrote teach a
student more than the examples alone, and more than their round trips? The paper: +1.9 points of intent recall and +2.5
of span F1 over the better of back-translation and Example Extrapolation (arXiv:2209.09900, abstract).

Three intents are new at once, all arms have equal steps and rows, and slots of a round trip are hidden from the
translator. F1 is that of each utterance, averaged, in differences; over all spans, as the paper has it, in figures.
"""

from benchmarks.claims.real import Pair, Project, Real

NAMES = {"one": "AddToPlaylist", "two": "BookRestaurant", "three": "GetWeather", "apertium": "0.8.1-2"}
MEASURES = {"intent recall": "linguist.intent_right(parse,answer)", "span F1": "linguist.span_f1(parse,answer)"}
ARMS = {
    "written utterances beat ten examples alone": ("written", "shots"),
    "written utterances beat as many round trips": ("written", "trips"),
    "round trips beat ten examples alone": ("trips", "shots"),
}
MICRO = "linguist_spans.hits(parse,answer) / linguist_spans.total(parse,answer)"

REAL = Real(
    projects={"snips": Project(("--method", "linguist", "--seeds", "$data/snips.tar.gz"), names=NAMES)},
    sections={
        "train": {
            "steps": 40,
            "batch": 8,
            "lr": 1.0e-4,
            "warmup": 0.1,
            "lr_floor": 0.1,
            "max_length": 768,
            "bf16": True,
        },
        "generate": {"max_tokens": 80, "min_readable": 0.0},
    },
    headline="written utterances beat as many round trips: span F1",
    pairs={
        f"{name}: {measured}": Pair(f"answers-{better}-s$seed", f"answers-{other}-s$seed", measure, lower=False)
        for name, (better, other) in ARMS.items()
        for measured, measure in MEASURES.items()
    },
    figures={
        "span F1 over all spans of known intents, before the new ones": ("spans-known", "groups", "all", MICRO, "mean")
    }
    | {
        f"span F1 over all spans, {arm}": (f"spans-{arm}-s$seed", "groups", "all", MICRO, "mean")
        for arm in ("shots", "trips", "written")
    }
    | {
        f"{what} of {intent}, {arm}": (f"eval-{arm}-s$seed", "groups", intent, measure, "mean")
        for intent in (NAMES["one"], NAMES["two"], NAMES["three"])
        for arm in ("shots", "trips", "written")
        for what, measure in (("intent recall", MEASURES["intent recall"]), ("span F1", MICRO))
    }
    | {
        "utterances written, of 360": ("linguist-generated", "readable"),
        "with all that was wanted": ("linguist-labelled", "rows_out"),
        "round trips with their slots, of 360": ("linguist-restored", "rows_out"),
        "other than those before, written": ("linguist-kept", "rows_out"),
        "other than those before, round trips": ("linguist-reworded", "rows_out"),
    },
)
