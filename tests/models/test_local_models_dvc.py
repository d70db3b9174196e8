"""DVC builds again what came from a model on disk when its weights change, and nothing else."""

import json
import shutil
from pathlib import Path
from typing import Any

import local_models
import project
import pytest
import tiny

from baleen.project.yaml_files import yaml_text

LINES: dict[str, Any] = {
    "ingest": {"seed": {"source": "data/raw/seed.jsonl", "deduplicate": "exact", "origin": "seed"}},
    "train": {
        "base": {"input": "seed", "base": "origin", "prompt": "text", "settings": "copy"},
        "teacher": {"input": "seed", "base": "folder", "prompt": "reply", "settings": "taken"},
    },
    "score": {
        name: {"input": "seed", "model": model, "prompt": "reply"}
        for name, model in {"of-base": "base", "of-teacher": "teacher", "of-folder": "folder", "of-pin": "pin"}.items()
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that starts from one model elsewhere, and asks others: in models/, elsewhere, and as a teacher."""
    folder = project.copy_checkout(tmp_path_factory.mktemp("local") / "project")
    shutil.rmtree(folder / "recipes")
    (folder / "recipes").mkdir()
    project.dump(folder / "recipes/mine.yaml", LINES)
    pairs = "".join(json.dumps({"instruction": f"say {n}", "response": f"{n} it is ."}) + "\n" for n in range(40))
    (folder / "data/raw").mkdir(parents=True, exist_ok=True)
    (folder / "data/raw/seed.jsonl").write_text(pairs)
    rules = project.load(folder / "dvc.yaml")
    del rules["stages"]["report"], rules["metrics"]
    project.dump(folder / "dvc.yaml", rules | {"vars": [rules["vars"][0], "params.yaml", "recipes/mine.yaml"]})
    for seed, name in enumerate(("models/folder", "../origin", "../teacher", "../pin")):
        local_models.write_folder(folder / name, seed)
    (folder / "models/pin").mkdir()
    (folder / "models/pin/pin.yaml").write_text(yaml_text({"path": "../pin"}))
    sections = {"copy": {"steps": 0}, "taken": {"instead": {"path": "../teacher"}}}
    project.dump(folder / "profiles/tiny.yaml", tiny.SECTIONS | sections | {"origin": {"path": "../origin"}})
    project.set_yaml(folder / "params.yaml", "profile", "tiny")
    project.init_git(folder)
    return folder


def change(place: Path) -> None:
    """Other weights: the last byte of the last tensor."""
    file = place / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")


@pytest.mark.slow
def test_other_weights_build_again_what_came_from_them_and_nothing_else(folder: Path) -> None:
    checked = project.run_command(folder, "python", "-m", "baleen", "check").stdout
    assert checked == "9 stages of 1 recipes are well wired\n"
    project.repro(folder)
    assert project.repro(folder) == set()
    change(folder / "models/folder")
    assert project.repro(folder) == {"train@teacher", "score@of-folder"}
    change(folder / "../pin")
    assert project.repro(folder) == {"score@of-pin"}
    change(folder / "../origin")
    assert project.repro(folder) == {"origin", "train@base", "score@of-base"}
    change(folder / "../teacher")
    assert project.repro(folder) == {"train@teacher", "score@of-teacher"}
    assert "up to date" in project.dvc(folder, "status")
