"""TeGit: texts for tasks by people, and a measure for instructions that ask to design a task instead of being one."""

from baleen.measures.wording import count_phrases
from baleen.tables.exports import Amount, transform
from baleen.tables.rows import TEXT, Row

__all__ = ["designing", "task_text"]


@transform(("input", "response"), {"document": TEXT})
def task_text(row: Row) -> list[Row]:
    """A text as `document` from which the task could have been designed: its input and output, one after the other. No
    line ends between them: a designer would learn that a field begins where a paragraph does."""
    return [row | {"document": " ".join(filter(None, (row["input"], row["response"])))}]


# Phrases of the prompt that an instruction repeats (two of the four tasks that were released with TeGit)
DESIGNING = (
    r"(design|create|invent|devise|generate|come up with) (a|an|one|some)( new)? (tasks?|instructions?)"
    r"(?! (list|manager|manual|tracker|queue|board|scheduler))",
    "设计(一个|一项)?任务|生成(一个|一条)?指令|编写(一个|一项)?任务",
)


def designing(text: str) -> Amount:
    """Number of phrases in which an instruction asks to design a task."""
    return count_phrases(text, DESIGNING)
