"""Crab on real text: does learning with the constraints that a response meets teach to follow instructions that code
can verify (IFEval, strict and loose), over the same rows without them? At prompt and at instruction level, as IFEval
defines both, by the mean number followed in a prompt, and by how many a prompt has.

Held-out pairs of people, whose constraints are read off and worded like those of the training, say whether it is
learned at all. Sized for an hour on two cores: 60 pairs a half, 40 steps of 8, 100 prompts of IFEval, answers of 256
tokens at most. After 10 steps two thirds of the answers were cut off at 96, now a fifth; each arm says its share.
"""

from benchmarks.claims.crab import ALL as ALL_MET
from benchmarks.claims.crab import MET
from benchmarks.claims.real import Pair, Project, Real

ALL = "follows_all(instruction_id_list,kwargs,answer)"
EACH = "instructions_followed(instruction_id_list,kwargs,answer)"  # how many of a prompt
ALL_LOOSELY, EACH_LOOSELY = ALL.replace("all(", "all_loosely("), EACH.replace("followed(", "followed_loosely(")
ASKED = "count(instruction_id_list)"
OF_INSTRUCTIONS = {  # IFEval's accuracies of instructions
    "share of all instructions, strict": f"{EACH} / {ASKED}",
    "share of all instructions, loose": f"{EACH_LOOSELY} / {ASKED}",
}
LEVELS = {"prompts, loose": ALL_LOOSELY, **OF_INSTRUCTIONS}  # what IFEval has beside ALL


HELD = "held-crab-s$seed", "held-bare-s$seed"


def arms(better: str, other: str, measure: str = ALL, keep: str = "") -> Pair:
    return Pair(f"verifiable-{better}", f"verifiable-{other}", measure, lower=False, keep=keep)


def claims(method: str, other: str) -> dict[str, Pair]:
    """Prompt and instruction level, and the prompts with one, two and three instructions."""
    sides, over = (f"{method}-s$seed", f"{other}-s$seed"), "constraints beat the same rows without any"
    by_count = {
        f"{over}: IFEval prompts with {n} of them, all followed": arms(*sides, keep=f"{ASKED}=={n}") for n in (1, 2, 3)
    }
    return {
        f"{over}: IFEval prompts with all instructions followed": arms(*sides),
        f"{over}: IFEval instructions followed in a prompt": arms(*sides, EACH),
        **{f"{over}: IFEval, {level}": arms(*sides, measure) for level, measure in LEVELS.items()},
        **by_count,
        "constraints beat no training: IFEval prompts with all instructions followed": arms(sides[0], "base"),
    }


TRAIN = {"steps": 40, "batch": 8, "lr": 8.0e-5, "warmup": 0.1, "lr_floor": 0.1, "max_length": 512, "bf16": True}
SECTIONS = {"train": TRAIN, "generate": {"max_tokens": 96, "min_readable": 0.0}, "score": {"min_readable": 0.0}}
SEEDS = ("--seeds", "$data/self-instruct-seeds.jsonl", "--verifiable", "$data/ifeval-prompts.jsonl")
REAL = Real(
    projects={
        "seeds": Project(
            ("--method", "crab", "--corpus", "python:docs", "--documents", "40", *SEEDS),
            ("$here/data/seeds/assistant.jsonl",),
            {"pairs": "60"},
        )
    },
    sections=SECTIONS | {"comply": {"max_length": 512}, "constrain": {"max_tokens": 96}},
    pairs=claims("crab", "bare")
    | {
        "constraints beat the same rows without any: constraints of held-out answers met": Pair(
            *HELD, MET, lower=False
        ),
        "constraints beat the same rows without any: all constraints of a held-out answer met": Pair(
            *HELD, ALL_MET, lower=False
        ),
    },
    figures={
        "held-out pairs with constraints": ("crab-heldout", "rows_out"),
        "constraints claimed": ("crab-claims", "rows_out"),
        "rows with constraints": ("crab-rows", "rows_out"),
    },
)
