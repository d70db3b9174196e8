"""Languages, identified by script and by stop words.

Named by ISO 639 codes: en, es, zh.
"""

import re

from baleen.errors import Problem, unknown
from baleen.measures.words import CJK

__all__ = ["same_language", "speaks"]

STOP_WORDS: dict[str, frozenset[str]] = {  # without those that both languages have
    "en": frozenset(
        "the of and to in is that it for on with as at by an be this from or are what which how who where when why can"
        " does do you your i my not have has all if will would there their was were than then into about give tell"
        " write make these each".split()
    ),
    "es": frozenset(
        "el la los las de del que y en un una unos unas es por con para se lo al como más su sus este esta está son ser"
        " si cuando donde dónde cuál qué cómo quién muy también todos todo desde sobre entre hay pero o sin le les"
        " ni ya fue hasta cada puede sea".split()
    ),
}


def stop_word_counts(text: str) -> dict[str, int]:
    """How many words of the text are stop words of each language."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return {code: sum(word in stop_words for word in words) for code, stop_words in STOP_WORDS.items()}


def chinese_share(text: str) -> float:
    """Share of the letters that are CJK characters, each as much as three letters of an alphabet."""
    signs, others = len(CJK.findall(text)), len(re.findall(r"[^\W\d_]", CJK.sub("", text)))
    return 3 * signs / (3 * signs + others) if signs else 0.0


def language(text: str) -> str:
    """The code of the language that a text is in, '' when it cannot be identified."""
    if chinese_share(text) >= 0.5:
        return "zh"
    found = stop_word_counts(text)
    best, other = sorted(found, key=lambda code: -found[code])[:2]
    return best if found[best] > found[other] else ""


def speaks(text: str, code: str) -> float | None:
    """Whether a text is in the language: 1.0 or 0.0, None when its language cannot be identified."""
    if code not in ("zh", *STOP_WORDS):
        raise Problem(unknown("language", code, ["zh", *STOP_WORDS]))
    found = language(text)
    return float(found == code) if found else None


def same_language(text: str, other: str) -> float | None:
    """Whether two texts are in the same language: 1.0 or 0.0, None when one of them cannot be identified."""
    first, second = language(text), language(other)
    return float(first == second) if first and second else None
