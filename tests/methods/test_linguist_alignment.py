import pytest

from baleen.methods.linguist import aligned, labelled, model1, slots_of, token_ranges
from baleen.tables.rows import Row
from pocket import records
from pocket.linguist import in_tongue
from pocket.tongue import translate
from pocket.world import build


def rows(language: str, *pairs: tuple[str, str]) -> list[Row]:
    told = [labelled("english", "play music", tagged) | {"translation": said} for tagged, said in pairs]
    return [row | {"id": str(i), "into": language} for i, row in enumerate(told)]


GERMAN = [
    ("play [genre jazz ] on [day monday ]", "spiele jazz am montag"),
    ("play [genre rock ] on [day sunday ]", "spiele rock am sonntag"),
    ("[genre jazz ] on [day sunday ]", "jazz am sonntag"),
    ("play [genre folk music ]", "spiele folk musik"),
    ("play music", "spiele musik"),
]
CHINESE = [
    ("play [genre jazz ] on [day monday ]", "周一播放爵士"),
    ("play [genre rock ] on [day sunday ]", "周日播放摇滚"),
    ("[genre jazz ] on [day sunday ]", "周日爵士"),
    ("play [genre rock ]", "播放摇滚"),
    ("play on [day monday ]", "周一播放"),
]


def test_slots_go_where_their_words_went() -> None:
    made = [row["parse"].split("\n")[1] for row, reason in aligned(rows("german", *GERMAN)) if not reason]
    assert made[:3] == [
        "spiele [genre jazz ] am [day montag ]",
        "spiele [genre rock ] am [day sonntag ]",
        "[genre jazz ] am [day sonntag ]",
    ]


def test_scripts_without_spaces_are_aligned_by_character() -> None:
    made = {
        row["utterance"]: row["parse"].split("\n")[1] for row, reason in aligned(rows("中文", *CHINESE)) if not reason
    }
    assert made and all(row["language"] == "中文" for row, reason in aligned(rows("中文", *CHINESE)) if not reason)
    assert all("[genre " in tagged or "[day " in tagged for tagged in made.values())


def test_a_slot_whose_words_are_lost_leaves_its_row() -> None:
    (row, reason), *_ = aligned(rows("german", ("play [genre jazz ] on [day monday ]", ""), *GERMAN))
    assert reason == "a slot is not aligned to one span" and row["utterance"] == "play jazz on monday"


@pytest.mark.parametrize("odd", ["spiele [jazz] am montag", "] [", "["])
def test_brackets_in_a_translation_never_become_slots(odd: str) -> None:
    found = [row for row, reason in aligned(rows("german", ("play [genre jazz ]", odd), *GERMAN)) if not reason]
    assert odd not in [row["utterance"] for row in found]


def test_a_word_is_likeliest_given_the_word_it_always_stands_with() -> None:
    likely = model1([(["a", "b"], ["x", "y"]), (["a"], ["x"]), (["b"], ["y"])])
    assert likely["a", "x"] > 0.8 and likely["b", "y"] > 0.8 and likely["a", "y"] < 0.2


def test_the_tokens_of_a_span_are_counted_in_the_plain_text() -> None:
    assert token_ranges("play [genre folk music ] on [day 周一 ]") == [("genre", 1, 3), ("day", 4, 6)]


@pytest.mark.slow
def test_perfect_translations_of_the_pocket_world_are_mostly_aligned_rightly() -> None:
    world = build(0)
    known = [row | {"id": str(i)} for i, row in enumerate(records("linguist.known", 0, 300))]
    made = aligned([row | {"translation": translate(world, row["utterance"])} for row in known])
    found = [(row, slots_of(in_tongue(world, own))) for own, (row, why) in zip(known, made, strict=True) if not why]
    assert len(found) > 200
    assert sum(set(slots_of(row)) == set(gold) for row, gold in found) > 0.8 * len(found)
