import pytest

from pocket import records
from pocket.tongue import (
    PREPOSITIONS,
    SYNONYMS,
    common_words,
    dictionary,
    synonyms_of,
    tongue_word,
    translate,
    translate_back,
)
from pocket.world import World, build, stream

WORLDS = [0, 1, 2]


def texts(world: World) -> list[str]:
    asked = [row["instruction"] for row in records("seed", world.number, 200)]
    answers = [row["response"] for row in records("seed", world.number, 200)]
    return [*asked, *answers, *(row["utterance"] for row in records("linguist.known", world.number, 200))]


@pytest.mark.parametrize("number", WORLDS)
def test_every_common_word_has_a_word_of_its_own_that_is_no_other_word(number: int) -> None:
    world, heads = build(number), {synonyms_of(word)[0] for word in common_words(number)}
    assert len({tongue_word(word) for word in heads}) == len(heads)
    names = {word for name in world.entities for word in name.split()}
    assert not {tongue_word(word) for word in heads} & (names | common_words(number) | set(world.values["river"]))


def test_no_word_is_in_two_groups_of_synonyms() -> None:
    words = [word for group in SYNONYMS for word in group.split()]
    assert len(words) == len(set(words)) and not set(words) & PREPOSITIONS


@pytest.mark.parametrize("number", WORLDS)
def test_translating_there_and_back_gives_the_same_words_or_synonyms_in_the_same_order(number: int) -> None:
    world = build(number)
    for text in texts(world):
        again = translate_back(world, translate(world, text), stream("back", text))
        assert [synonyms_of(word) for word in again.split(" ")] == [synonyms_of(word) for word in text.split(" ")]


def test_a_round_trip_rewords() -> None:
    world = build(0)
    said = "please book a table for two people"
    heard = {translate_back(world, translate(world, said), stream("round trip", i)) for i in range(50)}
    assert len(heard) > 5 and "kindly reserve a desk for two guests" in heard


def test_names_and_figures_stay_and_prepositions_end_their_phrase() -> None:
    world = build(0)
    club, person = world.of_kind("club")[0], world.of_kind("person")[0]
    told = translate(world, f"add {person} to the {club} on monday , 3 times")
    head, _, rest = told.partition(" , ")
    words = [tongue_word(word) for word in ("monday", "on", "the", "to", "add")]
    assert head == f"{words[0]} {words[1]} {words[2]} {club} {words[3]} {words[4]} {person}"
    assert rest.startswith("3 ")


def test_translation_leaves_no_common_word_untranslated() -> None:
    world = build(0)
    left = {word for text in texts(world) for word in world.lexer.findall(translate(world, text))} & common_words(0)
    assert left == set()


def test_the_dictionary_gives_the_whole_group_of_synonyms() -> None:
    assert dictionary(0)[tongue_word("call")] == ("call", "ring", "phone")
    assert dictionary(0)[tongue_word("monday")] == ("monday",)


@pytest.mark.parametrize("text", ["", "in", "on monday", "list :\n- a\n- b", "for in on", "? !"])
def test_odd_texts_survive(text: str) -> None:
    world = build(0)
    again = translate_back(world, translate(world, text), stream("odd"))
    assert [synonyms_of(w) for w in again.split()] == [
        synonyms_of(w) for w in " ".join(world.lexer.findall(text)).split()
    ]
