"""TeGit: how many designed tasks and how many backtranslated documents are right, and what right ones alone teach."""

from benchmarks.claims import GOOD, Claim, arms

GOOD_DOCUMENT = "pocket.good(truth,instruction,document)"
CLAIM = Claim(
    recipes=("tegit", "tegit-arms", "more/tegit-right"),
    targets=(
        *(f"answer@answers-tegit{arm}" for arm in ("", "-backward", "-right", "-right-asked")),
        *("evaluate@eval-tegit-as-is", "evaluate@eval-tegit-backward"),
    ),
    pairs={
        "designed tasks against backtranslation, all pairs": arms("tegit", "tegit-backward"),
        "designed tasks against backtranslation, right pairs alone": arms("tegit-right", "tegit-right-asked"),
        "right designed tasks against all of them": arms("tegit-right", "tegit"),
        "right backtranslated documents against all of them": arms("tegit-right-asked", "tegit-backward"),
    },
    figures={
        "tasks kept, as many documents": ("tegit-kept", "rows_out"),
        "wrong ones of these, or with an input": ("tegit-right", "dropped", f"not {GOOD}==1"),
        "wrong documents with the backward model's instruction": (
            "tegit-right-asked",
            "dropped",
            f"not {GOOD_DOCUMENT}==1",
        ),
        "right tasks of an arm": ("tegit-right", "rows_out"),
        "right documents of an arm": ("tegit-right-asked", "rows_out"),
    },
)
