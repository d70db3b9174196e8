"""TeGit: a measure for instructions that ask to design a task instead of being one."""

from baleen.measures.wording import count_phrases
from baleen.tables.exports import Amount

__all__ = ["designing"]


# Phrases of the prompt that an instruction repeats (two of the four tasks that were released with TeGit)
DESIGNING = (
    r"(design|create|invent|devise|generate|come up with) (a|an|one|some)( new)? (tasks?|instructions?)"
    r"(?! (list|manager|manual|tracker|queue|board|scheduler))",
    "设计(一个|一项)?任务|生成(一个|一条)?指令|编写(一个|一项)?任务",
)


def designing(text: str) -> Amount:
    """Number of phrases in which an instruction asks to design a task."""
    return count_phrases(text, DESIGNING)
