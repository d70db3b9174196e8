"""The page that `baleen report --html` writes holds every figure of the build, needs nothing else, and shows documents
as text."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import browser
import numpy as np
import project
import pytest
from project import CHECKOUT

from baleen.commands import report_page
from baleen.errors import Problem
from baleen.measures.agreement import of_labels
from baleen.project.yaml_files import yaml_text
from baleen.reporting import calibrated, experiments
from baleen.reporting.page import LONGEST, shown
from baleen.tables import rows
from stages import calibrate

pytestmark = pytest.mark.slow

if not (find_spec("altair") and find_spec("vl_convert")):  # only who runs these tests imports them
    pytest.skip("the extra report is not installed", allow_module_level=True)
EVIL = {
    "script": "<script>document.title = 'owned'</script>",
    "closed": "</script></style></dd></details><img src=x onerror=\"document.title='owned'\">",
    "turned": "left \u202etext that would run backwards",
    "long": "x" * 1_000_000,
}
RECIPE = {
    "ingest": {"web": {"source": "web.jsonl"}},
    "score": {"judged": {"input": "web", "model": "m0", "prompt": "reply"}},
    "filter": {"kept": {"input": "judged", "best": "loss", "share": 0.5, "knobs": "curate"}},
    "train": {"own": {"input": "kept", "base": "origin", "prompt": "reply"}},
    "calibrate": {"trust": {"input": "known", "against": "judged"}},
    "evaluate": {"eval-own": {"input": "a", "against": "b"}},
}


def figures(verdict: str) -> dict[str, Any]:
    own = {"rows": 40, "mean": 2.1, "against": 2.0, "difference": 0.1, "low": 0.05, "high": 0.15}
    guard = {"verdict": verdict, "measure": "loss", "words": "loss 2.1 over 40 rows and 2.0 before"}
    return {"rows": 40, "groups": {"all": {"loss": own}}, "guard": guard}


def write(path: str, value: Any) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(json.dumps(value))


def populate() -> None:
    """A project as it is after a build, without a model: every fifth row is good, and documents are malicious."""
    Path("recipes").mkdir()
    Path("recipes/own.yaml").write_text(yaml_text(RECIPE))
    rng, table = np.random.default_rng(0), []
    for n in range(60):
        text = [*EVIL.values()][n % 4] if n % 3 == 0 else f"document {n} about <b>bread & butter</b>"
        good = float(n % 5 == 0)
        row = {
            "id": f"{n:04}",
            "instruction": f"what is {n} ?",
            "response": text,
            "loss": 2 - good + rng.normal(0, 0.3),
        }
        table.append({**row, "good": good, "kind": "true" if good else "shuffled", "pair": str(n // 5)})
    for name in ("judged", "known"):
        rows.write(name, table)
    ranked = sorted(table, key=lambda row: row["loss"])
    with rows.Output(rows.table_path("kept")) as output:
        for row in ranked[:30]:
            output.keep(row)
        for row in ranked[30:]:
            output.drop(row, "not best loss")
    write("data/web.json", {"rows_in": 70, "rows_out": 60, "dropped": {"duplicate": 10}})
    write("data/eval-own.json", figures("worse"))
    curve = [[10.0 * n, 3 - n / 10] for n in range(1, 10)]
    write("models/own.json", {"examples": 30, "steps": 90, "batch": 8, "tokens": 900, "loss": 2.1, "curve": curve})
    calibrate.main(["trust", "--input", "known", "--against", "judged", "--best", "loss", "--share", "0.5"])
    Path("dvc.yaml").write_text(yaml_text({"vars": ["recipes/own.yaml"], "stages": {}}))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BALEEN_MEMO", str(folder / "memo"))
        populate()
        report_page.write(Path("report.html"))
    return folder / "report.html"


@pytest.mark.parametrize(
    "words",
    [
        "From documents to rows: own",
        "10 duplicate",
        "30 not best loss",
        "Warning:</strong> eval-own: worse than the model before it",
        "Calibration: trust",
        "Reliability: the share of good rows",
        "Threshold sweep",
        "Lengths, diversity and rounds",
        "Training loss of own by step",
        "2.1",
    ],
)
def test_the_page_has_every_part(written: Path, words: str) -> None:
    assert words in written.read_text()


def test_a_calibration_whose_table_was_built_again_is_shown_as_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    populate()
    found = json.loads(Path("data/trust.json").read_text())
    assert not any("stale" in warning for warning in calibrated.section("trust", found).warnings)
    rows.write("judged", [row | {"loss": 1.0} for row in rows.read(rows.table_path("judged"))])
    [warning] = [one for one in calibrated.section("trust", found).warnings if "stale" in one]
    assert "data/judged.parquet is another table by now" in warning and "sets no threshold" in warning


def test_two_labellers_have_kappa_beside_the_rates_that_chance_follows_from() -> None:
    both = [True] * 80 + [False] * 20
    words = calibrated.agreement("Ada, Bob", of_labels(both, [*both[1:], True]))
    assert "100 rows with both labels: kappa 0.9" in words and "they call 80 % and 80 % good" in words
    assert "by chance they would agree on 68 %" in words


def test_it_is_one_file_that_names_no_other(written: Path) -> None:
    text = written.read_text()
    assert len(text) < 1_000_000
    outside = re.findall(r"(?:src|href)\s*=\s*[\"']([^\"'#][^\"']*)", re.sub(r"<dd.*?</dd>", "", text, flags=re.DOTALL))
    assert {*outside} <= {"data:,"}
    assert "default-src 'none'" in text


def test_documents_are_escaped_cut_and_cannot_turn_the_page(written: Path) -> None:
    text = written.read_text()
    assert "<img src=x" not in text and "<script>document" not in text and "&lt;script&gt;document" in text
    assert "\u202e" not in text and f"{1_000_000 - LONGEST:,} more characters" in text


@pytest.mark.parametrize(
    ("text", "same"), [("a\tb\nc", "a\tb\nc"), ("\ud800x\x00", "\N{REPLACEMENT CHARACTER}x\N{REPLACEMENT CHARACTER}")]
)
def test_what_cannot_be_shown_is_a_sign(text: str, same: str) -> None:
    assert shown(text) == same


def test_nothing_built_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("vars: []\nstages: {}\n")
    with pytest.raises(Problem, match="nothing is built that could be reported; run: dvc repro"):
        report_page.write(Path("report.html"))


def test_experiments_stand_side_by_side_with_what_differs() -> None:
    def data(share: float, kept: int, dev: float) -> Any:
        return {
            "params": {"params.yaml": {"data": {"curate": {"share": share}, "profile": "pocket"}}},
            "metrics": {"metrics.json": {"data": {"kept": kept, "humpback": {"dev": dev}}}},
        }

    shown_by_dvc = [
        {"rev": "workspace", "data": data(0.3, 413, 40.0), "experiments": None},
        {
            "rev": "abcdef1234",
            "name": "main",
            "data": data(0.3, 413, 40.0),
            "experiments": [{"name": "bold-owl", "revs": [{"rev": "1", "data": data(0.2, 275, 42.0)}]}],
        },
    ]
    [section] = experiments.compared([*experiments.entries(shown_by_dvc)])
    assert section.tables[0].head == ["experiment", "curate.share", "kept", "humpback.dev"]
    assert [line[0] for line in section.tables[0].rows] == ["workspace", "main", "bold-owl"]
    assert "humpback.dev by the rows that are kept" in section.charts[0].words
    assert section.paragraphs[0].startswith("Choose by the dev columns")


def test_experiments_are_compared_where_the_environment_is_not_activated(written: Path, tmp_path: Path) -> None:
    folder = project.copy_project(written.parent, tmp_path / "project")
    project.init_git(folder)
    project.dvc(folder, "init", "-q")
    project.commit(folder, "built")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(str(shutil.which("git")))
    env = project.environment(folder) | {"PATH": str(tmp_path / "bin"), "PYTHONPATH": str(CHECKOUT)}
    words = [sys.executable, "-m", "baleen", "report", "--experiments", "--html", "compared.html"]
    done = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True)
    assert done.returncode == 0 and "Experiments" in (folder / "compared.html").read_text(), done.stderr


def test_experiments_without_rows_to_choose_by_say_so() -> None:
    metrics = {"kept": 9, "loss-humpback.all": 2.1}
    found = [{"name": name, "params": {}, "metrics": metrics} for name in ("a", "b")]
    [section] = experiments.compared(found)
    assert section.paragraphs[0].startswith("There are no dev columns: the held-out rows are too few")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.chromium() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_phone_and_a_screen_show_it_without_errors_or_requests(
    written: Path, chromium: Any, width: int, scheme: str
) -> None:
    with browser.screen(chromium, width, 800, scheme) as screen:
        requests = list[str]()
        screen.page.on("request", lambda one: requests.append(one.url))
        screen.page.goto(written.as_uri())
        screen.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert screen.fits() and requests == [written.as_uri()] and screen.errors == []
        assert screen.page.title() != "owned" and screen.low_contrasts() == []
        ink = screen.page.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
        assert ink == {"light": "rgb(27, 31, 36)", "dark": "rgb(232, 234, 237)"}[scheme]


def test_rows_are_searched_and_filtered_by_keyboard_alone(written: Path, chromium: Any) -> None:
    with browser.screen(chromium) as screen:
        screen.page.goto(written.as_uri())
        visible = "document.querySelectorAll('.row:not([hidden])').length"
        everything = screen.page.evaluate(visible)
        screen.focus_and_press("#which")
        screen.page.keyboard.press("k")
        assert 0 < screen.page.evaluate(visible) < everything
        screen.focus_and_press("#search")
        screen.page.keyboard.type("no row has this")
        assert screen.page.evaluate(visible) == 0 and screen.page.inner_text("#count") == "0 rows"
        assert screen.errors == []


def test_the_pictures_of_the_guide_are_drawn_by_the_documented_script(written: Path, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="the extra view is not installed")
    pytest.importorskip("uvicorn", reason="the extra view is not installed")
    browser.need_chromium()
    command = [sys.executable, "-m", "benchmarks.pictures", str(written.parent), "judged", str(tmp_path)]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    for path in (tmp_path / "view.png", tmp_path / "report.png"):
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000
