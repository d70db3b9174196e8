"""What a person sees when something is wrong: one line that says what, where and what to write, and nothing left."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mistakes import ASK, CASES, TABLE, Case

from baleen.commands import check
from baleen.errors import Interrupted, Problem
from baleen.measures import translation
from baleen.models import scratch
from baleen.project import command_line, interrupts

CHECKOUT = Path(__file__).parents[1]
PROGRESS = re.compile(r"\w+  \d+/\d+ rows ")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project: prompts and code of this checkout, one profile, knobs, an input and an older output."""
    for name in ("prompts", "profiles"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    for name in ("stages", "baleen", "pocket"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    write_files(tmp_path, {"params.yaml": "profile: pocket\ncurate: {share: 0.5}\n", "data/in.parquet": TABLE})
    write_files(tmp_path, {"data/out.parquet": b"an older table", "models/out/config.json": "an older model"})
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / ".memo"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_files(folder: Path, files: dict[str, Any]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            pq.write_table(pa.Table.from_pylist(content, None if content else pa.schema([("id", pa.string())])), path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def project_files(folder: Path) -> dict[str, bytes]:
    """Everything in the project but the memo and the code, hidden files too."""
    own = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] != ".memo"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in own}


def assert_one_line(code: object, shown: str, words: str) -> None:
    assert code == 1
    lines = [line for line in shown.splitlines() if not PROGRESS.match(line)]
    assert len(lines) == 1 and lines[0].startswith("baleen: "), shown
    assert re.search(words, shown), shown


def run(verb: str, *words: str) -> object:
    """Run a verb, or `baleen check`, in this process as its command line would, and return its exit code."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", [verb, *words])
        command_line.run(check.check_here if verb == "check" else import_module(f"stages.{verb}").main)
    return ended.value.code


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input_is_one_line_and_nothing_is_left(case: Case, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_files(home, case.files)
    before = project_files(home)
    code = run(*case.command.split())
    assert_one_line(code, capfd.readouterr().err, case.words)
    assert project_files(home) == before


def test_a_run_that_is_stopped_says_that_the_same_command_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(argv: list[str]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        command_line.run(stopped)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "baleen: interrupted; nothing was changed, the same command goes on\n"


@pytest.mark.parametrize(
    ("program", "error", "words"),
    [
        ("stages/generate.py", KeyboardInterrupt(), "every reply so far is cached"),
        ("stages/score.py", KeyboardInterrupt(), "every reply so far is cached"),
        ("stages/plan.py", KeyboardInterrupt(), "the plan of before is kept"),
        ("stages/filter.py", KeyboardInterrupt(), "nothing was changed"),
        ("stages/train.py", Interrupted("the checkpoint of step 20 of 80 is kept"), "the checkpoint of step 20 of 80"),
        ("bin/baleen", KeyboardInterrupt(), "nothing was changed"),
    ],
)
def test_what_is_kept_depends_on_the_verb(
    program: str, error: BaseException, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", [program])
    assert interrupts.words(error).startswith(f"baleen: interrupted; {words}")


def chained(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "is_interrupt"),
    [
        (KeyboardInterrupt(), True),
        (Interrupted("x"), True),
        (chained(ImportError("half imported"), KeyboardInterrupt()), True),
        (chained(SystemExit(130), chained(RuntimeError(), KeyboardInterrupt())), True),
        (chained(Problem("x"), ValueError()), False),
        (ImportError("not there"), False),
    ],
)
def test_what_a_library_makes_of_ctrl_c_is_an_interrupt_too(error: BaseException, is_interrupt: bool) -> None:
    assert interrupts.is_interrupt(error) == is_interrupt


LACKING = {  # what is not installed: a command line that needs it, and the extra
    "torch": (f"generate out {ASK}", "train"),
    "sacrebleu.metrics.bleu": ("filter out --input in --keep bleu(id,response)>=4", "metrics"),
}


@pytest.mark.parametrize("module", LACKING)
def test_an_extra_that_is_not_installed_is_one_line(
    module: str, home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, extra = LACKING[module]
    write_files(home, {"models/m/model.safetensors": "x"})
    translation.sacrebleu_metric.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    words = rf"baleen: {module.partition('.')[0]} is not installed; pip install 'baleen-build\[{extra}\]'$"
    assert_one_line(run(*command.split()), capfd.readouterr().err, words)


@pytest.mark.parametrize("module", ["trl.trainer.sft_trainer", "aiohttp"])
def test_the_package_of_a_module_is_what_is_to_be_installed(
    module: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, module.partition(".")[0], None)
    with pytest.raises(SystemExit):
        command_line.run(lambda argv: import_module(module))
    words = f"baleen: {module.partition('.')[0]} is not installed; pip install 'baleen-build["
    assert capfd.readouterr().err.startswith(words)


def test_a_module_that_no_extra_brings_is_no_advice() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        command_line.run(lambda argv: import_module("nowhere"))


def test_extras_are_those_of_the_project() -> None:
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    brought = {extra: " ".join(packages).replace("-", "_") for extra, packages in extras.items()}
    lacking = {name: extra for name, extra in command_line.EXTRAS.items() if name not in brought[extra]}
    assert lacking == {"tokenizers": "train"}  # of transformers


def tokenizer(folder: Path, template: bool) -> None:
    words = scratch.new_tokenizer(["some words"], scratch.Fresh())
    words.chat_template = words.chat_template if template else None
    words.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("template", "words"),
    [
        (False, "model m .* has no chat template; add 'chat_template: chatml' to its pin"),
        (
            True,
            "models/m has no weights in safetensors, only .*pytorch_model.bin.*; convert them, pickle is not opened",
        ),
    ],
    ids=["no chat template", "weights in pickle only"],
)
def test_a_model_that_cannot_be_asked_is_one_line(
    template: bool, words: str, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tokenizer(home / "models/m", template)
    write_files(home, {"models/m/pytorch_model.bin": b"pickle"})
    code = run("generate", "out", *ASK.split())
    assert_one_line(code, capfd.readouterr().err, words)
    assert (home / "data/out.parquet").read_bytes() == b"an older table"


def test_a_huge_document_is_counted_and_the_others_are_kept(home: Path) -> None:
    write_files(home, {"c/a.txt": "A text.", "c/b.txt": b""})
    os.truncate(home / "c/b.txt", 50_000_000)
    assert run("ingest", "out", "--source", "c", "--origin", "web") == 0
    assert json.loads((home / "data/out.json").read_text())["dropped"] == {"too large": 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a malformed JSON line", "a misspelt prompt"])
def test_a_command_line_ends_with_code_one_and_one_line(name: str, home: Path) -> None:
    write_files(home, CASES[name].files)
    before = project_files(home)
    verb, *words = CASES[name].command.split()
    ended = command(home, [sys.executable, "-m", f"stages.{verb}", *words])
    assert_one_line(ended.returncode, ended.stderr, CASES[name].words)
    assert ended.stdout == "" and project_files(home) == before


def command(folder: Path, words: list[str], file_size: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program in the project; no file it writes may grow beyond `file_size` bytes."""
    limit = None if file_size is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    own = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "BALEEN_MEMO": str(folder / ".memo")}
    return subprocess.run(words, cwd=folder, env=own, text=True, capture_output=True, preexec_fn=limit)


def corpus(folder: Path) -> list[str]:
    """A command that writes some 400 kB to data/."""
    texts = (json.dumps({"response": os.urandom(400).hex()}) + "\n" for _ in range(1000))
    (folder / "c.jsonl").write_text("".join(texts))
    return [sys.executable, "-m", "stages.ingest", "out", "--source", "c.jsonl", "--origin", "web"]


@pytest.mark.slow
def test_a_write_that_fails_is_one_line_and_leaves_the_older_table(home: Path) -> None:
    words = corpus(home)
    before = project_files(home)
    ended = command(home, words, file_size=100_000)
    assert_one_line(
        ended.returncode, ended.stderr, r"File too large.*make room on the disk and run the same command again"
    )
    assert project_files(home) == before


def run_on_small_disk(home: Path, options: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program that sees a small disk at full/, in a mount namespace of its own."""
    (home / "full").mkdir()
    line = 'mount -t tmpfs -o "$0" tmpfs full || exit 99; "$@"; code=$?; ls -A full; exit $code'
    ended = command(home, ["unshare", "-rm", "sh", "-c", line, options, *words])
    if ended.returncode == 99 or "unshare" in ended.stderr:
        pytest.skip("needs a mount namespace of its own")
    return ended


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("size=100k", "No space left on device.*make room on the disk and run the same command again"),
        ("size=9m,ro", "Read-only file system.*the folder must be one that can be written to"),
    ],
    ids=["full", "read-only"],
)
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_disk_that_takes_nothing_is_one_line_and_stays_empty(options: str, words: str, home: Path) -> None:
    line = [word.replace("out", "full/out.parquet") if word == "out" else word for word in corpus(home)]
    ended = run_on_small_disk(home, options, line)
    assert_one_line(ended.returncode, ended.stderr, words)
    assert ended.stdout == ""


WRITERS = {  # how libraries write what they have, to a file `full/a`
    "safetensors": "from safetensors.numpy import save_file; save_file({'a': np.zeros(200_000)}, 'full/a')",
    "numpy": "np.save('full/a.npy', np.zeros(200_000))",
    "tokenizers": "from tokenizers import Tokenizer, models; words = {f'word{n}': n for n in range(9000)}; "
    "Tokenizer(models.WordLevel(words, unk_token='word0')).save('full/a')",
    "torch": "import torch; torch.save({'a': torch.zeros(200_000)}, 'full/a')",
}


@pytest.mark.slow
@pytest.mark.parametrize("library", WRITERS)
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_whatever_library_writes_to_a_full_disk_it_is_one_line(library: str, home: Path) -> None:
    pytest.importorskip(library)
    begin = "import numpy as np; from baleen.project.command_line import report_problems\nwith report_problems():\n    "
    ended = run_on_small_disk(home, "size=100k", [sys.executable, "-c", begin + WRITERS[library]])
    assert_one_line(ended.returncode, ended.stderr, "make room on the disk and run the same command again")


def test_a_file_in_place_of_the_data_folder_is_one_line(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(home / "data")
    write_files(home, {"data": "a file", "c.txt": "A text."})
    code = run("ingest", "out", "--source", "c.txt", "--origin", "web")
    assert_one_line(code, capfd.readouterr().err, "'data.*the folder must be one that can be written to")
    assert (home / "data").read_text() == "a file"
