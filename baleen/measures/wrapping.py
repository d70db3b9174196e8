"""The words that models put round a text they were asked for alone: a sentence before it, a label, quotes, a kind
sentence after it. They are taken off where it is plain that they do not belong to the text."""

import re

EMPHASIS = re.compile(r"(\*\*|__|[*_`])(?P<inner>(?:(?!\1).)+)\1", re.DOTALL)
QUOTED = re.compile(r"\"([^\"]+)\"|“([^“”]+)”|「([^「」]+)」|«\s?([^«»]+?)\s?»|„([^„“”]+)[“”]")
FENCED = re.compile(r"```\w{0,20}\n(.*)\n```", re.DOTALL)
POLITE = r"(?:sure|certainly|of course|ok(?:ay)?|absolutely|great|got it|好的|当然(?:可以)?)"
CLOSING = re.compile(
    r"\W{0,3}(?:(?:i )?hope (?:this|that|it) helps|(?:please )?let me know|(?:please )?feel free|is there anything|"
    r"would you like me|if you (?:need|would like|want|have any)|(?:i'm|i am) happy to|"
    r"希望(?:这|以上|对)|如果(?:你|您)|如有|请随时)",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"(?:i(?:'m| am) (?:sorry|afraid)|sorry,|as an ai\b|i (?:cannot|can't|can not|am unable to|won't) "
    r"(?:help|assist|provide|fulfill?|comply|translate|determine|do|write|give|create)|(?:很)?抱歉|对不起)",
    re.IGNORECASE,
)
NOTES = re.compile(r"^\W{0,4}(?:explanations?|reasoning|notes?|解释|说明|注)\W{0,3}[:：]", re.IGNORECASE | re.MULTILINE)
OTHERS = re.compile(
    r"^\W{0,4}(?:answer|response|instruction|question|option \d|alternativ\w+|output|回答|答案)\W{0,3}[:：]",
    re.IGNORECASE | re.MULTILINE,
)
LISTED = re.compile(r"(?:[-*•]|\d{1,2}[.)]|\d{1,2}、)\s*\S")
LONE_ITEM = re.compile(r"(?:[-*•]|1[.)])\s+(\S[^\n]*)")
CHOICE = re.compile(r"\W{0,3}[\"“].+[\"”]\s+(?:or|and|或者?)\s+[\"“]", re.IGNORECASE)
ANSWERS = r"answer|response|document|version|rewrite|回答|答案"
TRANSLATIONS = r"translations?|translated (?:text|sentence|utterance|version)|version|译文|翻译"
REQUESTS = (
    r"instructions?|questions?|prompts?|tasks?|requests?|quer(?:y|ies)|指令|问题|任务|提示|instrucci[oó]n|pregunta|"
    r"anweisung|frage|指示|質問"
)
CONSTRAINTS = r"constraints?|约束"
UTTERANCES = r"utterances?|sentences?|examples?|语句|句子"
THINGS = {
    "tagged": UTTERANCES,
    "repaired": CONSTRAINTS,
    "reference": ANSWERS,
    "abroad": TRANSLATIONS,
    "back": TRANSLATIONS,
    "translation": TRANSLATIONS,
}


def unemphasised(text: str) -> str:
    """The text without Markdown emphasis round all of it, and without white space round it."""
    match = EMPHASIS.fullmatch(text.strip())
    return match["inner"].strip() if match else text.strip()


def without_closing(text: str) -> str:
    """The text without a last paragraph that only offers help."""
    before, gap, last = text.rpartition("\n\n")
    return before.rstrip() if gap and CLOSING.match(last.strip()) and "\n" not in last.strip() else text


def text_alone(reply: str, column: str) -> str:
    """The text for a column that a reply consists of; '' when it is a refusal, has several texts to choose from, or
    speaks of itself in a way that cannot be told from it."""
    thing = THINGS.get(column, REQUESTS)
    text = without_closing(unfenced(reply.strip()))
    labelled = without_label(text, thing)
    item = LONE_ITEM.fullmatch(labelled) if thing in (REQUESTS, UTTERANCES) else None
    labelled = item[1] if item else labelled
    if column != "reference" and (NOTES.search(labelled.partition("\n")[2]) or is_list(labelled, thing)):
        return ""
    if labelled != text and OTHERS.search(labelled.partition("\n")[2]) and column != "reference":
        return ""
    bare = re.fullmatch(rf"[^\n]{{0,160}}(?:{thing})\s?[:：]", labelled, re.IGNORECASE)
    polite = re.match(rf"{POLITE}[!,.，！。]", labelled, re.IGNORECASE)
    return "" if bare or polite or DENIAL.match(labelled) or CHOICE.match(labelled) else unquoted(labelled)


def without_label(text: str, thing: str) -> str:
    """The text without a sentence before it that ends in a colon and names what follows, and without its name."""
    polite = rf"(?:{POLITE}[^\n:：]{{0,60}}?[!,.，！。]\s*)"
    named = rf"[^\n:：]{{0,160}}?\b(?:{thing})\b[^\n:：\"“]{{0,80}}"
    opening = r"(?:here(?:'s| is| are)|below|the|this|based on|an?|one|以下|这|下面|根据)"
    follows = r"(?=\s*\n|\s*[\"“「*`])"
    shapes = (
        rf"{polite}?{opening}{named}[:：]{follows}\s*",
        rf"{polite}{opening}{named}[:：]\s*",
        rf"(?:here(?:'s| is) )?the\b[^\n:：]{{0,80}}?\b(?:{thing})(?: (?:is|would be|could be|might be))?:\s+",
        rf"{POLITE}[^\n:：]{{0,60}}[:：]\s*\n\s*",
        rf"[^\n:：，。]{{0,20}}(?:{thing})(?:是|为|如下)?：\s*",
    )
    for shape in shapes:
        text = re.sub(rf"\A{shape}", "", text, count=1, flags=re.IGNORECASE)
    name = rf"(?:#{{1,4}}\s*)?[*_]{{0,2}}(?:[^\W\d_]{{2,12}} ){{0,2}}(?:{thing})[*_]{{0,2}}"
    for shape in (rf"{name}\s?[:：][*_]{{0,2}}\s*", rf"(?:#{{1,4}}\s*|\*\*)(?:{thing})(?:\*\*)?\s*\n\s*"):
        text = re.sub(rf"\A{shape}", "", text, count=1, flags=re.IGNORECASE)
    return text.strip()


def unfenced(text: str) -> str:
    match = FENCED.fullmatch(text)
    return match[1].strip() if match and "```" not in match[1] else text


def unquoted(text: str) -> str:
    """The text without the quotes and the emphasis that are round all of it."""
    inner = unemphasised(text)
    match = QUOTED.fullmatch(inner)
    return unemphasised(next(filter(None, match.groups()))) if match else inner


def is_list(text: str, thing: str) -> bool:
    """Whether a text is a list of several requests, one of which would have to be chosen."""
    lines = [line for line in text.split("\n") if line.strip()]
    return thing == REQUESTS and len(lines) > 1 and all(LISTED.match(line.strip()) for line in lines)
