"""A worker on another machine knows what this process knows, and refuses a machine without the project."""

import os
from pathlib import Path

import pytest

from baleen.engines.protocol import Engine
from baleen.engines.ray.worker import Worker, environment
from baleen.errors import Problem
from baleen.project.settings import Speed


def test_a_worker_is_told_where_replies_are_kept_and_how_much_vllm_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALEEN_MEMO", "/shared/memo")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "8")
    told = environment(Speed())
    assert (told["BALEEN_MEMO"], told["VLLM_CPU_KVCACHE_SPACE"]) == ("/shared/memo", "8")


@pytest.mark.parametrize(("threads", "told"), [(0, "1"), (4, "4")])
def test_a_worker_has_one_thread_unless_the_settings_say_more(threads: int, told: str) -> None:
    assert environment(Speed(threads=threads))["OMP_NUM_THREADS"] == told


def load_nothing(model: str, speed: Speed) -> Engine:
    raise AssertionError("no model is loaded")


def test_a_machine_without_the_project_is_a_problem() -> None:
    with pytest.raises(Problem, match="no folder /nowhere/project on .*every machine of the cluster must share"):
        Worker("/nowhere/project", load_nothing, "tiny", Speed()).load("echo/1", "model")


def test_a_worker_finds_the_code_of_this_process() -> None:
    first = environment(Speed())["PYTHONPATH"].split(os.pathsep)[0]
    assert (Path(first) / "baleen" / "engines" / "ray" / "worker.py").is_file()
