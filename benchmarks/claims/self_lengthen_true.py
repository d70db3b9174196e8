"""Self-Lengthen: do facts get fewer because pairs with wrong ones are learned, or because few pairs are left?"""

from benchmarks.claims import Claim, Pair
from benchmarks.claims.self_lengthen import TRUE

WORDS = ("groups", "test", "words(answer)")
CLAIM = Claim(
    recipes=(
        *("self-lengthen-requests", "self-lengthen", "self-lengthen-arms"),
        *("more/self-lengthen-third", "more/self-lengthen-true"),
    ),
    targets=(
        *(f"answer@answers-sl-{name}" for name in ("0", "1", "2", "3", "true-1", "true-2", "true-3", "few-2", "few-3")),
        *("evaluate@eval-sl-1", "evaluate@eval-sl-true-3"),
    ),
    pairs={
        f"{name}, round {number} against the start": Pair(f"answers-sl-{arm}{number}", "answers-sl-0", TRUE)
        for name, arm in (("all pairs", ""), ("right pairs", "true-"))
        for number in (1, 2, 3)
    }
    | {
        "right pairs against all, round 3": Pair("answers-sl-true-3", "answers-sl-3", TRUE),
        "twenty pairs of round 1 in place of round 2, against the start": Pair(
            "answers-sl-few-2", "answers-sl-0", TRUE
        ),
        "and in place of round 3": Pair("answers-sl-few-3", "answers-sl-0", TRUE),
    },
    figures={
        f"pairs of round {number}, {name}": (f"{file}-{number}", f"rows_{side}")
        for number in (1, 2, 3)
        for name, file, side in (("right", "sl-true", "out"), ("right and wrong", "sl-true", "in"))
    }
    | {
        "words at the start": ("eval-sl-1", *WORDS, "against"),
        "words after round 3, all pairs": ("eval-sl-true-3", *WORDS, "against"),
        "words after round 3, right pairs": ("eval-sl-true-3", *WORDS, "mean"),
    },
)
