"""Languages, identified by lingua (https://github.com/pemistahl/lingua-py), which tells 75 of them apart.

Named by ISO 639-1 codes (es) or by their English names (Spanish). The same text always gets the same language.
"""

import re
from functools import cache, lru_cache
from typing import Any

from baleen.errors import Problem, unknown

__all__ = ["same_language", "speaks"]

LIKELY = 0.5  # of the likeliest language's likelihood: "write a poem in json" may be Esperanto too
NO_LANGUAGE = re.compile(r"```.*?```|`[^`\n]*`|\w+://\S+|www\.\S+|⟦\d+⟧", re.DOTALL)  # code, addresses, marks of masks
CODES_OF = {"no": "nb", "iw": "he"}  # what translators and older lists call a language
LOCAL_USE = re.compile("q[a-t][a-z]")  # such as those of the generated world


@cache
def known_languages() -> dict[str, str]:
    """The code of every language that can be identified, by its code and by its English name in lower case."""
    from lingua import Language

    codes = {one.name.lower(): one.iso_code_639_1.name.lower() for one in Language.all()}
    return codes | {code: code for code in codes.values()} | CODES_OF


def code_of(name: str) -> str:
    """The ISO 639-1 code of a language named by code or English name; a Problem for one that cannot be identified."""
    known = known_languages()
    if name.strip().lower() not in known:
        codes = sorted(set(known.values()))
        raise Problem(f"{unknown('language', name, codes)}; without a check of languages, take speaks(...) out")
    return known[name.strip().lower()]


def require(name: str) -> None:
    """A Problem for a language that cannot be identified; codes that ISO 639-2 leaves to local use may be any."""
    if not LOCAL_USE.fullmatch(name):
        code_of(name)


@cache
def detector() -> Any:
    """What identifies languages: 0.9 GB once it has seen texts of all scripts."""
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().build()


@lru_cache(8192)
def likely(text: str) -> dict[str, float]:
    """The languages that a text may be in, the likeliest first, each with its likelihood as a multiple of the highest;
    {} for a text without a word. Code and addresses do not count."""
    found = detector().compute_language_confidence_values(NO_LANGUAGE.sub(" ", text))
    highest = found[0].value if found else 0.0
    return (
        {one.language.iso_code_639_1.name.lower(): one.value / highest for one in found if one.value} if highest else {}
    )


def language(text: str) -> str:
    """The code of the likeliest language of a text, '' when it has no word."""
    return next(iter(likely(text)), "")


def speaks(text: str, code: str) -> float | None:
    """Whether a text may be in the language of this code or English name, one at least half as likely as the likeliest:
    1.0 or 0.0, None when it has no word."""
    wanted, found = code_of(code), likely(text)
    return float(found.get(wanted, 0.0) >= LIKELY) if found else None


def same_language(text: str, other: str) -> float | None:
    """Whether one text may be in the likeliest language of the other: 1.0 or 0.0, None when one of them has no word."""
    first, second = likely(text), likely(other)
    if not first or not second:
        return None
    return float(max(first.get(language(other), 0.0), second.get(language(text), 0.0)) >= LIKELY)
