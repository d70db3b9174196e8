import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from workbench import Bench

# before torch is imported: with both cores busy, two threads in one process wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture
def bench(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> "Bench":
    """A project whose judge was trained once in a session, in the current folder."""
    import workbench

    return workbench.begin(tmp_path / "bench", tmp_path_factory, monkeypatch)
