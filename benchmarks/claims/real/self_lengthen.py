"""Self-Lengthen on requests that people wrote: do answers grow in each of three rounds, and what does it cost in
repetition, soundness and the loss of answers that people gave?

The instruct model is the small one itself, with replies of 384 tokens at most (16,384 in the release): growth can show
up to some 280 words. A reply that is cut off counts with its words so far and is not sound. Sized on paper for 85
minutes on two cores: 40 requests, two first answers of each, six steps of LoRA a round.
"""

from benchmarks.claims.real import Pair, Project, Real

SEEDS = ("--seeds", "$data/self-instruct-seeds.jsonl")
WORDS, REPEATED, SOUND = "words(answer)", "repeated(answer)", "self_lengthen.sound(answer)"


def tables(kind: str, number: int) -> str:
    """The answers or losses of a round; before the first one there is no training, and so no seed."""
    return f"{kind}-{number}-s$seed" if number else f"{kind}-0"


def arms(better: int, other: int, measure: str, lower: bool = False) -> Pair:
    return Pair(tables("asked", better), tables("asked", other), measure, lower)


REAL = Real(
    projects={
        "requests": Project(
            ("--method", "self-lengthen", "--corpus", "python:docs", "--documents", "10", *SEEDS),
            ("$here/data/seeds/assistant.jsonl",),
            {"requests": "40", "asked": "24"},
        )
    },
    sections={
        "adapters": {"steps": 6, "batch": 8, "lr": 5.0e-4, "lora_rank": 16, "max_length": 768, "too_long": "cut"},
        "lengthen": {"max_tokens": 384},
        "extend": {"again": "self_lengthen.extended(1)", "turns": 2, "max_tokens": 384},  # one try of one extension
        "generate": {"max_tokens": 64, "min_readable": 0.0},
        "score": {"min_readable": 0.0},
    },
    headline="answers of round 3 are longer than at the start",
    pairs={
        "answers of round 1 are longer than at the start": arms(1, 0, WORDS),
        "answers of round 2 are longer than of round 1": arms(2, 1, WORDS),
        "answers of round 3 are longer than of round 2": arms(3, 2, WORDS),
        "answers of round 3 are longer than at the start": arms(3, 0, WORDS),
        "answers of round 3 repeat themselves less than at the start": arms(3, 0, REPEATED, lower=True),
        "answers of round 3 are sound more often than at the start": arms(3, 0, SOUND),
        "loss of held-out answers is lower after round 1 than at the start": Pair(tables("loss", 1), tables("loss", 0)),
        "loss of held-out answers is lower after round 3 than at the start": Pair(tables("loss", 3), tables("loss", 0)),
    },
    figures={
        f"{what}, round {number}": (f"self-lengthen-{table}-{number}", key)
        for number in (1, 2, 3)
        for what, table, key in (
            ("first answers that are whole", "first", "rows_out"),
            ("of these sound and long enough to extend", "half", "rows_out"),
            ("pairs learned", "pairs", "rows_out"),
        )
    },
)
