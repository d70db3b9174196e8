"""Phrases that answers of a dataset should not have: refusals, and talk of the model itself or of a text that its
reader does not see. In English and Chinese, refusals in Spanish too; what is said in other words is missed.
"""

from baleen.measures.refusing import REFUSALS, straight
from baleen.measures.wording import count_phrases
from baleen.tables.exports import Amount

__all__ = ["meta_phrases", "refusals"]

META = (
    r"as an? (?:ai|artificial intelligence|large language model|language model|virtual assistant|chatbot)"
    r"|(?:my|the) (?:training data|knowledge cut-?off)"
    r"|(?:the|this) (?:above|following|given|provided) (?:text|document|passage|article|context|information)"
    r"|(?:the|this) (?:text|document|passage|article|context) (?:above|below|provided|given)"
    r"|(?:according to|based on|(?:mention|describ|stat)ed in) (?:the|this) (?:text|document|passage|article|context)"
    r"|here (?:is|are) (?:the|a|an|your|my|some) (?:answer|response|instruction|rewritten|revised|improved|possible)"
    r"|(?:the )?(?:ai assistant|assistant)['’]s (?:answer|response)",
    "作为(?:一个|一名)?(?:人工智能|AI|语言模型)|根据(?:上文|文本|文章|所给)|以下是(?:回答|答案)|知识截止",
)


def refusals(text: str) -> Amount:
    """Number of sentences in which an answer refuses or says that it cannot; `refused` looks at its beginning alone."""
    return float(sum(len(pattern.findall(straight(text))) for pattern in REFUSALS))


def meta_phrases(text: str) -> Amount:
    """Number of phrases in which an answer speaks of being a model, of the text it was made from, or of itself."""
    return count_phrases(text, META)
