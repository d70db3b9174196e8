"""The words that models put round a text they were asked for alone: a sentence before it, a label, quotes, a kind
sentence after it. They are taken off where it is plain that they do not belong to the text."""

import re

from baleen.measures.preambles import (
    ANSWERS,
    CONSTRAINTS,
    HAN_NEW,
    LANGUAGE_LABEL,
    MADE,
    POLITE,
    REQUESTS,
    TRANSLATIONS,
    UTTERANCES,
    Names,
    in_json,
    in_tags,
    without_label,
)

EMPHASIS = re.compile(r"(\*\*|__|[*_`])(?P<inner>(?:(?!\1).)+)\1", re.DOTALL)
QUOTED = re.compile(r"\"([^\"]+)\"|“([^“”]+)”|「([^「」]+)」|«\s?([^«»]+?)\s?»|„([^„“”]+)[“”]|『([^『』]+)』")
TITLE = re.compile(r"《([^《》]+)》")
FENCED = re.compile(r"```\w{0,20}\n(.*)\n```", re.DOTALL)
CLOSING = re.compile(
    r"\W{0,3}(?:(?:i )?hope (?:this|that|it) helps|(?:please )?let me know|(?:please )?feel free|is there anything|"
    r"would you like me|if you (?:need|would like|want|have any)|(?:i'm|i am) happy to|"
    r"希望(?:这|以上|对|能|它|该|符合|满足)|如有(?:任何|其他|需要|进一步|疑问|问题|不)|如需|(?:请|欢迎)?随时(?:告诉|联系|提)|欢迎(?:继续|随时)|"
    r"(?:是否)?需要我|要不要我|还有(?:什么|其他)[^\n]{0,12}吗|"
    r"如果[你您][^\n]{0,30}(?:告诉我|随时|我(?:可以|会|再|很乐意|也可以)|欢迎|联系))",
    re.IGNORECASE,
)
HELPED = re.compile(  # unmistakable, so that no empty line is needed before it
    r"(?<=[\s。？！?.!”」*])\s*"
    r"(?:希望(?:这|以上|它)[^\n。！!]{0,12}对[你您]有(?:所)?帮助|(?:i )?hope (?:this|that|it) helps)[。！!.~]{0,2}\Z",
    re.IGNORECASE,
)
WANTING = re.compile(  # asks for what it was to work on
    r"(?:please |could you )?(?:provide|share|paste|send)(?: me)?(?: with)? the (?:full |original )?"
    r"(?:text|document|passage|response|answer|content)"
    r"(?: (?:you(?:'d| would)? (?:like|want)|that|so that i|for which)[^\n]*)?[.!?]?|"
    r"请(?:您)?(?:先)?(?:提供|给出|发送|粘贴)(?:一下)?(?:该|这[篇段份])?(?:文档|文本|文章|原文|回答|内容)(?:的(?:具体)?内容)?[^\n，,]{0,4}[。！]?",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"(?:i(?:'m| am) (?:sorry|afraid)|sorry,|as an ai\b|i (?:cannot|can't|can not|am unable to|won't) "
    r"(?:help|assist|provide|fulfill?|comply|translate|determine|do|write|give|create)|(?:很|非常)?抱歉|对不起|"
    r"我(?:无法|不能)(?:提供|完成|协助|回答|翻译|确定|判断|满足|给出|帮|根据|为)|作为(?:一个|一名)?(?:AI|人工智能)[^，\n]{0,6}，我)",
    re.IGNORECASE,
)
NOTES = re.compile(
    r"^\W{0,4}(?:explanations?|reasoning|notes?|rationale|changes(?: made)?|"
    r"(?:修改|改动|改写|选择|设计)?(?:解释|说明|理由|原因|思路)|备注|注)\W{0,3}[:：]|^\W{0,4}(?:修改|改动|改写|设计)(?:说明|理由|思路)",
    re.IGNORECASE | re.MULTILINE,
)
REMARK = re.compile(  # a paragraph on the text that was written
    r"\n\s*\n\W{0,3}(?:(?:this|the) (?:rewritten |new |evolved |modified |revised )?"
    r"(?:instruction|prompt|version|constraint|request) (?:is|asks|adds|keeps|captures|requires|now)\b|"
    r"(?:这|此|该|上述)(?:一|条|个|样)?(?:指令|问题|要求|请求|约束|版本|修改|改写|改动))[^\n]*\Z",
    re.IGNORECASE,
)
ANALYSIS = re.compile(
    r"[*_#【\s]{0,6}(?:思考过程|思考|思路|分析(?:过程)?|推理(?:过程)?|"
    r"analysis|reasoning|thought process|thinking)[*_】\s]{0,4}[:：\n]",
    re.IGNORECASE,
)
OTHERS = re.compile(
    rf"^\W{{0,4}}(?:answer|response|(?:{MADE} )?(?:instruction|question|prompt|constraint|option)(?: \d)?|"
    rf"alternativ\w+|output|(?:{HAN_NEW})(?:指令|问题|要求|请求|约束|回答)|"
    r"回答|答案|(?:指令|问题|约束|选项|版本|方案|要求|请求)[\d一二三]|指令|问题|另一(?:条|个|种))[^\w\n]{0,3}[:：]",
    re.IGNORECASE | re.MULTILINE,
)
COUNT = r"(?:\d{1,2}[.)]\s?(?=\D)|\d{1,2}[、．）]|[（(]\d{1,2}[)）]|[①-⑳]|[一二三四五六七八九十]、)"
LISTED = re.compile(rf"(?:[-*•]|{COUNT})\s*\S")
LONE_ITEM = re.compile(
    r"(?:[-*•]\s+|[1-9][.)]\s+|[1-9][.)](?=[\u4e00-\u9fff“「])|[1-9][、．）]\s*|[（(][1-9][)）]\s*|①\s*|一、\s*)(\S[^\n]*)"
)
CHOICE = re.compile(r"\W{0,3}[\"“「].+[\"”」]\s*(?:or|and|或者?|或是|还是|以及)\s*[\"“「]", re.IGNORECASE)
NOTHING = re.compile(r"(?:none|null|n/a|无|没有|暂无|不适用)(?:\s?[(（][^()（）]*[)）])?[.。]?", re.IGNORECASE)
NO_CONSTRAINT = re.compile(  # says that there is none to write
    r"(?:there (?:is|are|exists?) )?no (?:\w+ ){0,3}constraints?\b[^\n]*|there (?:is|are|exists?) none\W*|"
    r"the (?:answer|response|text|reply) (?:already|fully) (?:meets|satisfies|follows|fulfill?s|respects)\b[^\n]*|"
    r"(?:没有|不存在|无)(?:这样的|合适的|有效的|相应的|可用的)?约束[^\n]*|(?:该|这个|此)?(?:回答|答案|回复|文本)已经?(?:满足|符合|遵守)[^\n]*",
    re.IGNORECASE,
)
LANGUAGE_LINE = re.compile(rf"^(?:[*_]{{2}})?{LANGUAGE_LABEL}", re.IGNORECASE | re.MULTILINE)
CALLED = {
    "tagged": UTTERANCES,
    "repaired": CONSTRAINTS,
    "reference": ANSWERS,
    "suited": ANSWERS,
    "abroad": TRANSLATIONS,
    "back": TRANSLATIONS,
    "translation": TRANSLATIONS,
}


def unemphasised(text: str) -> str:
    """The text without Markdown emphasis round all of it, and without white space round it."""
    match = EMPHASIS.fullmatch(text.strip())
    return match["inner"].strip() if match else text.strip()


def without_closing(text: str) -> str:
    """The text without a last paragraph that only offers help, and without a line across the page before it."""
    shorter = HELPED.sub("", text).rstrip() if HELPED.search(text[-60:]) else text
    before, gap, last = shorter.rpartition("\n\n")
    shorter = before.rstrip() if gap and CLOSING.match(last.strip()) and "\n" not in last.strip() else shorter
    return re.sub(r"\s*\n-{3,}\Z", "", shorter) if shorter != text else text


def text_alone(reply: str, column: str) -> str:
    """The text for a column that a reply consists of; '' when it is a refusal, has several texts to choose from, or
    speaks of itself in a way that cannot be told from it."""
    names = CALLED.get(column, REQUESTS)
    whole = unfenced(reply.strip())
    whole = unblocked(whole) if names in (REQUESTS, CONSTRAINTS) else whole
    text = unemphasised_all(in_tags(in_json(without_closing(whole), names), names))
    labelled = without_label(text, names)
    item = LONE_ITEM.fullmatch(labelled) if names in (REQUESTS, CONSTRAINTS, UTTERANCES) else None
    labelled = without_label(item[1], names) if item else labelled
    if column != "reference" and is_doubtful(labelled, names, labelled != text):
        return ""
    if names is CONSTRAINTS and (NOTHING.fullmatch(labelled) or NO_CONSTRAINT.fullmatch(labelled)):
        return "None"
    if is_bare(labelled, names) or DENIAL.match(labelled) or WANTING.fullmatch(labelled) or CHOICE.match(labelled):
        return ""
    return unquoted_inside(labelled, names) if labelled == text else unquoted(labelled, names)


def unemphasised_all(text: str) -> str:
    """The text without emphasis round all of it; a code in backticks keeps them for now."""
    return text if text.startswith("`") else unemphasised(text)


def is_doubtful(text: str, names: Names, labelled: bool) -> bool:
    """Whether something else than the text that was asked for is in it: notes, a second text, an analysis."""
    rest = text.partition("\n")[2]
    if NOTES.search(rest) or is_list(text, names) or (labelled and OTHERS.search(rest)):
        return True
    if names is TRANSLATIONS:
        return labelled and bool(LANGUAGE_LINE.search(rest))  # into several languages, or the text and its translation
    uneven = text.startswith("**") and text.count("**") % 2 == 1
    numbered = re.match(rf"(?:{names.label})\s?[\d一二三]\W", text, re.IGNORECASE)
    return bool(uneven or REMARK.search(text) or ANALYSIS.match(text) or (numbered and OTHERS.search(rest)))


def is_bare(text: str, names: Names) -> bool:
    """Whether the reply ends before the text that it announces, or has kind words in front that are no sentence."""
    bare = re.fullmatch(rf"[^\n]{{0,160}}(?:{names.label})(?:如下)?[*_]{{0,2}}\s?[:：][*_]{{0,2}}", text, re.IGNORECASE)
    return bool(bare or re.match(rf"{POLITE}[!,.，！。]", text, re.IGNORECASE))


def unfenced(text: str) -> str:
    match = FENCED.fullmatch(text)
    return match[1].strip() if match and "```" not in match[1] else text


def unblocked(text: str) -> str:
    """The text without Markdown's mark of a quotation before each of its lines."""
    lines = text.split("\n")
    quoted = all(line.startswith(">") for line in lines if line.strip())
    return "\n".join(line.removeprefix(">").strip() for line in lines) if quoted else text


def unquoted(text: str, names: Names | None = None) -> str:
    """The text without the quotes and the emphasis that are round all of it; the marks of a title stay round one."""
    inner = unemphasised(text)
    short = names in (REQUESTS, CONSTRAINTS)
    inner = inner[:-1] if short and re.search(r"[”」』\"][。.]\Z", inner) and QUOTED.fullmatch(inner[:-1]) else inner
    match = QUOTED.fullmatch(inner) or (TITLE.fullmatch(inner) if short else None)
    return unemphasised(next(filter(None, match.groups()))) if match else inner


def unquoted_inside(text: str, names: Names) -> str:
    """`unquoted`, and without a label that stands inside the quotes."""
    inner = unquoted(text, names)
    within = inner != text and names in (REQUESTS, CONSTRAINTS)
    return unquoted(without_label(inner, names), names) if within else inner


def is_list(text: str, names: Names) -> bool:
    """Whether a text is a list of several requests or constraints, one of which would have to be chosen."""
    lines = [line for line in text.split("\n") if line.strip()]
    several = names in (REQUESTS, CONSTRAINTS) and len(lines) > 1
    return several and all(LISTED.match(line.strip()) for line in lines)
