"""Every benchmark runs and tells its figures; those that must be exact are. Speeds are asserted nowhere."""

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import browser
import local_models
import pytest

from benchmarks import rebuild, view, view_page

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("preloaded")
def test_an_edit_pays_for_the_rows_it_touches_and_for_no_other(tmp_path: Path) -> None:
    """Of 21 documents five are seeds; the first build asks about 20 and grades 20."""
    found = rebuild.measured(tmp_path / "project", 20)
    assert found == {
        "documents": 20,
        "first_calls": 40,
        "append_share": 0.05,
        "threshold_calls": 0,
        "threshold_runs": ["filter@kept"],
        "knob_calls": 0,
        "prompt_rows": 5,
        "prompt_calls": 10,
        "prompt_extra_calls": 0,
        "parser_calls": 0,
    }


TINY = {
    "rating": "--pairs 2 --words 4 --repeats 1 --engines hf",
    "memo": "--replies 300",
    "ray_workers": "--rows 6 --words 2 --repeats 1",
    "tables": "--rows 300",
    "decoding": "--rows 5 --tokens 4 --repeats 1",
    "view": "--rows 300",
    "view_page": "--rows 300 --quiet 150",
}
FIGURES = {
    "rating": {"speedup", "hf_speedup", "hf"},
    "memo": {"seconds", "hits_per_second", "peak_mb", "bytes_per_reply"},
    "ray_workers": {"speedup", "bound", "efficiency", "overhead"},
    "tables": {f"{name}_rows_s" for name in ("exact", "near", "filter", "mix", "export", "openai")}
    | {"near_peak_mb", "filter_peak_mb", "near_recall", "near_precision"}
    | {"ray_tables_speedup", "ray_tables_start_s", "ray_tables_fixed_s"},
    "decoding": {"seconds", "tokens", "ended", "equal"},
    "view": {"tables", "memory", *view.ACTIONS},
    "view_page": {*view_page.ACTIONS},
}


def benchmark_figures(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one object that a benchmark prints."""
    monkeypatch.setattr(sys, "argv", [name, *TINY[name].split(), "--json"])
    import_module(f"benchmarks.{name}").main()
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_tells_its_figures(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = {"ray_workers": "ray", "tables": "ray", "view": "duckdb", "view_page": "duckdb"}.get(name, "json")
    if not find_spec(needed):
        pytest.skip(f"{needed} is not installed")
    if name == "view_page":
        browser.need_chromium()
    if name == "tables":
        monkeypatch.setattr("benchmarks.ray_tables.COUNTS", (2,))  # four workers take half a minute to start
    if name == "decoding":
        monkeypatch.setattr("benchmarks.gpu_model.folder", lambda target, _: local_models.write_folder(target))
    found = benchmark_figures(name, monkeypatch, capsys)
    assert found.keys() >= FIGURES[name] and found.get("equal", True)
    assert found.get("speedup") == found.get("hf_speedup", found.get("speedup"))
