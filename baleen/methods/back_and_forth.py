"""Back-and-forth translation: a measure for rewritten answers that mention their own rewriting."""

from baleen.measures.wording import count_phrases
from baleen.tables.exports import Amount

__all__ = ["making"]


# Phrases that a rewritten answer must not have, after the filter of REInstruct. Its words "web page" and "revised"
# count where they are of the text that was rewritten, and not in an answer about web pages or a revised edition.
MAKING = (
    "(the|this) draft|(rewritten|revised|improved) (answer|response|version|text)"
    "|(this|the (given|provided|original|above)) web ?page|the (given|provided) text",
    "草稿|改写(后|如下)|修改后的(回答|版本|文本)|(本|该|此)网页|给定的文本|提供的文本",
)


def making(text: str) -> Amount:
    """Number of phrases in which an answer mentions the text it was made from, or apologises."""
    return count_phrases(text, MAKING) + count_phrases(text, ("sorry|apologi[sz]e", "抱歉|对不起"))
