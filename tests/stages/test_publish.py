"""A folder is published through huggingface_hub: here to a hub on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import project
import pytest
from fake_hub import fake_hub

from baleen.tables import rows

PAIRS = [{"id": f"{n:016x}", "origin": "seed", "instruction": f"What is {n}?", "response": "It is."} for n in range(9)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project.link_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    rows.write("humpback-dataset", PAIRS)
    return tmp_path


def export(folder: Path, endpoint: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `baleen export` with this hub; in a process of its own, because the hub's address is read at its start."""
    own = {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_TOKEN": "hf_test", "HF_HOME": str(folder / "hf")}
    command = [sys.executable, "-m", "stages.command", "export", "humpback-dataset", "--replace", *words]
    env = project.environment(folder) | own | {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_PROXY": "127.0.0.1"}
    return subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True, timeout=120)


@pytest.mark.slow
def test_a_dataset_is_published_with_its_card_and_without_older_files(folder: Path) -> None:
    with fake_hub() as hub:
        hub.files = {"data/train/train-00007-of-00009.parquet": b"old", "LICENSE": b"mine"}
        dry = export(folder, hub.endpoint, "--push", "my-lab/it", "--dry-run")
        assert "send 3 files" in dry.stdout and not hub.created
        ended = export(folder, hub.endpoint, "--push", "my-lab/it")
        assert not ended.returncode, ended.stderr
        assert ended.stdout.splitlines()[-1] == f"{hub.endpoint}/datasets/my-lab/it"
        [created] = hub.created
        assert created["type"] == "dataset" and created["name"] == "it" and created.get("visibility") == "private"
        shard = "data/train/train-00000-of-00001.parquet"
        assert {*hub.files} == {"LICENSE", "README.md", "dataset_info.json", shard}
        made = Path("exports/humpback-dataset-messages")
        assert all(hub.files[name] == (made / name).read_bytes() for name in ("README.md", shard))
        assert "Bearer hf_test" in hub.tokens


@pytest.mark.slow
def test_a_hub_that_refuses_is_one_line(folder: Path) -> None:
    with fake_hub() as hub:
        hub.refuses = 400
        ended = export(folder, hub.endpoint, "--push", "my-lab/it", "--public")
        assert ended.returncode and "my-lab/it was not published: " in ended.stderr
        assert ended.stderr.count("\n") == 1 and "Traceback" not in ended.stderr and os.listdir("exports")
