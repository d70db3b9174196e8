"""Lengths as people write them, in English and Chinese: 'Limit the answer to 300 words', '用三段话回答'.

A sentence that says anything else besides one length is not read: what is left over would go unchecked. Of the answer
as a whole, or at most so much in each sentence or paragraph; never of a part such as the introduction.
"""

import re
from functools import cache

from baleen.methods.families import Slots

Length = tuple[str, Slots]  # the name of a family, the values of its blanks
LONGEST = 200  # characters of a sentence that is a length
SMALL = "one two three four five six seven eight nine ten eleven twelve".split()
NUMBERS = {word: n for n, word in enumerate(SMALL, 1)} | {"a single": 1}
NUMBERS |= {"fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "a hundred": 100, "one hundred": 100}
NUMBERS |= {f"{word} hundred": 100 * n for n, word in enumerate(SMALL[1:9], 2)} | {"one thousand": 1000}
DIGITS = {sign: n for n, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
PLACES = {"十": 10, "百": 100, "千": 1000}

NUMBER = "|".join([r"\d{1,3}(?:,\d{3})+", r"\d+", *sorted(NUMBERS, key=len, reverse=True)])
UNITS = {
    "words": r"words?",
    "sentences": r"sentences?",
    "paragraphs": r"paragraphs?",
    "items": r"(?:bullet[ -]?points?|bullets?|(?:list )?items?|points?)",
}
WHOLE = r"(?:answer|response|reply|output|text|essay|article|story|letter|piece|post|content|length|word count|it)"
OBJECT = rf"(?:(?:the|your|its|this|whole|entire|full|total|overall|final) ){{0,3}}(?:length of (?:the|your) )?{WHOLE}"
LIMIT = rf"(?:limit|restrict|cap|confine|shorten) {OBJECT}(?: length)? (?:to|at)|keep {OBJECT} to|word limit:?"
VERB = (
    r"(?:write|use|give|provide|produce|compose|create|include|list|have|contain|aim for|answer|respond|reply|explain|"
    r"summari[sz]e|describe|make|keep|structure|organi[sz]e|divide|split|present|format|stay|be|limit|restrict)"
)
SHOULD = r"(?:(?:should|must|has to|needs? to|shall|can|may|is to|is|to) )?"
HOLD = r"(?:(?:only )?(?:be|have|contain|consist of|include|comprise|run|stay|remain|span|use|total) ?)?"
SUBJECT = rf"(?:(?:make sure|ensure)(?: that)? )?{OBJECT} {SHOULD}{HOLD}"
LEAD = rf"(?:{LIMIT}|{SUBJECT}|{VERB}(?: {OBJECT})?|(?:length|word count):?)"
LINK = r"(?: ?(?:in|into|with|using|of|as|to be|to|a total of|just|only|made up of))*"
TAIL = r"(?: (?:long|in length|in total|total|overall|only|(?:in|for) (?:the|your) (?:answer|response|reply)))?"
CORES = (  # what is said of the number, and its bound; the first that fits is meant
    ("between", r"between {n} and {m} {u}"),
    ("between", r"(?:from )?{n} ?(?:to|-|–|—) ?{m} {u}"),
    ("most", r"(?:at most|at the most|no more than|not more than|up to|within|(?:a )?max(?:imum|\.)?(?: of)?) {n} {u}"),
    ("most", r"{n} {u} (?:or (?:less|fewer|under)|at (?:the )?most|max(?:imum|\.)?|tops)"),
    ("least", r"(?:at least|no (?:fewer|less) than|not (?:fewer|less) than|(?:a )?min(?:imum|\.)?(?: of)?) {n} {u}"),
    ("least", r"{n}\+ {u}|{n} {u} (?:or more|at (?:the )?least|min(?:imum|\.)?)"),
    ("less", r"(?:under|below|fewer than|less than) {n} {u}"),
    ("more", r"(?:over|above|more than) {n} {u}"),
    ("exactly", r"(?:exactly|precisely) {n} {u}|{n} {u} exactly"),
    ("about", r"(?:about|around|approximately|approx\.|roughly|close to) {n} {u}|{n} {u} or so"),
    ("said", r"{n} {u}"),
    ("said", rf"an? {{n}}[- ]{{one}}(?: {WHOLE})"),
)
NOT = rf"(?:do not|don't|never|{OBJECT} (?:should|must|may|shall) not|not(?: to)?)"
HAVE = r"(?:use|write|have|contain|be|include)"
NEGATED = (
    ("most", rf"{NOT} (?:exceed|go (?:over|beyond|above)|{HAVE} (?:more|longer) than) {{n}} {{u}}"),
    ("least", rf"{NOT} {HAVE} (?:fewer|less|shorter) than {{n}} {{u}}"),
)
PART = r"(?:sentence|paragraph)"
IN_PART = re.compile(rf"(?P<body>.+?) (?:per|in (?:each|every|a|any)|for (?:each|every)) (?P<part>{PART})")
OF_PART = re.compile(
    rf"(?:keep |limit |restrict |make )?(?:(?:each|every|any|all|your|all your) )(?P<part>{PART})s?"
    rf"(?: should| must| has to| may| can| be| have| contain| has)* (?P<body>.+)"
)

UNITS_ZH = {
    "words": r"个?汉?字",
    "sentences": r"(?:句话|个句子|句)",
    "paragraphs": r"(?:段话|个段落|段文字|段)",
    "items": r"(?:个要点|个条目|个项目|点|项|条)",
}
NUMBER_ZH = rf"\d+|[{''.join(DIGITS)}{''.join(PLACES)}]+"
OBJECT_ZH = r"(?:(?:你的)?(?:回答|答案|回复|全文|文章|正文|内容|篇幅|总?字数|长度|输出)的?(?:篇幅|总?字数|长度)?)"
LEAD_ZH = (
    rf"(?:请你?)?[将把]?{OBJECT_ZH}?(?:应该|应当|应|需要|需|必须|要|须)?(?:限制|控制|保持|压缩)?[为是在到于]?"
    r"(?:写成|写|使用|用|以|分为|分成|分|一共|总共|共|有|包含|包括|列出|给出|提供)?"
)
TAIL_ZH = r"(?:的?(?:篇幅|长度))?来?(?:回答|作答|完成|说明|解释)?"
CORES_ZH = (
    ("between", r"{n}{u}?(?:到|至|-|–|—|~|～){m}{u}(?:之间)?"),
    ("most", r"(?:不(?:要|得|能|应)?超过|不多于|不大于|最多|至多|最长){n}{u}|{n}{u}(?:以内|之内|以下|内)"),
    ("least", r"(?:不(?:要|得|能|应)?少于|不低于|至少|最少|起码){n}{u}|{n}{u}(?:及|或)?以上"),
    ("less", r"(?:少于|不到|不足|低于){n}{u}"),
    ("more", r"(?:超过|多于){n}{u}"),
    ("exactly", r"(?:正好|恰好|刚好){n}{u}"),
    ("about", r"(?:大约|约为|约|大概){n}{u}(?:左右)?|{n}{u}(?:左右|上下)"),
    ("said", r"{n}{u}"),
)
PART_ZH = re.compile(r"(?:请)?(?P<part>每句话?|每个句子|每一?段话?|每个段落)(?:应|必须|要)?(?P<body>.+)")
EXACT = {"words": "words exactly"}  # of the other units the family without a bound
SOON = {"sentence": ("words", "sentence length"), "paragraph": ("sentences", "paragraph length")}


def read_length(sentence: str) -> Length | None:
    """The family and the values of a length, or None for what is none, or says more than a length."""
    text = re.sub(r"\s+", " ", sentence).strip().removeprefix("-").strip(" .。!！").lower().removeprefix("please ")
    if not text or len(text) > LONGEST:
        return None
    chinese = PART_ZH.fullmatch(text)
    part = chinese or OF_PART.fullmatch(text) or IN_PART.fullmatch(text)
    return of_part(part) if part else of_whole(text)


def of_part(match: re.Match[str]) -> Length | None:
    """A largest number of words in each sentence, or of sentences in each paragraph; no other bound has a family."""
    whole, part = of_whole(match["body"]), match["part"]
    unit, family = SOON["paragraph" if part == "paragraph" or "段" in part else "sentence"]
    return (family, whole[1]) if whole and whole[0] == f"{unit} at most" else None


def of_whole(text: str) -> Length | None:
    for bound, unit, limited, pattern in patterns():
        if match := pattern.fullmatch(text):
            values = {name.strip("_"): number(text) for name, text in match.groupdict().items() if text}
            n, m = values.get("n", 0), values.get("m", 0)
            return family_of("most" if bound == "said" and limited else bound, unit, n, m)
    return None


@cache
def patterns() -> tuple[tuple[str, str, bool, re.Pattern[str]], ...]:
    """(bound, unit, whether a number alone is a limit, pattern), the most special first."""
    ways = [(core, False, rf"{{core}}{TAIL}", UNITS, NUMBER) for core in NEGATED]
    ways += [(core, True, rf"(?:{LIMIT}){LINK} {{core}}{TAIL}", UNITS, NUMBER) for core in CORES]
    ways += [(core, False, rf"(?:{LEAD})?{LINK} ?{{core}}{TAIL}", UNITS, NUMBER) for core in CORES]
    ways += [(core, False, rf"{LEAD_ZH}{{core}}{TAIL_ZH}", UNITS_ZH, NUMBER_ZH) for core in CORES_ZH]
    return tuple(
        (bound, unit, limited, re.compile(filled(way.replace("{core}", f"(?:{core})"), numbers, words, unit)))
        for (bound, core), limited, way, units, numbers in ways
        for unit, words in units.items()
    )


def filled(core: str, numbers: str, words: str, unit: str) -> str:
    """A pattern with its blanks filled in; of a number that stands in two alternatives each has a name of its own."""
    for blank in ("n", "m"):
        first, *others = core.split(f"{{{blank}}}")
        core = first + "".join(f"(?P<{blank}{'_' * at}>{numbers}){other}" for at, other in enumerate(others))
    return core.replace("{u}", words).replace("{one}", unit.removesuffix("s"))


def number(text: str) -> int:
    """The number in digits, or in English or Chinese words."""
    if text in NUMBERS:
        return NUMBERS[text]
    return int(text.replace(",", "")) if text[0].isascii() else chinese_number(text)


def chinese_number(text: str) -> int:
    total, digit = 0, 0
    for sign in text:
        if sign in PLACES:
            total, digit = total + max(digit, 1) * PLACES[sign], 0
        else:
            digit = DIGITS[sign]
    return total + digit


def family_of(bound: str, unit: str, n: int, m: int) -> Length | None:
    """The family of a bound; a number of words that nothing is said of is about that number."""
    if bound in ("less", "more"):
        bound, n = ("most", n - 1) if bound == "less" else ("least", n + 1)
    if n < 1 or (bound == "between" and m < n):
        return None
    if bound == "about" or (bound == "said" and unit == "words"):
        return ("words about", Slots(n)) if unit == "words" else (f"{unit} between", Slots(max(1, n - 1), n + 1))
    if bound == "between":
        return f"{unit} between", Slots(n, m)
    return (EXACT.get(unit, unit) if bound in ("exactly", "said") else f"{unit} at {bound}"), Slots(n)
