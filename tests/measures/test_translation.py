"""Likeness: the figures of sacrebleu and of rouge-score, with signatures that say how they were made."""

import pytest

from baleen.measures.translation import bleu, chrf, ratio, rouge, signatures
from baleen.project.preload import quick_imports

TEXTS = [
    ("the cat is on the mat", "there is a cat on the mat"),
    ("what is the profession of anna", "what is the job of anna"),
    ("", "some text"),
    ("one", "one"),
]


@pytest.mark.parametrize(("a", "b"), TEXTS)
def test_the_figures_are_those_of_sacrebleu(a: str, b: str) -> None:
    sacrebleu = pytest.importorskip("sacrebleu", reason="sacrebleu is not installed")
    assert bleu(a, b) == pytest.approx(sacrebleu.sentence_bleu(a, [b]).score)
    assert chrf(a, b) == pytest.approx(sacrebleu.sentence_chrf(a, [b]).score)


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), TEXTS)
def test_rouge_is_that_of_rouge_score(a: str, b: str) -> None:
    with quick_imports(("sklearn", "scipy")):  # which NLTK imports beside the stemmer that it is wanted for
        scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="rouge-score is not installed")
    found = scorer.RougeScorer(["rougeL"]).score(b, a)["rougeL"].fmeasure
    assert rouge(a, b) == pytest.approx(100 * found)


def test_chinese_is_compared_by_characters() -> None:
    assert 40 < bleu("今天天气很好", "今天天气不错") < 90
    assert 0 < rouge("今天天气很好", "今天天气不错") < 100


def test_a_ratio_without_a_reference_cannot_be_told() -> None:
    assert ratio("abc", "") is None and ratio("abc", "abcdef") == 0.5


def test_signatures_say_version_and_tokenizer() -> None:
    pytest.importorskip("sacrebleu", reason="sacrebleu is not installed")
    found = signatures(["chrf", "bleu", "words", "rouge", "chrf"])
    assert list(found) == ["bleu", "chrf", "rouge"]
    assert "tok:13a" in found["bleu"] and "tok:zh" in found["bleu"] and "version:" in found["chrf"]
