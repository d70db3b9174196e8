"""The rating that a judge has written: the number that a reply plainly says, or None.

A rating is a number after a word such as "Score", in a line or sentence of its own. It is None when something else can
be meant: two different ratings, a rubric that is echoed, a number outside the scale, another number after the rating.
"""

import ast
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from baleen.measures.rating_text import BOXED, NOUN, pieces_of

ONE_TO = r"1 ?(?:-|–|to) ?\d"
SO = rf"(?:(?:so|thus|therefore|hence|overall|finally|in (?:summary|conclusion)|on a scale (?:of|from) {ONE_TO}),? )?"
BEFORE = rf"{SO}(?:(?:my|the|its) |我的)?(?:final |overall |total |最终|综合|总体)?"
THIS = "(?:this|the) (?:answer|response)"
GIVEN = (
    rf"{SO}i(?: would|'d| will|'ll)? (?:give|rate|score|grade|assign|award)(?: (?:{THIS}|this|it))?"
    r"(?: as| with| at)?(?: an?)?(?: (?:score|rating|grade) of)?|"
    rf"{SO}(?:{THIS}|this|it) (?:deserves|gets|earns|receives)(?: an?)?(?: (?:score|rating|grade) of)?|"
    r"我?给.{0,12}打"
)
RANGE = (
    r"(?:\s?[(\[](?:from )?(?:1 ?(?:-|–|to) ?\d|(?:out of|of|/) ?\d)[)\]]|\s(?:from )?1 ?(?:-|–|to) ?\d(?=\s?[:=]))?"
)
AFTER = rf"{RANGE}(?: (?:for|of) {THIS})?(?:\s*(?:[:=→]|[-=]>|[为是는은は]|\bis\b:?|[-–—]\s)|\s+(?=\d)|$)\s*"
SCALE = (
    r"(?:\s?/\s?{0}(?:\.0)?\s?[分点점]?| (?:out of|von|sur|de|su|из) {0}(?: stars| points)?"
    r"| points?| stars?|\s?[分点점])?"
    r"(?:です|입니다)?(?: ?\([^()\d]*{0}?[^()\d]*\))?\s?[.!。]?"
)
# A reason may follow in the same sentence, one without a condition, another possibility or another number.
REASON = r"(?:(?:,| because| since|\s?[–—;:]| -)\s(?!.*\b(?:or|if|unless|maybe|perhaps|but|though|when)\b)[^\d]*)?"
GLOSSES = {  # in Chinese, in brackets after an English word
    "yes": "是|满足|完全满足|符合|提出了?|已提出|相同|一致",
    "no": "否|不满足|没有满足|未满足|不符合|没有提出|未提出|不同|不一致",
    "good": "好|良好|优质",
    "bad": "差|不好|较差",
}
NO_LABEL = re.compile("not|overall|verdict", re.IGNORECASE)  # such words begin sentences too
JSON_KEY = re.compile(rf"(?:final|overall)?[ _]?(?:{NOUN})", re.IGNORECASE)
FENCED = re.compile(r"(?:```\w*\s+)?(\{.*\})(?:\s*```)?", re.DOTALL)
BLOCK = re.compile(r"^```(?:json)?\s*\n\s*(\{[^`]*\})\s*\n```[^\S\n]*$|^(\{[^{}]*\})[^\S\n]*$", re.MULTILINE)


def written_choice(reply: str, cue: str, choices: Sequence[str]) -> float | None:
    """The value of the one choice that a reply plainly names after a cue such as 'Verdict:': of two choices 0 or 1, of
    more their place from 1, of numbers the number."""
    words, noun = [choice.strip().lower() for choice in choices], re.escape(cue.strip(" :："))
    if all(word.isdigit() for word in words):
        return written_rating(reply, int(words[0]), int(words[-1]), noun)
    label, some = rf"{BEFORE}(?:{noun}|answer|{NOUN}){AFTER}", "|".join(map(re.escape, words))
    pieces = pieces_of(reply)
    glossed = "|".join(rf"(?<=\b{word}) ?\((?:{GLOSSES[word]})\)" for word in words if word in GLOSSES) or "(?!)"
    clean = re.compile(rf"(?:{label})?({some})(?:{glossed})?[.!。]?", re.IGNORECASE)
    named = {at: match[1].lower() for at, piece in enumerate(pieces) if (match := clean.fullmatch(piece))}
    last = max(named, default=0)
    unclear = re.compile(rf"{label}.*\b(?:{some})\b", re.IGNORECASE)
    mentioned = re.compile(rf"\b(?:{some})\b", re.IGNORECASE)
    doubt = any(unclear.match(piece) for at, piece in enumerate(pieces) if at not in named)
    if len({*named.values()}) != 1 or doubt or any(map(mentioned.search, pieces[last + 1 :])):
        return None
    return float(words.index(named[last]) + (len(words) > 2))


def written_rating(reply: str, low: int = 1, high: int = 5, noun: str = "score") -> float | None:
    """The rating in a reply, from `low` to `high`, after `noun` (a pattern) or a word that means it; None when it has
    none or could mean another."""
    plain = unicodedata.normalize("NFKC", reply).strip()
    if block := FENCED.fullmatch(plain):
        return json_rating(block[1], low, high)
    inside = [json_rating(block[1] or block[2], low, high) for block in BLOCK.finditer(plain)]
    rating_inside = next((rating for rating in inside if rating is not None), None)
    pieces = pieces_of(reply if rating_inside is None else BLOCK.sub("", plain), high)
    start = re.compile(rf"{BEFORE}(?:{noun}|{NOUN}){AFTER}|(?:{GIVEN})\s*", re.IGNORECASE)
    if rating_inside is not None:  # words round an object are its reasons, unless they rate too
        rated = any(start.match(piece) and re.search(r"\d", piece) for piece in pieces)
        return None if rated or len(inside) > 1 else rating_inside
    number = re.compile(r"(\d(?:\.\d+)?)" + SCALE.format(high) + REASON, re.IGNORECASE)
    scale = rf"(?:(?:\s?/\s?| out of ){high}(?: stars)?| stars)"
    with_scale = re.compile(rf"\d(?:\.\d+)?{scale}[.!。]?", re.IGNORECASE)
    ratings, last = set[float](), 0
    for index, piece in enumerate(pieces):
        label = start.match(piece)
        if not label and not with_scale.fullmatch(piece):
            continue
        begin = label.end() if label else 0
        rest = piece[begin:] or (pieces[index + 1] if index + 1 < len(pieces) else "")
        if match := number.fullmatch(rest):
            ratings.add(float(match[1]))
            last = index + 1 + (begin == len(piece))
        elif re.search(r"\d", piece) and (rest[:1].isdigit() or not NO_LABEL.match(piece)):
            return None
    if not ratings and (alone := lone_number(reply, pieces)):
        ratings.add(alone)
        last = len(pieces)
    doubt = any(re.search(r"(?<!\d)\d(?!\d)", piece) for piece in pieces[last:])
    rating = ratings.pop() if len(ratings) == 1 and not doubt else None
    return rating if rating is not None and low <= rating <= high else None


def lone_number(reply: str, pieces: Sequence[str]) -> float | None:
    """The number that is the whole reply, the whole last line of a reply without other numbers, or boxed at its end."""
    boxed = BOXED.findall(reply)
    if len(boxed) == 1 and (match := BOXED.search(reply.strip().splitlines()[-1])):
        around = re.sub(r"\W", "", match.string.replace(match[0], ""))
        digits = re.fullmatch(r"(?:\\text\{)?(\d(?:\.\d+)?)\}?", match[1] or match[2])
        return float(digits[1]) if digits and around.isalpha() | (not around) else None
    match = re.fullmatch(r"\(?(\d(?:\.\d+)?)\)?[.!。]?", pieces[-1].strip("'’‘")) if pieces else None
    return float(match[1]) if match and not re.search(r"\d", "".join(pieces[:-1])) else None


def json_rating(text: str, low: int, high: int) -> float | None:
    """The rating in a JSON object, which names it once; a number, or a text that says one."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        pairs = python_pairs(text)
    values = [value for key, value in pairs if JSON_KEY.fullmatch(str(key))]
    return number_in_json(values[0], low, high) if len(values) == 1 else None


def number_in_json(value: Any, low: int, high: int) -> float | None:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d(?:\.\d+)?)" + SCALE.format(high), value.strip(), re.IGNORECASE)
        value = float(match[1]) if match else None
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if whole and low <= value <= high else None


def python_pairs(text: str) -> list[tuple[Any, Any]]:
    """The pairs of an object in single quotes or with a comma at its end, which is none of JSON; [] for other text."""
    try:
        tree = ast.parse(text[:10_000], mode="eval").body
        items = zip(tree.keys, tree.values, strict=True) if isinstance(tree, ast.Dict) else []
        return [(ast.literal_eval(key), ast.literal_eval(value)) for key, value in items if key]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []
