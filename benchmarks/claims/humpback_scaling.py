"""Humpback: more curated pairs help, more pairs as they come do not; seeds and pairs together beat either alone
(arXiv:2308.06259, table 3, figures 3 and 7)."""

from benchmarks.claims import Claim, Pair

SIZES = (75, 150, 300, 600)
CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "more/humpback-scaling"),
    targets=(
        *(f"answer@answers-{kind}-{n}" for kind in ("curated", "random") for n in SIZES),
        *(f"answer@answers-{arm}" for arm in ("seedless-600", "reply")),
    ),
    pairs={f"curated beats random at {n}": Pair(f"answers-curated-{n}", f"answers-random-{n}") for n in SIZES}
    | {
        "seeds and pairs beat pairs alone": Pair("answers-curated-600", "answers-seedless-600"),
        "seeds and pairs beat seeds alone": Pair("answers-curated-600", "answers-reply"),
    },
    fits={kind: {n: f"answers-{kind}-{n}" for n in SIZES} for kind in ("curated", "random")},
)
