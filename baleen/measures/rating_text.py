"""The text of a judge's reply as plain lines and sentences: without ornaments, with every rating as digits."""

import re
import unicodedata

NOUN = (
    "score|rating|grade|mark|overall|verdict|评分(?:结果)?|得分|分数|打分|总分|评级|スコア|評価|評点|点数|점수|평점|"
    "puntuaci[oó]n|calificaci[oó]n|note|bewertung|punktzahl|punteggio|valutazione|pontuaç[aã]o|avaliaç[aã]o|nota|"
    "оценка|оцінка|ocena|puan|skor|điểm|الدرجة|التقييم|النتيجة"
)
NUMBERS = "zero one two three four five six seven eight nine ten".split()
HAN = "零一二三四五六七八九十"
DIGITS = {word: str(at) for words in (NUMBERS, HAN) for at, word in enumerate(words)}
END = re.compile(r"(?:(?:<[|｜][\w▁]{1,40}[|｜]>|</s>|<end_of_turn>|<eos>|\[END\])\s*)+\Z")  # tokens that end a turn
MATHS = re.compile(r"\\text\{([^{}\n]{1,20})\}|\\[()\[\]]")
TAGGED = re.compile(rf"<(?P<tag>{NOUN})>\s*([^<>\n]{{1,20}}?)\s*</(?P=tag)>", re.IGNORECASE)  # <score>4</score>
BOXED = re.compile(r"\\boxed\{([^{}\n]{1,20})\}|\[\[([^\[\]\n]{1,20})\]\]")
LABEL = re.compile(rf"(?<!\S)\[(?:final |overall )?(?:{NOUN}|result)\]:?(?=\s?\W?\d)", re.IGNORECASE)
BRACKETED = re.compile(r"\[(\d(?:\.\d+)?(?:/\d)?)\]")
WORD = re.compile(
    rf"(?:[:：=为是]|\bis|\ba|\bof)\s*({'|'.join(DIGITS)})"
    r"(?=分|点|\s?(?:[.;!。)(*_\"\n]|out of|stars|points|\Z))(?:\s?\((\d)\))?",
    re.IGNORECASE,
)
EDGE = r"[^\w\n]{0,5}"
WORD_OUT_OF = re.compile(
    rf"^{EDGE}({'|'.join(NUMBERS)})(?={EDGE}$| out of | stars?{EDGE}$)", re.IGNORECASE | re.MULTILINE
)
OUT_OF_WORD = re.compile(rf"\bout of ({'|'.join(NUMBERS)})\b", re.IGNORECASE)
STARS = re.compile(r"(?:^|(?<=[:：]))[^\S\n]{0,5}([★⭐]{1,10})([☆✩✰]{0,10})(?=[^\S\n]{0,5}(?:$|\())", re.MULTILINE)
STARRED = re.compile(r"(\d(?:\s?/\s?\d)?)\s?([★⭐]{1,10})[☆✩✰]{0,10}[^\S\n]{0,5}$", re.MULTILINE)
ORNAMENT = re.compile(r"[*_`\"“”<>|$#]|^[^\S\n]*(?:[-•]|\d{1,2}[.)])[^\S\n]+(?=\D)", re.MULTILINE)
BORDER = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])(?![。！？])|\n+")
ROUND = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")  # brackets round a whole line


def pieces_of(reply: str, high: int = 5) -> list[str]:
    """The lines and sentences of a reply, without ornaments of Markdown and tokens that end a turn; full-width
    characters, number words after a label and stars as ordinary digits."""
    text = reply[:-300] + END.sub("", reply[-300:])
    text = unicodedata.normalize("NFKC", text.replace("\ufe0f", "").replace("\u20e3", ""))  # of an emoji such as 4️⃣
    text = BOXED.sub(r"\1\2", MATHS.sub(r"\1", TAGGED.sub(r"score: \2", text)))
    text = BRACKETED.sub(r"\1", LABEL.sub("score: ", text))
    text = in_digits(STARRED.sub(without_stars, STARS.sub(lambda stars: star_count(stars, high), text)))
    pieces = [piece.strip() for piece in BORDER.split(ORNAMENT.sub("", text)) if piece.strip()]
    return [(round_all[1] or round_all[2] or "").strip() if (round_all := ROUND.fullmatch(p)) else p for p in pieces]


def star_count(stars: re.Match[str], high: int) -> str:
    """Stars of `high` as a number; as they are where they may be an ornament, or a scale of another length."""
    full, empty = len(stars[1]), len(stars[2])
    plain = full + empty == high or (not empty and 1 < full <= high)
    return f" {full}" if plain else stars[0]


def without_stars(number: re.Match[str]) -> str:
    """A number without the stars behind it, unless they are another number."""
    return number[1] if len(number[2]) in (1, int(number[1][0])) else number[0]


def in_digits(text: str) -> str:
    """Number words that are a rating, as digits: after a label, and alone in a line."""
    text = OUT_OF_WORD.sub(lambda word: f"out of {DIGITS[word[1].lower()]}", text)
    for pattern in (WORD, WORD_OUT_OF):
        text = pattern.sub(in_digit, text)
    return text


def in_digit(match: re.Match[str]) -> str:
    """The match with its number word as a digit, and without the same digit in brackets after it."""
    digit, inside = DIGITS[match[1].lower()], match.re.groups > 1 and match[2]
    if inside and inside != digit:
        return match[0]
    return match[0][: match.start(1) - match.start()] + digit
