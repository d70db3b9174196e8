"""The benchmarks of speed compare like with like."""

from pathlib import Path

import pytest

from baleen.engines import table
from baleen.tables import rows
from benchmarks import memory, overhead


@pytest.mark.slow
def test_both_sides_answer_the_same_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / ".memo"))
    monkeypatch.setitem(table.ENGINES, "hf", table.ENGINES["hf"])  # put back what the benchmark replaces
    overhead.project(name := overhead.documents(40))
    both = overhead.sides("hf", name)
    both["hf_score"].stage()
    graded = [(row["loss"], row["worst"]) for row in rows.read(Path("data/out.parquet"))]
    by_hand = both["hf_score"].bare()
    assert graded == [pytest.approx(pair, abs=1e-5) for pair in by_hand]  # type: ignore[attr-defined]
    both["hf_generate"].stage()
    written = [row["instruction"] for row in rows.read(Path("data/out.parquet"))]
    texts = both["hf_generate"].bare()
    assert len(written) == len(texts) == 40 and all(texts)  # type: ignore[arg-type, call-overload]


def test_batches_by_hand_waste_no_padding_and_leave_nobody_out() -> None:
    lengths = [5, 1, 4, 2, 3]
    assert overhead.by_length(lengths, extra=1, tokens=10) == [[1, 3], [4, 2], [0]]


@pytest.mark.slow
def test_peaks_are_those_of_processes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(tmp_path)
    found = memory.figures(few=20, many=40, repeats=1)
    assert found["peak_mb"] < 1000
    assert found["growth"] == pytest.approx(found["peak_mb_many"] / found["peak_mb"], abs=0.01)
