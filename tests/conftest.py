import atexit
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from workbench import Bench

# before torch is imported: with both cores busy, two threads in one process wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# What is imported and collected stays to the end: to look through it for garbage is a fourth of the time that it takes.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    atexit.register(gc.unfreeze)  # or libraries complain of leaks at the end
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


# What the tests of some rooms and modules load for seconds: one worker does so for all of them.
LOADED = {"engines": "transformers", "models": "transformers", "training": "transformers"}
LOADED |= {"test_export_model.py": "transformers", "test_dtypes.py": "transformers"}
LOADED |= {"measures": "lingua", "test_round_trip.py": "lingua"}
LOADED_SLOWLY = dict.fromkeys(("test_ray.py", "test_vllm.py", "test_vllm_adapters.py"), "vllm")  # of the whole suite


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The workers take modules, and those that load the same as one; None is xdist's own choice."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    loaded = LOADED if config.getoption("markexpr") == "not slow" else LOADED_SLOWLY

    class Rooms(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            path = Path(module)
            return loaded.get(path.parent.name) or loaded.get(path.name, module)

    return Rooms(config, log)


@pytest.fixture
def preloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages of whatever project begin as copies of one process that has imported torch."""
    import preloading

    for name, value in preloading.variables().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bench(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> "Bench":
    """A project whose judge was trained once in a session, in the current folder."""
    import workbench

    return workbench.start_bench(tmp_path / "bench", tmp_path_factory, monkeypatch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest module begins first, then those with slow tests: no worker waits for another at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name != "test_demo.py", item.path not in slow))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Print a failure when it happens: a run that is ended early shows what went wrong so far."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n{report.nodeid} {report.when}\n{report.longreprtext}\n{report.capstderr}", flush=True)
