"""Micro-averaged F1 of spans is that of conlleval and seqeval."""

from random import Random

import pytest

from baleen.methods.linguist_spans import hits, total

LABELS = ("city", "date", "artist")
WORDS = "play jazz in rome on monday by anna now".split()


def tagged(tags: list[str]) -> str:
    """A parse of the words with BIO tags."""
    parts = list[str]()
    for word, tag in zip(WORDS, tags, strict=True):
        if tag.startswith("I-"):
            parts[-1] = parts[-1].removesuffix("]") + f"{word} ]"
        else:
            parts.append(f"[{tag[2:]} {word} ]" if tag != "O" else word)
    return "Play\n" + " ".join(parts)


def random_tags(rng: Random) -> list[str]:
    tags = ["O"]
    for _ in WORDS[1:]:
        label = rng.choice(LABELS)
        inside = [f"I-{tags[-1][2:]}"] if tags[-1] != "O" else []
        tags.append(rng.choice(["O", "O", f"B-{label}", *inside]))
    return tags


@pytest.mark.parametrize("seed", range(6))
def test_it_equals_seqeval(seed: int) -> None:
    metrics = pytest.importorskip("seqeval.metrics", reason="seqeval is not installed")
    rng = Random(seed)
    gold, own = ([random_tags(rng) for _ in range(40)] for _ in range(2))
    own[:10] = gold[:10]
    pairs = [(tagged(a), tagged(b)) for a, b in zip(gold, own, strict=True)]
    f1 = sum(hits(*pair) for pair in pairs) / sum(total(*pair) for pair in pairs)
    assert f1 == pytest.approx(metrics.f1_score(gold, own, average="micro"))


FIGURES = {  # parse, answer, hits, total
    "all right": ("P\nplay [a x ] in [b y ]", "P\nplay [a x ] in [b y ]", 4, 4),
    "one of two": ("P\nplay [a x ] in [b y ]", "P\nplay [a x ] in [c y ]", 2, 4),
    "another place of the same words": ("P\n[a x ] or x", "P\nx or [a x ]", 0, 2),
    "twice the same span": ("P\n[a x ] or [a x ]", "P\n[a x ] or x", 2, 3),
    "a longer span": ("P\nplay [a x y ]", "P\nplay [a x ] y", 0, 2),
    "other words, the same value": ("P\nplay [a x ]", "P\nplease play [a x ]", 2, 2),
    "nothing to tell": ("P\nplay", "P\nplay", 0, 0),
    "an answer that cannot be read": ("P\nplay [a x ]", "play [a x", 0, 1),
    "another intent": ("P\nplay [a x ]", "Q\nplay [a x ]", 2, 2),
}


@pytest.mark.parametrize("name", FIGURES)
def test_hits_and_total_count_spans(name: str) -> None:
    parse, answer, *numbers = FIGURES[name]
    assert [hits(parse, answer), total(parse, answer)] == numbers
