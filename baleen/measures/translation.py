"""Translation metrics of a text and its reference: BLEU, chrF and ROUGE-L, from 0 to 100, with signatures."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from baleen.measures.columnar import by_column, length_ratio
from baleen.measures.words import CJK, rouge_l
from baleen.tables.exports import Amount

__all__ = ["bleu", "chrf", "ratio", "rouge"]
COMPARED = 200_000  # characters of a text that BLEU and chrF look at: sacrebleu takes up to 4 s for a megabyte


@cache
def sacrebleu_metric(name: str, chinese: bool = False) -> Any:
    """A metric of sacrebleu for single sentences; the `zh` tokenizer for texts with CJK characters."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return BLEU(effective_order=True, tokenize="zh" if chinese else "13a") if name == "bleu" else CHRF()


def bleu(text: str, reference: str) -> Amount:
    """Sentence BLEU against one reference (Papineni et al., 2002); a text too short for an n-gram loses nothing."""
    text, reference = text[:COMPARED], reference[:COMPARED]
    score = sacrebleu_metric("bleu", bool(CJK.search(text + reference))).sentence_score(text, [reference])
    return float(score.score)


def chrf(text: str, reference: str) -> Amount:
    """chrF2: F-score of character 6-grams, recall weighed twice (Popovic, 2015)."""
    return float(sacrebleu_metric("chrf").sentence_score(text[:COMPARED], [reference[:COMPARED]]).score)


def rouge(text: str, reference: str) -> Amount:
    """ROUGE-L F of the words, CJK characters one by one."""
    return 100 * rouge_l(text, reference)


@by_column(length_ratio)
def ratio(text: str, reference: str) -> Amount | None:
    """Length of a text as a multiple of that of its reference, in characters."""
    return len(text) / len(reference) if reference else None


def signature(name: str) -> str:
    """The settings and version of a metric, as sacrebleu writes them."""
    if name == "rouge":
        return "variant:L|score:f|beta:1|case:lower|tok:space+cjk"
    metrics = [sacrebleu_metric(name, chinese) for chinese in ([False, True] if name == "bleu" else [False])]
    for one in metrics:
        one.sentence_score("a", ["a"])
    return " or ".join(str(one.get_signature()) for one in metrics)


def signatures(names: Iterable[str]) -> dict[str, str]:
    """The signature of each of these measures that has one."""
    return {name: signature(name) for name in sorted(set(names)) if name in ("bleu", "chrf", "rouge")}
