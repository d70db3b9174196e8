"""Two runs, any number of threads, the same bytes."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from baleen.measures import filters
from baleen.tables import mixing, rows

NUMBER = 2500  # rows of a table: groups that are full and one that is not
INGEST = ["--source", "in.parquet", "--origin", "web", "--columns.response", "response", "--deduplicate"]
CONDITIONS = ["chars(response)>=20", "words(response)>=5", "ratio(response,instruction)>=1"]
VERBS = {
    "ingest-exact": ["ingest", *INGEST, "exact"],
    "ingest-near": ["ingest", *INGEST, "near"],
    "filter": ["filter", "--input", "in", "--keep", *CONDITIONS],
    "filter-ranked": ["filter", "--input", "in", "--keep", *CONDITIONS, "--best", "loss", "--share", "0.5"],
    "filter-unique": ["filter", "--input", "in", "--keep", *CONDITIONS, "--unique", "response"],
    "mix": ["mix", "--input", "few", "--other", "in", "--share", "0.4"],
    "mix-copied": ["mix", "--input", "few", "--other", "in", "--share", "0.4"],
    "export": ["map", "--input", "in", "--apply", "messages"],
}
THREADS = (1, 2, 4)


def made_rows(number: int, seed: int) -> Iterator[rows.Row]:
    """Rows of which some are empty, equal, nearly equal, or not clean."""
    random, before = Random(seed), "a text to begin with"
    words = ["one", "zwei", "trois", "四", "пять", "six\t", "seven \n", "acht\r\n", "a\u0301", "\u00a0nine", "ten."]
    for n in range(number):
        fresh = " ".join(random.choices(words, k=random.randint(0, 60)))
        text = random.choice([fresh, fresh, fresh, before, f"{before} more"])
        before = text if len(text) < 1000 else fresh
        step = dict.fromkeys(rows.STEP, "x") | {"columns": random.choice(["loss", "instruction"])}
        yield {
            "id": f"{seed:08x}{n:08x}",
            "origin": "web",
            "instruction": fresh[:40],
            "response": text,
            "loss": None if n % 97 == 0 else random.random(),
            "lineage": [step] * (n % 3),
        }


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    for name, number, seed in (("in", NUMBER, 1), ("few", 700, 2)):
        rows.write(f"{folder}/data/{name}.parquet", made_rows(number, seed))
    (folder / "in.parquet").symlink_to("data/in.parquet")
    return folder


@pytest.fixture
def restored() -> Iterator[None]:
    """Arrow's numbers of threads as they were, after the test."""
    processors, readers = pa.cpu_count(), pa.io_thread_count()
    yield
    pa.set_cpu_count(processors)
    pa.set_io_thread_count(readers)


@pytest.mark.slow
@pytest.mark.parametrize("name", VERBS)
@pytest.mark.usefixtures("restored")
def test_any_number_of_threads_gives_the_same_bytes(
    name: str, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tables)
    verb, *flags = VERBS[name]
    monkeypatch.setattr(mixing, "LARGE", NUMBER if name == "mix-copied" else mixing.LARGE)
    outcomes = set[tuple[bytes, ...]]()
    for threads in (*THREADS, THREADS[0]):
        pa.set_cpu_count(threads)
        pa.set_io_thread_count(threads)
        monkeypatch.setattr(filters, "THREADS", threads)
        import_module(f"stages.{verb}").main([str(tmp_path / "out.parquet"), *flags])
        outcomes.add(tuple((tmp_path / f"out{end}").read_bytes() for end in (".parquet", ".dropped.parquet", ".json")))
    assert len(outcomes) == 1
    assert rows.size(tmp_path / "out.parquet") > 100
