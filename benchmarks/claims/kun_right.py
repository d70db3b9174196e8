"""Kun: how many pairs polishing makes right and wrong, and what right pairs alone teach, polished and as they were."""

from benchmarks.claims import GOOD, GOOD_DRAFT, Claim, Pair, arms

CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "kun", "kun-arms", "more/kun-right"),
    targets=(
        *(f"answer@answers-kun-right{arm}" for arm in ("", "-raw", "-same", "-same-raw")),
        *(f"answer@answers-{arm}" for arm in ("reply", "kun-polished", "kun-raw")),
    ),
    pairs={
        "polished pairs are right more often": Pair("kun-clean", "kun-clean-raw", GOOD),
        "of texts that were right": Pair("kun-clean", "kun-clean-raw", GOOD, keep=f"{GOOD_DRAFT}==1"),
        "of texts that were wrong": Pair("kun-clean", "kun-clean-raw", GOOD, keep=f"{GOOD_DRAFT}==0"),
        "polished beats raw, all pairs": arms("kun-polished", "kun-raw"),
        "polished beats raw, right pairs alone": arms("kun-right", "kun-right-raw"),
        "polished beats raw, the same right pairs": arms("kun-right-same", "kun-right-same-raw"),
        "right polished pairs against seeds": arms("kun-right", "reply"),
        "right raw pairs against seeds": arms("kun-right-raw", "reply"),
    },
    figures={
        "polished pairs": ("kun-clean", "rows_out"),
        "right ones, polished": ("kun-right", "rows_out"),
        "right ones, raw": ("kun-right-raw", "rows_out"),
        "right both times": ("kun-right-same", "rows_out"),
    },
)
