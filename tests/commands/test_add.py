"""baleen add: recipes of recipes/more and of one's own beside methods, and nothing half-written for one unfit."""

from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baleen.commands import add, check, new
from baleen.commands.command import app
from baleen.commands.own_data import Own
from baleen.errors import Problem
from baleen.project.yaml_files import parse_yaml

CORPUS = Own("data/raw/docs", {"columns": {"response": "text"}})
SEEDS = Own("data/raw/pairs.jsonl", {"columns": {"instruction": "question", "response": "answer"}})
JUDGED = """score:
  judged:   {input: humpback-pool, model: reply, prompt: harmful}
filter:
  harmless: {input: judged, keep: ["probability<0.5"]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new.on_own_data(tmp_path / "p", ["humpback"], "small", CORPUS, SEEDS)
    (tmp_path / "p/data/raw/docs").mkdir(parents=True)
    (tmp_path / "p/data/raw/pairs.jsonl").touch()
    return tmp_path / "p"


def contents(folder: Path) -> dict[Path, str]:
    """Every file but the templates of plots, which DVC's own beginning of a project would have brought."""
    files = [path for path in folder.rglob("*.*") if path.is_file() and path.parent.name != "plots"]
    return {path: path.read_text(encoding="utf-8") for path in files}


def listed(folder: Path) -> list[str]:
    return [str(name) for name in parse_yaml((folder / "dvc.yaml").read_text())["vars"]]


def test_a_recipe_of_ones_own_is_listed_with_the_prompts_that_its_lines_name(folder: Path) -> None:
    (folder / "recipes/mine.yaml").write_text(JUDGED)
    with chdir(folder):
        with pytest.raises(Problem, match="no prompts/harmful.md here; `baleen add mine` copies the one that comes"):
            check.check([])
        add.add(["mine"])
        assert check.check([]).endswith("are well wired")
    assert "recipes/mine.yaml" in listed(folder)


def test_a_method_of_ones_own_is_measured_and_told_of(folder: Path) -> None:
    (folder / "recipes/mine.yaml").write_text("train:\n  mine: {input: seed, base: base, prompt: reply}\n")
    with chdir(folder):
        add.add(["mine"])
        assert check.check([]).endswith("are well wired")
        lines = add.lines_here([Path("recipes/numbers.yaml")])
    assert lines["eval-loss-mine"].given["against"] == "loss-seeds-alone"
    assert "eval-loss-mine" in parse_yaml((folder / "dvc.yaml").read_text())["stages"]["report"]["cmd"]


@pytest.mark.parametrize(
    ("name", "condition", "extras"),
    [
        ("screening", "", "cleaning,languages,train"),
        ("round-trip-translators", "", "languages,metrics,train"),
        ("mine", "chrf(response,instruction)<=90", "metrics,train"),
        ("mine", "phones(response)<=0", "cleaning,train"),
        ("mine", "words(response)<=90", "train"),
    ],
)
def test_what_the_lines_need_is_pinned_and_other_requirements_stay(
    name: str, condition: str, extras: str, folder: Path
) -> None:
    (folder / "recipes/mine.yaml").write_text(
        f'filter:\n  mine: {{input: seed, keep: ["{condition or "chars(id)>1"}"]}}\n'
    )
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{pinned.read_text()}mine==1\n")
    with chdir(folder):
        add.add([name])
    first, *others = pinned.read_text().splitlines()
    assert first.startswith(f"baleen-build[{extras}]==") and others == ["mine==1"]


def test_a_recipe_that_is_not_listed_is_named_by_check(folder: Path) -> None:
    (folder / "recipes/mine.yaml").write_text(
        JUDGED.replace("harmful", "judge").replace("probability<0.5", "chars(id)>1")
    )
    with chdir(folder):
        assert "dvc.yaml does not list recipes/mine.yaml: `baleen add mine` lets DVC build it" in check.check([])


@pytest.mark.parametrize("name", ["screening", "humpback-preference", "round-trip-translators"])
def test_a_recipe_of_recipes_more_is_brought_and_listed(name: str, folder: Path) -> None:
    with chdir(folder):
        add.add([name])
        assert check.check([]).endswith("are well wired")
    assert f"recipes/more/{name}.yaml" in listed(folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tegit-right", "unknown table 'tegit-kept'"),
        ("air-random", "unknown table 'air-tasks'"),
        ("mine", "unknown rule"),
    ],
)
def test_what_does_not_fit_changes_nothing(name: str, words: str, folder: Path) -> None:
    (folder / "recipes/mine.yaml").write_text("fliter: {}\n" if name == "mine" else "filter:\n  x: {input: web}\n")
    before = contents(folder)
    with chdir(folder):
        said = CliRunner().invoke(app, ["add", name])
    assert isinstance(said.exception, Problem) and words in str(said.exception)
    assert contents(folder) == before


def test_a_name_that_nothing_has_is_refused(folder: Path) -> None:
    with chdir(folder), pytest.raises(Problem, match="unknown method or recipe 'screning'; did you mean 'screening'"):
        add.add(["screning"])


def test_a_path_is_no_name_and_each_known_one_is_listed_once(folder: Path) -> None:
    (folder / "x.yaml").write_text("filter:\n  x: {input: web}\n")
    with chdir(folder), pytest.raises(Problem, match="unknown method or recipe '../x'") as caught:
        add.add(["../x"])
    listed = str(caught.value).partition("there are: ")[2].partition(";")[0].split(", ")
    assert "air" in listed and "screening" in listed and len({*listed}) == len(listed)
