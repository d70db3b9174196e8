"""Kun: training rows that teach a small base to judge and to polish, and measures for what it writes.

In Kun (arXiv:2401.06477) a base of 34 billion parameters judges and polishes after it has learned the seeds (`seeds`);
a small one must also learn these two tasks (`roles`). Its rows are made of the seeds alone: a good instruction or pair
is a seed, a bad one is a damaged seed, and a text to polish is the answer of a seed with a piece of another answer.
"""

import re
from random import Random

from baleen.measures.wording import count_phrases
from baleen.measures.words import CJK, is_chinese
from baleen.tables.exports import Amount, transform
from baleen.tables.rows import TEXT, Row, row_id

__all__ = ["elsewhere", "excuses", "roles", "seeds", "stutters", "tidy"]

Fate = tuple[Row, str]
UNITS = re.compile(
    rf"{CJK.pattern}|\s+|(?:(?!{CJK.pattern})\S)+\s*"
)  # a character of CJK, or another word with its space


@transform(("instruction", "response"), {"prompt": TEXT})
def seeds(row: Row) -> list[Row]:
    """The seed as a lesson in answering, the only one that the release's primary model gets."""
    return [row | {"prompt": "reply"}]


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


def pieces(text: str) -> tuple[list[str], str]:
    """The words of a text, and what stands between them; of Chinese, which has no spaces, its characters."""
    if not is_chinese(text):
        return text.split(" "), " "
    return UNITS.findall(text), ""


def with_noise(text: str, other: str, rng: Random) -> str:
    """The text as on a web page: with a piece of the other before or after it, cut short, or as it is."""
    (words, space), (others, gap) = pieces(text), pieces(other)
    piece = gap.join(others[: rng.randint(1, len(others))])
    cut = space.join(words[: rng.randint(max(1, 2 * len(words) // 3), len(words))])
    return rng.choice((f"{piece}{space}{text}", f"{text}{space}{piece}", cut, text))


def damaged(text: str, other: str, rng: Random) -> str:
    """An instruction that nobody can follow: cut off, repeated, in random order, or with half of another."""
    (words, space), (others, _) = pieces(text), pieces(other)
    shuffled = rng.sample(words, len(words))
    half = len(words) // 2
    made = (
        space.join(words[: max(1, half)]),
        f"{text}{space}{text}",
        space.join(shuffled),
        space.join([*words[:half], *others[len(others) // 2 :]]),
    )
    intact = (text,) if space else (text, other)  # of equal templates half of each is the other one; kept, for its rows
    return rng.choice([bad for bad in made if bad not in intact] or [f"{text}{space}{text}"])


def graded_answer(row: Row, neighbour: Row, rng: Random) -> tuple[int, str]:
    """(grade from 1 to 5, an answer of that grade): 5 is the answer of the seed, 1 another one, 2 to 4 are damaged."""
    answer, other = str(row["response"]), str(neighbour["response"])
    words, space = pieces(answer)
    grade = rng.choice((1, 2, 3, 4, 5, 5, 5))
    made = {
        1: other,
        2: space.join(words[: max(1, len(words) // 3)]),
        3: f"{other}{space}{answer}",
        4: space.join(words[: max(1, len(words) - 2)]),
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
