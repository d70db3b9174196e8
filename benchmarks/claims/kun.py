"""Kun: polished answers beat the raw text; judging the instruction alone keeps more than grading the pair, at no worse
accuracy (arXiv:2401.06477)."""

from benchmarks.claims import GOOD, Claim, Pair

ASKS = "pocket.asks(truth,instruction)"
CLAIM = Claim(
    recipes=("humpback", "humpback-arms", "kun", "kun-arms", "more/kun-sizes"),
    targets=(
        *(f"evaluate@eval-kun{arm}" for arm in ("", "-polished", "-pairs", "-point", "-pair")),
        *(f"answer@answers-kun-some-{size}" for size in (75, 225)),
    ),
    pairs={
        "polished beats raw (polished - raw)": Pair("answers-kun-polished", "answers-kun-raw"),
        "the method against seeds (kun - M0)": Pair("answers-kun", "answers-reply"),
        "a middle size beats all (600 - all)": Pair("answers-kun-polished", "answers-kun"),
        "a middle size beats a small one (600 - 225)": Pair("answers-kun-polished", "answers-kun-some-225"),
        "a small size beats a smaller one (225 - 75)": Pair("answers-kun-some-225", "answers-kun-some-75"),
        "polished pairs are right more often": Pair("kun-some", "kun-some-raw", GOOD),
    },
    figures={
        "rows kept by the instruction alone": ("kun-keep", "rows_out"),
        "rows kept by the pair": ("kun-pair-keep", "rows_out"),
    }
    | {
        f"{judge}: {name}, {which}": (f"eval-kun-{judge}", "groups", "all", measure, key)
        for judge in ("point", "pair")
        for name, measure in {"right pairs": GOOD, "instructions that ask something": ASKS}.items()
        for key, which in {"mean": "kept", "against": "all"}.items()
    },
)
