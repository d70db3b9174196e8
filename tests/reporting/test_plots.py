"""plots: drawings of the report as tables that DVC draws, for one revision and for two."""

import json
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import browser
import project
import pytest

from baleen.project import assemble, recipes, shipped
from baleen.project.report_rule import Report
from baleen.project.yaml_files import parse_yaml, yaml_text
from baleen.reporting import plots

CURVE = [[10.0, 3.5], [20.0, 2.5], [30.0, 2.0]]
FIGURE = {"rows": 10, "unread": 0, "mean": 2.5, "mean_low": 2.25, "mean_high": 2.75, "against": 3.0, "paired": False}
TENTHS = [
    {"low": 0.0, "high": 1.0, "good": 0.2, "good_low": 0.1, "good_high": 0.4},
    {"low": 1.0, "high": 2.0, "good": None, "good_low": None, "good_high": None},
]
GAIN = {"candidates": {"edges": [-1.0, 0.0, 1.0], "kept": [0, 4], "dropped": [7, 0]}, "reliability": TENTHS}
COUNTS: dict[str, Any] = {
    "models/own.json": {"rows_in": 5, "curve": CURVE},
    "models/pin.json": {"rows_in": 5, "steps": 0},
    "data/trust.json": {"in_use": "gain", "scores": {"loss": {}, "gain": GAIN}},
    "data/web.json": {"rows_in": 5, "rows_out": 4, "dropped": {"too short": 1}},
    "data/pool.json": {"rows_in": 4, "rows_out": 4, "dropped": {}},
    "data/eval-own.json": {"rows": 10, "groups": {"all": {"loss": FIGURE}}},
}
RECIPE = {
    "train": {"own": {"input": "seed", "base": "base", "prompt": "reply"}},
    "score": {f"loss-{name}": {"input": "heldout", "model": name, "prompt": "reply"} for name in ("own", "base")},
    "evaluate": {
        "eval-own": {"input": "loss-own", "against": "loss-base", "settings": "losses"},
        "eval-other": {"input": "loss-other", "against": "loss-base", "settings": "losses"},
    },
}
ANSWERS = {
    "generate": {f"said-{name}": {"input": "heldout", "model": name, "prompt": "reply"} for name in ("own", "base")},
    "evaluate": RECIPE["evaluate"] | {"eval-said": {"input": "said-own", "against": "said-base"}},
}
WORDS = {"rows": 10, "unread": 0, "mean": 12.5, "mean_low": 11.0, "mean_high": 14.0, "against": 9.2, "paired": False}
RULE = Report(["eval-own"], [], ["own", "pin"], ["trust"], ["web", "pool"]).rule()


def write(folder: Path, counts: dict[str, Any], rule: str = RULE) -> Path:
    for name, value in counts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value))
    without_plan = rule.replace("      - data/plan/report.yaml\n", "")
    vars_and_more = "vars: []\nstages:\n  idle: {foreach: {}, do: {cmd: 'true ${key}'}}\n"
    (folder / "dvc.yaml").write_text(f"{vars_and_more}{without_plan}")
    return folder


def drawn(folder: Path) -> dict[str, list[str]]:
    with chdir(folder):
        return {path.name: text.splitlines() for path, text in plots.declared().items()}


def test_learning_curves_have_a_row_for_each_step_of_each_model(tmp_path: Path) -> None:
    lines = drawn(write(tmp_path, COUNTS))["report-curves.csv"]
    assert lines == ["step,loss,name", "10.0,3.5,own", "20.0,2.5,own", "30.0,2.0,own"]


def test_candidates_are_counted_by_the_score_in_use_and_what_became_of_them(tmp_path: Path) -> None:
    lines = drawn(write(tmp_path, COUNTS))["report-scores.csv"]
    assert lines == ["low,high,rows,fate,name", "-1.0,0.0,7,dropped,trust: gain", "0.0,1.0,4,kept,trust: gain"]


def test_reliability_leaves_out_a_tenth_without_rows(tmp_path: Path) -> None:
    lines = drawn(write(tmp_path, COUNTS))["report-reliability.csv"]
    assert lines == ["score,good,low,high,name", "0.5,0.2,0.1,0.4,trust: gain"]


def test_each_table_has_its_rows_and_why_others_left_from_the_first_to_the_one_that_is_learned(tmp_path: Path) -> None:
    lines = drawn(write(tmp_path, COUNTS))["report-rows.csv"]
    assert lines == ["rows,dropped,name", "4,1 too short,web", "4,,pool"]


def test_the_rows_of_the_demo_go_from_its_documents_to_what_its_model_learns() -> None:
    lines = {line.name: line for line in recipes.lines(recipes.files())}
    tables = assemble.report_of(lines, ["humpback"]).tables
    assert (tables[0], tables[-1]) == ("web", lines["humpback"].given["input"]) and "humpback-curate-2" in tables
    deps = parse_yaml(Path("dvc.yaml").read_text())["stages"]["report"]["deps"]
    assert [dep for dep in deps if dep in {f"data/{name}.json" for name in tables}] == [
        f"data/{n}.json" for n in tables
    ]


def test_what_the_report_does_not_depend_on_is_not_drawn(tmp_path: Path) -> None:
    folder = write(tmp_path, COUNTS, Report(["eval-own"], [], ["pin"], ["trust"]).rule())
    assert drawn(folder)["report-curves.csv"] == ["step,loss,name"]


def test_without_calibrations_there_are_no_plots_of_scores(tmp_path: Path) -> None:
    names = [*drawn(write(tmp_path, COUNTS, Report(["eval-own"], [], ["own"]).rule()))]
    assert names == ["report-models.csv", "report-lengths.csv", "report-curves.csv"]


@pytest.mark.parametrize("rule", [RULE.partition("    plots:")[0], "  other: {cmd: 'true'}\n"])
def test_a_report_that_declares_no_plots_writes_none(tmp_path: Path, rule: str) -> None:
    assert drawn(write(tmp_path, COUNTS, rule)) == {}


def test_each_model_has_its_figure_by_the_measure_that_decides_with_its_interval(tmp_path: Path) -> None:
    folder = write(tmp_path, COUNTS)
    (folder / "recipes").mkdir()
    (folder / "recipes/own.yaml").write_text(yaml_text(RECIPE))
    (folder / "dvc.yaml").write_text((folder / "dvc.yaml").read_text().replace("vars: []", "vars: [recipes/own.yaml]"))
    lines = drawn(folder)["report-models.csv"]
    assert lines == ["value,low,high,measure,name", "2.5,2.25,2.75,loss,own", "3.0,,,loss,base"]


def test_the_words_of_each_models_answers_have_their_interval(tmp_path: Path) -> None:
    said = {"data/eval-said.json": {"rows": 10, "groups": {"all": {"words(answer)": WORDS}}}}
    folder = write(tmp_path, COUNTS | said, Report(["eval-own", "eval-said"]).rule())
    (folder / "recipes").mkdir()
    (folder / "recipes/own.yaml").write_text(yaml_text(RECIPE | ANSWERS))
    (folder / "dvc.yaml").write_text((folder / "dvc.yaml").read_text().replace("vars: []", "vars: [recipes/own.yaml]"))
    lines = drawn(folder)["report-lengths.csv"]
    assert lines == ["value,low,high,measure,name", "12.5,11.0,14.0,words,own", "9.2,,,words,base"]


def test_every_column_that_a_plot_draws_is_in_its_table() -> None:
    for plot in parse_yaml(f"stages:\n{RULE}")["stages"]["report"]["plots"]:
        [(name, given)] = plot.items()
        assert {given["x"], given["y"], "name"} <= {*plots.COLUMNS[name]}
        assert (shipped.folder() / shipped.PLOTS / f"{given['template']}.json").is_file()


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose report was built twice, under DVC, and the page that compares both."""
    folder = write(tmp_path_factory.mktemp("plots") / "project", COUNTS)
    project.git(folder, "init", "-q")
    project.dvc(folder, "init", "-q")
    shipped.copy_plots(folder)
    (folder / ".gitignore").write_text("/data/*.csv\n/dvc_plots/\n")
    project.dvc(folder, "repro")
    project.git(folder, "add", "-A")
    project.git(folder, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "built")
    write(folder, {"models/own.json": {"curve": [[step, loss - 1] for step, loss in CURVE]}})
    project.dvc(folder, "repro")
    project.dvc(folder, "plots", "diff", "HEAD")
    yield folder


@pytest.mark.slow
def test_dvc_compares_the_plots_of_two_revisions(compared: Path) -> None:
    page = (compared / "dvc_plots/index.html").read_text()
    assert {*re.findall(r'"rev": "(\w+)"', page)} == {"workspace", "HEAD"}
    assert all(
        title in page
        for title in ("from documents to rows", "learning curves", "candidates by score", "reliability of scores")
    )


@pytest.mark.slow
def test_the_page_of_the_plots_draws_without_an_error(compared: Path) -> None:
    vl_convert = pytest.importorskip("vl_convert", reason="the extra report is not installed")
    vega = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    with browser.chromium() as opened, browser.screen(opened) as screen:

        def library(route: Any) -> None:  # DVC's page takes it from the network
            route.fulfill(body=vega if "embed" in route.request.url else "", content_type="text/javascript")

        screen.page.route("https://cdn.jsdelivr.net/**", library)
        screen.page.goto((compared / "dvc_plots/index.html").as_uri())
        screen.until("document.querySelectorAll('canvas, svg.marks').length >= 4")
        assert [error for error in screen.errors if "the current version of Vega-Lite is" not in error] == []
