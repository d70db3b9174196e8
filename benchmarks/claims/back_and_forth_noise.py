"""Back-and-forth: is rewriting without filtering worth more where fewer documents are useless (--noise 0 and 0.2)?"""

from benchmarks.claims import Claim, Pair, arms

GOOD, RAW = "pocket.good(truth,instruction,response)", "pocket.good(truth,instruction,draft)"
PAIRS = "back-and-forth-draft-all"
CLAIM = Claim(
    recipes=(
        "humpback",
        "humpback-arms",
        "back-and-forth",
        "back-and-forth-arms",
        "more/back-and-forth-weak",
        "more/back-and-forth-noise",
    ),
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
        "of texts that were right": Pair(PAIRS, "back-and-forth-undone", GOOD, keep=f"{RAW}==1"),
        "of texts that were wrong": Pair(PAIRS, "back-and-forth-undone", GOOD, keep=f"{RAW}==0"),
    },
)
