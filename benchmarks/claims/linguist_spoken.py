"""LINGUIST: how much of what is written for another language is in it, and what right utterances would bring."""

from benchmarks.claims import Claim
from benchmarks.claims.linguist import ABROAD, pairs

SPOKEN = "pocket.worded_in(utterance,language)"
NEW = {
    "written utterances against ten examples alone": ("linguist", "linguist-shots"),
    "right utterances against ten examples alone": ("linguist-real", "linguist-shots"),
    "written utterances against right ones": ("linguist", "linguist-real"),
}
CROSS = ABROAD | {
    "right ones in the other language against none": ("linguist-cross-real", "linguist-cross-none"),
    "written in the other language against right ones": ("linguist-cross", "linguist-cross-real"),
    "translated against right ones": ("linguist-cross-translated", "linguist-cross-real"),
}
ARMS = dict.fromkeys(arm for pair in [*NEW.values(), *CROSS.values()] for arm in pair)
WORDS = {  # words of the language, of all words that are of one of the two
    "written, last lessons in both languages": ("eval-linguist-spoken", "mean"),
    "written, last lessons in English": ("eval-linguist-spoken", "against"),
    "kept": ("eval-linguist-spoken-kept", "mean"),
    "translated": ("eval-linguist-spoken-kept", "against"),
}
CLAIM = Claim(
    recipes=("linguist", "linguist-arms", "more/linguist-cross", "more/linguist-spoken"),
    targets=(*(f"answer@answers-{arm}" for arm in ARMS), *(f"evaluate@{file}" for file, _ in WORDS.values())),
    pairs=pairs(NEW, " of the new intent", "test new") | pairs(CROSS, "", "test"),
    figures={
        "written for the other language, of 1200": ("linguist-cross-labelled", "rows_out"),
        "the same, last lessons in English": ("linguist-cross-labelled-english", "rows_out"),
        "written and kept": ("linguist-cross-kept", "rows_out"),
        "written utterances kept, of 480": ("linguist-kept", "rows_out"),
    }
    | {f"in the language: {name}": (file, "groups", "all", SPOKEN, side) for name, (file, side) in WORDS.items()},
)
