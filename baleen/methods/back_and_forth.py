"""Back-and-forth translation: what a rewritten answer must not say of how it came to be."""

from baleen.measures.wording import found

# What a rewritten answer must not say of how it came to be, after the filter of REInstruct
MAKING = (
    "the draft|this draft|rewritten|revised|improved (answer|version)|web ?page|the (given|provided) text",
    "草稿|改写|修改后|网页|给定的文本|提供的文本",
)


def making(text: str) -> float:
    """How often an answer speaks of the text it was made of, or apologises."""
    return found(text, MAKING) + found(text, ("sorry|apologi[sz]e", "抱歉|对不起"))
