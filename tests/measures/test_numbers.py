"""A project's numbers: one table with intervals and one sentence, by a rule that no figure can bend."""

import json
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from baleen.commands import new
from baleen.measures import numbers, numbers_text
from baleen.measures.evaluation import Design, evaluation, side
from baleen.measures.expressions import parse_value
from baleen.measures.figures import Arm, Figure
from baleen.measures.numbers import Numbers

CORPUS = new.Own("data/raw/documents", {"columns": {"response": "text"}})
SEEDS = new.Own("data/raw/seeds.jsonl", {"columns": {"instruction": "question", "response": "answer"}})
ROWS = 40


def write_json(path: str, value: Any) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(json.dumps(value), encoding="utf-8")


def table(loss: float, rows: int = ROWS) -> list[dict[str, Any]]:
    return [
        {"id": str(n), "loss": loss + n % 5 / 100 + loss * (n % 3) / 50, "answer": "some words"} for n in range(rows)
    ]


def build(losses: dict[str, float], rows: int = ROWS, steps: dict[str, int] | None = None, dev: float = 0.0) -> None:
    """What the evaluations of these models would have written."""
    design = Design([parse_value("loss")], "", "id", [], 0, dev=dev)
    lines = {line.name: line for line in numbers.recipes.lines(numbers.recipes.files())}
    for line in lines.values():
        if line.verb == "evaluate" and line.given.get("settings") == "losses":
            sides = [line.given[side].removeprefix("loss-") for side in ("input", "against")]
            if all(side in losses for side in sides):
                mine, theirs = (table(losses[side], rows) for side in sides)
                write_json(f"data/{line.name}.json", evaluation(mine, theirs, design))
    for name in losses:
        write_json(f"models/{name}.json", {"examples": 100, "steps": (steps or {}).get(name, 50), "batch": 8})


def project(at: Path, method: str, profile: str = "text") -> Path:
    new.on_own_data(at, [method], profile, CORPUS, SEEDS)
    return at


@pytest.fixture(scope="module")
def humpback(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("numbers") / "humpback", "humpback")


def numbers_of(folder: Path, losses: dict[str, float], **more: Any) -> Numbers:
    with chdir(folder):
        for old in (*Path("data").glob("eval-*.json"), *Path("models").glob("*.json")):
            old.unlink()
        build(losses, **more)
        result = numbers.of_project()
    assert result is not None
    return result


HELPED = {"reply": 3.0, "random": 2.9, "uncurated": 2.95, "humpback-1": 2.5, "humpback": 2.49}


def test_arms_are_named_by_what_they_were_trained_on(humpback: Path) -> None:
    labels = {arm.name: arm.label for arm in numbers_of(humpback, HELPED).arms}
    assert labels == {
        "reply": "seeds alone",
        "random": "random pairs",
        "uncurated": "all pairs",
        "humpback-1": "curated, round 1",
        "humpback": "curated, round 2",
    }


@pytest.mark.parametrize(
    ("changed", "begins"),
    [
        (
            {},
            "Curation helped: loss is 2.569 nats a token with curated, round 1 (humpback-1) and 2.977 nats",
        ),
        ({"humpback-1": 3.5}, "Curation hurt: loss is"),
        ({"humpback-1": 2.9}, "Curation made no difference that shows: loss is"),
    ],
)
def test_the_sentence_says_whether_curation_helped(humpback: Path, changed: dict[str, float], begins: str) -> None:
    sentence = numbers_of(humpback, HELPED | changed).sentence
    assert sentence.startswith(begins), sentence
    assert "40 held-out rows" in sentence and "over seeds alone" in sentence and "curated, round 2 over" in sentence


def test_the_last_round_or_the_best_arm_does_not_change_the_verdict(humpback: Path) -> None:
    sentence = numbers_of(humpback, HELPED | {"humpback-1": 3.5, "humpback": 1.0}).sentence
    assert sentence.startswith("Curation hurt")
    assert "curated, round 2 over curated, round 1 is better" in sentence


def test_few_held_out_rows_say_nothing(humpback: Path) -> None:
    assert numbers_of(humpback, HELPED, rows=12).sentence == (
        "Whether curation helped is unknown: 12 held-out rows are too few to say, 20 are the least."
    )


def test_without_a_comparison_the_sentence_says_so(humpback: Path) -> None:
    assert "no two models are compared by loss" in numbers_of(humpback, {"reply": 3.0}).sentence


def test_models_that_were_trained_differently_are_told(humpback: Path) -> None:
    made = numbers_of(humpback, HELPED, steps={"random": 20})
    assert "(trained differently, with 50 and 20 steps, which may be why)" in made.sentence
    assert made.unequal == "steps differ: reply 50, random 20, uncurated 50, humpback-1 50, humpback 50"
    assert not numbers_of(humpback, HELPED).unequal


def test_seeds_alone_at_equal_steps_stand_for_the_first_forward_model(tmp_path: Path) -> None:
    made = numbers_of(project(tmp_path / "p", "humpback", "small"), HELPED | {"seeds-alone": 2.95})
    labels = {arm.name: arm.label for arm in made.arms}
    assert labels["seeds-alone"] == "seeds alone" and labels["reply"] == "seeds alone, own steps"
    assert "curated, round 1 over seeds alone is better" in made.sentence


def test_every_figure_has_its_rows_and_its_interval(humpback: Path) -> None:
    for arm in numbers_of(humpback, HELPED).arms:
        figure = arm.figures["loss"]
        assert figure.n == ROWS and figure.standard_error and figure.low < figure.value < figure.high  # type: ignore[operator]
        assert (figure.difference is None) == (arm.name == "reply")


def test_the_text_has_a_line_for_each_model_and_fits(humpback: Path) -> None:
    made = numbers_of(humpback, HELPED)
    text = numbers_text.text(made)
    assert max(map(len, text.splitlines())) <= 120
    head, *lines = text.splitlines()[:6]
    assert head.split()[:3] == ["trained", "on", "loss"] and "95 % interval" in head
    assert [line.split("(")[0].strip() for line in lines[:2]] == ["seeds alone", "random pairs"]
    assert "±" in lines[0] and "[" not in lines[0] and "[" in lines[1]
    assert "n = 40" in text and text.endswith(".")
    assert " ".join(text.split()).endswith(made.sentence)


def test_none_of_a_few_is_no_proof_that_there_are_none() -> None:
    none = {"rows": 30, "mean": 0.0, "standard_error": 0.0, "mean_low": 0.0, "mean_high": 0.0}
    assert numbers.figure("refused(answer)", none, "a", "b").high == 0.1
    assert (
        numbers.figure("refused(answer)", none | {"mean": 1.0, "mean_low": 1.0, "mean_high": 1.0}, "a", "b").low == 0.9
    )
    assert numbers.figure("words(answer)", none, "a", "b").high == 0.0


def test_models_that_are_only_compared_with_have_their_means(tmp_path: Path) -> None:
    with chdir(project(tmp_path / "p", "kun")):
        build({"reply": 3.0, "kun-polished": 2.8, "kun-raw": 2.9})
        for name in ("eval-loss-reply", "eval-loss-kun-raw"):
            Path(f"data/{name}.json").unlink()
        made = numbers.of_project()
    assert made and made.arms[0].name == "reply"
    figures = {arm.name: arm.figures["loss"] for arm in made.arms}
    assert figures["reply"].value == pytest.approx(3.08, abs=0.01) and figures["reply"].standard_error is None
    made.arms.reverse()
    assert "from reply" in numbers_text.table(made)  # the first model is another one


def test_measures_that_do_not_fit_stand_in_a_block_below() -> None:
    figure = numbers.figure("words(answer)", {"rows": 30, "mean": 123456.7, "standard_error": 123.4}, "a", "a")
    arms = [numbers.Arm("a", "seeds alone", 1, 1, 1, {name: figure for name in (*numbers.ORDER, "facts")})]
    text = numbers_text.text(Numbers(arms, "loss", [], "Nothing.", ""))
    assert max(map(len, text.splitlines())) <= 120 and text.count("seeds alone") == text.count("trained on") == 3
    assert "Also in --json: facts." in text


def test_json_has_every_figure_and_the_sentence(humpback: Path) -> None:
    made = numbers_of(humpback, HELPED)
    told = json.loads(numbers_text.as_json(made))
    assert told["sentence"] == made.sentence and told["primary"] == "loss"
    assert told["arms"][1]["figures"]["loss"]["better"] == "better"
    assert json.loads(numbers_text.as_json(None)) is None


def test_the_table_is_of_test_rows_where_there_are_enough_and_says_so_where_not(humpback: Path) -> None:
    divided, whole = (numbers_of(humpback, HELPED, rows=rows, dev=0.5) for rows in (100, 30))
    tested = sum(side(str(n), 0.5) == "test" for n in range(100))
    assert {arm.figures["loss"].n for arm in divided.arms} == {tested} and divided.undivided == ""
    assert f"over {tested} held-out rows" in divided.sentence
    assert "\n30 held-out rows are too few to choose by some and test on others" in numbers_text.text(whole)


def test_before_anything_is_built_there_are_no_numbers(tmp_path: Path) -> None:
    with chdir(project(tmp_path / "p", "kun")):
        assert numbers.of_project() is None


def test_another_method_is_compared_with_seeds_alone(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", "kun")
    made = numbers_of(folder, {"reply": 3.0, "kun-polished": 2.8, "kun-raw": 2.9, "kun": 2.6})
    assert made.sentence.startswith("kun beats seeds alone (reply): loss is")
    assert "kun-polished over kun-raw is better" in made.sentence


@pytest.mark.parametrize(
    ("text", "name", "share"),
    [
        ("pocket.ok(truth,answer)", "ok", True),
        ("loss", "loss", False),
        ("words(answer)", "words", False),
        ("refused(answer)", "refused", True),
        ("distinct_2(answer)", "distinct", True),
        ("instructions_followed(ids,kwargs,answer) / count(ids)", "instructions", True),
        ("instructions_followed_loosely(ids,kwargs,answer) / count(ids)", "instructions_loosely", True),
        ("follows_all(ids,kwargs,answer)", "followed", True),
        ("follows_all_loosely(ids,kwargs,answer)", "followed_loosely", True),
        ("win(rating,order)", "win", True),
        ("win(rating,order) by words(rival) - words(answer)", "win_at_equal_length", True),
    ],
)
def test_measures_have_short_names_and_shares_are_known(text: str, name: str, share: bool) -> None:
    figure = numbers.figure(text, {"rows": 30, "mean": 0.5, "standard_error": 0.1}, "a", "b")
    assert (figure.measure, figure.share) == (name, share)
    assert figure.better == "" and (figure.low, figure.high) == (pytest.approx(0.304), pytest.approx(0.696))


def test_tables_that_models_learn_from_are_no_held_out_answers(humpback: Path) -> None:
    with chdir(humpback):
        lines = {line.name: line for line in numbers.recipes.lines(numbers.recipes.files())}
    assert numbers.model_of(lines, "loss-random") == numbers.model_of(lines, "answers-random") == "random"
    assert numbers.model_of(lines, "humpback-judge-1") == numbers.model_of(lines, "humpback-curate-1") == ""


HABIT = (
    "The judge of own looks at the place: it prefers the answer that stands second in 30.0 % [25.0, 35.0]; "
    "50 would be no habit."
)


def judged(n: int, unread: int, second: tuple[float, float] | None) -> Numbers:
    """The numbers of one model whose answers a judge compared; the interval is that of the second place."""
    win = Figure("win", "win(rating,order)", n, 0.5 if n else None, None, None, None, True, unread=unread)
    low, high = second or (None, None)
    place = Figure("second", "second(rating)", n, 0.3 if n else None, None, low, high, True, unread=0)
    return Numbers([Arm("own", "own", None, None, None, {"win": win, "second": place})], "win", [], "", "")


@pytest.mark.parametrize(
    ("numbers_", "doubts"),
    [
        (judged(0, 32, None), ["No value that can be read in 32 of 32 rows of own: win."]),
        (judged(20, 20, (0.3, 0.5)), []),
        (judged(32, 0, (0.25, 0.35)), [HABIT]),
    ],
)  # fmt: skip
def test_a_judge_that_says_nothing_or_looks_at_the_place_is_told(numbers_: Numbers, doubts: list[str]) -> None:
    assert numbers_text.doubts(numbers_) == doubts
