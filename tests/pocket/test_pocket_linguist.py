import pytest

from baleen.methods.linguist import parsed, slots_of
from baleen.methods.linguist_tags import untagged
from baleen.tables.rows import Row
from pocket import records
from pocket.linguist import FEW, invented, novel, values
from pocket.utterances import INTENTS, OPEN
from pocket.world import build, stream

WORLDS = [0, 1, 2]
PARTS = (
    "linguist.known",
    "linguist.known_abroad",
    "linguist.few",
    "linguist.heldout",
    "linguist.heldout_abroad",
    "linguist.lessons",
    "linguist.lessons_abroad",
    "linguist.pages",
    "linguist.translations",
)


def part(name: str, number: int = 0, rows: int = 300) -> list[Row]:
    return list(records(name, number, rows))


@pytest.mark.parametrize("name", PARTS)
def test_more_rows_append_and_all_rows_have_the_same_columns(name: str) -> None:
    some, more = part(name, rows=10), part(name, rows=15)
    assert more[:10] == some and len({frozenset(row) for row in more}) == 1


def test_seven_worlds_take_turns_at_the_new_intent() -> None:
    assert {novel(build(number)) for number in range(7)} == set(INTENTS)


@pytest.mark.parametrize("number", WORLDS)
def test_the_new_intent_is_in_the_few_examples_and_in_no_other_lesson(number: int) -> None:
    new = novel(build(number))
    few = part("linguist.few", number, FEW)
    assert {row["intent"] for row in few} == {new} and len({row["utterance"] for row in few}) == FEW
    assert {row["intent"] for row in part("linguist.known", number)} == set(INTENTS) - {new}


@pytest.mark.slow
@pytest.mark.parametrize("number", WORLDS)
def test_heldout_values_and_wordings_are_in_nothing_that_is_learned(number: int) -> None:
    learned = [*part("linguist.known", number), *part("linguist.few", number, FEW)]
    heldout = part("linguist.heldout", number)
    assert not {row["cell"] for row in learned} & {row["cell"] for row in heldout}
    held = {value for label in OPEN for split in ("test", "dev") for value in values(number, label, split)}
    taught = ("linguist.lessons", "linguist.lessons_abroad", "linguist.pages", "linguist.translations")
    said = [str(row) for name in taught for row in part(name, number)]
    assert not {value for row in learned for _, value in slots_of(row)} & held
    assert not {value for value in held if " " in value and any(value in text for text in said)}
    assert any({value for _, value in slots_of(row)} & held for row in heldout)


@pytest.mark.parametrize("number", WORLDS)
def test_values_of_a_label_are_in_one_split_only(number: int) -> None:
    for label in OPEN:
        train, test, dev = (set(values(number, label, split)) for split in ("train", "test", "dev"))
        assert not train & test and not train & dev and not test & dev and min(map(len, (train, test, dev))) >= 1


@pytest.mark.parametrize("name", ["linguist.known", "linguist.few", "linguist.heldout", "linguist.heldout_abroad"])
def test_columns_of_a_labelled_utterance_agree(name: str) -> None:
    for row in part(name, rows=50):
        found = parsed(row["parse"])
        assert found == (row["intent"], slots_of(row)) and untagged(row["parse"].split("\n")[1]) == row["utterance"]


@pytest.mark.slow
def test_every_word_of_an_utterance_is_in_the_pages() -> None:
    known = {word for row in part("linguist.pages", rows=2000) for word in row["response"].split()}
    heard = part("linguist.known", rows=600) + part("linguist.heldout_abroad", rows=600)
    said = {word for row in heard for word in row["parse"].split()}
    assert said <= known | {"\n"} | {word for name in build(0).entities for word in name.split()}


def test_no_wording_can_be_read_as_two_intents() -> None:
    seen = dict[str, str]()
    for row in part("linguist.heldout", rows=800) + part("linguist.known", rows=800):
        assert seen.setdefault(row["utterance"], row["intent"]) == row["intent"]


def test_made_up_intents_differ_and_none_is_a_real_one() -> None:
    made = [invented(stream("made up", i)) for i in range(500)]
    assert len({tuple(patterns) for _, patterns in made}) == 500
    assert not {pattern for _, patterns in made for pattern in patterns} & {p for own in INTENTS.values() for p in own}
