"""Reasoning that a model writes before its answer, and where the answer begins.

The marks are those of chat templates and public models: `<think>` (DeepSeek-R1, Qwen3, SmolLM3, GLM and many others),
`[THINK]` (Magistral), `◁think▷` (Kimi), `<|begin_of_thought|>` (OpenThinker), `<seed:think>` (Seed-OSS),
`<|START_THINKING|>` (Command A), `<|channel>thought` (Gemma), tags such as `<reasoning>` that prompts ask for, and the
channels of gpt-oss (OpenAI's harmony format).
"""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Mark = re.Match[str]
NAMES = r"(?:\w{1,12}[:_])?think(?:ing)?(?:_\w{1,60})?|thoughts?|reason(?:ing)?|analysis|scratchpad|reflection"
NAMES += "|(?:inner|internal)_monologue|cot|chain_of_thought|(?:thought|reasoning)_process"
PAIRS = (  # what opens reasoning, and what closes it
    (rf"<(?:{NAMES})(?: [^<>\n/]{{0,80}})?>", rf"</(?:{NAMES}) ?>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    ("◁think▷", "◁/think▷"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|channel>\w{0,20}", r"<channel\|>"),
    ("<unused94>", "<unused95>"),
    (r"<\|think(?:ing)?\|>", r"<\|/think(?:ing)?\|>"),
    ("<｜begin▁of▁thinking｜>", "<｜end▁of▁thinking｜>"),
)
OPENS, CLOSES = ("|".join(pair[side] for pair in PAIRS) for side in (0, 1))
MARK = re.compile(rf"(?P<open>{OPENS})|(?P<close>{CLOSES})", re.IGNORECASE)
OPEN_AT_END = re.compile(rf"({OPENS})\s*\Z", re.IGNORECASE)
HEADED = tuple(  # reasoning under words: Open WebUI, Granite 3.2, HuatuoGPT-o1, Ollama's command line
    re.compile(rf"\s*{start}(?P<reasoning>.*?){end}\s*", re.DOTALL | re.IGNORECASE)
    for start, end in (
        (r'<details type="reasoning"[^<>]{0,80}>', "</details>"),
        (r"here(?:'s| is) my thought process:", r"\n\W{0,3}here(?:'s| is) my response:"),
        (r"## Thinking[^\S\n]*\n", r"\n## Final Response[^\S\n]*\n"),
        (
            r"(?:#{1,4} |\*\*|【)?思考过程(?:\*\*|】)?[:：]?(?:\*\*)?[^\S\n]*",
            r"\n(?:#{1,4} |\*\*|【)?(?:最终|正式)?(?:回答|答案|回复|输出)(?:\*\*|】)?(?:[:：](?:\*\*)?|(?=\n)|(?<=】))",
        ),
        (r"Thinking\.\.\.[^\S\n]*\n", r"\n\.\.\.done thinking\.[^\S\n]*\n"),
    )
)
HEADS = ("<details", "here", "## t", "thinking...", "思考过程", "**思考过程", "【思考过程", "# 思", "## 思", "### 思")
TURN = re.compile(r"\s*<\|(?:im_start|start_header_id|assistant)\|>(?:assistant)?(?:<\|end_header_id\|>)?\s*")
ENDS = re.compile(r"(?:<\|(?:im_end|eot_id|endoftext|end_of_text|end)\|>|</s>|<end_of_turn>)\s*\Z")
EMPTY = re.compile(rf"\s*<(?:{NAMES})\s?/>", re.IGNORECASE)
ANYWHERE = re.compile(r"<\W?\w*think|\[|◁", re.IGNORECASE)  # a tag such as <analysis> may be a part of the answer
GOES_ON = re.compile(r" [a-z]|[,.;] ")  # of a sentence that speaks of a mark
QUOTES = "`'\"“”‘’「」《》"
FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
WRAPPER = re.compile(r"<(answer|final_answer|final|output|response|solution)>(.*)</\1>", re.DOTALL | re.IGNORECASE)
EDGE = re.compile(r"<\|(?:begin|end)_of_solution\|>|<\|(?:START|END)_(?:RESPONSE|TEXT)\|>")
CHANNEL = re.compile(
    r"(?:<\|start\|>\w{0,20})?<\|channel\|>(\w{1,20})[^<>\n]{0,80}(?:<\|constrain\|>\w{0,20})?<\|message\|>"
)
MESSAGE_END = re.compile(r"<\|(?:end|return|call)\|>")
WORDS_OF_MARKS = re.compile(r"\s*analysis(?=[A-Z])")  # the marks are left out by servers that skip special tokens
HARMONY = ("<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>", "<|return|>", "<|call|>")


class Parts(NamedTuple):
    """A reply in two parts; `marked` says whether a mark of reasoning was in it, even with nothing between."""

    reasoning: str
    answer: str
    marked: bool


def split(text: str) -> Parts:
    """The reasoning in a reply and its answer, '' when the reasoning does not end. A text without marks comes back as
    it is. The time is linear in the length."""
    begins_in_words = text[:40].lstrip().lower().startswith(HEADS) or WORDS_OF_MARKS.match(text)
    if not any(mark in text for mark in "<[◁") and not begins_in_words:  # nearly every reply
        return Parts("", text, False)
    if (parts := split_channels(text) or split_heads(text)) is not None:
        return parts
    if MARK.search(text):
        text = ENDS.sub("", TURN.sub("", text, count=1) if TURN.match(text) else text)
    spans = list(reasoning_spans(text))
    if not spans:
        return Parts("", text, False)
    begins, ends = [*(begin for begin, _ in spans), len(text)], [0, *(end for _, end in spans)]
    kept = [text[end:begin].strip() for end, begin in zip(ends, begins, strict=True)]
    answer = EDGE.sub("", "\n".join(filter(None, kept))).strip()
    return Parts("\n".join(text[begin:end] for begin, end in spans), answer, True)


def unwrapped(answer: str) -> str:
    """An answer after reasoning without the tag round all of it, such as `<answer>`."""
    match = WRAPPER.fullmatch(answer)
    return match[2].strip() if match else answer


def split_channels(text: str) -> Parts | None:
    """The parts of a reply in channels, whose answer is the last one named `final`; None for any other reply."""
    headers = list(CHANNEL.finditer(text))
    if headers and (headers[0][0].startswith("<|start|>") or not text[: headers[0].start()].strip()):
        final = next((one for one in reversed(headers) if one[1] == "final"), None)
        answer = MESSAGE_END.split(text[final.end() :], maxsplit=1)[0].strip() if final else ""
        return Parts(text[: final.start()] if final else text, answer, True)
    if WORDS_OF_MARKS.match(text):
        reasoning, _, answer = text.partition("assistantfinal")
        return Parts(reasoning, answer.strip(), True)
    return None


def split_heads(text: str) -> Parts | None:
    """The parts of a reply whose reasoning stands at its beginning between certain words; None for any other."""
    if empty := EMPTY.match(text):
        return Parts("", text[empty.end() :].strip(), True)
    heads = (pattern.match(text) for pattern in HEADED) if text[:40].lstrip().lower().startswith(HEADS) else ()
    head = next(filter(None, heads), None)
    return Parts(head["reasoning"].strip(), text[head.end() :].strip(), True) if head else None


def reasoning_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the reasoning begins and ends, marks included: blocks at the start; all before a closing mark that nothing
    opened; blocks further on."""
    marks = list(MARK.finditer(text))
    fences = [fence.start() for fence in FENCE.finditer(text)] if marks else []
    meant = [mark for mark in marks if not is_mentioned(text, mark) and not in_fence(fences, mark)]
    end, depth, begin = 0, 0, 0
    if marks and marks[0]["open"] and not text[: marks[0].start()].strip():
        end = end_of_first_block(marks, meant) or len(text)
        yield 0, end
    if lone := last_unopened(text, [mark for mark in meant if mark.start() >= end], bool(end)):
        yield end, lone
        end = lone
    for mark in meant:
        if mark.start() >= end and mark["open"] and (depth or begins_line(text, mark) or ANYWHERE.match(mark[0])):
            depth, begin = depth + 1, begin if depth else mark.start()
        elif mark.start() >= end and mark["close"] and depth:
            depth -= 1
            if not depth:
                yield begin, mark.end()
    if depth:
        yield begin, len(text)


def in_fence(fences: Sequence[int], mark: Mark) -> bool:
    """Whether a mark stands in a code block, given where the lines are that begin or end one."""
    before = bisect(fences, mark.start())
    return before % 2 == 1 and before < len(fences)


def is_mentioned(text: str, mark: Mark) -> bool:
    """Whether a mark is spoken of instead of used: in quotes, or in the middle of a sentence."""
    before, after = text[max(0, mark.start() - 1) : mark.start()], text[mark.end() : mark.end() + 1]
    if before and before in QUOTES and after and after in QUOTES:
        return True
    word_before = before == " " and text[max(0, mark.start() - 2) : mark.start() - 1].isalpha()
    return word_before and bool(GOES_ON.match(text, mark.end()))


def end_of_first_block(marks: Sequence[Mark], meant: Sequence[Mark]) -> int:
    """Where the block that begins a reply ends: at the mark that closes it, else at the last that closes anything; 0
    when none does."""
    depth = 0
    for mark in meant:
        depth += 1 if mark["open"] else -1
        if not depth:
            return mark.end()
    return next((mark.end() for some in (meant, marks) for mark in reversed(some) if mark["close"]), 0)


def last_unopened(text: str, marks: Sequence[Mark], own_line: bool) -> int:
    """The end of the last closing mark without an opening one before it, if need be on a line of its own; else 0."""
    depth, end = 0, 0
    for mark in marks:
        if mark["open"]:
            depth += 1
        elif depth:
            depth -= 1
        elif not own_line or (begins_line(text, mark) and text[mark.end() : mark.end() + 1] in ("", "\n")):
            end = mark.end()
    return end


def begins_line(text: str, mark: Mark) -> bool:
    return mark.start() == 0 or text[mark.start() - 1] == "\n"


def left_open(prompt: str) -> str:
    """The mark of reasoning with which a rendered prompt ends, so that the reply goes on inside it; else ''."""
    match = OPEN_AT_END.search(prompt[-100:])
    return match[1] if match else ""


def closing(mark: str) -> str:
    """The mark that closes one that is open, '' for none: `</think>` for `<think>`."""
    others = {"<|begin_of_thought|>": "<|end_of_thought|>", "<|START_THINKING|>": "<|END_THINKING|>"}
    others |= {"<｜begin▁of▁thinking｜>": "<｜end▁of▁thinking｜>"}
    others |= {f"<|{name}|>": f"<|/{name}|>" for name in ("think", "thinking")}
    return others.get(mark) or mark[:1] + "/" + mark[1:].partition(" ")[0].rstrip(">") + ">" * mark.endswith(">")


def special_tokens(tokens: Sequence[str]) -> list[str]:
    """Those of a tokenizer's special tokens that are marks of reasoning: a reply without them could not be split. A
    token such as `<|end|>` is one only where there are channels."""
    channels = HARMONY if HARMONY[0] in tokens else ()
    return [token for token in tokens if token in channels or MARK.fullmatch(token) or EDGE.fullmatch(token)]
