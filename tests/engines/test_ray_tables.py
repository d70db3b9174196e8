"""Tables that workers on Ray ingest, filter and mix are those that one process makes, byte by byte."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import one_process
import pytest

from baleen.engines.ray import filter_shards, ingest_shards, mix_shards, near_shards, row_groups
from baleen.engines.ray.datasets import Workers
from baleen.errors import Problem
from baleen.project.settings import Speed
from baleen.tables import mixing, rows
from stages import filter as filter_verb
from stages import ingest, mix

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (extra ray)")
WORDS = [f"w{n}" for n in range(3000)]
FILES = (".parquet", ".dropped.parquet", ".json")
ON_RAY = ("near", "unique", "mix")


def text(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(30, 60)))


def documents(number: int, seed: int = 0) -> Iterator[dict[str, object]]:
    """Rows of which some are copies, near copies, a family of near copies of near copies, empty, or too short."""
    draw, texts = random.Random(seed), list[str]()
    family = text(draw).split() * 2
    for n in range(number):
        kind = draw.random()
        if kind < 0.1 and texts:
            texts.append(draw.choice(texts))
        elif kind < 0.3 and texts:
            words = draw.choice(texts).split() or ["none"]
            words[draw.randrange(len(words))] = f"new{n}"
            texts.append(" ".join(words))
        elif kind < 0.36:
            family[draw.randrange(len(family))] = f"drift{n}"
            texts.append(" ".join(family))
        else:
            texts.append("" if kind < 0.38 else "short" if kind < 0.4 else text(draw))
        yield {"id": f"{n:016x}", "response": texts[-1], "loss": draw.random(), "group": f"g{n % 997}"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source of nine files, one of which begins with rows of other types, and two tables."""
    folder: Path = tmp_path_factory.mktemp("tables")
    table = [*documents(4000)]
    (folder / "shards").mkdir()
    for number in range(8):
        lines = [json.dumps(row) for row in table[500 * number : 500 * number + 500]]
        (folder / f"shards/{number}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "shards/8.csv").write_text("id,response,loss,group\n1,from a table of cells,0.5,x\n")
    (folder / "shards/notes.xyz").write_text("of no kind")
    rows.write(str(folder / "many.parquet"), ({**row, "instruction": "Why?"} for row in table))
    rows.write(str(folder / "few.parquet"), ({**row, "instruction": "How?"} for row in documents(1500, 1)))
    (folder / "profiles").mkdir()
    (folder / "params.yaml").write_text("profile: here\n")
    return folder


def speed(project: Path, workers: int) -> None:
    (project / "profiles/here.yaml").write_text(f"speed: {{ray_tables: {workers}}}\n")


INGEST = [("--source", "shards", "--origin", "web", "--columns.response", "response", "--min-chars", "9")]
COMMANDS = {
    "near": ("ingest", *INGEST[0], "--deduplicate", "near"),
    "exact": ("ingest", *INGEST[0], "--deduplicate", "exact"),
    "copies": ("ingest", *INGEST[0], "--deduplicate", ""),
    "rank": ("filter", "--input", "many.parquet", "--keep", "words(response)>=10", "chars(response)<=600",
             "--best", "loss", "--share", "0.4"),
    "unique": ("filter", "--input", "many.parquet", "--keep", "loss>=0.1", "--unique", "group", "--best", "loss"),
    "once": ("filter", "--input", "many.parquet", "--unique", "group,response"),
    "keep": ("filter", "--input", "many.parquet", "--keep", "words(response)>=10"),
    "mix": ("mix", "--input", "few.parquet", "--other", "many.parquet", "--share", "0.6"),
}  # fmt: skip
VERBS = {"ingest": ingest, "filter": filter_verb, "mix": mix}


def build(project: Path, name: str, workers: int) -> dict[str, bytes]:
    """The three files of a table."""
    speed(project, workers)
    verb, *flags = COMMANDS[name]
    VERBS[verb].main([f"./{name}.parquet", *flags])
    assert not [*project.glob(".*.part")]
    return files(project, name)


def files(project: Path, name: str) -> dict[str, bytes]:
    return {ending: (project / f"{name}{ending}").read_bytes() for ending in FILES}


@pytest.fixture
def in_one_process(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder; what workers do is done here."""
    monkeypatch.chdir(project)
    for module in (ingest_shards, filter_shards, mix_shards):
        monkeypatch.setattr(module, "Workers", one_process.Workers)
    return project


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_work_in_parts_makes_the_table_that_the_whole_makes(in_one_process: Path, name: str) -> None:
    alone = build(in_one_process, name, 0)
    counts = json.loads(alone[".json"])
    assert build(in_one_process, name, 2) == alone
    assert counts["rows_out"] and (name != "near" or counts["dropped"]["near duplicate"] > 200)


def test_a_large_second_table_is_copied_whoever_copies_the_first(
    in_one_process: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = build(in_one_process, "mix", 0)[".parquet"]
    monkeypatch.setattr(mixing, "LARGE", 4000)
    alone = build(in_one_process, "mix", 0)
    assert build(in_one_process, "mix", 2) == alone
    assert alone[".parquet"] != filled


ALONE: dict[str, tuple[str, ...]] = {
    "a source of one file": (
        "ingest",
        "--source",
        "few.parquet",
        "--origin",
        "web",
        "--columns.response",
        "response",
    ),
    "a chance": ("filter", "--input", "many.parquet", "--best", "loss", "--share", "0.5", "--control", "true"),
    "copies": ("filter", "--input", "many.parquet", "--duplicates", "exact"),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_table_that_one_process_makes_in_spite_of_workers_is_told(
    in_one_process: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *flags = ALONE[name]
    for workers, words in ((0, ""), (2, f"{verb} ./alone.parquet: made by one process, without the workers")):
        speed(in_one_process, workers)
        VERBS[verb].main(["./alone.parquet", *flags])
        assert capsys.readouterr().err.startswith(words) if words else not capsys.readouterr().err


def test_what_is_wrong_in_a_row_is_told_as_of_the_whole(in_one_process: Path) -> None:
    folder = in_one_process / "bad"
    folder.mkdir()
    (folder / "1.jsonl").write_text('{"response": "fine"}\n')
    (folder / "2.jsonl").write_text('{"response": "fine"}\n{"response": ["a list"]}\n')
    told = list[str]()
    for workers in (0, 2):
        speed(in_one_process, workers)
        with pytest.raises(Problem) as problem:
            ingest.main(["./bad.parquet", "--source", "bad", "--origin", "web", "--columns.response", "response"])
        told.append(str(problem.value))
    assert told[0] == told[1] and "bad/2.jsonl:2" in told[0]
    assert not (in_one_process / "bad.parquet").exists() and not [*in_one_process.glob(".*.part")]


@pytest.fixture
def on_ray(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A program in which two workers on a cluster of its own build a table of each verb."""
    monkeypatch.chdir(project)
    paths = [
        str(Path(near_shards.__file__).parents[3]),
        str(Path(__file__).parent),
        str(Path(one_process.__file__).parent),
    ]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    code = "import test_ray_tables; test_ray_tables.build_on_ray()"
    return [sys.executable, "-c", code]


def build_on_ray() -> None:
    """One cluster for all tables: starting one takes 10 s."""
    with Workers(Speed(ray_tables=2)):
        for name in ON_RAY:
            build(Path(), name, 2)


@pytest.mark.slow
def test_a_run_on_ray_that_is_killed_goes_on_to_the_same_tables(project: Path, on_ray: list[str]) -> None:
    """The killed one leaves scratch files, which the next one deletes."""
    alone = {name: build(project, name, 0) for name in ON_RAY}
    for path in (project / f"{name}{ending}" for name in ON_RAY for ending in FILES):
        path.unlink()
    speed(project, 2)
    with subprocess.Popen(on_ray) as program:
        while not [*project.glob(f".{ON_RAY[0]}.rows-*.part")]:
            assert program.poll() is None
            time.sleep(0.05)
        program.send_signal(signal.SIGKILL)
    assert [*project.glob(".*.part")] and not (project / f"{ON_RAY[0]}.parquet").exists()
    subprocess.run(on_ray, check=True)
    assert {name: files(project, name) for name in ON_RAY} == alone
    assert not [*project.glob(".*.part")]


def pairs(*some: tuple[int, int]) -> near_shards.Pairs:
    return np.array(some, dtype=np.int64)


def test_a_row_leaves_for_the_first_kept_one_that_it_resembles() -> None:
    """2 resembles 1, which is kept; 3 resembles 2 alone, which is not; 5 resembles 3 and 4."""
    assert near_shards.first_kept(pairs((5, 4), (2, 1), (3, 2), (5, 3))) == {2: 1, 5: 3}


def test_shards_hold_all_files_and_all_row_groups_in_order(tmp_path: Path) -> None:
    files: list[object] = [*range(7)]
    assert [one for part in ingest_shards.parted(files, 3) for one in part] == files  # type: ignore[arg-type]
    assert len(ingest_shards.parted(files, 20)) == 7  # type: ignore[arg-type]
    rows.write(str(tmp_path / "t.parquet"), documents(10 * rows.BATCH + 1))
    groups = row_groups.shards_of(tmp_path / "t.parquet", 2)
    assert [group for _, some in groups for group in some] == [*range(11)] and len(groups) >= 8
    rows.write(str(tmp_path / "none.parquet"), [])
    assert row_groups.shards_of(tmp_path / "none.parquet", 2) == [(0, [])]


def test_a_client_of_a_cluster_elsewhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.chdir(project)
    (project / "profiles/here.yaml").write_text("speed: {ray_tables: 2, ray_address: 'ray://head:10001'}\n")
    with pytest.raises(Problem, match="write auto or host:6379"):
        mix.main([str(tmp_path / "out.parquet"), *COMMANDS["mix"][1:]])
