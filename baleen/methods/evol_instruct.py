"""Evol-Instruct: the operation that evolves each instruction, and measures of evolutions that failed.

Section 3 of the paper (arXiv:2304.12244) names four failures: no information gain, which a model judges; an answer that
is sorry and short; an answer of punctuation and stop words alone; and words of the evolving prompt in the instruction.
"""

import re

from baleen.measures.wording import count_phrases
from baleen.measures.words import chance, tokens, words
from baleen.tables.exports import Amount, transform
from baleen.tables.rows import TEXT, Row, row_id

__all__ = ["choose", "content", "prompt_words", "regrets"]

OPERATIONS = ("constrain", "deepen", "concretise", "reasoning", "broaden")
SHORT = 80  # words; a longer answer may be sorry (section 3)
SORRY = ("sorry", "抱歉|对不起")
PROMPT_WORDS = (  # of our evolving prompts, and of a model that speaks of its work
    "(given|rewritten|created|original|evolved) (prompt|instruction)s?",
    "(给定|改写|原始|新)的?(提示|指令)",
)
STOP_WORDS = frozenset(
    "a about after again all also am an and any are as at be because been before being but by can could did do does "
    "doing for from had has have having he her here him his how i if in into is it its just me more most my no nor not "
    "of off on once only or other our out over own same she should so some such than that the their them then there "
    "these they this those through to too under up very was we were what when where which while who whom why will with "
    "would you your d ll m re s t ve 的 了 是 在 和 与 也 就 都 而 及 着 或 这 那 我 你 他 她 它 们 吗 呢 吧 啊".split()
)


@transform(("id", "instruction"), dict.fromkeys(("original", "parent", *OPERATIONS), TEXT), "number")
def choose(row: Row, turn: float) -> list[Row]:
    """The row before it is evolved in a round: its instruction as `original`, and 'yes' in the column of one operation,
    drawn by id and round; every operation is equally likely."""
    name = row_id(str(row["id"]), "evolve", f"{turn:g}")
    drawn = OPERATIONS[int(chance(f"operation {name}") * len(OPERATIONS))]
    columns = {operation: "yes" if operation == drawn else "" for operation in OPERATIONS}
    return [row | columns | {"id": name, "parent": row["id"], "original": row["instruction"]}]


def regrets(answer: str) -> float:
    """1.0 for an answer of fewer than 80 words that says sorry, else 0.0."""
    return float(words(answer) < SHORT and count_phrases(answer, SORRY) > 0)


def content(answer: str) -> Amount:
    """Number of words that are neither punctuation nor stop words."""
    parts = (re.sub(r"[\W_]+", "", token) for token in tokens(answer.replace("'", " ")))
    return sum(part not in STOP_WORDS for part in parts if part)


def prompt_words(instruction: str) -> Amount:
    """Number of phrases in which an instruction speaks of the prompt it was evolved from."""
    return count_phrases(instruction, PROMPT_WORDS)
