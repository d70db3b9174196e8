"""After an edit exactly the stages it touches run again, and exactly the replies it touches are queried again."""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import project
import pytest
from project import DOCUMENTS, SHARE, git, memo_replies, replace_once, repro, set_yaml

from pocket import records

pytestmark = pytest.mark.slow
GOAL = "train@humpback-1"


@pytest.fixture(scope="module")
def one_round(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.built_small(tmp_path_factory)


@pytest.fixture(scope="module")
def two_rounds(one_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second round of the recipe added to a built first one, and built."""
    folder = project.copy_project(one_round, tmp_path_factory.mktemp("two") / "rounds")
    shutil.copy(project.CHECKOUT / "recipes/humpback.yaml", folder / "recipes/humpback.yaml")
    assert repro(folder) == {
        "score@humpback-judge-2",
        "filter@humpback-curate-2",
        "mix@humpback-mix-2",
        "map@humpback-dataset",
        "train@humpback",
    }
    return project.commit(folder, "second round")


def comments_and_speed(folder: Path) -> None:
    for name in ("params.yaml", "recipes/humpback.yaml", "recipes/sources.yaml", "profiles/tiny.yaml"):
        project.append(folder / name, "# a remark")
    set_yaml(folder / "profiles/tiny.yaml", "speed.train_rows", 4)
    set_yaml(folder / "profiles/tiny.yaml", "speed.batch_tokens", 4096)


def same_rows(folder: Path) -> None:
    set_yaml(folder / "params.yaml", "curate.share", SHARE - 0.001)


def judge_prompt(folder: Path) -> None:
    replace_once(folder / "prompts/likely.md", "\n$instruction", "\nPlease: $instruction")


def ask_prompt(folder: Path) -> None:
    replace_once(folder / "prompts/ask.md", "Reply with the instruction alone.", "Write the instruction alone.")


def seed_row(folder: Path) -> None:
    path = folder / "data/raw/seed.jsonl"
    first, *others = path.read_text(encoding="utf-8").splitlines(keepends=True)
    row = json.loads(first)
    path.write_text(json.dumps(row | {"response": row["instruction"]}) + "\n" + "".join(others), encoding="utf-8")


def next_document(folder: Path) -> None:
    *_, row = records("web", 0, DOCUMENTS + 1)
    project.append(folder / "data/raw/web.jsonl", json.dumps(row))


def learning_rate(folder: Path) -> None:
    set_yaml(folder / "profiles/tiny.yaml", "sft.lr", 2.0e-3)


def what_nothing_reads(folder: Path) -> None:
    """Comments and speed knobs; in the code a comment, a new measure and engine, and edits of another method, another
    engine and the progress bar."""
    comments_and_speed(folder)
    project.append(folder / "baleen/tables/rows.py", "# a remark")
    project.append(folder / "baleen/measures/overlap.py", "\n\ndef added(text: str) -> float:\n    return 1.0")
    (folder / "baleen/engines/added.py").write_text('SEMANTICS = "added-1"\nABILITIES = ()\nENGINE = None\n')
    replace_once(
        folder / "baleen/methods/crab.py", 'return "" if row["holds"] else', 'return "" if not row["holds"] else'
    )
    replace_once(folder / "baleen/engines/vllm.py", 'SEMANTICS = "vllm-', 'SEMANTICS = "vllm-9')
    project.append(folder / "baleen/project/progress.py", "WIDTH_OF_A_BAR = 3")


def code_of_filter(folder: Path) -> None:
    """Another way to the same rows."""
    old = "known = int(np.count_nonzero(~np.isnan(values)))"
    replace_once(folder / "baleen/measures/rankings.py", old, "known = len(values) - int(np.isnan(values).sum())")


CURATED = {"filter@humpback-curate-1", "mix@humpback-mix-1", "train@humpback-1"}
JUDGED = {"score@humpback-judge-1", *CURATED}
ASKED = {"generate@humpback-augment", "filter@humpback-pool", *JUDGED}
EDITS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "comments, speed knobs and code that no target of the project reaches": (what_nothing_reads, set()),
    "a threshold that keeps the same rows": (same_rows, {"filter@humpback-curate-1"}),
    "the judge prompt": (judge_prompt, JUDGED),
    "the ask prompt": (ask_prompt, {"train@ask", *ASKED}),
    "one seed": (seed_row, {"ingest@seed", "train@ask", "train@reply", *ASKED}),
    "one more document": (next_document, {"ingest@web", *ASKED}),
    "a setting of fine-tuning": (learning_rate, {"train@reply", *JUDGED}),
    "the code of a verb": (code_of_filter, {"filter@humpback-pool", "filter@humpback-curate-1"}),
}


def forecast(folder: Path, *targets: str) -> dict[str, set[str]]:
    """The stages that `baleen plan` names, by what it says of them."""
    words = ("python", "-m", "baleen", "plan", "--json", *(targets or [GOAL]))
    states = defaultdict[str, set[str]](set)
    for one in json.loads(project.run_command(folder, *words).stdout)["targets"]:
        states[one["state"]].add(one["stage"])
    return states


def undo(folder: Path) -> None:
    git(folder, "checkout", "-q", "--", "params.yaml", "recipes", "profiles", "prompts", "data/raw", "baleen", "stages")


def assert_undo_runs_nothing(folder: Path, before: dict[str, str], *targets: str) -> None:
    """Taking an edit back runs nothing: what was built before comes from the run cache, byte for byte. That
    `baleen plan` knows so, test_forecast tests, and the last test of this module with models."""
    undo(folder)
    assert repro(folder, *targets) == set()
    assert project.output_hashes(folder) == before


def test_building_again_runs_nothing(one_round: Path) -> None:
    assert repro(one_round) == set()


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_runs_what_it_touches_and_undoing_it_nothing(name: str, one_round: Path, tmp_path: Path) -> None:
    folder, (edit, touched) = project.copy_project(one_round, tmp_path / "edited"), EDITS[name]
    before, paid = project.output_hashes(folder), memo_replies(folder)
    edit(folder)
    expected = forecast(folder)
    assert repro(folder, GOAL) == touched
    assert expected["run"] <= touched <= expected["run"] | expected["maybe"]
    if name == "one more document":
        assert sorted(space.split()[0] for space, _ in memo_replies(folder) - paid) == ["generate", "loss"]
    assert_undo_runs_nothing(folder, before, GOAL)


def test_the_threshold_of_the_last_round_trains_only_the_last_model(two_rounds: Path, tmp_path: Path) -> None:
    folder = project.copy_project(two_rounds, tmp_path / "edited")
    before, paid = project.output_hashes(folder), memo_replies(folder)
    last = "humpback-curate-2: {input: humpback-judge-2, "
    replace_once(folder / "recipes/humpback.yaml", last, last + "share: 0.5, ")
    assert forecast(folder, "train@humpback")["run"] == {"filter@humpback-curate-2"}
    assert repro(folder) == {
        "filter@humpback-curate-2",
        "mix@humpback-mix-2",
        "map@humpback-dataset",
        "train@humpback",
    }
    assert memo_replies(folder) == paid
    assert_undo_runs_nothing(folder, before)


def test_the_shared_threshold_asks_nothing_before_the_model_it_changes(two_rounds: Path, tmp_path: Path) -> None:
    folder = project.copy_project(two_rounds, tmp_path / "edited")
    before, paid = project.output_hashes(folder), memo_replies(folder)
    set_yaml(folder / "params.yaml", "curate.share", 0.5)
    assert repro(folder, "train@humpback", "map@humpback-dataset") == {
        *CURATED,
        "score@humpback-judge-2",
        "filter@humpback-curate-2",
        "mix@humpback-mix-2",
        "map@humpback-dataset",
        "train@humpback",
    }
    spaces = [space for space, _ in memo_replies(folder) - paid]
    assert len(spaces) == DOCUMENTS and len(set(spaces)) == 1 and spaces[0].startswith("loss ")
    undo(folder)
    assert not {"run", "maybe"} & forecast(folder, "train@humpback", "map@humpback-dataset").keys()
    assert_undo_runs_nothing(folder, before, "train@humpback", "map@humpback-dataset")
