"""Kun: training rows that teach a small base to judge and to polish, and measures for what it writes.

In Kun (arXiv:2401.06477) a base of 34 billion parameters judges and polishes after it has learned the seeds; a small
one must also learn these two tasks. The rows are made of the seeds alone: a good instruction or pair is a seed, a bad
one is a damaged seed, and a text to polish is the answer of a seed with a piece of another answer.
"""

import re
from random import Random

from baleen.measures.wording import count_phrases
from baleen.tables.exports import Amount, transform
from baleen.tables.rows import TEXT, Row, row_id

__all__ = ["elsewhere", "excuses", "roles", "stutters", "tidy"]


Fate = tuple[Row, str]


@transform(("instruction", "response"), dict.fromkeys(("prompt", "draft", "mark", "parent"), TEXT), "whole")
def roles(table: list[Row]) -> list[Fate]:
    """Five training rows a seed: answer, polish, judge the good instruction, judge a damaged one, grade a pair."""
    return [(lesson, "") for at, row in enumerate(table) for lesson in lessons(row, table[at - 1])]


def lessons(row: Row, neighbour: Row) -> list[Row]:
    """The training rows of one seed; `neighbour` is the row before it, whose words damage it."""
    rng = Random(str(row["id"]))
    asked, answer = row["instruction"], row["response"]
    grade, paired = graded_answer(row, neighbour, rng)
    changes = [
        {"prompt": "reply"},
        {"prompt": "polish", "draft": with_noise(answer, neighbour["response"], rng)},
        {"prompt": "point", "mark": "Quality: good"},
        {"prompt": "point", "mark": "Quality: bad", "instruction": damaged(asked, neighbour["instruction"], rng)},
        {"prompt": "pair", "mark": f"Grade: {grade}", "response": paired},
    ]
    base = row | {"draft": None, "mark": None, "instruction": asked, "response": answer}
    own = [{"id": row_id(str(row["id"]), "role", str(n)), "parent": row["id"]} for n in range(len(changes))]
    return [base | lesson | one for lesson, one in zip(changes, own, strict=True)]


def with_noise(text: str, other: str, rng: Random) -> str:
    """The text as on a web page: with a piece of the other before or after it, cut short, or as it is."""
    words, pieces = text.split(" "), other.split(" ")
    piece = " ".join(pieces[: rng.randint(1, len(pieces))])
    cut = " ".join(words[: rng.randint(max(1, 2 * len(words) // 3), len(words))])
    return rng.choice((f"{piece} {text}", f"{text} {piece}", cut, text))


def damaged(text: str, other: str, rng: Random) -> str:
    """An instruction that nobody can follow: cut off, repeated, in random order, or with half of another."""
    words, pieces = text.split(" "), other.split(" ")
    shuffled = rng.sample(words, len(words))
    half = len(words) // 2
    made = (
        " ".join(words[: max(1, half)]),
        f"{text} {text}",
        " ".join(shuffled),
        " ".join([*words[:half], *pieces[len(pieces) // 2 :]]),
    )
    return rng.choice([bad for bad in made if bad != text] or [f"{text} {text}"])


def graded_answer(row: Row, neighbour: Row, rng: Random) -> tuple[int, str]:
    """(grade from 1 to 5, an answer of that grade): 5 is the answer of the seed, 1 another one, 2 to 4 are damaged."""
    answer, other = str(row["response"]), str(neighbour["response"])
    words = answer.split(" ")
    grade = rng.choice((1, 2, 3, 4, 5, 5, 5))
    made = {
        1: other,
        2: " ".join(words[: max(1, len(words) // 3)]),
        3: f"{other} {answer}",
        4: " ".join(words[: max(1, len(words) - 2)]),
        5: answer,
    }
    return grade, made[grade]


# Material that an instruction must not mention, because it is missing (Kun, arXiv:2401.06477, release: 14 words)
ELSEWHERE = (
    "news|materials?|pictures?|links?|urls?|according to|resumes?|profiles?|articles?|abstracts?|texts?|extracts?"
    "|keywords?|websites?",
    "新闻|材料|图片|链接|网址|根据|简历|资料|文章|摘要|文本|提取|关键词|网站",
)
# Phrases that an answer must not have (Kun, release: as an AI, according to, knowledge base, 2023, sorry)
EXCUSES = ("as an ai|as a language model|according to|knowledge base|sorry", "作为|根据|知识库|2023|抱歉|对不起")
REPEATED = re.compile(r"(.+?)\1{5,}", re.DOTALL)  # one piece more than five times in a row, at the start
GAP = re.compile(r"\s{5,}")


def elsewhere(text: str) -> Amount:
    """Number of phrases in which an instruction mentions material that is missing."""
    return count_phrases(text, ELSEWHERE)


def excuses(text: str) -> Amount:
    """Number of phrases in which an answer apologises or mentions that it is a language model."""
    return count_phrases(text, EXCUSES)


def stutters(text: str) -> float:
    """1.0 when the text begins with more than five repetitions of one piece within its first 500 characters."""
    return float(bool(REPEATED.match(text[:500])))


def tidied(text: str) -> str:
    """The instruction up to the first five white spaces in a row, without repeated lines."""
    lines = GAP.split(text.strip())[0].split("\n")
    return "\n".join(line for i, line in enumerate(lines) if not line.strip() or line not in lines[:i])


@transform(("instruction",), {"instruction": TEXT})
def tidy(row: Row) -> list[Row] | str:
    """The row with its instruction tidied; one that is empty then leaves."""
    text = tidied(row["instruction"] or "")
    return [row | {"instruction": text}] if text else "empty instruction"
