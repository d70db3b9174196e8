"""`make real` builds one round on real text up to the held-out losses; here with a tiny model."""

import re
import subprocess
from pathlib import Path
from typing import Any

import local_models
import preloading
import project
import pytest

ROOT = Path(__file__).parents[1]
SAID = subprocess.run(["make", "-n", "real"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
TARGETS = re.findall(r"evaluate@[\w-]+", SAID)
SMALL: dict[str, Any] = {
    "train": {"steps": 2, "batch": 4, "lr": 1e-3, "max_length": 1024, "dropout": 0.0},
    "pretrain": {"steps": 0},
    "generate": {"max_tokens": 8, "min_readable": 0.0, "keep_unreadable": True},  # it never ends a reply by itself
    "speed": {"device": "cpu", "threads": 1, "train_rows": 4},
}


def test_make_real_ends_with_the_losses_of_arms_and_a_report_of_them() -> None:
    arms = [target.removeprefix("evaluate@") for target in TARGETS]
    assert len(arms) >= 4 and f"stages.report {' '.join(arms)}" in SAID
    assert "--documents 500" in SAID and "--profile laptop" in SAID


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `make real` writes, with fewer documents and under a profile with a tiny model."""
    home = tmp_path_factory.mktemp("real")
    words = re.search(r"baleen new build/real (.*)", SAID)
    assert words
    given = words[1].replace("500", "20").replace("--cache .dvc/cache --replace", "").split()
    joined = re.search(r"cat (.*) > (\S+)", SAID)
    assert joined
    (home / "seeds.jsonl").write_bytes(b"".join((ROOT / seeds).read_bytes() for seeds in joined[1].split()))
    given[given.index(joined[2])] = str(home / "seeds.jsonl")  # in the checkout only after `make real`
    (home / "baleen").symlink_to(ROOT / "baleen")
    run = ["python", "-P", "-c", "from baleen.commands.command import main; main()", "new", str(home / "real"), *given]
    environment = project.environment(home / "real") | {"PYTHONPATH": str(ROOT)} | preloading.variables()
    subprocess.run(run, cwd=ROOT, env=environment, check=True)
    local_models.write_folder(home / "tiny")
    project.dump(home / "real/profiles/laptop.yaml", SMALL | {"origin": {"path": "../tiny"}})
    # what a model without training writes is no instruction: any pair may stay
    project.set_yaml(home / "real/params.yaml", "pool.keep", [])
    project.set_yaml(home / "real/params.yaml", "curate.gain", {"best": "gain", "highest": True, "share": 0.5})
    return home / "real"


@pytest.mark.slow
def test_one_round_on_real_text_ends_with_a_loss_of_every_arm(folder: Path) -> None:
    environment = project.environment(folder) | {"PYTHONPATH": str(ROOT)} | preloading.variables()
    built = subprocess.run(["dvc", "repro", *TARGETS], cwd=folder, env=environment, text=True, capture_output=True)
    assert not built.returncode, built.stdout[-2000:] + built.stderr[-2000:]
    heldout = project.load_json(folder, "data/heldout.json")["rows_out"]
    for target in TARGETS:
        figures = project.load_json(folder, f"data/{target.removeprefix('evaluate@')}.json")["groups"]["all"]["loss"]
        assert figures["rows"] == heldout >= 20 and 0 < figures["mean"] < 20
    assert project.load_json(folder, "data/web.json")["rows_out"] == 20
