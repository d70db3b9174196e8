import json
from random import Random

import pytest

from baleen.errors import Problem
from pocket import measures, parts, records
from pocket.checker import check
from pocket.noise import NOISE, answer_to, document
from pocket.phrasing import INSTRUCTIONS, LISTS, RECORDS, SENTENCES, Spec, draw, instruct, parse, readings, variants
from pocket.world import CATEGORY, DAYS, FIELDS, KIND_OF, VALUES, World, build, stream

WORLDS = [0, 1, 2]


def cells(world: World, split: str) -> set[tuple[str, str]]:
    return {(task, name) for task, names in world.cells[split].items() for name in names}


def person(world: World) -> dict[str, str]:
    entity = world.entities[world.of_kind("person")[0]]
    return {"name": entity.name, "last": entity.name.split()[1], **entity.facts}


def truth(spec: Spec) -> str:
    return json.dumps({"world": 0, **spec.fields()})


def test_world_has_80_entities_and_440_cells() -> None:
    world = build(0)
    assert {kind: len(world.of_kind(kind)) for kind in FIELDS} == {"person": 24, "dish": 24, "town": 16, "club": 16}
    assert sum(len(names) for split in world.cells.values() for names in split.values()) == 440
    assert len(KIND_OF) == 21 and len(NOISE) == 8
    assert sum(share for share, _ in NOISE.values()) == pytest.approx(1)


@pytest.mark.parametrize("number", WORLDS)
def test_splits_are_disjoint_with_the_stated_shares(number: int) -> None:
    test, dev, train = (cells(build(number), split) for split in ("test", "dev", "train"))
    assert (len(test), len(dev), len(train)) == (132, 35, 273)
    assert not test & dev and not test & train and not dev & train


@pytest.mark.parametrize("number", WORLDS)
def test_no_word_means_two_things(number: int) -> None:
    words = [w for text in VALUES.values() for w in text.split()] + list(DAYS)
    made_up = [w for name in build(number).entities for w in name.split()] + list(build(number).values["river"])
    plain = [w for ways in INSTRUCTIONS.values() for way in ways for w in way.split()]
    plain += [w for kind in SENTENCES.values() for ways in kind.values() for way in ways for w in way.split()]
    assert len(words) == len(set(words))
    assert not (set(words) - set(DAYS)) & set(plain)
    assert not (set(made_up) - {"club"}) & {*words, *plain}


@pytest.mark.slow
@pytest.mark.parametrize("number", WORLDS)
def test_gold_pairs_pass_the_checker_and_parse_back(number: int) -> None:
    world, rng = build(number), Random(7)
    everything = sorted(cells(world, "test") | cells(world, "dev") | cells(world, "train"))
    for task, name in rng.choices(everything, k=4000):
        spec = draw(world, task, name, rng)
        instruction, response = instruct(spec, rng), answer_to(world, spec, rng)
        assert parse(world, instruction) == spec
        assert check(world, spec, response).ok, (instruction, response)


def test_no_two_specs_share_an_instruction() -> None:
    said = sum(len(ways) * sum(2 if spec.form else 1 for spec in variants(task)) for task, ways in INSTRUCTIONS.items())
    assert len(readings()) == said


@pytest.mark.parametrize("kind", [*NOISE, "clean"])
def test_only_clean_documents_are_mostly_right(kind: str) -> None:
    world = build(0)
    docs = [document(world, 0 if kind == "clean" else 1, stream("test", i)) for i in range(1500)]
    right = [check(world, doc.specs[0], doc.text).ok for doc in docs if doc.kind == kind]
    assert len(right) > 40
    assert all(right) if kind == "clean" else sum(right) / len(right) < 0.25


def test_noise_kinds_have_their_shares() -> None:
    kinds = [json.loads(row["truth"])["kind"] for row in records("web", 0, 4000)]
    shares = {"clean": 0.4} | {kind: 0.6 * share for kind, (share, _) in NOISE.items()}
    assert {kind: kinds.count(kind) / 4000 for kind in shares} == pytest.approx(shares, abs=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.6, 1.0])
def test_documents_are_made_of_train_cells_only(noise: float) -> None:
    world = build(0)
    held = cells(world, "test") | cells(world, "dev")
    for i in range(2000):
        for spec in document(world, noise, stream("test", i)).specs:
            assert (spec.task, spec.entity) not in held
            assert not spec.partner or (spec.task, spec.partner) not in held


@pytest.mark.slow
def test_prose_documents_and_pool_have_no_response_of_a_held_out_list_or_record() -> None:
    world, exact = build(0), set[str]()
    for task, name in cells(world, "test") | cells(world, "dev"):
        if task in LISTS or task in RECORDS:
            rng = stream("test", task, name)
            exact |= {answer_to(world, draw(world, task, name, rng), rng) for _ in range(30)}
    rows = [*records("prose", 0, 10000), *records("web", 0, 3000), *records("seed", 0, 3000)]
    assert not exact & {row["response"] for row in rows}


def test_seeds_are_train_cells_and_right() -> None:
    world = build(0)
    for row in records("seed", 0, 1000):
        spec = parse(world, row["instruction"])
        assert spec and (spec.task, spec.entity) in cells(world, "train")
        assert measures.good('{"world": 0}', row["instruction"], row["response"]) == 1.0


def test_heldout_asks_three_different_prompts_of_every_cell() -> None:
    world, rows = build(0), list(records("heldout", 0, 0))
    assert [row["split"] for row in rows] == ["test"] * 396 + ["dev"] * 105
    assert len({row["instruction"] for row in rows}) == 501
    for split in ("test", "dev"):
        asked = [json.loads(row["truth"]) for row in rows if row["split"] == split]
        assert {(spec["task"], spec["entity"]) for spec in asked} == cells(world, split)
    assert all(measures.ok(row["truth"], row["reference"]) == 1.0 for row in rows)
    assert all(measures.good(row["truth"], row["instruction"], row["reference"]) == 1.0 for row in rows)


@pytest.mark.parametrize("part", ["prose", "seed", "web"])
def test_more_rows_only_append(part: str) -> None:
    few, many = list(records(part, 0, 50)), list(records(part, 0, 80))
    assert len(few) == 50 and many[:50] == few
    assert list(records(part, 1, 50)) != few


def test_less_noise_leaves_clean_documents_as_they_were() -> None:
    low, high = (list(records("web", 0, 300, noise)) for noise in (0.2, 0.8))
    clean = [i for i, row in enumerate(high) if json.loads(row["truth"])["kind"] == "clean"]
    assert len(clean) > 30
    assert [low[i] for i in clean] == [high[i] for i in clean]


def test_a_world_is_the_same_on_every_machine() -> None:
    assert [next(records(part, 0, 1))["response"] for part in ("prose", "web", "seed")] == [
        "clara jorworth has a house in norrick . copyright all rights reserved . terms of use . privacy policy .",
        "we use cookies to improve your visit . accept all . on weekends grace quingo does singing .",
        "{ name : jormond club , monday : drama , wednesday : poetry , friday : astronomy }",
    ]


def test_texts_are_lower_case_words_with_single_spaces() -> None:
    rows = [*records("prose", 0, 3000), *records("web", 0, 1000), *records("heldout", 0, 0)]
    for text in (text for row in rows for key, text in row.items() if key in ("instruction", "response", "reference")):
        assert text == text.lower() == " ".join(word for word in text.split(" ") if word)
        assert all(word == "\n" or "\n" not in word for word in text.split(" "))


@pytest.mark.slow
def test_vocabulary_holds_every_word_and_has_about_443() -> None:
    words = parts.vocabulary(0)
    assert 435 <= len(words) <= 455 and "\n" in words
    rows = list(records("web", 0, 12000, 1.0))[9000:]
    assert {word for row in rows for word in row["response"].split(" ")} <= set(words)


BIO = "{name} is a {job} . this person likes {hobby} . home for this person is {town} . this person keeps a {pet} ."
HOWTO = (
    "how to make {s} : \n 1 . {verb1} the {ing1} \n 2 . {verb2} the {ing2} \n 3 . {verb3} the {ing3} "
    "\n cook for {minutes} minutes ."
)


# facts of the first person are filled in: {name}, {job}, {town}, {hobby}, {pet}
@pytest.mark.parametrize(
    ("task", "answer", "facts", "form", "clean"),
    [
        ("qa_pet", "{name} keeps a {pet} .", 1, 1, 1),
        ("qa_pet", "{name}  has a pet {pet} . ", 1, 1, 1),
        ("qa_pet", "{name} keeps a {other} .", 0, 1, 1),
        ("qa_pet", "{last} keeps a {pet} .", 0, 1, 0),
        ("qa_pet", "{name} keeps a {pet} . {name} is a {job} .", 0, 1, 0),
        ("qa_pet", "{name} keeps a {pet}", 1, 1, 0),
        ("qa_pet", "{name} keeps a {pet} . lol", 1, 1, 0),
        ("qa_pet", "keeps {name} a {pet} .", 1, 1, 0),
        ("qa_pet", "- {name} keeps a {pet} .", 1, 0, 0),
        ("qa_pet", "{name} keeps a {pet} . \n", 1, 0, 0),
        ("qa_pet", "", 0, 1, 0),
        ("bio", BIO, 1, 1, 1),
        ("bio", BIO.replace(" this person keeps a {pet} .", ""), 0, 1, 1),
        ("json_person", "{{ name : {name} , job : {job} , town : {town} , hobby : {hobby} , pet : {pet} }}", 1, 1, 1),
        ("json_person", "{{ name : {name} , job : {job} , town : {town} , hobby : {hobby} , pet : {pet}", 1, 0, 0),
        ("json_person", BIO, 1, 0, 1),
    ],
)
def test_answers_about_a_person(task: str, answer: str, facts: int, form: int, clean: int) -> None:
    told = person(build(0))
    other = "cat" if told["pet"] != "cat" else "dog"
    text = answer.format(**told, other=other)
    asked = truth(Spec(task, told["name"]))
    found = (
        measures.facts(asked, text),
        measures.format(asked, text),
        measures.clean(asked, text),
    )
    assert found == (facts, form, clean)
    assert measures.ok(asked, text) == float(facts and form and clean)


@pytest.mark.parametrize(
    ("task", "form", "answer", "right"),
    [
        ("list_ing", "bullet", "{s} : \n - {ing1} \n - {ing2} \n - {ing3} \n - {ing4}", "fmt facts clean"),
        ("list_ing", "bullet", "{s} : \n - {ing4} \n - {ing3} \n - {ing2} \n - {ing1}", "fmt facts clean"),
        ("list_ing", "bullet", "{s} : \n - {ing1} \n - {ing2} \n - {ing3}", "clean"),
        ("list_ing", "bullet", "{s} : \n 1 . {ing1} \n 2 . {ing2} \n 3 . {ing3} \n 4 . {ing4}", "facts clean"),
        ("list_ing", "bullet", "{s} : - {ing1} - {ing2} - {ing3} - {ing4}", "facts"),
        ("list_ing", "number", "{s} : \n 1 . {ing1} \n 3 . {ing2} \n 2 . {ing3} \n 4 . {ing4}", "facts clean"),
        ("list_ing", "comma", "{s} : {ing1} , {ing2} , {ing3} , {ing4} .", "fmt facts clean"),
        ("list_ing", "comma", "{s} : {ing1} , {ing2} , {ing3} , {ing4}", "fmt facts"),
        ("some_ing", "comma", "two things in {s} : {ing4} , {ing2} .", "fmt facts clean"),
        ("some_ing", "comma", "two things in {s} : {ing4} , {ing4} .", "fmt clean"),
        ("some_ing", "comma", "three things in {s} : {ing4} , {ing2} .", "fmt clean"),
        ("some_ing", "comma", "two things in {s} : {ing1} , {ing2} , {ing3} .", "clean"),
        ("howto", "", HOWTO, "fmt facts clean"),
        ("howto", "", HOWTO.replace("3}", "0}").replace("2}", "3}").replace("0}", "2}"), "fmt clean"),
        ("howto", "", HOWTO.rsplit(" \n ", 1)[0], "clean"),
    ],
)
def test_answers_about_a_dish(task: str, form: str, answer: str, right: str) -> None:
    dish = build(0).entities[build(0).of_kind("dish")[0]]
    asked = truth(Spec(task, dish.name, form=form, count=2 if task == "some_ing" else 0))
    text = answer.format(s=dish.name, **dish.facts)
    found = (
        measures.facts(asked, text),
        measures.format(asked, text),
        measures.clean(asked, text),
    )
    assert found == tuple(float(part in right) for part in ("facts", "fmt", "clean"))


def test_comparisons_may_say_both_only_when_both_are_equal() -> None:
    world = build(0)
    people = [world.entities[name] for name in world.of_kind("person")]
    pairs = [(a, b) for a in people for b in people if a.name != b.name]
    a, same = next((a, b) for a, b in pairs if a.facts["pet"] == b.facts["pet"])
    other = next(b for b in people if b.facts["pet"] != a.facts["pet"])
    for partner, right in ((same, 1.0), (other, 0.0)):
        text = f"both {a.name} and {partner.name} have a {a.facts['pet']} ."
        assert measures.ok(truth(Spec("cmp_pet", a.name, partner.name)), text) == right


def test_days_of_a_week_plan_keep_their_order() -> None:
    club = build(0).entities[build(0).of_kind("club")[0]]
    for days, right in ((DAYS, 1.0), (DAYS[::-1], 0.0)):
        text = " \n ".join([f"plan of the {club.name} :", *(f"- {day} {club.facts[day]}" for day in days)])
        assert measures.ok(truth(Spec("week", club.name, form="bullet")), text) == right


UNREAD = "|who is nobody ?|compare the pets of {name} and {name} .|who is {name} ? .|who is {last} ?"


@pytest.mark.parametrize("instruction", [*UNREAD.split("|"), "which river runs through {name} ?"])
def test_instructions_that_ask_for_nothing_known_are_not_read(instruction: str) -> None:
    told = person(build(0))
    text = instruction.format(**told)
    assert parse(build(0), text) is None
    assert measures.good('{"world": 0}', text, f"{told['name']} keeps a {told['pet']} .") == 0.0


def test_pairs_with_an_instruction_about_something_else_are_not_good() -> None:
    first, second = (build(0).entities[name] for name in build(0).of_kind("person")[:2])
    response = f"{first.name} keeps a {first.facts['pet']} ."
    asked = f"what pet does {first.name} have ?", f"what pet does {second.name} have ?", f"who is {first.name} ?"
    assert [measures.good('{"world": 0}', instruction, response) for instruction in asked] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("part", "rows", "noise", "says"),
    [("seeds", 9, 0.6, "did you mean 'seed'"), ("web", 9, 1.5, "from 0 to 1"), ("web", 0, 0.6, "rows: 3000")],
)
def test_wrong_options_are_problems(part: str, rows: int, noise: float, says: str) -> None:
    with pytest.raises(Problem, match=says):
        records(part, 0, rows, noise)


@pytest.mark.parametrize("text", ["", "3", "{}", '{"world": 0}', '{"world": 0, "kind": "clean"}'])
def test_a_truth_of_something_else_is_a_problem(text: str) -> None:
    with pytest.raises(Problem, match="cannot read truth"):
        measures.ok(text, "an answer .")


def test_every_field_has_values() -> None:
    fields = {CATEGORY.get(f, f.rstrip("1234")) for text in FIELDS.values() for f in text.split()}
    assert fields == {*VALUES, "town", "river"}
