"""The train and origin stages: what is learned, what survives a kill; processes change nothing but the time."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import forks
import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny import PROSE, populate, write_speed

from baleen.errors import Problem
from baleen.models import identity, load, pins, scratch
from baleen.project import inputs
from baleen.project.yaml_files import yaml_text
from baleen.training import dry_run, processes
from baleen.training import run as training
from baleen.training.examples import read_lessons
from baleen.training.options import TrainOptions
from stages import origin, train

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    populate(tmp_path)
    return tmp_path


def command(name: str, section: str, *more: str, base: str = "origin", table: str = "seed") -> list[str]:
    told = ["--input", table, "--base", base, "--prompt", "text" if table == "prose" else "reply"]
    return [sys.executable, "-m", "stages.train", name, *told, "--profile", "tiny", "--settings", section, *more]


def start_training(words: list[str]) -> int:
    """Process id of a training that runs in a fork of this process, which has imported TRL already."""
    import_module("trl.trainer.sft_trainer")
    return forks.fork_stage(train.main, words[1:], Path(f"{words[1]}.log"))


def run_training(words: list[str]) -> tuple[int, str]:
    """Exit code and stderr."""
    return forks.exit_code(start_training(words)), Path(f"{words[1]}.log").read_text()


def train_model(name: str, section: str, *more: str, **told: str) -> dict[str, Any]:
    """Train in a process of its own; its numbers."""
    code, said = run_training(command(name, section, *more, **told)[2:])
    assert code == 0, said
    return json.loads(Path("models", f"{name}.json").read_text())  # type: ignore[no-any-return]


def error_line(name: str, section: str, *more: str, **told: str) -> str:
    code, said = run_training(command(name, section, *more, **told)[2:])
    assert code == 1, said
    return said.splitlines()[-1]


def weights(name: str) -> bytes:
    return Path("models", name, "model.safetensors").read_bytes()


def left_over() -> list[str]:
    """Files that training leaves in models/ and among the checkpoints, without its results."""
    hidden = [path.name for path in Path("models").glob(".*")]
    return hidden + [path.name for path in Path("memo/checkpoints").glob("*/")]


# What needs no training


@pytest.mark.parametrize(
    ("section", "pin"),
    [
        ({"hidden_size": 8}, "fresh"),
        ({"hub": "a/b", "revision": "0" * 40, "chat_template": "chatml"}, "hub"),
        ({"endpoint": "http://x", "model": "m"}, "endpoint"),
    ],
)
def test_the_origin_of_a_profile_becomes_a_pin_that_models_read(home: Path, section: dict[str, Any], pin: str) -> None:
    Path("profiles/other.yaml").write_text(yaml_text({"origin": section}))
    origin.main(["start", "--profile", "other"])
    found = pins.pin("start")
    assert found and getattr(found, pin)


def test_an_origin_with_a_misspelt_setting_is_refused(home: Path) -> None:
    Path("profiles/other.yaml").write_text("origin: {hiden_size: 8}\n")
    with pytest.raises(Problem, match="profiles/other.yaml: origin: unknown setting 'hiden_size'"):
        origin.main(["start", "--profile", "other"])


def test_no_steps_copy_the_pin_of_the_base(home: Path) -> None:
    train.main(command("same", "none")[3:])
    assert identity.identity("same") == identity.identity("origin")
    assert json.loads(Path("models/same.json").read_text()) == {"rows_in": 60, "examples": 0, "steps": 0}
    assert left_over() == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (command("m", "pretrain"), "packing is for prompts without a question"),
        (command("m", "short", base="oirgin"), "unknown model 'oirgin'; did you mean 'origin'?"),
        (command("m", "short", table="web"), "no table data/web.parquet"),
        (command("m", "short", "--lr", "7"), "train m: lr is 7"),
        (command("m", "short", "--limit", "7"), "train has no --limit"),
    ],
)
def test_a_mistake_is_told_before_any_model_is_opened(home: Path, words: list[str], problem: str) -> None:
    with pytest.raises(Problem) as caught:
        train.main(words[3:])
    assert problem in str(caught.value)


def test_a_model_at_an_endpoint_cannot_be_trained(home: Path) -> None:
    Path("models/far").mkdir()
    Path("models/far/pin.yaml").write_text("{endpoint: 'http://127.0.0.1:1/v1', model: m}\n")
    with pytest.raises(Problem, match="model far is at .* not loaded or trained"):
        train.main(command("m", "short", base="far")[3:])


def test_an_adapter_is_not_trained_on_a_base_that_is_made_for_it_alone(home: Path) -> None:
    with pytest.raises(Problem, match="adapter needs a base that stays, and origin is made for this run alone; train"):
        train.main([*command("m", "lora")[3:], "--adapter"])
    assert not Path("memo/checkpoints").exists()


def test_a_dry_run_tells_the_size_and_trains_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.main([*command("m", "short")[3:], "--dry-run"])
    assert "60 rows" in (told := capsys.readouterr().out) and "10 steps of 8" in told and "no rate measured" in told
    assert "; under 0.01 GPU hours (of an H100, assumed " in told and told.endswith("; nothing was trained\n")
    assert not Path("models/m").exists()


PINNED = {"hub": "a/b", "revision": "0" * 40}


@pytest.mark.parametrize(
    ("given", "words"),
    [({"steps": 0}, "origin is copied as it is"), ({"instead": PINNED}, "a/b is taken as it is")],
)
def test_a_dry_run_of_what_is_not_trained_tells_no_steps_no_disk_and_no_time(
    home: Path, capsys: pytest.CaptureFixture[str], given: dict[str, Any], words: str
) -> None:
    Path("profiles/other.yaml").write_text(yaml_text({"own": given}))
    told = ["m", "--input", "seed", "--base", "origin", "--prompt", "reply", "--profile", "other", "--settings", "own"]
    train.main([*told, "--dry-run"])
    assert capsys.readouterr().out == f"train m: 60 rows, none to learn: {words}; nothing was trained\n"


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_the_weights_of_a_model_are_counted_whatever_their_type(home: Path, kind: str) -> None:
    Path("models/two").mkdir()
    for i in (1, 2):
        found = {"a": np.zeros((10, 3), kind), "b": np.zeros(7, kind)}
        save_file(found, f"models/two/model-{i}.safetensors", metadata={"format": "pt"})
    assert dry_run.parameters("two") == 2 * 37


@pytest.mark.parametrize(
    ("module", "same"),
    [
        ("baleen/training/examples.py", False),
        ("baleen/training/trainer.py", False),
        ("stages/map.py", True),
        ("baleen/memo/throughput.py", True),
    ],
)
def test_a_run_goes_on_from_what_the_same_code_has_begun(
    home: Path, monkeypatch: pytest.MonkeyPatch, module: str, same: bool
) -> None:
    options = TrainOptions(input="seed", base="origin", prompt="reply")
    before = training.digest(read_lessons(options), options)
    monkeypatch.setitem(inputs.CODE_AT_START, inputs.CODE / module, "edited")
    assert (training.digest(read_lessons(options), options) == before) is same


def save_half(folder: Path, *_: object) -> None:
    """As transformers saves: the configuration first, the weights after it."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "half").touch()
    raise KeyboardInterrupt


def save_files(folder: Path, *_: object) -> None:
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text("{}")


def test_a_base_that_a_killed_run_left_half_written_is_written_anew(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = TrainOptions(input="seed", base="origin", prompt="reply")
    lessons = read_lessons(options)
    monkeypatch.setattr(scratch, "make", save_half)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            training.start_model(home, lessons, options)
    monkeypatch.setattr(scratch, "make", save_files)
    start = Path(training.start_model(home, lessons, options))
    assert sorted(path.name for path in start.iterdir()) == ["config.json", "model.safetensors"]
    assert not (home / "base.part").exists()
    monkeypatch.setattr(scratch, "make", save_half)
    assert training.start_model(home, lessons, options) == str(start)


# What trains


@pytest.mark.slow
def test_a_trained_model_is_counted_and_answers(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(command("base", "pretrain", table="prose"), capture_output=True, text=True, check=True)
    numbers = json.loads(Path("models/base.json").read_text())
    assert "40 steps" in done.stderr.splitlines()[-1] and not done.stdout
    blocks = -(-len(PROSE) * 9 // 16)
    wanted = {"rows_in": 60, "examples": blocks, "dropped": {}, "cut": 0, "steps": 40, "batch": 8}
    assert {key: numbers[key] for key in wanted} == wanted
    assert numbers["tokens"] <= 40 * 8 * 16 and numbers["loss"] < 2.5 and numbers["parameters"] > 1000
    model, tokenizer = load.load("base", load.Speed(device="cpu"))
    assert model.num_parameters() == numbers["parameters"] and tokenizer.chat_template
    assert str(home) not in "".join(path.read_text() for path in Path("models/base").glob("*.json"))
    assert left_over() == []
    train.main([*command("again", "pretrain", table="prose")[3:], "--dry-run"])
    assert re.search(r"about \d+ s at [\d,]+ tokens/s measured; .*nothing was trained", capsys.readouterr().out)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(home: Path) -> None:
    alone = train_model("alone", "short")
    write_speed(processes=2, train_rows=4)
    both = train_model("both", "short")
    write_speed(train_rows=2)
    bit_by_bit = train_model("bit-by-bit", "short")
    assert both["loss"] == pytest.approx(alone["loss"], abs=2e-4)
    assert bit_by_bit["loss"] == pytest.approx(alone["loss"], abs=2e-4)
    assert {**both, "loss": 0, "curve": []} == {**alone, "loss": 0, "curve": []}


def test_the_port_at_which_processes_meet_is_never_free_after_it_was_chosen() -> None:
    from torch.distributed import TCPStore

    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    server = processes.rendezvous_server(listener)
    with pytest.raises(OSError, match="in use"):
        socket.create_server((host, port))
    own = TCPStore(host, port, is_master=True, multi_tenant=True, wait_for_workers=False)  # as torch's env:// does
    server.set("a", "b")
    assert own.get("a") == TCPStore(host, port, is_master=False).get("a") == b"b"


@pytest.mark.slow
@pytest.mark.parametrize("config", ["", "distributed_type: MULTI_GPU\nmixed_precision: 'no'\nnum_machines: 1\n"])
def test_trainings_of_several_processes_that_begin_together_do_not_meet_each_other(
    home: Path, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    Path("accelerate.yaml").write_text(config)
    write_speed(processes=2, train_rows=4, accelerate_config="accelerate.yaml" if config else "")
    both = {name: start_training(command(name, name)[2:]) for name in ("short", "sft")}
    ends = [forks.exit_code(child) for child in both.values()]
    assert ends == [0, 0], [Path(f"{name}.log").read_text() for name in both]
    write_speed()
    alone = train_model("alone", "short")
    found = json.loads(Path("models/short.json").read_text())
    assert found["loss"] == pytest.approx(alone["loss"], abs=2e-4) and left_over() == []


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(home: Path) -> None:
    train_model("whole", "sft")
    write_speed(checkpoint_seconds=0)
    run = Path("memo/checkpoints")
    moments: list[Callable[[], bool]] = [
        lambda: any(run.glob("*/examples.arrow")),
        lambda: any(run.glob("*/checkpoint-10/model.safetensors")),
        lambda: any(run.glob("*/checkpoint-20/complete.json")),
    ]
    for moment in moments:
        forks.kill_when(moment, start_training(command("killed", "sft")[2:]))
        assert not Path("models/killed").exists()
    numbers = train_model("killed", "sft")
    printed = Path("killed.log").read_text()
    assert "10/40 steps" not in printed and "missing keys" not in printed
    assert weights("killed") == weights("whole")
    assert numbers == json.loads(Path("models/whole.json").read_text())
    assert left_over() == []


@pytest.mark.slow
def test_two_processes_go_on_without_a_notice_of_the_libraries(home: Path) -> None:
    write_speed(processes=2, train_rows=4, checkpoint_seconds=0)
    words = command("both", "short", "--steps", "20")[2:]
    run = Path("memo/checkpoints")
    forks.kill_when(lambda: any(run.glob("*/checkpoint-10/complete.json")), start_training(words))
    code, printed = run_training(words)
    assert code == 0 and " 20/20 steps" in printed, printed
    assert " 10/20 steps" not in printed and "[transformers]" not in printed


@pytest.mark.slow
def test_processes_end_with_the_run_that_started_them(home: Path) -> None:
    write_speed(processes=2, train_rows=4, checkpoint_seconds=0)
    run = Path("memo/checkpoints")
    forks.kill_when(lambda: any(run.glob("*/checkpoint-10")), start_training(command("m", "sft")[2:]))
    train_model("m", "sft")  # waits for the lock, which the processes of a run hold as long as one of them lives
    assert left_over() == []


@pytest.mark.slow
def test_two_runs_of_the_same_training_take_turns(home: Path) -> None:
    both = [start_training(command(name, "short")[2:]) for name in ("one", "two")]
    assert [os.waitpid(child, 0)[1] for child in both] == [0, 0]
    assert "which trains the same model" in Path("one.log").read_text() + Path("two.log").read_text()
    assert weights("one") == weights("two")
    assert left_over() == []


@pytest.mark.slow
def test_lora_is_merged_or_kept_apart(home: Path) -> None:
    train_model("base", "short")
    train_model("merged", "lora", base="base")
    train_model("apart", "lora", "--adapter", base="base")
    assert load.weights("merged", "float32").num_parameters() == load.weights("base", "float32").num_parameters()
    assert {path.name for path in Path("models/apart").glob("adapter*")} == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    assert load.load("apart", load.Speed(device="cpu"))
    assert weights("merged") != weights("base")


@pytest.mark.slow
def test_weights_trained_in_bfloat16_are_saved_and_asked_in_it(home: Path) -> None:
    assert train_model("m", "short", "--bf16")["loss"] < 4
    assert load.checkpoint_dtype("m") == "bfloat16"
    assert str(load.load("m", load.Speed(device="cpu"))[0].dtype) == "torch.bfloat16"


@pytest.mark.slow
def test_rows_without_an_answer_are_counted_and_nothing_else_is_lost(home: Path) -> None:
    numbers = train_model("m", "short", table="broken")
    without = sum(str(i) < "2" for i in range(60))
    assert (numbers["examples"], numbers["dropped"]) == (60 - without, {"no answer": without})


@pytest.mark.slow
def test_no_example_left_is_a_line_that_says_why(home: Path) -> None:
    assert "no example is left of data/seed.parquet" in (line := error_line("m", "tight")) and "too long" in line


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_lost_loss_is_one_line(home: Path, processes: int) -> None:
    write_speed(processes=processes)
    train_model("base", "short")
    path = Path("models/base/model.safetensors")
    corrupt_weights(path)
    assert "the loss is nan at step 10; lower lr" in error_line("m", "wild", base="base")
    assert not Path("models/m").exists()


def corrupt_weights(path: Path) -> None:
    """Put a weight that is not a number into a model."""
    from safetensors.torch import load_file, save_file

    found = load_file(path)
    found["model.norm.weight"] = found["model.norm.weight"] * float("nan")
    save_file(found, path, metadata={"format": "pt"})


@pytest.mark.slow
def test_an_adapter_goes_on_from_an_adapter_or_is_merged_first(home: Path) -> None:
    train_model("base", "short")
    apart = ("--adapter",)
    train_model("first", "lora", *apart, base="base")
    train_model("second", "lora", *apart, base="first")
    told = identity.adapter_config(Path("models/second"))
    assert told["base_model_name_or_path"] == "models/base" and told["r"] == 2
    assert adapters("second") != adapters("first") and adapters("second").keys() == adapters("first").keys()
    assert answer("second") != answer("base") and len({answer(name) for name in ("base", "first", "second")}) == 3
    train_model("merged", "lora", base="first")  # goes on, and is merged at the end
    assert Path("models/merged/model.safetensors").is_file() and answer("merged") == answer("second")
    train_model("full", "short", base="first")
    assert Path("models/full/model.safetensors").is_file()


def adapters(name: str) -> dict[str, bytes]:
    from safetensors.torch import load_file

    found = load_file(Path("models", name, "adapter_model.safetensors"))
    return {key: tensor.numpy().tobytes() for key, tensor in found.items()}


def answer(name: str) -> tuple[float, ...]:
    """What the hf engine says of a question, as log-probabilities."""
    from baleen.engines.hf import HF
    from baleen.engines.protocol import Request

    engine = HF(name, load.Speed(device="cpu"))
    ((_, reply),) = engine.loss([Request((("user", "what does anna do ?"),), answer="anna is a baker from rome .")])
    return tuple(round(value, 4) for value in reply.values)


@pytest.mark.slow
def test_an_adapter_goes_on_in_its_own_rank_only(home: Path) -> None:
    train_model("base", "short")
    train_model("first", "lora", "--adapter", base="base")
    told = error_line("second", "lora", "--adapter", "--lora-rank", "4", base="first")
    assert "first is an adapter of rank 2; write lora_rank: 2" in told
