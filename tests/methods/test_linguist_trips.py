"""Round trips of labelled utterances: values are drawn, hidden from the translator, and put back in their places."""

import pytest

from baleen.methods.linguist import labelled
from baleen.methods.linguist_trips import REFILLED, hidden, refilled, restored
from baleen.tables.rows import Row

PLAY = labelled("English", "PlayMusic", "play [genre jazz ] by [artist miles davis ] on [genre monday ]")
TABLE = [
    {"id": "a"} | PLAY,
    {"id": "b"} | labelled("English", "PlayMusic", "i want [artist queen ]"),
    {"id": "c"} | labelled("English", "Stop", "stop it"),
]


def test_copies_have_other_values_of_the_same_labels_and_the_first_its_own() -> None:
    rows = [row for row, reason in refilled(TABLE) if not reason]
    assert len(rows) == len({row["id"] for row in rows}) == 3 * REFILLED
    own = [row for row in rows if row["parent"] == "a"]
    assert own[0]["parse"] == PLAY["parse"]
    artists = {slot for row in own for slot in row["slots"] if slot.startswith("artist=")}
    assert artists == {"artist=miles davis", "artist=queen"}
    assert all(row["utterance"] == "stop it" for row in rows if row["intent"] == "Stop")


def sent() -> Row:
    (row,) = hidden(TABLE[0])
    return row


def test_the_translator_sees_no_value() -> None:
    assert sent()["masked"] == "play ⟦1⟧ by ⟦2⟧ on ⟦3⟧"


@pytest.mark.parametrize(
    ("back", "tagged"),
    [
        ("on ⟦3⟧ put ⟦1⟧ of ⟦2⟧ .", "on [genre monday ] put [genre jazz ] of [artist miles davis ] ."),
        ("put  ⟦ 1 ⟧ of ⟦2⟧ on\n⟦3⟧", "put [genre jazz ] of [artist miles davis ] on [genre monday ]"),
    ],
)
def test_values_come_back_in_place_of_their_marks_in_any_order(back: str, tagged: str) -> None:
    (row,) = restored(sent() | {"back": back})
    assert row["parse"] == f"PlayMusic\n{tagged}" and "⟦" not in row["utterance"]
    assert sorted(row["slots"]) == sorted(PLAY["slots"])


@pytest.mark.parametrize(
    ("back", "reason"),
    [
        ("Play ⟦1⟧ by ⟦2⟧ on ⟦3⟧", "came back unchanged"),
        ("put ⟦1⟧ on ⟦3⟧", "a slot is lost"),
        ("put ⟦1⟧ ⟦1⟧ of ⟦2⟧ on ⟦3⟧", "a slot is lost"),
        ("put ⟦1⟧ of [2] ⟦2⟧ on ⟦3⟧", "a slot is lost"),
        ("", "a slot is lost"),
    ],
)
def test_a_trip_that_loses_a_slot_or_changes_nothing_leaves(back: str, reason: str) -> None:
    assert restored(sent() | {"back": back}) == reason
