"""Families of constraints: the wordings of each in English and Chinese, its check, and how to measure it on a text.

The families are those of Crab (arXiv:2410.24175), each measured so that its text meets it. To add one, add an entry to
FAMILIES: its wordings are parsed without further code.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from baleen.measures.words import CJK, is_chinese, words


class Slots(NamedTuple):
    """The blanks of a wording."""

    n: int = 0
    m: int = 0
    word: str = ""


OPENS, CLOSES = r"[\"“「‘'`*]{1,2}\s?", r"\s?[\"”」’'`*]{0,2}"
WORD = r"[^\s\"“”「」‘’'`*]+(?:['’][^\s\"“”「」‘’'`*]+)*"  # with an apostrophe inside


@dataclass(frozen=True)
class Family:
    """`kind`: only one family of a kind is measured on a text. `weight`: for drawing constraints (Crab, table 4).
    `holds` checks a text; `find` returns values that the text meets, or None. One that is not `measured` is only read
    and corrected."""

    kind: str
    weight: float
    wordings: tuple[str, ...]
    chinese: tuple[str, ...]
    holds: Callable[[str, Slots], bool]
    find: Callable[[str, Random], Slots | None]
    choices: tuple[str, ...] = ()  # the values of {word}; any word when empty
    measured: bool = True

    def pattern(self, wording: str) -> str:
        """A regular expression that parses the wording; quotes and emphasis around a word are optional, and without
        them `count` is no word: it is that of words."""
        free = "|".join(map(re.escape, self.choices)) or WORD
        blanks = {
            "{n}": r"(?P<n>\d+)",
            "{m}": r"(?P<m>\d+)",
            "{word}": rf"(?:{OPENS}|(?!count$))(?P<word>{free}){CLOSES}",
        }
        parts = (blanks.get(part) or re.escape(part) for part in re.split(r"(\{\w+\})", wording))
        return "".join(parts).replace(r"\ ", r"\s+")


LISTED = re.compile(r"^[ \t]*(?:[-*•]|\d+ ?[.)、])\s+(?=\S)", re.MULTILINE)
NUMBERED = re.compile(r"^[ \t]*\d+ ?[.)、]\s+(?=\S)", re.MULTILINE)
BULLETED = re.compile(r"^[ \t]*[-*•]\s+(?=\S)", re.MULTILINE)
END = re.compile(r"[.!?](?=\s|$)|[。！？]|\n+")
MARKS = {  # name of a punctuation mark -> its characters
    "commas": ",，、", "colons": ":：", "question marks": "?？", "exclamation marks": "!！",
    "逗号": ",，、", "冒号": ":：", "问号": "?？", "感叹号": "!！",
}  # fmt: skip
ENGLISH_MARKS, CHINESE_MARKS = list(MARKS)[:4], list(MARKS)[4:]
COMMON_WORDS = frozenset(  # no keywords
    "the and for with that this from are was has have had not but you your its his her their they she who what which "
    "when where how will can all one two than then into out off over under about there here also more most some such "
    "only very just been being were does did our any each both while".split()
)
LETTERS = re.compile(r"[^\W\d_]+")


def sentences(text: str) -> list[str]:
    """Sentences and lines that have a letter, without list marks."""
    return [part.strip() for part in END.split(LISTED.sub("", text)) if LETTERS.search(part)]


def paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def longest_word(text: str) -> int:
    """Letters of the longest word; 0 when there is none."""
    return max((len(word) for word in LETTERS.findall(CJK.sub(" ", text))), default=0)


def lower_words(text: str) -> list[str]:
    """Words of letters, in order and in lower case; a CJK character is a word."""
    return [word.lower() for word in re.findall(CJK.pattern + r"|[^\W\d_]+", text)]


def contains_word(word: str, text: str) -> bool:
    return word in text if CJK.search(word) else re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text.lower()) is not None


def step(count: float) -> int:
    """The step to which a length is rounded: 10 (Crab), but 5 below 100 and 1 below 40, where 10 is too coarse."""
    return 10 if count >= 100 else 5 if count >= 40 else 1


def slack(count: float, rng: Random) -> int:
    """The random number of words by which a bound is widened: up to 20 at 200 words (Crab) and above, fewer below."""
    return rng.randint(0, max(2, min(20, round(count / 10))))


def round_up(count: float, rng: Random) -> int:
    return step(count) * math.ceil((count + slack(count, rng)) / step(count))


def round_down(count: float, rng: Random) -> int:
    return step(count) * math.floor((count - slack(count, rng)) / step(count))


def near(count: float, n: int) -> bool:
    """Whether a count is 'about n': within a tenth, or one word."""
    return abs(count - n) <= max(1, n / 10)


def at_least(text: str, rng: Random) -> Slots | None:
    n = round_down(words(text), rng)
    return Slots(n) if n > 1 else None


def between(text: str, rng: Random) -> Slots | None:
    n, m = round_down(words(text), rng), round_up(words(text), rng)
    return Slots(n, m) if 0 < n < m else None


def sentence_words(text: str) -> int:
    return int(max(map(words, sentences(text)), default=0))


def long_sentence(text: str, rng: Random) -> Slots | None:
    """The largest number of words in a sentence, rounded up to 5 (Crab); None for a text of one sentence."""
    return Slots(5 * math.ceil(sentence_words(text) / 5)) if len(sentences(text)) > 1 else None


def paragraph_sentences(text: str) -> int:
    return max((len(sentences(part)) for part in paragraphs(text)), default=0)


def keyword(text: str, rng: Random) -> Slots | None:
    """A random word of more than 3 letters that is not common; None for Chinese, which has no spaces between words."""
    candidates = sorted({w for w in lower_words(text) if len(w) > 3 and w not in COMMON_WORDS and not CJK.search(w)})
    return Slots(word=rng.choice(candidates)) if candidates else None


def unused_mark(text: str, rng: Random) -> Slots | None:
    """The first punctuation mark that the text does not use (Crab)."""
    names = CHINESE_MARKS if is_chinese(text) else ENGLISH_MARKS
    return next((Slots(word=name) for name in names if not {*MARKS[name]} & {*text}), None)


def first_word(text: str, rng: Random) -> Slots | None:
    return Slots(word=all_words[0]) if (all_words := lower_words(text)) else None


def last_word(text: str, rng: Random) -> Slots | None:
    return Slots(word=all_words[-1]) if len(all_words := lower_words(text)) > 1 else None


def count_of(pattern: re.Pattern[str], least: int) -> Callable[[str, Random], Slots | None]:
    """A `find`: the number of matches when there are at least so many."""

    def find(text: str, rng: Random) -> Slots | None:
        return Slots(n) if (n := len(pattern.findall(text))) >= least else None

    return find


def if_true(true: Callable[[str], object]) -> Callable[[str, Random], Slots | None]:
    """A `find`: no values, for a text for which `true` holds."""
    return lambda text, rng: Slots() if true(text) else None


def bounded(kind: str, weight: float, chinese: str, count: Callable[[str], int]) -> dict[str, Family]:
    """The families that bound a number of sentences, paragraphs or items: they are read where somebody wrote them."""

    def find(text: str, rng: Random) -> Slots | None:
        return Slots(n, n + 1) if (n := count(text)) else None

    def family(english: str, han: str, holds: Callable[[int, Slots], bool]) -> Family:
        return Family(kind, weight, (english,), (han,), lambda text, s: holds(count(text), s), find, measured=False)

    return {
        f"{kind} at most": family(f"use at most {{n}} {kind}", f"最多{{n}}{chinese}", lambda n, s: n <= s.n),
        f"{kind} at least": family(f"use at least {{n}} {kind}", f"至少{{n}}{chinese}", lambda n, s: n >= s.n),
        f"{kind} between": family(f"use {{n}} to {{m}} {kind}", f"{{n}}到{{m}}{chinese}", lambda n, s: s.n <= n <= s.m),
    }


def has_no_list(text: str) -> bool:
    """Whether a text has no list."""
    return not LISTED.search(text)


FAMILIES: dict[str, Family] = {
    "words at most": Family(
        "words", 0.5,
        ("use at most {n} words", "use no more than {n} words", "answer in {n} words or fewer"),
        ("不超过{n}个字", "最多{n}个字"),
        lambda text, s: words(text) <= s.n, lambda text, rng: Slots(round_up(words(text), rng)),
    ),
    "words at least": Family(
        "words", 0.5, ("use at least {n} words", "use {n} words or more"), ("至少{n}个字", "不少于{n}个字"),
        lambda text, s: words(text) >= s.n, at_least,
    ),
    "words about": Family(
        "words", 0.5, ("use about {n} words", "use around {n} words"), ("大约{n}个字", "{n}字左右"),
        lambda text, s: near(words(text), s.n),
        lambda text, rng: Slots(step(words(text)) * round(words(text) / step(words(text)))),
    ),
    "words between": Family(
        "words", 0.5, ("use between {n} and {m} words", "use {n} to {m} words"), ("{n}到{m}个字", "字数在{n}到{m}之间"),
        lambda text, s: s.n <= words(text) <= s.m, between,
    ),
    "sentences": Family(
        "sentences", 0.4, ("write exactly {n} sentences", "use {n} sentences"), ("写{n}句话", "共{n}句话"),
        lambda text, s: len(sentences(text)) == s.n,
        lambda text, rng: Slots(len(sentences(text))) if has_no_list(text) and len(sentences(text)) > 1 else None,
    ),
    "sentence length": Family(
        "sentences", 0.3, ("use at most {n} words in a sentence", "keep sentences to {n} words at most"),
        ("每句话不超过{n}个字",), lambda text, s: sentence_words(text) <= s.n, long_sentence,
    ),
    "paragraphs": Family(
        "paragraphs", 0.4, ("write exactly {n} paragraphs", "use {n} paragraphs"), ("写{n}段", "分为{n}段"),
        lambda text, s: len(paragraphs(text)) == s.n,
        lambda text, rng: Slots(n) if (n := len(paragraphs(text))) > 1 else None,
    ),
    "paragraph length": Family(
        "paragraphs", 0.3, ("use at most {n} sentences in a paragraph",), ("每段不超过{n}句话",),
        lambda text, s: paragraph_sentences(text) <= s.n,
        lambda text, rng: Slots(paragraph_sentences(text)) if len(paragraphs(text)) > 1 else None,
    ),
    "word length": Family(
        "letters", 0.3, ("use no word of more than {n} letters", "keep words to {n} letters at most"),
        ("每个单词不超过{n}个字母",), lambda text, s: longest_word(text) <= s.n,
        lambda text, rng: Slots(longest_word(text)) if longest_word(text) else None,
    ),
    "items": Family(
        "items", 1.0, ("list exactly {n} items", "list {n} points"), ("列出{n}点", "列出{n}项"),
        lambda text, s: len(LISTED.findall(text)) == s.n, count_of(LISTED, 2),
    ),
    "bullets": Family(
        "form", 1.0, ("use bullet points", "write bullets"), ("使用项目符号", "用项目符号列出"),
        lambda text, s: bool(BULLETED.search(text)), if_true(BULLETED.search),
    ),
    "numbers": Family(
        "form", 1.0, ("use a numbered list", "number the items"), ("使用编号列表", "用编号列出"),
        lambda text, s: bool(NUMBERED.search(text)), if_true(NUMBERED.search),
    ),
    "one line": Family(
        "form", 0.7, ("write on one line", "keep it on one line"), ("写在一行", "不要换行"),
        lambda text, s: "\n" not in text.strip(), if_true(lambda text: "\n" not in text.strip()),
    ),
    "no list": Family(
        "form", 0.7, ("do not use a list", "write without a list"), ("不要使用列表",),
        lambda text, s: has_no_list(text), if_true(has_no_list),
    ),
    "keyword": Family(
        "keyword", 0.5, ("use the word {word}", "include the word {word}"), ("包含“{word}”一词",),
        lambda text, s: contains_word(s.word, text), keyword,
    ),
    "no mark": Family(
        "marks", 0.3, ("do not use {word}", "write without {word}"), ("不要使用{word}",),
        lambda text, s: not {*MARKS[s.word]} & {*text}, unused_mark, tuple(MARKS),
    ),
    "first word": Family(
        "first", 0.7, ("start with the word {word}", "begin with the word {word}"), ("以“{word}”开头",),
        lambda text, s: lower_words(text)[:1] == [s.word], first_word,
    ),
    "last word": Family(
        "last", 0.7, ("end with the word {word}", "let the last word be {word}"), ("以“{word}”结尾",),
        lambda text, s: lower_words(text)[-1:] == [s.word], last_word,
    ),
    "words exactly": Family(
        "words", 0.5, ("use exactly {n} words",), ("正好{n}个字",),
        lambda text, s: words(text) == s.n, lambda text, rng: Slots(int(words(text))), measured=False,
    ),
    **bounded("sentences", 0.4, "句话", lambda text: len(sentences(text))),
    **bounded("paragraphs", 0.4, "段", lambda text: len(paragraphs(text))),
    **bounded("items", 1.0, "点", lambda text: len(LISTED.findall(text))),
}  # fmt: skip
