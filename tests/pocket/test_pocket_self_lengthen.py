"""Long texts of the pocket world: true, of train cells, lessons short, held-out subjects never asked for."""

import json

import pytest

from baleen.measures.expressions import MEASURES
from baleen.methods.self_lengthen import flaw, length_score
from pocket import records, self_lengthen
from pocket.world import build

WORLD = build(0)
LESSONS = list(records("self_lengthen.lessons", 0, 800))
TASKS = list(records("self_lengthen.tasks", 0, 400))
HELDOUT = list(records("self_lengthen.heldout", 0, 200))
TRUTH = json.dumps({"world": 0})


def lines(text: str) -> int:
    return len(text.split("\n"))


def test_answers_have_two_or_three_lines_and_extensions_one_or_two_more_than_their_outline() -> None:
    answers = [row for row in LESSONS if row["prompt"] == "reply"]
    extensions = [row for row in LESSONS if row["prompt"] == "extend"]
    assert {lines(row["response"]) for row in answers} == {2, 3} and len(answers) > 200
    assert {lines(row["longer"]) - lines(row["outline"]) for row in extensions} == {1, 2} and len(extensions) > 300
    assert max(lines(row["longer"]) for row in extensions) == 5


def test_an_extension_holds_its_outline_in_order() -> None:
    for row in LESSONS:
        if row["prompt"] == "extend":
            whole = iter(row["longer"].split(" \n "))
            assert all(line in whole for line in row["outline"].split(" \n "))


def test_every_sentence_is_true_and_of_a_train_cell() -> None:
    truths = self_lengthen.truths(0)
    for row in LESSONS:
        for sentence in (
            self_lengthen.sentences(f"{row['longer']} \n {row['response']}") if row["prompt"] != "text" else []
        ):
            name, topic = truths[sentence]
            task = self_lengthen.CELLS[WORLD.entities[name].kind][topic]
            assert name in WORLD.cells["train"][task]


def test_lessons_and_requests_are_on_train_subjects_and_held_out_ones_on_others() -> None:
    train = set(self_lengthen.subjects(WORLD, "train"))
    others = {*self_lengthen.subjects(WORLD, "test"), *self_lengthen.subjects(WORLD, "dev")}
    asked = [row["instruction"] for row in LESSONS + TASKS]
    assert not train & others and not any(name in text for text in asked for name in others - {""})
    assert all(any(name in row["instruction"] for name in others) for row in HELDOUT)
    assert {row["split"] for row in HELDOUT} == {"test", "dev"}


def test_no_request_is_asked_twice() -> None:
    assert len({row["instruction"] for row in TASKS}) == len(TASKS) > 300
    assert len({row["instruction"] for row in HELDOUT}) == len(HELDOUT)


def test_held_out_texts_are_true_whole_and_longer_than_what_is_taught() -> None:
    shares = [MEASURES["pocket.true"](row["truth"], row["response"]) for row in HELDOUT]
    assert set(shares) == {1.0} and max(lines(row["response"]) for row in HELDOUT) == 8
    assert all(not flaw(row["response"]) for row in HELDOUT)


def test_demands_in_lessons_hold_for_their_answers() -> None:
    asked = [row for row in LESSONS if "words" in row["instruction"]]
    assert len(asked) > 50 and length_score("range 10 50", asked[0]["response"]) == 1.0


def test_pages_of_numbers_have_the_words_of_every_demand() -> None:
    said = " ".join(row["response"] for row in LESSONS if row["prompt"] == "text").split()
    assert {"Write", "about", "between", "over", "under", "200", "words."} <= set(said)


def test_more_rows_append() -> None:
    assert list(records("self_lengthen.lessons", 0, 50)) == LESSONS[:50]


PERSON = next(e for e in WORLD.entities.values() if e.kind == "person")
RIGHT = f"{PERSON.name} works as a {PERSON.facts['job']} ."
WRONG = f"{PERSON.name} works as a tortoise ."


@pytest.mark.parametrize(
    ("text", "share", "told"),
    [
        (RIGHT, 1.0, 1),
        (f"{RIGHT} \n {RIGHT}", 1.0, 1),
        (f"{RIGHT} \n {WRONG}", 0.5, 1),
        (f"{RIGHT} {WRONG}", 0.5, 1),
        (f"{RIGHT[:-2]}", 0.0, 0),
        (f"{RIGHT}\n{PERSON.name} keeps a {PERSON.facts['pet']} .", 1.0, 2),
        (f"  {RIGHT}  \n\n", 1.0, 1),
        (WRONG, 0.0, 0),
        ("", 0.0, 0),
        (f"{RIGHT} …", 0.5, 1),
        ("一句话。", 0.0, 0),
    ],
)
def test_truth_is_counted_by_the_sentence(text: str, share: float, told: int) -> None:
    assert (MEASURES["pocket.true"](TRUTH, text), MEASURES["pocket.told"](TRUTH, text)) == (share, told)
