"""Back-and-forth translation: a measure for rewritten answers that mention their own rewriting."""

from baleen.measures.wording import count_phrases
from baleen.tables.exports import Amount

__all__ = ["making"]


# Phrases that a rewritten answer must not have, after the filter of REInstruct
MAKING = (
    "the draft|this draft|rewritten|revised|improved (answer|version)|web ?page|the (given|provided) text",
    "草稿|改写|修改后|网页|给定的文本|提供的文本",
)


def making(text: str) -> Amount:
    """Number of phrases in which an answer mentions the text it was made from, or apologises."""
    return count_phrases(text, MAKING) + count_phrases(text, ("sorry|apologi[sz]e", "抱歉|对不起"))
