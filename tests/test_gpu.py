"""The story of one GPU: its parts run in order, go on, keep to their time, and end as one JSON file and one page."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.tables.rows import Row
from benchmarks import gpu, gpu_humpback, gpu_model, gpu_page, gpu_prepare
from benchmarks.gpu import Part, Rehearsal, Run

ABOUT = {"date": "2026-01-01", "rehearsal": False, "machine": {"name": "one GPU", "versions": "torch 9"}, "model": "m"}


def prints(name: str, text: str, seconds: float = 30, goes_on: bool = False, then: str = "") -> Part:
    """A part that notes that it ran, and prints a text."""
    note = f"open('ran', 'a').write({name!r} + ' ')"
    return Part(name, seconds, [sys.executable, "-c", f"import time; {note}; {then or f'print({text!r})'}"], goes_on)


def run(folder: Path, *parts: Part, seconds: float = 100) -> Run:
    return Run(folder, parts, seconds, ABOUT)


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_parts_run_in_order_and_a_later_call_does_only_what_is_missing(tmp_path: Path) -> None:
    fails = prints("b", "", then="raise SystemExit('no module trl')")
    parts = gpu.run_parts(run(tmp_path, prints("a", 'log\n{"x": 1}'), fails, prints("c", "no JSON")))["parts"]
    assert Path("ran").read_text() == "a b c "
    assert parts["a"]["x"] == 1 and parts["a"]["seconds"] < 30
    assert parts["b"]["missing"] == "ended with status 1: no module trl"
    assert parts["c"]["missing"].startswith("ended with status 0")
    parts = gpu.run_parts(run(tmp_path, prints("a", 'log\n{"x": 1}'), prints("b", '{"y": 2}')))["parts"]
    assert Path("ran").read_text() == "a b c b " and parts["a"]["x"] == 1 and parts["b"]["y"] == 2
    gpu.run_parts(run(tmp_path, prints("a", '{"x": 3}')))  # other settings: measured anew
    assert json.loads((tmp_path / "gpu.json").read_text())["parts"]["a"]["x"] == 3


@pytest.mark.slow
def test_a_part_out_of_time_is_ended_with_its_processes_and_named(tmp_path: Path) -> None:
    child = "import subprocess; p = subprocess.Popen(['sleep', '60']); open('pid', 'w').write(str(p.pid)); p.wait()"
    begun = time.monotonic()
    parts = gpu.run_parts(run(tmp_path, prints("slow", "", 2.0, then=child), prints("next", "{}\n{}")))["parts"]
    assert time.monotonic() - begun < 30
    assert parts["slow"]["missing"].startswith("out of time after ")
    state = Path("/proc", Path("pid").read_text(), "stat")
    assert not state.is_file() or state.read_text().split()[2] == "Z"
    assert Path("ran").read_text() == "slow next "
    assert "- **slow**: out of time after" in (tmp_path / "gpu.md").read_text()


def test_no_part_is_begun_that_cannot_end_but_one_that_goes_on_later(tmp_path: Path) -> None:
    short = gpu.RESERVE + 20
    parts = gpu.run_parts(
        run(tmp_path, prints("long", "{}", 300), prints("again", '{"x": 1}', 300, True), seconds=short)
    )
    assert parts["parts"]["long"]["missing"].startswith("not begun: ") and parts["parts"]["again"]["x"] == 1
    parts = gpu.run_parts(run(tmp_path, prints("later", "{}", 300, True), seconds=gpu.RESERVE))
    assert parts["parts"]["later"]["missing"] == "not begun: 0 s were left, and it may take 300"


def test_the_clock_and_the_shell_keep_the_25_minutes_that_the_page_promises() -> None:
    script = Path(gpu.__file__).with_name("gpu.sh").read_text(encoding="utf-8")
    limit = int(script.partition("\nlimit=")[2].partition("\n")[0])
    assert 60 * gpu.MINUTES + 2 * gpu.GRACE < limit < 25 * 60


def test_a_part_that_goes_on_may_take_what_the_parts_after_it_do_not_need(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = prints("one", '{"x": 1}', 30, True), prints("two", '{"x": 2}', 30, True)
    gpu.run_parts(Run(tmp_path, parts, gpu.RESERVE + 100, ABOUT, clock=lambda: 0.0, begun=0.0))
    assert capsys.readouterr().err.splitlines() == ["one: at most 70 s", "two: at most 100 s"]


def test_humpback_reads_no_other_texts_than_those_that_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", "--corpus", "away/pages.tar.gz"])
    with pytest.raises(SystemExit, match="1"):
        gpu.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert "no away/pages.tar.gz, from which Humpback has its documents; name the file with --corpus" in line
    assert "--corpus python:docs" in line and not Path("build").exists()
    Path("seeds.jsonl").touch()
    gpu.check_texts("python:docs", "seeds.jsonl")
    with pytest.raises(Problem, match="seed pairs"):
        gpu.check_texts("python:docs", "none.jsonl")


def story() -> Row:
    """What all parts print, in their form."""
    arm = {"mean": 2.5, "difference": -0.01, "low": -0.02, "high": 0.0, "rows": 27}
    seeds = {"documents": 7000, "heldout": 27, "candidates": 5000, "curated": 3000, "corpus": "pages.tar.gz"}
    sides = {"ours": {"tokens_s": 9.0, "mfu": 0.3}, "bare": {"tokens_s": 10.0, "mfu": 0.33}}
    return {
        "model": {"dtype": "bfloat16"},
        "overhead": {"requests": 100, "vllm_generate": 0.98, "vllm_generate_seconds": [2.0, 1.0]},
        "prefix": {"speedup": 1.6, "cached": 0.6},
        "rating": {"speedup": 9.0, "vllm_speedup": 9.0},
        "mfu": sides | {"ratio": 0.9, "peak_tflops": 989.0, "peak": "data sheet"},
        "humpback-0": seeds
        | {
            "curated - random": arm | {"difference": 0.003, "high": 0.02},
            "arms": {"reply": {"mean": 2.51}, "humpback-1": arm},
        },
        "humpback-1": {"missing": "out of time after 300 s"},
    }


def test_the_page_has_every_figure_and_every_part_that_is_missing() -> None:
    text = gpu_page.page(ABOUT | {"minutes": 24.0, "parts": story()})
    for words in (
        "## 2026-01-01: one GPU, `benchmarks/gpu.sh`\n",
        "vllm_generate **0.980** (50 and 100 rows/s)",
        "**1.60** times",
        "vllm **9.0** times",
        "ratio **0.900**; MFU 30.0% and 33.0% of 989 TFLOP/s",
        "7,000 documents (pages.tar.gz)",
        "| humpback-1 | 2.500 (-0.0100 [-0.0200, +0.0000]) |",
        "| reply | 2.510 |",
        "| humpback-1 - random | +0.0030 [-0.0200, +0.0200] |",
        "5,000 candidates, 3,000 kept",
        "- **humpback-1**: out of time after 300 s.",
    ):
        assert words in text
    rehearsed = gpu_page.page(ABOUT | {"minutes": 24.0, "parts": story(), "rehearsal": True, "share": 0.1})
    assert "A rehearsal on a CPU at 0.1 of the sizes on a GPU: " in rehearsed
    assert "rehearsal" not in text and all(len(line) < 200 for line in text.splitlines())


@pytest.mark.parametrize("rehearsal", [None, Rehearsal(), Rehearsal(0.1)])
def test_the_story_has_its_parts_in_their_order_and_ends_in_time(rehearsal: Rehearsal | None, tmp_path: Path) -> None:
    parts = [*gpu.speed_parts(tmp_path, "", rehearsal), *gpu.humpback_parts(tmp_path, rehearsal)]
    names = [part.name for part in parts]
    assert names[:5] == ["model", "overhead", "prefix", "rating", "mfu"]
    assert names[5:] == [f"humpback-{seed}" for seed in range(1 if rehearsal else 3)]
    assert rehearsal or sum(part.seconds for part in parts) <= 60 * gpu.MINUTES - gpu.RESERVE
    assert ("--halves" in parts[0].command) == (rehearsal is not None)
    assert ("--share" in parts[5].command) == bool(rehearsal and rehearsal.share)


def test_a_rehearsal_at_a_share_counts_by_it_and_writes_as_many_tokens() -> None:
    tenth = Rehearsal(0.1)
    assert tenth.sizes("overhead") == {"requests": 800, "repeats": 1, "words": 64}
    assert tenth.sizes("rating") == {"pairs": 100, "words": 256, "repeats": 1}
    assert tenth.sizes("mfu") == {"steps": 6, "batch": 6, "rows": 3, "length": 1024}
    assert Rehearsal(1.0).sizes("mfu") == gpu.SIZES["mfu"]
    assert Rehearsal().sizes("mfu") == gpu.QUICK["mfu"]
    assert Rehearsal(0.0001).sizes("prefix") == gpu.QUICK["prefix"]


@pytest.mark.parametrize("words", [["--share", "0.1"], ["--rehearse", "--share", "1.5"]])
def test_a_share_is_of_a_rehearsal(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", *words])
    with pytest.raises(SystemExit, match="2"):
        gpu.main()
    assert not Path("build").exists()


def test_a_rehearsal_is_fed_the_file_as_two_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packaged.gguf").write_bytes(content := b"GGUF" + os.urandom(999))
    monkeypatch.setattr(gpu_prepare.places, "located", lambda _: tmp_path / "packaged.gguf")
    assert gpu_prepare.by_halves(tmp_path).read_bytes() == content
    assert [(tmp_path / f"halves/{number}/part").stat().st_size for number in (1, 2)] == [502, 501]


def test_a_seed_changes_what_is_drawn_and_every_model_is_the_one_that_is_given() -> None:
    there = {"origin": {"gguf": "m.gguf", "parameters": 1e8}, "chat": {"instead": {}}, "train": {"lr": 1.0},
             "generate": {}, "speed": {"processes": 2}}  # fmt: skip
    made = gpu_humpback.profile(there, "/m", seed=2, rehearsal=False)
    assert made["train"]["seed"] == made["generate"]["seed"] == 2 and made["train"]["lr"] == 1.0
    tenth = gpu_humpback.profile(there, "/m", seed=0, rehearsal=False, share=0.1)["train"]
    assert (made["train"]["steps"], tenth["steps"], tenth["batch"]) == (100, 10, 32)
    assert made["origin"]["path"] == made["chat"]["instead"]["path"] == "/m" and "gguf" not in made["origin"]
    assert "processes" not in made["speed"]


def test_the_figures_of_a_seed_have_curated_beside_random_pairs(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    arms = ("reply", "random", "humpback-1")
    for number, name in enumerate((*(f"eval-loss-{arm}" for arm in arms), gpu_humpback.CURATION)):
        groups = {"dev": {"loss": {"mean": 9.0}}, "test": {"loss": {"mean": 2.0, "difference": number / 10}}}
        (tmp_path / f"data/{name}.json").write_text(json.dumps({"groups": groups}))
    for name in ("web", "heldout", "humpback-pool", "humpback-curate-1"):
        (tmp_path / f"data/{name}.json").write_text('{"rows_out": 7}')
    made = gpu_humpback.figures(tmp_path, arms, "pages.tar.gz")
    assert made["curated - random"]["difference"] == 0.3 and made["arms"]["humpback-1"]["difference"] == 0.2


def test_a_file_becomes_two_halves_and_the_same_file_again(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(content := b"GGUF" + os.urandom(1001))
    first, second = gpu_model.halves(file, tmp_path / "halves")
    assert first.stat().st_size - second.stat().st_size in (0, 1)
    assert gpu_model.join(tmp_path / "halves", tmp_path / "new/m.gguf").read_bytes() == content
    half = second.read_bytes()
    second.write_bytes(bytes([half[0] ^ 1]) + half[1:])  # another byte, whatever was drawn
    with pytest.raises(Problem, match="do not make the file they were cut from"):
        gpu_model.join(tmp_path / "halves", tmp_path / "other.gguf")
    second.unlink()
    with pytest.raises(Problem, match="no half .*2/part"):
        gpu_model.join(tmp_path / "halves", tmp_path / "other.gguf")
    assert not (tmp_path / "other.gguf").exists()
