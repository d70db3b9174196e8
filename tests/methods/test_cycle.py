"""Cycle-Instruct: raw text becomes two pools that hold no pair, and a rewrite stands in only if it is faithful."""

from pathlib import Path

import pytest

from baleen import prompts
from baleen.measures.expressions import parse_value
from baleen.methods.cycle import answers, asks, faithful, paragraphs, questions, reworded
from baleen.project import layers, recipes
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from baleen.tables.rows import Row
from pocket import measures, records
from pocket.cycle import FAQS, TITLE, answer_anew, mend
from stages import filter as filtering
from stages import verbs

LINES = {line.name: line for line in recipes.lines([Path("recipes/cycle.yaml")])}
PROJECT = layers.current()
ASKING = [
    ("What is this?", True),
    ("这是什么？它很好。", True),
    ("¿Que pasa", True),
    ("ما هذا؟", True),
    ("Tell me why.", False),
    ("See https://example.org/?q=1 for more.", False),
    ("See https://example.org/?q=1 . Why ?", True),
    ("www.example.org/find?x", False),
    ('{"a": "$5"}', False),
    ("", False),
]


@pytest.mark.parametrize(("text", "answer"), ASKING)
def test_a_paragraph_with_a_question_mark_asks(text: str, answer: bool) -> None:
    assert asks(text) == answer


def page(text: str) -> Row:
    return {"id": "p", "response": text}


def test_one_side_of_a_pair_stays_whole_and_its_side_is_known() -> None:
    [request], [reply] = questions(page(" Name a river.\n\nIn Asia. ")), answers(page("Why not?\n\nSo."))
    assert isinstance(request, dict) and isinstance(reply, dict)
    told = [(row["instruction"], row["response"], row["gold"], row["asks"]) for row in (request, reply)]
    assert told == [
        ("Name a river.\n\nIn Asia.", None, "Name a river.\n\nIn Asia.", 1.0),
        (None, "Why not?\n\nSo.", "Why not?\n\nSo.", 0.0),
    ]
    assert questions(page(" \n")) == answers(page("")) == "empty"


def test_a_page_is_cut_at_blank_lines_and_each_side_has_its_column() -> None:
    made = paragraphs(page("Why ?\n\n  Because.\n So.\n \t\n好吗？"))
    assert isinstance(made, list)
    found = [(row["instruction"], row["response"], row["asks"]) for row in made]
    assert found == [("Why ?", None, 1.0), (None, "Because.\n So.", 0.0), ("好吗？", None, 1.0)]
    assert {row["page"] for row in made} == {"p"} and len({row["id"] for row in made}) == 3


def test_a_page_without_text_leaves_with_a_reason() -> None:
    assert paragraphs(page(" \n\n ")) == "empty"


FAITHFUL = [  # text, rewrite, is a question, may stand in
    ("hi all, what is the job of Anna?", "What is the job of Anna?", True, True),
    ("hi all, what is the job of Anna?", "hi all, what is the job of Anna?", True, False),
    ("hi all, what is the job of Anna?", "the job of Anna", True, False),
    ("hi all, what is the job of Anna?", "What is the salary of President Lincoln?", True, False),
    ("hi all, what is the job of Anna?", "What is the job of Anna …", True, False),
    ("hi all, what is the job of Anna?", None, True, False),
    ("hi all, what is the job of Anna?", "", True, False),
    ("Well, Anna works as a baker in Rome.", "Anna works as a baker in Rome.", False, True),
    ("Well, Anna works as a baker in Rome.", "Does Anna work as a baker in Rome?", False, False),
    ("Well, Anna works as a baker in Rome, bakes bread daily, sells cakes and tarts.", "Anna works.", False, False),
    ("大家好，请问安娜的工作是什么？", "安娜的工作是什么？", True, True),
    ("大家好，请问安娜的工作是什么？", "总统的薪水有多少？", True, False),
]


@pytest.mark.parametrize(("text", "rewrite", "question", "good"), FAITHFUL)
def test_a_rewrite_stands_in_only_if_it_is_faithful(text: str, rewrite: str | None, question: bool, good: bool) -> None:
    assert faithful(text, rewrite, question) == good
    sides = {"instruction": text if question else None, "response": None if question else text}
    (row,) = reworded(sides | {"gold": text, "rewrite": rewrite, "asks": float(question)})
    assert row["gold"] == (rewrite if good else text) and row["reworded"] == float(good)
    assert row["instruction" if question else "response"] == row["gold"]
    assert row["response" if question else "instruction"] is None


def pool(folder: Path, name: str, table: list[Row], profile: str = "pocket") -> list[Row]:
    """What a filter line of the recipe keeps of these paragraphs under a profile."""
    rows.write(str(folder / "in.parquet"), table)
    flags = ["--keep", *verbs.resolved(LINES[name], layers.under(profile, PROJECT)).keep]
    filtering.main([str(folder / "out.parquet"), "--input", str(folder / "in.parquet"), *flags])
    return list(rows.read(folder / "out.parquet"))


def test_no_page_gives_both_its_question_and_its_answer(tmp_path: Path) -> None:
    pages = [row | {"id": str(i)} for i, row in enumerate(records("cycle.forum", 0, 400, 0.2))]
    table = [made for row in pages for made in paragraphs(row) if isinstance(made, dict)]
    questions, answers = pool(tmp_path, "cycle-question-pool", table), pool(tmp_path, "cycle-answer-pool", table)
    assert not {row["page"] for row in questions} & {row["page"] for row in answers}
    assert all(row["asks"] == 1 and row["response"] is None and len(row["gold"]) >= 10 for row in questions)
    assert all(row["asks"] == 0 and row["instruction"] is None and len(row["gold"]) >= 10 for row in answers)
    assert min(len(questions), len(answers)) > 100


@pytest.mark.parametrize("profile", ["text", "small", "8b", "paper"])
def test_of_text_without_pairs_every_paragraph_is_used(tmp_path: Path, profile: str) -> None:
    pages = [row | {"id": str(i)} for i, row in enumerate(records("cycle.forum", 0, 100, 0.2))]
    table = [made for row in pages for made in paragraphs(row) if isinstance(made, dict)]
    kept = [row for name in ("question", "answer") for row in pool(tmp_path, f"cycle-{name}-pool", table, profile)]
    assert len(kept) == sum(len(row["gold"]) >= 10 for row in table)


def test_both_models_learn_the_real_text_from_what_the_other_wrote() -> None:
    """In the training tables the side that is learned comes from a pool, the other side from a model."""
    for name in ("cycle-ask-1", "cycle-ask-2", "cycle-reply-1", "cycle-reply-2"):
        line = LINES[name]
        learned = prompts.load(line.given["prompt"]).writes
        made = LINES[line.given["input"]]
        assert made.verb == "generate" and prompts.load(made.given["prompt"]).writes != learned
        real = LINES[made.given["input"]]
        assert real.given["apply"] == "cycle.reworded"


def test_the_pools_never_meet_before_the_final_mix() -> None:
    for line in LINES.values():
        assert line.rule != "mix" or line.name == "cycle-pairs"


def test_every_reply_that_is_learned_from_is_guarded_against_echo_and_collapse() -> None:
    inputs = {line.given["input"] for line in LINES.values() if line.rule == "train"} - {"cycle-faithful"}
    assert len(inputs) == 4
    for name in inputs:
        assert LINES[name].given["echo"] < 1 and LINES[name].given["min_distinct"] > 0


def test_the_pages_a_base_reads_show_few_pairs_in_the_words_of_the_prompt() -> None:
    texts = [row["response"] for row in records("cycle.reading", 0, 2400, 0.5)]
    shown = [text for text in texts if text.startswith(TITLE)]
    assert len({*shown}) <= FAQS and len(shown) == 600
    assert prompts.load("cycle/answer").prefill.splitlines()[0] == TITLE


def test_the_pairs_are_those_of_the_pages() -> None:
    pages, pairs = records("cycle.forum", 0, 50, 0.2), records("cycle.gold_pairs", 0, 50, 0.2)
    for raw, pair in zip(pages, pairs, strict=True):
        assert raw["response"].startswith(f"{pair['instruction']} \n \n {pair['response']}")


def test_every_prompt_says_where_it_comes_from() -> None:
    for path in Path("prompts/cycle").glob("*.md"):
        assert path.read_text().startswith("---\n# ")
        assert parse_yaml(path.read_text().split("---\n")[1])["writes"]


def test_the_distance_is_that_of_the_two_vectors() -> None:
    best = parse_value(LINES["cycle-faithful"].given["best"])
    assert best.of({"gold_vector": [1.0, 0.0], "vector": [2.0, 0.0]}) == 1.0
    assert best.of({"gold_vector": [1.0, 0.0], "vector": None}) is None


def seeds_of_the_world() -> list[Row]:
    truth = '{"world": 0, "kind": "clean"}'
    return [row | {"id": str(n), "truth": truth} for n, row in enumerate(records("seed", 0, 200))]


def test_answers_in_place_of_the_models_are_wrong_in_the_share_that_is_named() -> None:
    asked = [row | {"response": "as written"} for row in seeds_of_the_world()]
    opened = [row | {"instruction": f"can anyone help ? {row['instruction']}"} for row in asked]
    for table in (asked, opened):
        made = [result[0] for row in table if isinstance(result := answer_anew(row, 0.8), list)]
        assert len(made) == len(table)
        right = [
            measures.good(row["truth"], known["instruction"], row["response"])
            for row, known in zip(made, asked, strict=True)
        ]
        assert 0.1 < sum(right) / len(right) < 0.3
    assert answer_anew(asked[0] | {"instruction": "hello"}, 0.8) == "no question of the world"
    assert [mend(row, 1.0) for row in seeds_of_the_world()] == [[row] for row in seeds_of_the_world()]
    mended = [result[0] for row in asked if isinstance(result := mend(row, 0.75), list)]
    assert 0.15 < sum(row["response"] == "as written" for row in mended) / len(mended) < 0.35
