"""The rating that a judge has written: the number that a reply plainly says, or None.

A rating is a number after a word such as "Score", in a line or sentence of its own. It is None when something else can
be meant: two different ratings, a rubric that is echoed, a number outside the scale, another number after the rating.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

NOUN = (
    "score|rating|grade|mark|评分|得分|分数|打分|总分|スコア|評価|点数|점수|평점|puntuaci[oó]n|calificaci[oó]n|"
    "note|bewertung|punktzahl|punteggio|pontuaç[aã]o|nota|оценка"
)
BEFORE = "(?:(?:my|the|so the|thus the) )?(?:final |overall |total |最终|综合|总体)?"
GIVEN = (
    r"i(?: would|'d| will|'ll)? (?:give|rate|score|grade) (?:(?:this|the) (?:answer|response)|this|it)"
    r"(?: as| with)?(?: an?)?(?: (?:score|rating|grade) of)?|"
    r"(?:this|the) (?:answer|response) (?:deserves|gets|earns|receives)(?: an?)?(?: (?:score|rating|grade) of)?|"
    r"我?给.{0,12}打"
)
TAGGED = re.compile(rf"<(?P<tag>{NOUN})>\s*([^<>\n]{{1,20}}?)\s*</(?P=tag)>", re.IGNORECASE)  # <score>4</score>
AFTER = r"(?:\s?\((?:1 ?(?:-|–|to) ?\d|(?:out of|of|/) ?\d)\))?(?:\s*(?:[:=]|为|是|\bis\b|-\s)|\s+(?=\d)|$)\s*"
SCALE = (
    r"(?:\s?/\s?{0}(?:\.0)?| (?:out of|von|sur|de|su|из) {0}| points?| stars?|\s?[分点점])?"
    r"(?: ?\([^()\d]*{0}?[^()\d]*\))?\s?[.!。]?"
)
# A reason may follow in the same sentence, one without a condition, another possibility or another number.
REASON = r"(?:(?:,| because| since|\s?[–—;:]| -)\s(?!.*\b(?:or|if|unless|maybe|perhaps|but|though|when)\b)[^\d]*)?"
JSON_KEY = re.compile(rf"(?:final|overall)?[ _]?(?:{NOUN})", re.IGNORECASE)
BOXED = re.compile(r"\\boxed\{([^{}\n]{1,20})\}|\[\[([^\[\]\n]{1,20})\]\]")
ORNAMENT = re.compile(r"[*_`\"“”<>|$#]|^[^\S\n]*(?:[-•]|\d{1,2}[.)])[^\S\n]+(?=\D)", re.MULTILINE)
BORDER = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])(?![。！？])|\n+")
FENCED = re.compile(r"(?:```\w*\s+)?(\{.*\})(?:\s*```)?", re.DOTALL)


def written_choice(reply: str, cue: str, choices: Sequence[str]) -> float | None:
    """The value of the one choice that a reply plainly names after a cue such as 'Verdict:': of two choices 0 or 1, of
    more their place from 1, of numbers the number."""
    words, noun = [choice.strip().lower() for choice in choices], re.escape(cue.strip(" :："))
    if all(word.isdigit() for word in words):
        return written_rating(reply, int(words[0]), int(words[-1]), noun)
    label, some = rf"{BEFORE}(?:{noun}|answer|{NOUN}){AFTER}", "|".join(map(re.escape, words))
    pieces = pieces_of(reply)
    clean = re.compile(rf"(?:{label})?({some})[.!。]?", re.IGNORECASE)
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
    if block := FENCED.fullmatch(unicodedata.normalize("NFKC", reply).strip()):
        return json_rating(block[1], low, high)
    pieces = pieces_of(reply)
    start = re.compile(rf"{BEFORE}(?:{noun}|{NOUN}){AFTER}|(?:{GIVEN})\s*", re.IGNORECASE)
    number = re.compile(r"(\d(?:\.\d+)?)" + SCALE.format(high) + REASON, re.IGNORECASE)
    with_scale = re.compile(rf"\d(?:\.\d+)?(?:\s?/\s?| out of ){high}[.!。]?", re.IGNORECASE)
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
        elif re.search(r"\d", piece) and not piece.lower().startswith("not"):  # a note, in English
            return None
    if not ratings and (alone := lone_number(reply, pieces)):
        ratings.add(alone)
        last = len(pieces)
    doubt = any(re.search(r"(?<!\d)\d(?!\d)", piece) for piece in pieces[last:])
    rating = ratings.pop() if len(ratings) == 1 and not doubt else None
    return rating if rating is not None and low <= rating <= high else None


def lone_number(reply: str, pieces: Sequence[str]) -> float | None:
    """The number that is the whole reply, the whole last line of a reply without other numbers, or boxed at its end."""
    if not pieces or not (match := re.fullmatch(r"\(?(\d(?:\.\d+)?)\)?[.!。]?", pieces[-1].strip("'’‘"))):
        return None
    boxed = BOXED.fullmatch(reply.strip().splitlines()[-1].strip(" $.*")) and len(BOXED.findall(reply)) == 1
    return float(match[1]) if boxed or not re.search(r"\d", "".join(pieces[:-1])) else None


def pieces_of(reply: str) -> list[str]:
    """The lines and sentences of a reply, without ornaments of Markdown, full-width characters as ordinary ones."""
    text = unicodedata.normalize("NFKC", reply)
    pieces = BORDER.split(ORNAMENT.sub("", BOXED.sub(r"\1\2", TAGGED.sub(r"score: \2", text))))
    return [piece.strip() for piece in pieces if piece.strip()]


def json_rating(text: str, low: int, high: int) -> float | None:
    """The rating in a JSON object, which names it once; a number, or a text that says one."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    values = [value for key, value in pairs if JSON_KEY.fullmatch(str(key))]
    return number_in_json(values[0], low, high) if len(values) == 1 else None


def number_in_json(value: Any, low: int, high: int) -> float | None:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d(?:\.\d+)?)" + SCALE.format(high), value.strip(), re.IGNORECASE)
        value = float(match[1]) if match else None
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if whole and low <= value <= high else None
