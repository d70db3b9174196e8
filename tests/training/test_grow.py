"""A grown model knows new words and whole lines, and all it knew before; lessons are taught each by its own prompt."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_train import home as home  # a workspace with prompts, a profile, tables and the pin of a model
from test_train import train_model

from baleen.errors import Problem
from baleen.models import identity, load, scratch
from baleen.models.scratch import Fresh
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from baleen.training import run as training
from baleen.training.examples import read_lessons
from baleen.training.options import TrainOptions, check
from stages import train

LINE = "Say it in one line."


@pytest.fixture(scope="module")
def old_and_grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("grown")
    scratch.make(folder / "old", Fresh(hidden_size=16, intermediate_size=16, phrases=["Be kind."]), ["a cat ."], seed=0)
    scratch.grow(folder / "old", folder / "new", [f"a zebra {LINE} 17 [ ]", LINE], [LINE], seed=0)
    return folder / "old", folder / "new"


def ids(folder: Path, text: str) -> list[int]:
    found: list[int] = load.tokenizer(str(folder), chat=False)(text, add_special_tokens=False)["input_ids"]
    return found


@pytest.mark.slow
def test_what_was_known_keeps_its_ids_and_weights(old_and_grown: tuple[Path, Path]) -> None:
    from transformers import AutoModelForCausalLM

    old, new = old_and_grown
    assert ids(old, "a cat . Be kind.") == ids(new, "a cat . Be kind.")
    first, second = (AutoModelForCausalLM.from_pretrained(path).get_input_embeddings().weight for path in old_and_grown)
    assert (first == second[: len(first)]).all() and len(second) == len(load.tokenizer(str(new), chat=False))


@pytest.mark.slow
@pytest.mark.parametrize(("text", "count"), [("a zebra 17", 3), (f"a cat {LINE} [ 17 ]", 6), (f"{LINE} {LINE}", 2)])
def test_new_words_and_lines_are_one_token_each(old_and_grown: tuple[Path, Path], text: str, count: int) -> None:
    unknown = ids(old_and_grown[1], "horse")
    found = ids(old_and_grown[1], text)
    assert len(found) == count and not set(found) & set(unknown)
    assert load.tokenizer(str(old_and_grown[1]), chat=False).decode(found) == text


@pytest.mark.slow
def test_a_tokenizer_of_bytes_has_nothing_to_learn(tmp_path: Path) -> None:
    scratch.make(tmp_path / "old", Fresh(hidden_size=16, tokenizer="bpe", vocab_size=300), ["a cat ."], seed=0)
    scratch.grow(tmp_path / "old", tmp_path / "new", ["zebra"], [LINE], seed=0)
    assert ids(tmp_path / "old", f"zebra {LINE}") == ids(tmp_path / "new", f"zebra {LINE}")


LESSONS = [
    {"id": "1", "origin": "seed", "prompt": "reply", "instruction": "what does anna do ?", "response": "a baker ."},
    {"id": "2", "origin": "seed", "prompt": "grade", "instruction": "what does ben do ?", "response": "good"},
    {"id": "3", "origin": "seed", "prompt": "text", "instruction": None, "response": "anna is a baker ."},
]


def lessons(home: Path, table: list[dict[str, Any]] = LESSONS) -> TrainOptions:
    """Rows that name prompts of a folder and of prompts/ itself."""
    (home / "prompts/own").mkdir()
    (home / "prompts/own/grade.md").write_text(f"---\nwrites: [response]\n---\n{LINE}\n$instruction\n")
    rows.write("lessons", table)
    return TrainOptions(input="lessons", base="origin", prompts="own")


def test_each_row_is_shown_with_the_prompt_it_names(home: Path) -> None:
    found = read_lessons(lessons(home))
    assert {name: prompt.name for name, prompt in found.prompts.items()} == {
        "grade": "own/grade",
        "reply": "reply",
        "text": "text",
    }
    said = list(found.texts(""))
    assert said[:2] == ["what does anna do ?", "a baker ."]
    assert f"{LINE}\nwhat does ben do ?" in said and said[-1] == "anna is a baker ."


def test_a_row_that_names_no_prompt_of_ours_is_a_problem(home: Path) -> None:
    options = lessons(home, [LESSONS[0] | {"prompt": "garde"}])
    with pytest.raises(Problem, match="unknown prompt 'garde'"):
        read_lessons(options)


@pytest.mark.parametrize("grow", [True, False])
def test_a_run_that_grows_its_base_depends_on_every_prompt_of_the_folder(home: Path, grow: bool) -> None:
    options = replace(lessons(home), grow=grow)
    before = training.digest(read_lessons(options), options)
    (home / "prompts/own/other.md").write_text("---\nwrites: [response]\n---\nSay it in two.\n$instruction\n")
    assert (training.digest(read_lessons(options), options) != before) is grow


def test_a_model_of_the_hub_has_nothing_to_learn_either(home: Path) -> None:
    (home / "models/far").mkdir()
    (home / "models/far/pin.yaml").write_text(f"{{hub: a/b, revision: '{'0' * 40}'}}\n")
    options = replace(lessons(home), base="far", grow=True)
    assert training.start_model(home, read_lessons(options), options) == "far"


@pytest.mark.slow
def test_lessons_train_a_grown_model(home: Path) -> None:
    lessons(home)
    train_model("base", "pretrain", base="origin", table="prose")
    asked = ["--prompts", "own", "--grow", "--steps", "5", "--batch", "2", "--profile", "tiny", "--settings", "short"]
    train.main(["m", "--input", "lessons", "--base", "base", *asked])
    told = json.loads(Path("models/m.json").read_text())
    assert told["examples"] == 3 and told["steps"] == 5
    assert len(ids(Path("models/m"), LINE)) == 1 < len(ids(Path("models/base"), LINE))


def test_a_section_can_name_a_model_to_take_as_it_is(home: Path) -> None:
    lessons(home)
    pin = {"hub": "a/b", "revision": "0" * 40}
    Path("profiles/real.yaml").write_text(yaml_text({"chat": {"instead": pin}}))
    train.main(
        ["c", "--input", "lessons", "--base", "origin", "--prompts", "own", "--profile", "real", "--settings", "chat"]
    )
    assert identity.identity("c") == f"a/b@{'0' * 40}"
    assert json.loads(Path("models/c.json").read_text())["steps"] == 0


@pytest.mark.parametrize("given", [{}, {"prompt": "reply", "prompts": "own"}])
def test_one_prompt_or_a_folder_of_them(given: dict[str, str]) -> None:
    with pytest.raises(Problem, match="write prompt .* or prompts"):
        check(TrainOptions(input="a", base="b", **given), "train x")
