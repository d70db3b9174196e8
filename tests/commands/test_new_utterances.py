"""`baleen new --method linguist` on labelled utterances of a user's own."""

import json
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from baleen.commands import check, own_utterances
from baleen.commands.command import app
from baleen.commands.own_utterances import labelled_files, tables
from baleen.errors import Problem
from baleen.project import assemble, recipes, shipped
from baleen.project.settings import load_yaml


def snips(intent: str, count: int) -> str:
    parts = [{"data": [{"text": f"play {n} "}, {"text": "jazz", "entity": "genre"}]} for n in range(count)]
    return json.dumps({intent: parts})


BIO = "# intent: {0}\nplay O\njazz B-genre\n"
TABLE = '{{"tokens": ["play", "jazz"], "tags": ["O", "B-genre"], "intent": "{0}"}}\n'
FORMS = {
    "linguist_files.snips": {"a.json": snips("PlayMusic", 40), "b.json": snips("Stop", 9), "README.md": "# SNIPS\n"},
    "linguist_files.bio": {"all.txt": "\n".join([BIO.format("PlayMusic")] * 40 + [BIO.format("Stop")] * 9)},
    "linguist_files.tokens": {"all.jsonl": TABLE.format("PlayMusic") * 40 + TABLE.format("Stop") * 9},
}


def write_files(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("reader", FORMS)
def test_each_form_is_found_by_looking_and_the_rarest_intent_is_new(reader: str, tmp_path: Path) -> None:
    found = labelled_files(write_files(tmp_path / "own", FORMS[reader]))
    assert (found.reader, found.new_intent) == (reader, "Stop") and found.intents == {"PlayMusic": 40, "Stop": 9}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"pairs.jsonl": '{"instruction": "a", "response": "b"}\n'}, "reads utterances with intents and slots: SNIPS'"),
        ({"a.json": snips("PlayMusic", 40)}, "with 3 utterances or more beside others; there are PlayMusic 40"),
        ({"a.json": snips("A", 40), "b.json": snips("B", 2)}, "there are A 40, B 2"),
    ],
    ids=["pairs", "one intent", "two utterances"],
)
def test_what_is_no_set_of_utterances_is_one_line(files: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=words):
        labelled_files(write_files(tmp_path / "own", files))
    with pytest.raises(Problem, match="no file or folder"):
        labelled_files(tmp_path / "none")


def test_nothing_in_the_project_is_of_the_generated_world(tmp_path: Path) -> None:
    own_utterances.write(
        tmp_path / "p", "small", "own", labelled_files(write_files(tmp_path / "own", FORMS["linguist_files.bio"]))
    )
    (tmp_path / "p/own").mkdir()
    with chdir(tmp_path / "p"):
        lines = recipes.lines(recipes.files())
        assert not [line.name for line in lines if assemble.of_world(line)]
        assert {"linguist", "linguist-round-trip", "eval-linguist"} <= {line.name for line in lines}
        assert check.check([]).endswith("are well wired")


def test_a_profile_without_an_instruct_model_is_one_line(tmp_path: Path) -> None:
    own = {
        line.name: line
        for line in tables("own", labelled_files(write_files(tmp_path / "own", FORMS["linguist_files.bio"])))
    }
    with pytest.raises(Problem, match="linguist: linguist-lessons is a table of the generated world.*--profile laptop"):
        assemble.on_own_data(["linguist"], own, load_yaml(shipped.profile("text")), texts="utterances")


@pytest.mark.slow
def test_the_command_writes_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "a@b")
    write_files(tmp_path / "own", FORMS["linguist_files.snips"])

    def new(*words: str) -> Any:
        return CliRunner().invoke(app, ["new", "mine", "--seeds", "own", *words], catch_exceptions=False)

    with pytest.raises(Problem, match="linguist reads labelled utterances, other methods pairs"):
        new("--method", "linguist", "--method", "kun")
    with pytest.raises(Problem, match="linguist reads labelled utterances and no corpus; leave --corpus out"):
        new("--method", "linguist", "--corpus", "own")
    assert not Path("mine").exists()
    done = new("--method", "linguist", "--profile", "small")
    assert done.exit_code == 0 and "the new intent: Stop" in done.output
    assert Path("mine/data/raw/own.dvc").is_file() and "--method" not in Path("mine/README.md").read_text()
