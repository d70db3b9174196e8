"""Back-and-forth: is rewriting without filtering worth more where fewer documents are useless (--noise 0 and 0.2)?"""

from benchmarks.claims import GOOD, GOOD_DRAFT, Claim, Pair, arms
from benchmarks.claims.back_and_forth import RECIPES

PAIRS = "back-and-forth-draft-all"
CLAIM = Claim(
    recipes=(*RECIPES, "more/back-and-forth-weak", "more/back-and-forth-noise"),
    targets=(
        *(f"answer@answers-{arm}" for arm in ("bf-filter", "bf-by-strong", "bf-both", "bf-raw")),
        "map@back-and-forth-undone",
    ),
    pairs={
        "rewriting beats filtering (rewrite - filter)": arms("bf-by-strong", "bf-filter"),
        "both beat filtering (both - filter)": arms("bf-both", "bf-filter"),
        "both are no worse than rewriting (both - rewrite)": arms("bf-both", "bf-by-strong"),
        "rewriting beats the same pairs as they are (rewrite - raw)": arms("bf-by-strong", "bf-raw"),
        "rewritten pairs are right more often": Pair(PAIRS, "back-and-forth-undone", GOOD),
        "of texts that were right": Pair(PAIRS, "back-and-forth-undone", GOOD, keep=f"{GOOD_DRAFT}==1"),
        "of texts that were wrong": Pair(PAIRS, "back-and-forth-undone", GOOD, keep=f"{GOOD_DRAFT}==0"),
    },
)
