"""Phrases in English and Chinese that are counted in a text, such as those of an answer that refuses.

English is matched by whole words whatever their case, also between Chinese characters; Chinese is matched anywhere.
"""

import re


def count_phrases(text: str, phrases: tuple[str, str]) -> float:
    """How often the phrases stand in the text; `phrases` is a pattern in English and one in Chinese."""
    english, chinese = phrases
    matches = re.findall(rf"\b(?:{english})\b", text, re.IGNORECASE | re.ASCII)
    return float(len(matches) + len(re.findall(chinese, text)))
