"""Under a profile of a trained model nothing of the generated world is built, and check says what is needed instead."""

import re
from pathlib import Path

import project
import pytest

from baleen.commands import check
from baleen.errors import Problem
from baleen.project import own_tables
from baleen.project.settings import profile
from stages import ingest

PROFILES = sorted(path.stem for path in Path("profiles").glob("*.yaml"))
MADE = {"pocket", "text"}  # profiles that make their model from scratch
METHODS = {  # a target, and tables that it needs, with the columns that they must have
    "train@humpback": {"web": "response", "seed": "instruction, response"},
    "train@kun": {"web": "response", "seed": "instruction, response"},
    "train@crab": {"crab-pairs": "instruction, response", "crab-lessons": "any column"},
    "train@cycle": {"cycle-raw": "response", "cycle-pages": "any column"},
    "train@tegit": {"web": "response", "tegit-lessons": "any column"},
    "train@self-lengthen": {"self-lengthen-given": "instruction"},
    "train@air": {"web": "response", "seed": "instruction, response"},
    "train@linguist": {"linguist-few": "intent, language, parse, slots, utterance"},
    "answer@answers-humpback": {"heldout": "instruction"},
    "evaluate@eval-linguist": {"linguist-heldout": "intent, parse, utterance"},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project.link_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_a_trained_model_or_sizes_of_one_to_be_made(name: str) -> None:
    assert own_tables.is_trained(profile(name)) == (name not in MADE)


@pytest.mark.parametrize("origin", [{"path": "/m"}, {"gguf": "m.gguf"}, {"endpoint": "http://x", "model": "m"}])
def test_a_model_of_a_path_a_file_or_a_server_is_trained(origin: dict[str, str]) -> None:
    assert own_tables.is_trained({"origin": origin})
    assert not own_tables.is_trained({"origin": {"hidden_size": 8}}) and not own_tables.is_trained({})


@pytest.mark.parametrize("target", METHODS)
def test_check_names_each_table_that_is_of_the_generated_world_with_its_columns(home: Path, target: str) -> None:
    project.set_yaml(home / "params.yaml", "profile", "8b")
    with pytest.raises(Problem, match="^profile 8b has a trained model, and ") as caught:
        check.check([target])
    named = dict(re.findall(r"load\.([\w-]+) \((.*?)\)", str(caught.value)))
    assert named.items() >= METHODS[target].items() and "\n" not in str(caught.value)
    assert not [columns for columns in named.values() if "truth" in columns]  # what only the world's maker knows
    project.set_yaml(home / "params.yaml", "profile", "text")
    assert "are well wired" in check.check([target])


@pytest.mark.parametrize("name", ["web", "seed", "heldout", "crab-lessons", "linguist-known", "cycle-raw"])
def test_no_part_of_the_generated_world_is_built(home: Path, name: str) -> None:
    project.set_yaml(home / "params.yaml", "profile", "small")
    with pytest.raises(Problem, match=f"^ingest {name}: profile small has a trained model, and this is of the gen"):
        ingest.main([name])
    assert not (home / "data").exists()
