"""What announces a text that was asked for alone: a sentence before it that ends in a colon, its name as a label or as
a heading, in English and in Chinese, with Markdown round them or without."""

import json
import re
from functools import cache
from typing import NamedTuple

POLITE = (
    r"(?:sure|certainly|of course|ok(?:ay)?|absolutely|great|got it|"
    r"好的|好(?=[，！])|当然(?:可以)?|没问题|明白了?|收到|可以(?=[，！。]))"
)
AT_COLON = r"\s?(?:[（(][^()（）\n]{1,20}[)）])?\s?[:：]"  # a gloss may stand before the colon, as in 'Spanish (es):'
MADE = (
    r"(?:(?:more|most) )?(?:rewritten|rewriting|revised|improved|final|polished|refined|new|modified|updated|evolved|"
    r"created|enhanced|expanded|complex|changed|adjusted|repaired|corrected|merged|combined|complete|ideal|expert)"
)
HAN = r"[\u4e00-\u9fff“”]"
HAN_MADE = (
    r"(?:改写|修改|更新|润色|优化|调整|合并|翻译|扩展)后的?(?:版本|内容|文本|文档|句子)|"
    r"(?:改写|润色|优化|修改|合并)(?:版本?|结果|后|为)|改为|新版本|的版本"
)
HAN_NEW = r"(?:改写|修改|更新|润色|优化|调整|合并)后的|新的?|最终"
NUMBER = r"\s?[\d一二三]{0,2}"
QUOTE = r"(?=\s*(?:“[^“”]*”|「[^「」]*」|\"[^\"]*\")[。.]?\Z)"  # of all the rest, so that no colon is needed before it
FOLLOWS = r"(?=\s*\n|\s*[\"“「『《*`])"
ORDERS = (  # with such words a request begins that has the name of a text in it: 'Answer this question: ...'
    r"(?:answer|solve|do|complete|consider|read|write|explain|take|rewrite|translate|use|follow|ask|perform|give|"
    r"create|address|discuss|my|your|please)\b"
)
HAN_ORDERS = (
    r"(?:(?:请|帮|用(?!户)|对(?!应)|给(?!定)|把|将|为|按)|"
    r"(?:回答|解答|完成|执行|解决|处理|阅读|总结|概括|解释|列出|提出|给出|写|设计|说|答|讲|讨论|"
    r"翻译|分析|生成|改写|修改|润色|优化|合并|调整)(?!后|的|出))"
)
LANGUAGES = (
    r"english|spanish|french|german|italian|portuguese|dutch|polish|russian|chinese|japanese|korean|arabic|turkish|"
    r"catalan|swedish|czech|ukrainian|hindi|vietnamese|thai|indonesian|español|deutsch|français|(?-i:es|de|fr|it|pt)|"
    r"(?:英|法|德|俄|日|韩|西班牙|意大利|葡萄牙|阿拉伯|荷兰|波兰|土耳其)[语文]|中文|汉语"
)
LANGUAGE_LABEL = rf"(?:in )?(?:{LANGUAGES})(?: text| version)?{AT_COLON}(?!//)"


class Names(NamedTuple):
    """What a text is called: `label` alone before a colon, `sentence` in a sentence that announces it; `before` are
    the words that a label may have in front."""

    label: str
    sentence: str = "version|rewrite|variation|variant|alternative"
    before: str = rf"(?!{ORDERS})(?:[^\W\d_]{{2,12}} ){{0,2}}"


REQUESTS = Names(
    r"instructions?|questions?|prompts?|tasks?|requests?|quer(?:y|ies)|outputs?|指令|问题|任务|提示词?|要求|请求|提问|输出|题目|"
    r"instrucci[oó]n|pregunta|anweisung|frage|指示|質問|問題|請求"
)
CONSTRAINTS = Names(r"constraints?|约束(?:条件)?|限制(?:条件)?", "version")
UTTERANCES = Names(r"utterances?|sentences?|examples?|语句|句子", "version")
TRANSLATIONS = Names(r"translations?|translated (?:text|sentence|utterance|version)|译文|翻译(?:结果)?", "version")
ANSWERS = Names(
    r"answer|response|回答|答案|回复|答复", "document|version|rewrite", rf"(?:{MADE} )?"
)  # prose has 'short answer'
SECTIONED = re.compile(r"[*_#【\s]{0,6}(?:任务|要求|请求|tasks?|requests?)[*_】\s]{0,4}[:：\n]", re.IGNORECASE)
SECTION = re.compile(
    r"^[*_#【\s]{0,6}(?:任务|要求|背景|主题|题目|目标|角色|输入|格式|示例|例子|材料|文本|requirements?|tasks?|context|topic|role|"
    r"goal|input|format|details)[*_】\s]{0,4}[:：\n]",
    re.IGNORECASE | re.MULTILINE,
)
MARKED = re.compile(  # '**Instruction:** a', '**Instruction**: a', '#Instruction#: a', '【指令】a'
    r"(?:#{1,6}\s+)?(?:(?P<mark>\*\*|__|[*_#])(?P<words>[^\n:：*#]{1,160}?)(?:\s?[:：]\s?(?P=mark)|(?P=mark)\s?[:：](?P=mark)?)|"
    r"[【\[](?P<inside>[^\n:：\[\]【】]{1,30})[】\]]\s?[:：]?(?!\()|"
    r"[“「\"](?P<quoted>[^\n:：“”「」\"]{1,30})[”」\"]\s?[:：])\s*"
)
BEGUN = re.compile(r"(\*\*|__)(?P<words>[^\n:：*_]{1,60}[:：])\s*(?!\1)")  # '**Question: How cold?** Be brief.'
RULE = re.compile(r"(?:-{3,}|\*{3,}|={3,})\s*\n")
PICTURES = re.compile(r"[\u2190-\u27bf\u2b00-\u2bff\ufe0f\U0001f300-\U0001faff]+\s*")


def without_label(text: str, names: Names) -> str:
    """The text without a sentence before it that ends in a colon and names what follows, and without its name; a text
    in sections such as 'Task:' and 'Format:' keeps them all."""
    if SECTIONED.match(text) and SECTION.search(text.partition("\n")[2]):
        return text
    if picture := PICTURES.match(text):
        bare = text[picture.end() :]
        return bare_text if (bare_text := without_label(bare, names)) != bare.strip() else text
    shorter = taken_off(text, sentences(names))
    shorter = taken_off(shorter, labels(names))
    heading = rf"(?:#{{1,6}}\s*(?:\*\*)?|\*\*|【)?(?:{MADE} |{HAN_NEW})?(?:{named(names)})(?:\*\*|】)?\s*\n\s*"
    shorter = re.sub(rf"\A{heading}", "", shorter, count=1, flags=re.IGNORECASE)
    return RULE.sub("", shorter, count=1).strip() if shorter != text and RULE.match(shorter) else shorter.strip()


def named(names: Names) -> str:
    """A pattern of what a text is called; a word such as version is one with another word only, as in 'new version'."""
    return rf"{names.label}|{MADE} (?:{names.sentence})"


@cache
def sentences(names: Names) -> list[str]:
    """Patterns of the sentences that announce a text."""
    polite = rf"(?:{POLITE}[^\n:：]{{0,60}}?[!,.，！。]\s*)"
    begin = rf"[^\n:：]{{0,160}}?\b(?:{named(names)})\b[^\n:：\"“]{{0,80}}"
    fresh = rf"here(?:'s| is| are)\b[^\n:：]{{0,80}}?\b(?:{names.sentence})\b[^\n:：\"“]{{0,80}}"
    opening = r"(?:here(?:'s| is| are)|below|the|this|based on|an?|one)\b"
    known = rf"(?:[^\n:：]{{0,80}}?\b(?:{names.label})|[^\n:：]{{0,20}}?{MADE} (?:{names.sentence}))"
    if names is ANSWERS:  # prose may begin with 'The short answer: no.'
        known = rf"\s(?:{MADE} )?(?:{names.label}|{names.sentence})"
    return [
        rf"{polite}?{opening}{begin}[:：]{FOLLOWS}\s*",
        rf"{polite}?{fresh}[:：]{FOLLOWS}\s*",
        rf"{polite}(?:{opening}{begin}|{fresh})[:：]\s*",
        rf"(?:here(?:'s| is) )?the\b{known}(?: (?:is|would be|could be|might be))?:\s+",
        rf"the\b{known} (?:is|would be|could be|might be|was){QUOTE}\s*",
        rf"{POLITE}[^\n:：]{{0,60}}[:：]\s*\n\s*",
        rf"{polite}?(?:here (?:it is|you go)|如下(?:所示)?)[:：]\s*\n\s*",
        rf"{polite}?{han_sentence(names)}",
    ]


def han_sentence(names: Names) -> str:
    """A pattern of a sentence or a label in Chinese: '指令：', '根据文本，最可能的指令是：', '以下是改写后的要求：'."""
    source = r"(?:(?:根据|基于|结合|通过)[^\n:：。]{0,40}[，,]\s*)?"
    attribute = rf"(?:(?!{HAN_ORDERS}){HAN}{{0,24}}?(?:的|后|新|始|终|原|户|条|个|是|为|此|该|能|下|这|整|家|级|手))?"
    likely = r"(?:很?可能|最可能|应该?|大概|也许|可以)?(?:就?是|为|如下(?:所示)?)?"
    answered = r"(?:的(?:完美|理想)?(?:回答|答案|回复)(?=[:：]\s*(?:\n|[“「*])))?" if names is REQUESTS else ""
    ends = rf"(?:{AT_COLON}|(?<=[是为]){QUOTE})\s*"
    return rf"{source}{attribute}(?:{names.label}|{HAN_MADE}){NUMBER}{answered}{likely}{ends}"


@cache
def labels(names: Names) -> list[str]:
    """Patterns of the names of a text before a colon."""
    hashes = r"(?:#{1,6}\s*)?"
    own = [rf"{hashes}{names.before}(?:{named(names)}){NUMBER}{AT_COLON}\s*", rf"{hashes}{han_sentence(names)}"]
    return [*own, rf"{LANGUAGE_LABEL}\s*"] if names is TRANSLATIONS else own


def taken_off(text: str, patterns: list[str]) -> str:
    """The text without what one of the patterns matches at its start, with emphasis or brackets round it or without."""
    marked, begun = MARKED.match(text), BEGUN.match(text)
    if marked:
        words = marked["words"] or marked["inside"] or marked["quoted"]
        return text[marked.end() :] if is_one_of(f"{words.strip()}:\n", patterns) else text
    if begun:  # the emphasis goes on behind the label
        return begun[1] + text[begun.end() :] if is_one_of(begun["words"] + "\n", patterns) else text
    matches = (re.match(pattern, text, re.IGNORECASE) for pattern in patterns)
    match = next(filter(None, matches), None)
    return text[match.end() :] if match else text


def is_one_of(words: str, patterns: list[str]) -> bool:
    """Whether a pattern matches all of the words."""
    return any(re.fullmatch(pattern, words, re.IGNORECASE) for pattern in patterns)


def in_tags(text: str, names: Names) -> str:
    """The text without a tag round all of it that names it, such as `<instruction>`."""
    match = re.fullmatch(rf"<(?P<tag>{names.label})>\s*([^<>]+?)\s*</(?P=tag)>", text, re.IGNORECASE)
    return match[2] if match else text


def in_json(text: str, names: Names) -> str:
    """The value in a JSON object whose one key names the text; the text as it is when it is anything else."""
    if not (text.startswith("{") and text.endswith("}")):
        return text
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return text
    alone = len(pairs) == 1 and re.fullmatch(rf"(?:[^\W\d]{{1,12}}_)?(?:{named(names)})", pairs[0][0], re.IGNORECASE)
    return str(pairs[0][1]).strip() if alone and isinstance(pairs[0][1], str) else text
