"""Phrases with which an answer refuses or says that it cannot, at the beginning of a sentence: the one list of them, in
English, Chinese and Spanish. A refusal in other words is missed.
"""

import re

BEGINS = r"(?:^|[.!?\n])\W{0,6}"  # of a sentence; no more, as a text may be a megabyte of line breaks
SORRY = r"i(?:'m| am) (?:very |so |really )?(?:sorry|afraid)|sorry|my apologies|i apologi[sz]e|unfortunately"
MODEL = r"as an? (?:\w+ ){0,2}?(?:ai|a\.i\.|artificial intelligence|language model|assistant)"
WHY = r"due to|because of|given|in view of|for (?:reasons|the sake) of"
LEAD = rf"(?:(?:{SORRY}|{MODEL}|{WHY})\b[^.!?\n]{{0,120}}?[\s,:;—–-](?:but )?)?"  # once: several are read by the gap
ACTS = (
    r"(?:help|assist|provide|fulfil|fulfill|comply|answer|continue|do (?:that|this|so)|write|give|create|"
    r"generate|discuss|support|offer|share|engage|access|browse|recommend|advise|participate|produce|respond|complete|"
    r"translate|open|see|view|tell|make|express|in good conscience)"
)
CANNOT = (
    r"(?:cannot|can't|can not|could not|couldn't|will not|won't|must not|am unable to|'m unable to|"
    r"am not able to|'m not able to|am not allowed to|do not feel comfortable|don't feel comfortable)"
)
DECLINES = (
    rf"(?:i ?(?:(?:simply |really )?{CANNOT}(?: to)? ?{ACTS}|"
    r"(?:must|have to|need to) (?:respectfully |politely )?(?:decline|refuse)|"
    r"(?:am|'m) not (?:able|programmed|designed|permitted) to|"
    r"(?:do not|don't) have (?:(?:[\w-]+ )?access to|the ability to|personal|enough (?:information|context))|"
    rf"(?:decline|refuse) to {ACTS})|"
    r"we (?:cannot|can't|are unable to) (?:answer|complete|fulfil|fulfill|process) (?:this|that|your) "
    r"(?:task|request|question))"
)
ENGLISH = re.compile(f"{BEGINS}{LEAD}{DECLINES}", re.IGNORECASE)
CHINESE = re.compile(
    r"(?:^|[。！？\n])\W{0,3}(?:(?:很|非常|十分)?(?:抱歉|遗憾|对不起|不好意思)|"
    r"作为(?:一个|一名)?(?:AI|人工智能|语言模型|助手))[^。！？\n]{0,20}?"
    r"(?:无法|不能|没办法|不可以|没有办法)|(?:^|[。！？\n])\W{0,3}我(?:无法|不能|没办法)(?:提供|回答|帮助|协助|满足|完成|为您|为你|讨论|生成)",
    re.IGNORECASE,
)
SPANISH = re.compile(
    BEGINS + r"(?:lo siento|lamentablemente|disculpa|"
    r"como (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje))"
    r"[^.!?\n]{0,40}?\bno puedo\b|" + BEGINS + r"no puedo (?:ayudar|proporcionar|responder|cumplir|asistir)",
    re.IGNORECASE,
)
REFUSALS = (ENGLISH, CHINESE, SPANISH)


def straight(text: str) -> str:
    """The text with straight apostrophes, as the phrases have them."""
    return text.replace("’", "'").replace("‘", "'")
