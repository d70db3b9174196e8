"""Pivots: the two made languages, what is lost in them, and how the next round trips are shared out."""

from collections import Counter
from itertools import islice, pairwise

import pytest

from baleen.methods.round_trip import allot, route_gains
from baleen.tables.rows import Row
from pocket import records, round_trip
from pocket.phrasing import parse, readings
from pocket.round_trip import NEAR, PIVOTS, canonical, into, pivot_word, reworded, synonyms_of, vocabulary
from pocket.world import build, stream


def test_no_word_is_in_two_groups_and_no_fact_in_any() -> None:
    words = [word for group in NEAR for word in group.split()]
    assert len(words) == len(set(words)) and not set(words) & set(build(0).category)


def test_synonyms_never_make_one_instruction_of_two() -> None:
    found: dict[tuple[str, str], object] = {}
    for (kind, said), spec in readings().items():
        assert found.setdefault((kind, canonical(said)), spec) == spec


def test_the_near_language_keeps_what_the_far_one_confuses() -> None:
    near, far = PIVOTS["qaa"], PIVOTS["qab"]
    assert pivot_word("job", near) == pivot_word("profession", near) != pivot_word("hobby", near)
    assert pivot_word("job", far) == pivot_word("hobby", far)
    assert len(vocabulary("qab")) < len(vocabulary("qaa")) and not vocabulary("qaa") & vocabulary("qab")


def test_the_far_language_says_clauses_backwards_without_articles() -> None:
    world = build(0)
    words = [pivot_word(word, PIVOTS["qab"]) for word in ("of", "job", "is", "what")]
    assert into(world, "what is the job of jack dorra ?", "qab") == " ".join(["jack dorra", *words, "?"])


def test_marks_names_and_figures_stay() -> None:
    world = build(0)
    for code in PIVOTS:
        assert {"jack dorra", "⟦1⟧", "3"} <= set(world.lexer.findall(into(world, "tell jack dorra 3 , ⟦1⟧ .", code)))


def test_other_words_mean_the_same() -> None:
    world = build(0)
    said = "tell me the job of jack dorra ."
    told = {reworded(world, said, stream("reworded", i)) for i in range(30)}
    assert len(told) == 6 and {canonical(text) for text in told} == {canonical(said)}


@pytest.mark.slow
def test_lessons_hold_what_their_prompts_read_and_no_test_cell() -> None:
    world = build(0)
    held = world.cells["test"]["qa_job"]
    rows = list(islice(records("round_trip.lessons", 0, 2000), 2000))
    assert Counter(row["prompt"] for row in rows).keys() == {"to", "from"}
    assert all(row["masked"] and row["abroad"] and row["back"] for row in rows)
    asked = [row["masked"] for row in rows if {"job", "profession", "occupation"} & set(row["masked"].split())]
    assert asked and not any(f"of {name} " in text for text in asked for name in held)


def test_pages_hold_every_word_that_lessons_use() -> None:
    pages = {word for row in records("round_trip.pages", 0, 400) for word in row["response"].split(" ")}
    columns = ("masked", "abroad", "back")
    lessons = {w for row in records("round_trip.lessons", 0, 300) for c in columns for w in row[c].split(" ")}
    names = {word for name in build(0).entities for word in name.split()}
    assert not {word for word in lessons - pages - names if word.isalpha()} - set(build(0).values["river"])


def test_every_held_out_prompt_has_another_wording_that_means_the_same() -> None:
    rows = list(records("round_trip.heldout_reworded", 0, 0))
    assert [row["instruction"] for row in rows] == [row["instruction"] for row in records("heldout", 0, 0)]
    assert all(row["reworded"] != row["instruction"] for row in rows)
    assert all(round_trip.spoken(row["abroad"], "qaa") == 1 for row in rows)
    assert all(round_trip.means(row["truth"], row["reworded"]) for row in rows)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("jack dorra is a baker .", "by trade jack dorra is a baker .", 1.0),
        ("jack dorra is a baker .", "jack dorra is a nurse .", 0.0),
        ("jack dorra is a baker", "", 0.0),
        ("", "", 1.0),
    ],
)
def test_two_answers_tell_the_same_when_their_facts_are_the_same(a: str, b: str, same: float) -> None:
    truth = next(records("heldout", 0, 0))["truth"]
    assert round_trip.agree(truth, a, b) == same


def kept_row(route: str, parent: str, text: str) -> Row:
    own = {
        "id": f"{route}{parent}{text}",
        "route": route,
        "pivot": route.split()[-1],
        "parent": parent,
        "sent": "a b c d",
    }
    return own | {"original": "a b c d", "instruction": text, "masked": text, "spans": []}


def test_the_next_trips_go_where_the_last_ones_paid() -> None:
    table = [kept_row("es", str(i), "a b x y") for i in range(60)] + [
        kept_row("zh", str(i), "a b c x") for i in range(40)
    ]
    assert route_gains(table) == {"es": 30.0, "zh": 10.0}
    told = allot(table)
    sent = [row for row, reason in told if not reason]
    assert len(told) == 100 and [reason for _, reason in told].count("same original") == 40
    routes = Counter(row["pivot"] for row in sent)
    assert routes["es"] > routes["zh"] > 0 and len({row["id"] for row in sent}) == 60
    assert all(row["masked"] == row["sent"] and row["instruction"] == row["original"] for row in sent)


def test_routes_of_two_hops_are_not_taken_again() -> None:
    assert {row["pivot"] for row, _ in allot([kept_row("es zh", "1", "x y z w"), kept_row("es", "1", "a b c x")])} >= {
        "es"
    }
    assert [reason for _, reason in allot([kept_row("es zh", "1", "x y z w")])] == ["same original"]


def test_the_vocabulary_of_a_world_is_that_of_all() -> None:
    assert {synonyms_of(word)[0] for word in round_trip.translatable(0)} == {
        synonyms_of(word)[0] for word in round_trip.translatable(1)
    }


def test_other_words_for_a_seed_ask_the_same_and_another_seed_does_not() -> None:
    rows = list(records("seed", 0, 60))
    world, rng = build(0), stream("asks the same")
    for row, other in pairwise(rows):
        said = row["instruction"]
        assert round_trip.asks_the_same(said, reworded(world, said, rng)) == 1.0
        same = parse(world, said) == parse(world, other["instruction"])
        assert round_trip.asks_the_same(said, other["instruction"]) == float(same)
    assert round_trip.asks_the_same("hello", "hello") == 0.0
