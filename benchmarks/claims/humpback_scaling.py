"""Humpback: more curated pairs help, more pairs as they come do not (arXiv:2308.06259, table 3 and figure 3)."""

from benchmarks.claims import Claim, Pair

SIZES = (75, 150, 300, 600)
CLAIM = Claim(
    recipes=("humpback", "more/humpback-scaling"),
    targets=tuple(f"generate@answers-{kind}-{n}" for kind in ("curated", "random") for n in SIZES),
    pairs={f"curated beats random at {n}": Pair(f"answers-curated-{n}", f"answers-random-{n}") for n in SIZES},
    fits={kind: {n: f"answers-{kind}-{n}" for n in SIZES} for kind in ("curated", "random")},
)
