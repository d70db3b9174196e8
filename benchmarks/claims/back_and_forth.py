"""Back-and-forth: rewriting helps beside or instead of filtering, and beats answering anew (arXiv:2408.04614)."""

from benchmarks.claims import GOOD, Claim, Pair

SUPPORT, LENGTH, DRAFT = "supported(response,draft)", "words(response)", "words(draft)"
RECIPES = ("humpback", "humpback-arms", "back-and-forth", "back-and-forth-arms")
CLAIM = Claim(
    recipes=(*RECIPES, "more/back-and-forth-weak"),
    targets=(
        *(f"evaluate@eval-bf-{arm}" for arm in ("filter", "both", "rewrite", "distil", "support", "near")),
        *(f"answer@answers-bf-by-{rewriter}" for rewriter in ("weak", "strong")),
    ),
    pairs={
        "rewriting beats filtering (rewrite - filter)": Pair("answers-bf-by-strong", "answers-bf-filter"),
        "rewriting that is checked beats filtering": Pair("answers-bf-rewrite", "answers-bf-filter"),
        "both beat filtering (both - filter)": Pair("answers-bf-both", "answers-bf-filter"),
        "both are no worse than rewriting (both - rewrite)": Pair("answers-bf-both", "answers-bf-by-strong"),
        "rewriting beats distilling (rewrite - distil)": Pair("answers-bf-rewrite", "answers-bf-distil"),
        "a strong rewriter beats a weak one (by strong - by weak)": Pair("answers-bf-by-strong", "answers-bf-by-weak"),
        "what a strong one writes is right more often": Pair(
            "back-and-forth-by-strong", "back-and-forth-by-weak", GOOD
        ),
        "filtered pairs against seeds (filter - M0)": Pair("answers-bf-filter", "answers-reply"),
    },
    figures={
        name: ("eval-bf-support", "groups", "all", measure, "mean")
        for name, measure in {
            "words of a rewriting": LENGTH,
            "words of its draft": DRAFT,
            "words found in the draft": SUPPORT,
        }.items()
    }
    | {
        f"distance from an answer without a draft, of {name}": ("eval-bf-near", "groups", "all", measure, "mean")
        for name, measure in {
            "the text": "disagreement(draft,answer)",
            "its rewriting": "disagreement(response,answer)",
        }.items()
    },
    trigrams={
        "different 3-grams of the texts": ("back-and-forth-beside", "draft"),
        "different 3-grams of their rewritings": ("back-and-forth-beside", "response"),
        "different 3-grams of the answers without them": ("back-and-forth-beside", "answer"),
    },
)
