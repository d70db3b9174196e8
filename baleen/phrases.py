"""Phrases: wordings in English and Chinese that show that an instruction or an answer is not one by itself.

English is matched by whole words whatever their case, also between Chinese characters; Chinese is matched anywhere.
"""

import re

# What an instruction must not point at, for it is not there (Kun, arXiv:2401.06477, release: 14 Chinese words)
ELSEWHERE = (
    "news|materials?|pictures?|links?|urls?|according to|resumes?|profiles?|articles?|abstracts?|texts?|extracts?"
    "|keywords?|websites?",
    "新闻|材料|图片|链接|网址|根据|简历|资料|文章|摘要|文本|提取|关键词|网站",
)
# What an answer must not say (Kun, release: as an AI, according to, knowledge base, 2023, sorry)
EXCUSES = ("as an ai|as a language model|according to|knowledge base|sorry", "作为|根据|知识库|2023|抱歉|对不起")
# What a rewritten answer must not say of how it came to be, after the filter of REInstruct
MAKING = (
    "the draft|this draft|rewritten|revised|improved (answer|version)|web ?page|the (given|provided) text",
    "草稿|改写|修改后|网页|给定的文本|提供的文本",
)
# What an instruction says that repeats how it was asked for (TeGit: two of the four tasks that were released with it)
DESIGNING = (
    r"(design|create|invent|devise|generate|come up with) (a|an|one|some)( new)? (tasks?|instructions?)"
    r"(?! (list|manager|manual|tracker|queue|board|scheduler))",
    "设计(一个|一项)?任务|生成(一个|一条)?指令|编写(一个|一项)?任务",
)
REPEATED = re.compile(r"(.+?)\1{5,}", re.DOTALL)  # one piece more than five times in a row, at the start
GAP = re.compile(r"\s{5,}")


def found(text: str, phrases: tuple[str, str]) -> float:
    english, chinese = phrases
    spoken = re.findall(rf"\b(?:{english})\b", text, re.IGNORECASE | re.ASCII)
    return float(len(spoken) + len(re.findall(chinese, text)))


def elsewhere(text: str) -> float:
    """How often an instruction points at material that is not there."""
    return found(text, ELSEWHERE)


def designing(text: str) -> float:
    """How often an instruction asks to design a task, where it should be one."""
    return found(text, DESIGNING)


def excuses(text: str) -> float:
    """How often an answer excuses itself or speaks as a machine."""
    return found(text, EXCUSES)


def making(text: str) -> float:
    """How often an answer speaks of the text it was made of, or apologises."""
    return found(text, MAKING) + found(text, ("sorry|apologi[sz]e", "抱歉|对不起"))


def stutters(text: str) -> float:
    """1.0 when the text begins with one piece more than five times in a row, within its first 500 characters."""
    return float(bool(REPEATED.match(text[:500])))


def tidied(text: str) -> str:
    """An instruction up to the first gap of five white spaces, its repeated lines once."""
    lines = GAP.split(text.strip())[0].split("\n")
    return "\n".join(line for i, line in enumerate(lines) if not line.strip() or line not in lines[:i])
