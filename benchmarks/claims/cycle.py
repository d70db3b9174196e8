"""Cycle-Instruct: no seeds beat some seeds, come close to all, and what a cycle loses falls (arXiv:2508.16100)."""

from benchmarks.claims import Claim, Pair, arms


def falls(side: str) -> Pair:
    """Loss of text that nobody trained on after a round trip, in hundredths of a nat a token: round 1 - round 2."""
    return Pair(f"cycle-{side}-loss-1", f"cycle-{side}-loss-2", "loss")


CLAIM = Claim(
    recipes=("cycle-sources", "cycle", "cycle-arms", "more/cycle-ablations", "more/cycle-clusters"),
    targets=(
        "evaluate@eval-cycle",
        "evaluate@eval-cycle-base",
        "evaluate@eval-cycle-1",
        "evaluate@eval-cycle-2",
        "evaluate@eval-cycle-seeded-5",
        "evaluate@eval-cycle-seeded-20",
        "evaluate@eval-cycle-unfiltered",
        "answer@answers-cycle-seeded-spread",
        "evaluate@eval-cycle-faithful",
        "score@cycle-question-loss-1",
        "score@cycle-question-loss-2",
        "score@cycle-answer-loss-1",
        "score@cycle-answer-loss-2",
    ),
    pairs={
        "no seeds beat 5 % seeds (cycle - seeded-5)": arms("cycle", "cycle-seeded-5"),
        "no seeds beat 20 % seeds (cycle - seeded-20)": arms("cycle", "cycle-seeded-20"),
        "no seeds beat 5 % seeds spread over clusters": arms("cycle", "cycle-seeded-spread"),
        "spread seeds beat random ones, 5 % each": arms("cycle-seeded-spread", "cycle-seeded-5"),
        "no seeds come close to all pairs (cycle - full)": arms("cycle", "cycle-full"),
        "the filter does no harm (cycle - unfiltered)": arms("cycle", "cycle-unfiltered"),
        "the cycle teaches more than the pages (round 1 - zero-shot)": arms("cycle-1", "cycle-base"),
        "a second round helps (round 2 - round 1)": arms("cycle-2", "cycle-1"),
        "the loss of rebuilt questions falls (round 1 - round 2)": falls("question"),
        "the loss of rebuilt answers falls (round 1 - round 2)": falls("answer"),
    },
    figures={
        f"distinct 2-grams of what was {what} in round {n}": (f"cycle-{what}-{n}", "distinct")
        for n in (1, 2)
        for what in ("answered", "asked")
    },
)
