"""A project on one's own data, from the installed wheel and no clone at hand, in every format people have."""

import csv
import gzip
import io
import json
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import preloading
import project
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from project import CHECKOUT
from tokenizers import Tokenizer
from typer.testing import CliRunner

from baleen.commands.command import app
from baleen.project import command_line
from baleen.tables import rows
from stages import ingest

pytestmark = pytest.mark.slow
NAMES = {"NAME": "Somebody", "EMAIL": "somebody@example.org"}
KITCHEN = "salt bread onion butter lentil garlic pepper barley honey cabbage walnut plum".split()
DRAWN = [Random(n).sample(KITCHEN, 6) for n in range(20)]
TEXTS = ["Take {}, {} and {}. Cook {} with {}, then add {}.".format(*words) for words in DRAWN]
PAIRS = [(f"What can I cook with {words[0]} and {words[-1]}?", text) for words, text in zip(DRAWN, TEXTS, strict=True)]


def jsonl_text(texts: list[str]) -> str:
    return "".join(json.dumps({"text": text, "page": n}) + "\n" for n, text in enumerate(texts))


def csv_text(texts: list[str]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([["page", "text"], *enumerate(texts)])
    return file.getvalue()


def write_folder(at: Path, suffix: str, shape: str) -> None:
    at.mkdir(parents=True)
    for n, text in enumerate(TEXTS):
        (at / f"{n:02}{suffix}").write_text(shape.format(text), encoding="utf-8")


def write_tar(at: Path) -> None:
    with tarfile.open(at, "w:gz") as archive:
        for n, text in enumerate(TEXTS):
            content = f"# Keeping\n\n{text}\n".encode()
            member = tarfile.TarInfo(f"docs/{n:02}.md")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def save_dataset(at: Path) -> None:
    from datasets import Dataset

    Dataset.from_dict({"text": TEXTS, "page": list(range(len(TEXTS)))}).save_to_disk(at)


CORPORA: dict[str, Callable[[Path], object]] = {
    "docs.jsonl": lambda at: at.write_text(jsonl_text(TEXTS)),
    "docs.jsonl.gz": lambda at: at.write_bytes(gzip.compress(jsonl_text(TEXTS).encode())),
    "docs.parquet": lambda at: pq.write_table(pa.table({"text": TEXTS}), at),
    "docs.csv": lambda at: at.write_text(csv_text(TEXTS)),
    "notes": lambda at: write_folder(at, ".txt", "{}\n"),
    "guide": lambda at: write_folder(at, ".md", "# Keeping\n\n{}\n"),
    "page.html": lambda at: at.write_text(f"<html><body>{''.join(f'<p>{t}</p>' for t in TEXTS)}</body></html>"),
    "docs.tar.gz": write_tar,
    "saved": save_dataset,
}
SEEDS: dict[str, Callable[[Path], object]] = {
    "seeds.jsonl": lambda at: at.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in PAIRS)),
    "seeds.csv": lambda at: at.write_text("question,answer\n" + "".join(f'{q},"{a}"\n' for q, a in PAIRS)),
    "seeds.parquet": lambda at: pq.write_table(
        pa.table({"question": [q for q, _ in PAIRS], "answer": [a for _, a in PAIRS]}), at
    ),
}


def run_installed(folder: Path, *words: str) -> str:
    """Run a command of an installed baleen, whose files are those of the wheel, its stages as copies of one process."""
    env = project.environment(folder) | preloading.variables() | {"PYTHONPATH": str(folder.parent / "site")} | GIT
    done = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True)
    assert not done.returncode, f"{' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout + done.stderr


GIT = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in NAMES.items()}
BALEEN = (sys.executable, "-m", "baleen")


def build_wheel(at: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(at)], cwd=CHECKOUT, check=True)
    [wheel] = at.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(at / "site")
    for package in Path(sysconfig.get_path("purelib")).iterdir():  # as installed, with all other packages beside it
        if package.suffix != ".pth" and not (at / "site" / package.name).exists():
            (at / "site" / package.name).symlink_to(package)


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """A folder of somebody who has installed baleen."""
    wheel = project.shared_folder(tmp_path_factory, "wheel", build_wheel)
    (tmp_path / "site").symlink_to(wheel / "site")
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


def test_the_page_of_view_is_in_the_wheel(desk: Path) -> None:
    pages = CHECKOUT / "baleen/viewer/static"
    installed = desk.parent / "site/baleen/viewer/static"
    assert {path.name for path in pages.iterdir()} == {path.name for path in installed.iterdir()} >= {"index.html"}


def new_project(desk: Path, corpus: str, seeds: str, *more: str) -> str:
    """Begin a project on files of these names; what was printed."""
    if corpus in CORPORA:
        CORPORA[corpus](desk / corpus)
    SEEDS[seeds](desk / seeds)
    words = ("new", "my-data", "--corpus", corpus, "--seeds", seeds, "--profile", "text", *more)
    printed = run_installed(desk, *BALEEN, *words)
    (desk / "my-data").rename(desk.parent / "my-data")
    return printed


def table_of(folder: Path, name: str) -> list[rows.Row]:
    return list(rows.read(folder / f"data/{name}.parquet"))


FORMS = [(corpus, list(SEEDS)[n % 3]) for n, corpus in enumerate(CORPORA)]
INSTALLED = ("docs.tar.gz", "saved")  # a file and a folder from the installed wheel, as processes; the others here


def assert_proposed_tracked_and_read(folder: Path, corpus: str, printed: str) -> None:
    assert "response <- " in printed and "instruction <- question, response <- answer" in printed
    assert {(row["instruction"], row["response"]) for row in table_of(folder, "pairs")} == set(PAIRS)
    kept = "\n".join(row["response"] for row in table_of(folder, "web"))
    assert all(text in kept for text in TEXTS)
    assert f"data/raw/{corpus}.dvc" in project.git(folder, "ls-files")
    assert f"data/raw/{corpus}\n" not in project.git(folder, "ls-files")


@pytest.mark.parametrize(("corpus", "seeds"), [one for one in FORMS if one[0] in INSTALLED])
def test_the_installed_command_proposes_tracks_and_reads(corpus: str, seeds: str, desk: Path) -> None:
    printed = new_project(desk, corpus, seeds)
    run_installed(desk.parent / "my-data", "dvc", "repro", "ingest@web", "ingest@pairs")
    assert_proposed_tracked_and_read(desk.parent / "my-data", corpus, printed)


def new_here(home: Path, corpus: str, monkeypatch: pytest.MonkeyPatch, seeds: str) -> tuple[Path, str]:
    """Begin a project in this process and go there; its folder and what was printed."""
    monkeypatch.chdir(home)
    for name, value in (GIT | preloading.variables()).items():
        monkeypatch.setenv(name, value)
    words = ["new", "my-data", "--corpus", corpus, "--seeds", seeds, "--profile", "text"]
    ended = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    monkeypatch.chdir(home / "my-data")
    return home / "my-data", ended.output


@pytest.mark.parametrize(("corpus", "seeds"), [one for one in FORMS if one[0] not in INSTALLED])
def test_every_format_is_proposed_tracked_and_read(
    corpus: str, seeds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CORPORA[corpus](tmp_path / corpus)
    SEEDS[seeds](tmp_path / seeds)
    folder, printed = new_here(tmp_path, corpus, monkeypatch, seeds)
    for name in ("web", "pairs"):
        ingest.main([name])
    assert_proposed_tracked_and_read(folder, corpus, printed)


def test_the_documentation_of_python_is_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SEEDS["seeds.jsonl"](tmp_path / "seeds.jsonl")
    folder, _ = new_here(tmp_path, "python:docs", monkeypatch, "seeds.jsonl")
    ingest.main(["web"])
    assert project.load_json(folder, "data/web.json")["rows_out"] > 1000


def test_plain_dvc_builds_compares_and_shares_a_project_of_ones_own(desk: Path) -> None:
    new_project(desk, "docs.jsonl", "seeds.jsonl")
    folder = desk.parent / "my-data"
    project.set_yaml(folder / "params.yaml", "curate.share", 0.5)
    for section, small in {"pretrain": {"steps": 8}, "train": {"steps": 4}, "speed": {"processes": 1}}.items():
        for name, value in small.items():
            project.set_yaml(folder / "profiles/text.yaml", f"{section}.{name}", value)
    project.set_yaml(folder / "profiles/text.yaml", "generate.max_tokens", 32)
    run_installed(folder, "python", "-m", "stages.warm", "dvc", "repro")
    pairs = table_of(folder, "humpback-dataset")
    assert {row["origin"] for row in pairs} == {"seed", "web"} and all(row["messages"] for row in pairs)
    known = Tokenizer.from_file(str(folder / "models/humpback/tokenizer.json"))
    assert not [text for text in TEXTS if "<unk>" in known.encode(text).tokens]
    metrics = project.load_json(folder, "metrics.json")
    assert metrics["kept"] > 0 and "difference" in metrics["loss-humpback"]
    told = run_installed(folder, *BALEEN, "report")
    assert "curated, round 1 (humpback-1)" in told and "held-out rows are too few to say, 20 are the least." in told
    assert run_installed(folder, "dvc", "status").strip() == "Data and pipelines are up to date."
    shown = run_installed(folder, *BALEEN, "show").splitlines()
    assert max(map(len, shown)) <= 100 and any(line.startswith("map@humpback-dataset ") for line in shown)
    run_installed(folder, "git", "add", "-A")
    run_installed(folder, "git", "commit", "-qm", "built")
    run_installed(folder, "dvc", "remote", "add", "-d", "store", str(desk.parent / "store"))
    run_installed(folder, "git", "commit", "-qam", "remote")
    run_installed(folder, "dvc", "push")
    run_installed(folder, "git", "clone", "-q", str(folder), str(desk.parent / "clone"))
    run_installed(desk.parent / "clone", "dvc", "pull")
    assert run_installed(desk.parent / "clone", "dvc", "status").strip() == "Data and pipelines are up to date."
    assert (desk.parent / "clone/data/raw/docs.jsonl").is_file()


BAD = {
    "a corpus that is not there": (["--corpus", "no", "--seeds", "seeds.jsonl"], "no file or folder no"),
    "a corpus without seeds": (["--corpus", "docs.jsonl"], "--seeds is missing"),
    "seeds without pairs": (
        ["--corpus", "seeds.jsonl", "--seeds", "docs.jsonl"],
        "write --seed-columns instruction=FIELD,response=FIELD",
    ),
    "a column that no prompt reads": (
        ["--corpus", "docs.jsonl", "--seeds", "seeds.jsonl", "--seed-columns", "instruction=a,input=b,response=c"],
        "no prompt of humpback reads a column input; join it to the instruction",
    ),
    "one file for both": (
        ["--corpus", "docs.jsonl", "--seeds", "../desk/docs.jsonl"],
        "docs.jsonl is named as corpus and as seeds; a corpus is texts alone",
    ),
    "a corpus on the web": (
        ["--corpus", "https://example.org/docs.jsonl", "--seeds", "seeds.jsonl"],
        "https://example.org/docs.jsonl is not on this machine",
    ),
    "a mapping that is none": (
        ["--corpus", "docs.jsonl", "--seeds", "seeds.jsonl", "--seed-columns", "x"],
        "is no mapping",
    ),
    "two files of one name": (
        ["--corpus", "docs.jsonl", "--seeds", "../elsewhere/docs.jsonl"],
        "have the same name, and both go to data/raw; rename one",
    ),
    "an unknown profile": (["--profile", "huge"], "unknown profile 'huge'"),
    "an unknown method": (["--method", "humpbak"], "unknown method 'humpbak'"),
}


PROCESSES = ("a corpus that is not there", "an unknown profile")  # by the installed command; the others here


def refused_files(desk: Path) -> None:
    CORPORA["docs.jsonl"](desk / "docs.jsonl")
    SEEDS["seeds.jsonl"](desk / "seeds.jsonl")
    (desk.parent / "elsewhere").mkdir()
    SEEDS["seeds.jsonl"](desk.parent / "elsewhere/docs.jsonl")


@pytest.mark.parametrize("name", PROCESSES)
def test_what_the_installed_command_cannot_begin_is_one_line_and_leaves_nothing(name: str, desk: Path) -> None:
    words, message = BAD[name]
    refused_files(desk)
    before = sorted(desk.iterdir())
    env = project.environment(desk) | {"PYTHONPATH": str(desk.parent / "site")}
    done = subprocess.run([*BALEEN, "new", "my-data", *words], cwd=desk, env=env, text=True, capture_output=True)
    assert done.returncode == 1 and message in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert sorted(desk.iterdir()) == before


@pytest.mark.parametrize("name", [name for name in BAD if name not in PROCESSES])
def test_what_cannot_be_begun_is_one_line_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words, message = BAD[name]
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    refused_files(Path.cwd())
    before = sorted(Path.cwd().iterdir())
    with pytest.raises(SystemExit) as ended, command_line.report_problems():
        app(["new", "my-data", *words])
    said = capfd.readouterr().err
    assert ended.value.code == 1 and message in said and len(said.strip().splitlines()) == 1
    assert sorted(Path.cwd().iterdir()) == before
