"""The rating that a judge has written: the number that a reply plainly says, or None.

A rating is a number after a word such as "Score", in a line or sentence of its own. It is None when something else can
be meant: two different ratings, a rubric that is echoed, a number outside the scale, another number after the rating.
"""

import json
import re
import unicodedata
from typing import Any

NOUN = (
    "score|rating|grade|mark|评分|得分|分数|打分|总分|スコア|評価|点数|점수|평점|puntuaci[oó]n|calificaci[oó]n|"
    "note|bewertung|punktzahl|punteggio|pontuaç[aã]o|nota|оценка"
)
LABEL = rf"(?:(?:my|the|so the|thus the) )?(?:final |overall |total |最终|综合|总体)?(?:{NOUN})"
GIVEN = (
    r"i(?: would|'d| will|'ll)? (?:give|rate|score|grade) (?:(?:this|the) (?:answer|response)|this|it)"
    r"(?: as| with)?(?: an?)?(?: (?:score|rating|grade) of)?|"
    r"(?:this|the) (?:answer|response) (?:deserves|gets|earns|receives)(?: an?)?(?: (?:score|rating|grade) of)?|"
    r"我?给.{0,12}打"
)
START = re.compile(rf"(?:{LABEL})(?:\s*(?:[:=]|为|是|\bis\b|-\s)|\s+(?=\d)|$)\s*|(?:{GIVEN})\s*", re.IGNORECASE)
SCALE = r"(?:\s?/\s?{0}(?:\.0)?| out of {0}| points?| stars?|\s?[分点점])?(?: ?\([^()\d]*{0}?[^()\d]*\))?\s?[.!。]?"
JSON_KEY = re.compile(rf"(?:final|overall)?[ _]?(?:{NOUN})", re.IGNORECASE)
BOXED = re.compile(r"\\boxed\{([^{}\n]{1,20})\}|\[\[([^\[\]\n]{1,20})\]\]")
ORNAMENT = re.compile(r"[*_`\"“”<>|$#]|^\s*(?:[-•]|\d{1,2}[.)])\s+(?=\D)", re.MULTILINE)
BORDER = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
FENCED = re.compile(r"\s*(?:```\w*\n)?\s*(\{.*\})\s*(?:```)?\s*", re.DOTALL)


def written_rating(reply: str, low: int = 1, high: int = 5) -> float | None:
    """The rating in a reply, from `low` to `high`; None when it has none or could mean another."""
    text = unicodedata.normalize("NFKC", reply)
    if found := FENCED.fullmatch(text):
        return json_rating(found[1], low, high)
    pieces = [piece.strip() for piece in BORDER.split(ORNAMENT.sub("", BOXED.sub(r"\1\2", text))) if piece.strip()]
    number = re.compile(r"(\d(?:\.\d+)?)" + SCALE.format(high), re.IGNORECASE)
    with_scale = re.compile(rf"\d(?:\.\d+)?(?:\s?/\s?| out of ){high}[.!。]?", re.IGNORECASE)
    ratings, last = set[float](), 0
    for index, piece in enumerate(pieces):
        start = START.match(piece)
        if not start and not with_scale.fullmatch(piece):
            continue
        begin = start.end() if start else 0
        rest = piece[begin:] or (pieces[index + 1] if index + 1 < len(pieces) else "")
        if match := number.fullmatch(rest):
            ratings.add(float(match[1]))
            last = index + 1 + (begin == len(piece))
        elif re.search(r"\d", piece) and not piece.lower().startswith("not"):  # a note, in English
            return None
    doubt = any(re.search(r"(?<!\d)\d(?!\d)", piece) for piece in pieces[last:])
    rating = ratings.pop() if len(ratings) == 1 and not doubt else None
    return rating if rating is not None and low <= rating <= high else None


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
