"""TeGit: designed tasks beat the text as the response, and stay closer to it than memory does (arXiv:2309.05447)."""

from benchmarks.claims import Claim, Pair, arms

KEPT = ("eval-tegit-kept", "groups", "all")
CLAIM = Claim(
    recipes=("tegit", "tegit-arms", "more/tegit-ablations"),
    targets=(
        "evaluate@eval-tegit-as-is",
        "evaluate@eval-tegit-backward",
        "evaluate@eval-tegit-blind",
        "evaluate@eval-tegit-ungrounded",
        "evaluate@eval-tegit-kept",
        "answer@answers-tegit-half",
    ),
    pairs={
        "an output of its own beats the document (tegit - as-is)": arms("tegit", "tegit-as-is"),
        "triples beat backtranslation of the same documents (tegit - backward)": arms("tegit", "tegit-backward"),
        "the documents teach more than the meta-set (tegit - blind)": arms("tegit", "tegit-blind"),
        "half the tasks do what all documents do (half - as-is)": arms("tegit-half", "tegit-as-is"),
        "half the tasks do what backtranslation does (half - backward)": arms("tegit-half", "tegit-backward"),
        "all tasks against half of them (tegit - half)": arms("tegit", "tegit-half"),
        "outputs are grounded better than ungrounded ones": Pair(
            "tegit-tasks", "tegit-ungrounded", "grounded(response,document)"
        ),
    },
    figures={
        "share of tasks with an input": (*KEPT, "present(input)", "mean"),
        "support of the kept outputs": (*KEPT, "grounded(response,document)", "mean"),
        "support of all outputs": (*KEPT, "grounded(response,document)", "against"),
        "documents read": ("tegit-tasks", "rows_in"),
        "tasks kept": ("tegit-kept", "rows_out"),
    },
)
