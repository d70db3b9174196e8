"""A folder is published through huggingface_hub: here to a hub on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import project
import pytest
from fake_hub import fake_hub

from baleen.commands import publish
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
    command = [sys.executable, "-m", "baleen", "export", "humpback-dataset", "--replace", *words]
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
    env = project.environment(folder) | own | quiet
    return subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True, timeout=300)


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
        assert {*hub.files} == {"LICENSE", "README.md", "dataset_info.json", shard} and hub.large == {shard}
        made = Path("exports/humpback-dataset-messages")
        assert all(hub.files[name] == (made / name).read_bytes() for name in ("README.md", shard))
        assert "Bearer hf_test" in hub.tokens


def test_a_checkpoint_is_published_as_a_model_and_nothing_is_deleted_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import HfApi

    for name, value in {"HF_HUB_OFFLINE": False, "HF_HUB_DISABLE_XET": True}.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
    files = {"README.md": b"# a model", "config.json": b"{}", "model.safetensors": bytes(range(256)) * 40}
    for name, content in (files | {".baleen-export": b""}).items():
        (tmp_path / name).write_bytes(content)
    with fake_hub() as hub:
        hub.files = {"notes.md": b"mine"}
        address = publish.push(tmp_path, "my-lab/it", True, HfApi(endpoint=hub.endpoint, token="hf_test"))
        assert address == f"{hub.endpoint}/my-lab/it"
        assert hub.created == [{"name": "it", "organization": "my-lab", "type": "model", "visibility": "public"}]
        assert hub.files == files | {"notes.md": b"mine"} and hub.large == {"model.safetensors"}


@pytest.mark.slow
def test_a_hub_that_refuses_is_one_line(folder: Path) -> None:
    with fake_hub() as hub:
        hub.refuses = 400
        ended = export(folder, hub.endpoint, "--push", "my-lab/it", "--public")
        assert ended.returncode and "my-lab/it was not published: " in ended.stderr
        assert ended.stderr.count("\n") == 1 and "Traceback" not in ended.stderr and os.listdir("exports")
