"""`baleen plan` names, before anything runs, what the next dvc repro will run, and why; then dvc repro does so."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import own_project
import project
import pytest
from own_project import ROWS
from project import replace_once, set_yaml

from baleen.project import forecast, plan
from baleen.project.graph import Stage

pytestmark = pytest.mark.slow
Edit = Callable[[Path], object]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a user, built, with its code in it."""
    folder = own_project.start(tmp_path_factory.mktemp("built"))
    for name in ("stages", "baleen", "pocket"):
        (folder / name).unlink()
        shutil.copytree(project.CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    set_yaml(folder / "params.yaml", "loudness", {"keep": ["mine.shout(response)<=0.5"]})
    recipe = folder / "recipes/own.yaml"
    recipe.write_text(recipe.read_text() + "  mild:  {input: calm, knobs: loudness}\n")
    project.repro(folder)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return project.copy_project(built, tmp_path / "copy")


def targets(folder: Path) -> dict[str, dict[str, Any]]:
    """What `baleen plan --json` says of each stage."""
    words = ("python", "-m", "baleen", "plan", "--json")
    return {one["stage"]: one for one in json.loads(project.run_command(folder, *words).stdout)["targets"]}


def append(text: str) -> Edit:
    return lambda folder: project.append(folder / "web.jsonl", text)


def rewrite(text: str) -> Edit:
    return lambda folder: (folder / "web.jsonl").write_text(text)


def recipe(old: str, new: str) -> Edit:
    return lambda folder: replace_once(folder / "recipes/own.yaml", old, new)


CALM = "because calm changes, unless it comes out the same"
WEB = "because web changes, unless it comes out the same"
MAPS = {"map@loud": WEB, "map@plain": WEB}
FILTERS = {"filter@calm": WEB, "filter@short": WEB, "filter@mild": "if calm changes"}
EDITS: dict[str, tuple[Edit, dict[str, str]]] = {  # what a user does, and what each stage that may run is said to do
    "a remark": (lambda folder: project.append(folder / "params.yaml", "# a remark"), {}),
    "a knob": (
        lambda folder: set_yaml(folder / "params.yaml", "loudness.keep", ["mine.shout(response)<=0.4"]),
        {"filter@mild": 'loudness.keep ["mine.shout(response)<=0.5"] -> ["mine.shout(response)<=0.4"]'},
    ),
    "a line of a recipe": (
        recipe("<=9", "<=8"),
        {"filter@short": 'keep ["chars(response)<=9"] -> ["chars(response)<=8"] (recipes/own.yaml)'},
    ),
    "a new line": (
        recipe("filter:", "filter:\n  new: {input: web, unique: response}"),
        {"filter@new": "not built yet"},
    ),
    "another input": (
        recipe("short: {input: web", "short: {input: calm"),
        {"filter@short": "input web -> calm (recipes/own.yaml)"},
    ),
    "two rows appended": (
        append('{"text": "a"}\n{"text": "b"}'),
        {"ingest@web": "2 rows appended to web.jsonl", **MAPS, **FILTERS},
    ),
    "a row changed": (rewrite(ROWS.replace("quiet", "silent")), {"ingest@web": "web.jsonl changed", **MAPS, **FILTERS}),
    "a function of the user's": (
        lambda folder: replace_once(folder / "methods/mine.py", "c.isupper()", "c.isdigit()"),
        {"filter@calm": "methods/mine.py changed", "filter@mild": "methods/mine.py changed; " + CALM},
    ),
    "the code of a verb": (
        lambda folder: replace_once(
            folder / "stages/map.py", "for one in transforms if one.batch]", "for one in [*transforms] if one.batch]"
        ),
        {"map@loud": "stages/map.py changed", "map@plain": "stages/map.py changed"},
    ),
    "a table that is deleted": (lambda folder: (folder / "data/loud.parquet").unlink(), {}),
    "a table that is changed by hand": (lambda folder: (folder / "data/plain.parquet").write_text("x"), {}),
}
# Edits that touch no stage in common are made at once: each stage has the reasons of one of them, and no other.
ROUNDS = [
    ["a remark", "a function of the user's", "a line of a recipe", "a new line", "the code of a verb"],
    ["a knob", "another input", "a table that is deleted", "a table that is changed by hand"],
    ["two rows appended"],
    ["a row changed"],
]


def test_every_edit_is_made() -> None:
    assert sorted(name for names in ROUNDS for name in names) == sorted(EDITS)


@pytest.mark.parametrize("names", ROUNDS, ids=" and ".join)
def test_plan_says_what_dvc_then_does(names: list[str], folder: Path) -> None:
    expected = dict[str, str]()
    for name in names:
        edit, reasons = EDITS[name]
        edit(folder)
        assert not expected.keys() & reasons.keys()
        expected |= reasons
    found = targets(folder)
    open_ = {stage: one for stage, one in found.items() if one["state"] in ("run", "maybe")}
    assert {stage: "; ".join(one["reasons"]) for stage, one in open_.items()} == expected
    ran = project.repro(folder)
    assert {stage for stage, one in open_.items() if one["state"] == "run"} <= ran <= open_.keys()
    assert {one["state"] for one in targets(folder).values()} == {"keep"}


def test_what_is_taken_back_is_restored(folder: Path) -> None:
    before = (folder / "recipes/own.yaml").read_text()
    recipe("<=0.1", "<=0.6")(folder)
    project.repro(folder)
    (folder / "recipes/own.yaml").write_text(before)
    assert {stage: one["state"] for stage, one in targets(folder).items() if one["state"] != "keep"} == {
        "filter@calm": "restore",
        "filter@mild": "restore",
    }
    assert project.repro(folder) == set()


def test_nothing_to_do_and_a_deleted_table_which_is_restored(folder: Path) -> None:
    assert {one["state"] for one in targets(folder).values()} == {"keep"}
    (folder / "data/short.parquet").unlink()
    found = targets(folder)["filter@short"]
    assert (found["state"], found["reasons"]) == ("restore", ["data/short.parquet is missing"])


def test_an_earlier_plan_is_at_hand_when_the_plan_alone_was_made_again(folder: Path) -> None:
    recipe("<=9", "<=8")(folder)
    project.dvc(folder, "repro", "plan")
    assert targets(folder)["filter@short"]["reasons"][0].startswith('keep ["chars(response)<=9"] -> ')


def test_a_row_that_changed_in_a_file_that_dvc_tracks_is_counted(folder: Path) -> None:
    project.dvc(folder, "add", "web.jsonl")
    rewrite(ROWS.replace("quiet", "silent"))(folder)
    assert targets(folder)["ingest@web"]["reasons"] == ["1 row of web.jsonl changed"]


def test_targets_limit_what_is_looked_at_and_rows_and_time_are_those_of_the_last_build(folder: Path) -> None:
    append('{"text": "a"}\n{"text": "b"}')(folder)
    words = ("python", "-m", "baleen", "plan", "filter@mild")
    lines = project.run_command(folder, *words).stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:-1] == [
        "ingest@web", "filter@calm", "filter@mild",
    ]  # fmt: skip
    assert lines[-1].startswith("1 of 3 targets run, 2 may run; at most 0 cached, 0 to query")
    found = targets(folder)
    assert (found["ingest@web"]["rows"], found["ingest@web"]["estimated"]) == (6, False)
    assert (found["filter@calm"]["rows"], found["filter@calm"]["estimated"]) == (6, True)
    assert found["filter@mild"]["rows"] == 3 and found["filter@calm"]["seconds"] > 0


def test_code_outside_of_the_project_counts_once_it_is_planned_anew(folder: Path) -> None:
    rules = project.load(folder / "dvc.yaml")
    rules["stages"]["plan"]["deps"] = ["methods", "recipes", "profiles", "prompts"]  # as of an installed baleen
    project.dump(folder / "dvc.yaml", rules)
    project.repro(folder)
    replace_once(folder / "baleen/measures/words.py", "return len(text)", "return 1 * len(text)")
    words = ("python", "-m", "baleen", "plan")
    done = project.run_command(folder, *words)
    assert " 0 of " in f" {done.stdout.splitlines()[-1]}" and "is of other code than is installed" in done.stderr
    assert project.repro(folder) == set()
    project.run_command(folder, *plan.ANEW.split())
    found = targets(folder)
    run = {name for name, one in found.items() if one["state"] == "run"}
    assert run == {"filter@short"} and found["filter@short"]["reasons"] == ["baleen/measures/words.py changed"]
    assert project.repro(folder) == run


def test_a_recipe_that_dvc_yaml_does_not_list_is_not_looked_at(folder: Path) -> None:
    own_project.write(folder, {"recipes/more/broken.yaml": "map:\n  broken: {input: web, apply: nothing.of.ours}\n"})
    assert {one["state"] for one in targets(folder).values()} == {"keep"}


@pytest.mark.parametrize(("status", "state"), [({}, "keep"), ({"changed deps": {"s3://b/f": "modified"}}, "run")])
def test_a_source_on_no_disk_here_changes_when_dvc_says_so(status: dict[str, Any], state: str) -> None:
    stage = Stage("ingest@web", None, ("s3://b/f",), ("data/web.parquet",), "ingest")
    deps, outs = [{"path": "s3://b/f", "etag": "1"}], [{"path": "data/web.parquet", "md5": "2"}]
    lock = {"ingest@web": {"cmd": "ingest", "deps": deps, "outs": outs}}
    known = forecast.Recorded(lock, {"ingest@web": [status]}, Path("cache"))
    [one] = forecast.forecast({"ingest@web": stage}, [], {}, lambda _: str, known)
    assert one.state == state and one.reasons == ("s3://b/f changed",) * (state == "run")


def test_a_folder_without_dvc_is_told_in_one_line(tmp_path: Path) -> None:
    own_project.create(tmp_path)
    words = ["python", "-m", "baleen", "plan"]
    ended = own_project.run(tmp_path, *words)
    assert ended.returncode == 1 and ended.stderr.startswith("baleen: dvc status: ") and ended.stderr.count("\n") == 1
