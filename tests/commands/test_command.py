"""The command `baleen` shows where settings come from, previews a target, and says what would be built again."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import project
import pytest
from typer.testing import CliRunner

from baleen.commands import report_page
from baleen.commands.command import app
from baleen.errors import Problem


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project.link_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def output(*words: str) -> str:
    ended = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.output


def places(words: Sequence[str]) -> dict[str, str]:
    """The place of each setting that `show` prints."""
    lines = [line.split(maxsplit=2) for line in output("show", *words).splitlines()[1:]]
    return {line[0]: line[-1] for line in lines}


def test_show_says_where_every_setting_comes_from(folder: Path) -> None:
    found = places(["score@humpback-judge-1"])
    assert found["tag"] == "recipes/humpback.yaml" and found["prompt"] == "profiles/pocket.yaml: scorer"
    found = places(["kun-primary"])
    assert found["epochs"] == "recipes/kun.yaml: settings.kun" and found["lr"] == "profiles/pocket.yaml: train"
    assert found["steps"] == "profiles/pocket.yaml: kun"
    assert places(["humpback-curate-1"])["share"] == "params.yaml: curate"
    assert places(["answers-kun"])["writes"] == "rule answer"


def test_show_says_the_same_to_a_program(folder: Path) -> None:
    shown = json.loads(output("show", "humpback-curate-1", "--json"))
    assert shown["stage"] == "filter@humpback-curate-1"
    assert shown["settings"]["share"] == {"value": 0.3, "from": "params.yaml: curate"}


def test_show_lists_what_every_target_reads_after_what_it_reads(folder: Path) -> None:
    lines = [line for line in output("show").splitlines() if not line.startswith(" ")]
    reads = {name: names.split(", ") for name, names in (line.split(maxsplit=1) for line in lines)}
    assert reads["origin"] == ["-"] and reads["score@humpback-judge-1"] == ["reply", "humpback-pool"]
    order = [name.partition("@")[2] or name for name in reads]
    assert order.index("humpback-pool") < order.index("humpback-judge-1") < order.index("report")
    shown = json.loads(output("show", "--json"))
    assert {"stage": "evaluate@eval-reply", "reads": ["answers-reply"]} in shown


def test_show_outside_of_a_project_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ([], ["ask"]):
        with pytest.raises(Problem, match=r"no project here: dvc\.yaml is missing"):
            output("show", *words)


def test_run_previews_and_leaves_building_to_dvc(folder: Path) -> None:
    for words, message in {
        ("humpback-augment",): "dvc repro generate@humpback-augment builds it; for a look add --limit 20",
        ("humpback-pool", "--limit", "3"): "filter has no --limit; dvc repro filter@humpback-pool builds it",
        ("humpback-agment",): "unknown target 'humpback-agment'; did you mean 'humpback-augment'",
        ("humpback-augment", "--limit", "3", "--temprature", "1"): "unknown setting 'temprature'; did you mean 'temper",
        ("ask", "--budget", "3"): "train has no --budget; dvc repro train@ask builds it",
        ("humpback-augment", "--budget", "-3"): "budget is -3; it must lie between 0 and inf",
        ("humpback-augment", "--budget", "3"): "no table data/web.parquet",
        ("humpback-augment", "--limit", "3"): "no table data/web.parquet",
    }.items():
        with pytest.raises(Problem, match=message):
            output("run", *words)


def test_check_answers_in_one_line(folder: Path) -> None:
    assert output("check", "train@humpback").endswith("are well wired\n")


@pytest.mark.parametrize(
    "name", sorted(command.name or command.callback.__name__ for command in app.registered_commands)
)  # type: ignore[union-attr]
def test_every_command_has_an_example_in_its_help(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0 and f"Example: baleen {name}" in " ".join(shown.output.split())


def test_the_version_is_that_of_the_package() -> None:
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"baleen {version('baleen-build')}\n")


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("report", "--json", "--html", "x.html"), "--html"),
        (("report", "--json", "--experiments"), "--experiments"),
    ],
)
def test_a_page_and_json_are_not_written_at_once(folder: Path, words: tuple[str, ...], flag: str) -> None:
    with pytest.raises(Problem, match=f"^--json and {flag} exclude each other"):
        output(*words)
    assert not Path("x.html").exists()


def test_a_page_is_not_written_in_the_place_of_a_folder(folder: Path) -> None:
    Path("data").mkdir()
    with pytest.raises(Problem, match=r"^data is a folder; name a file in it, such as data/page\.html"):
        report_page.save(Path("data"), "")
