"""Every method ends in a dataset that says, token by token, what its model was taught."""

import json
from pathlib import Path
from typing import Any

import local_models
import project
import pytest

from baleen import prompts
from baleen.commands import export
from baleen.commands.export import Wanted
from baleen.models.pins import CHATML
from baleen.project import recipes
from baleen.tables import rows
from baleen.training import examples
from baleen.training.examples import GENERAL, read_lessons
from benchmarks import rehearse_rows

METHODS = [path for path in sorted(Path("recipes").glob("*.yaml")) if recipes.is_method(path)]
TRAININGS = {line.name: line for path in METHODS for line in recipes.lines_of(path) if line.verb == "train"}
ORIGINS = ("seed", "web", "other")
PAIR = ("Name the moon of Earth.\nIn one line.", "It is the Moon.\n\n- one moon")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoTokenizer

    made = AutoTokenizer.from_pretrained(local_models.write_folder(tmp_path_factory.mktemp("model")))
    made.chat_template = CHATML
    return made


def taught(options: Any) -> list[prompts.Prompt]:
    """The prompts that the rows of a training answer."""
    if options.prompt:
        return [prompts.load(options.prompt, options.writes)]
    names = [*GENERAL, *(f"{options.prompts}/{path.stem}" for path in Path("prompts", options.prompts).glob("*.md"))]
    return [prompt for name in names if (prompt := prompts.load(name)).body and not prompt.choices]


@pytest.mark.slow
@pytest.mark.parametrize("method", [path.stem for path in METHODS])
def test_an_export_is_what_the_model_was_taught(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: Any
) -> None:
    project.link_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    options = export.options(TRAININGS[method])
    made = [
        rehearse_rows.row(at, PAIR, prompt, origin) | {"prompt": prompt.name.rpartition("/")[2]}
        for at, (prompt, origin) in enumerate((prompt, origin) for prompt in taught(options) for origin in ORIGINS)
    ]
    columns = {name: type(value)() for row in made for name, value in row.items()}
    table = [columns | row for row in made]
    rows.write(options.input, table)
    written, _ = export.export(options.input, Wanted(ending="jsonl", taught=method))
    [shard] = (written / "data/train").iterdir()
    chats = [json.loads(line)["messages"] for line in shard.read_text(encoding="utf-8").splitlines()]
    lessons = read_lessons(options)
    wanted = [ids for ids, _ in filter(None, examples.encoded(table, lessons.prompt, options.tag, tokenizer))]
    rendered = [tokenizer.apply_chat_template(chat, return_dict=False) for chat in chats]
    assert wanted and [ids[: len(own)] for ids, own in zip(rendered, wanted, strict=True)] == wanted
    rest = {tokenizer.decode(ids[len(own) :]) for ids, own in zip(rendered, wanted, strict=True)}
    assert rest == {"\n"}  # that of ChatML after a turn, before which a reply ends
