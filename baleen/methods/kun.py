"""Roles: lessons made of the seeds alone that show a base its two tasks beside answering, as judge and as polisher.

Kun (arXiv:2401.06477) trusts a base of 34 billion parameters to judge and to polish after it has learned the seeds; a
small one must have seen both. Nothing comes from outside the seeds: a good instruction or pair is a seed, a bad one is
a spoilt seed, and a text to polish is a seed's answer with some of another's round it.
"""

import re
from random import Random

from baleen.measures.wording import found
from baleen.tables.rows import Row, row_id

Fate = tuple[Row, str]


def roles(table: list[Row]) -> list[Fate]:
    """Five lessons a seed: answer it, polish the answer, judge its instruction and a spoilt one, grade a pair."""
    return [(lesson, "") for at, row in enumerate(table) for lesson in lessons(row, table[at - 1])]


def lessons(row: Row, neighbour: Row) -> list[Row]:
    """The lessons of one seed; `neighbour` is the row before it, whose words spoil it."""
    rng = Random(str(row["id"]))
    asked, answer = row["instruction"], row["response"]
    grade, paired = graded(row, neighbour, rng)
    told = [
        {"prompt": "reply"},
        {"prompt": "polish", "draft": surrounded(answer, neighbour["response"], rng)},
        {"prompt": "point", "mark": "Quality: good"},
        {"prompt": "point", "mark": "Quality: bad", "instruction": spoilt(asked, neighbour["instruction"], rng)},
        {"prompt": "pair", "mark": f"Grade: {grade}", "response": paired},
    ]
    plain = row | {"draft": None, "mark": None, "instruction": asked, "response": answer}
    own = [{"id": row_id(str(row["id"]), "role", str(n)), "parent": row["id"]} for n in range(len(told))]
    return [plain | lesson | one for lesson, one in zip(told, own, strict=True)]


def surrounded(text: str, other: str, rng: Random) -> str:
    """The text as it might stand on a page: with a piece of another before or after it, cut short, or alone."""
    words, pieces = text.split(" "), other.split(" ")
    piece = " ".join(pieces[: rng.randint(1, len(pieces))])
    cut = " ".join(words[: rng.randint(max(1, 2 * len(words) // 3), len(words))])
    return rng.choice((f"{piece} {text}", f"{text} {piece}", cut, text))


def spoilt(text: str, other: str, rng: Random) -> str:
    """An instruction that nobody could follow: cut off, said twice, out of order, or half of it another's."""
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


def graded(row: Row, neighbour: Row, rng: Random) -> tuple[int, str]:
    """A grade from 1 to 5 and an answer that deserves it: 5 the seed's own, 1 another's, between them spoilt ones."""
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


# What an instruction must not point at, for it is not there (Kun, arXiv:2401.06477, release: 14 Chinese words)
ELSEWHERE = (
    "news|materials?|pictures?|links?|urls?|according to|resumes?|profiles?|articles?|abstracts?|texts?|extracts?"
    "|keywords?|websites?",
    "新闻|材料|图片|链接|网址|根据|简历|资料|文章|摘要|文本|提取|关键词|网站",
)
# What an answer must not say (Kun, release: as an AI, according to, knowledge base, 2023, sorry)
EXCUSES = ("as an ai|as a language model|according to|knowledge base|sorry", "作为|根据|知识库|2023|抱歉|对不起")
REPEATED = re.compile(r"(.+?)\1{5,}", re.DOTALL)  # one piece more than five times in a row, at the start
GAP = re.compile(r"\s{5,}")


def elsewhere(text: str) -> float:
    """How often an instruction points at material that is not there."""
    return found(text, ELSEWHERE)


def excuses(text: str) -> float:
    """How often an answer excuses itself or speaks as a machine."""
    return found(text, EXCUSES)


def stutters(text: str) -> float:
    """1.0 when the text begins with one piece more than five times in a row, within its first 500 characters."""
    return float(bool(REPEATED.match(text[:500])))


def tidied(text: str) -> str:
    """An instruction up to the first gap of five white spaces, its repeated lines once."""
    lines = GAP.split(text.strip())[0].split("\n")
    return "\n".join(line for i, line in enumerate(lines) if not line.strip() or line not in lines[:i])
