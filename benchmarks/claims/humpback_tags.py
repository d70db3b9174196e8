"""Humpback: both tags together answer best, no tags worst; kept instructions are shorter (arXiv:2308.06259)."""

from benchmarks.claims import Claim, Pair

WORDS = ("groups", "all", "words(instruction)")
CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "more/humpback-tags"),
    targets=(
        *(f"answer@answers-{arm}" for arm in ("seed-tag", "no-tag", "untagged", "humpback-1")),
        *(f"evaluate@eval-length-{share}" for share in (10, 30, 60)),
    ),
    pairs={
        "both tags against the seeds' alone": Pair("answers-humpback-1", "answers-seed-tag"),
        "both tags against none": Pair("answers-humpback-1", "answers-no-tag"),
        "tags against a model without": Pair("answers-humpback-1", "answers-untagged"),
    },
    figures={
        f"words of an instruction, best {share} %": (f"eval-length-{share}", *WORDS, "mean") for share in (10, 30, 60)
    }
    | {"words of an instruction, all": ("eval-length-60", *WORDS, "against")},
)
