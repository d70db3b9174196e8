"""Phrases: wordings in English and Chinese that show that an instruction or an answer is not one by itself.

English is matched by whole words whatever their case, also between Chinese characters; Chinese is matched anywhere.
"""

import re


def found(text: str, phrases: tuple[str, str]) -> float:
    english, chinese = phrases
    spoken = re.findall(rf"\b(?:{english})\b", text, re.IGNORECASE | re.ASCII)
    return float(len(spoken) + len(re.findall(chinese, text)))
