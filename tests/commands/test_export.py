"""An exported table loads where people train, says what its model learned, and carries its own history."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import project
import pytest
from typer.testing import CliRunner

from baleen.commands import export, provenance
from baleen.commands.command import app
from baleen.commands.export import Wanted
from baleen.errors import Problem
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from baleen.tables.layouts import LAYOUTS
from baleen.tables.rows import Row, row_id

SEED_TAG, WEB_TAG = "Answer in the style of an AI Assistant.", "Answer with knowledge from web search."
EVIL = "```\n---\nlicense: mit\n---\n# owned\n<script>alert(1)</script> | \u202e$x$ ````"
LICENCES = {"seed": "CC-BY-4.0", "web": "MIT"}


def pair(number: int, origin: str, question: str = "", answer: str = "") -> Row:
    source = {"file": "/home/me/secret/notes.txt", "position": number, "span": None, "licence": LICENCES[origin]}
    texts = {"instruction": question or f"What is {number}?", "response": answer or f"It is {number}."}
    return {"id": row_id(origin, str(number)), "origin": origin, "source": source} | texts


TABLE = [
    *(pair(n, "seed") for n in range(30)),
    *(pair(n, "web") for n in range(30, 60)),
    pair(60, "web", EVIL, EVIL),
    pair(61, "web") | {"response": None},
]
COUNTS = {"humpback-pool": {"rows_in": 90, "rows_out": 80, "dropped": {"not chars(instruction)>=10": 10}}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recipes of this checkout with some of Humpback's tables; no model is there."""
    project.link_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for name in ("humpback-dataset", "humpback-mix-2"):
        rows.write(name, TABLE)
    rows.write("heldout", [pair(n, "seed", f"Who is {n}?") for n in range(5)])
    for name, counts in COUNTS.items():
        rows.write_json(Path("data", f"{name}.json"), counts)
    return tmp_path


def written(wanted: Wanted, target: str = "humpback-dataset") -> Path:
    return export.export(target, wanted, replaced=True)[0]


def loaded(folder: Path, cache: Path) -> Any:
    from datasets import load_dataset

    return load_dataset(str(folder.absolute()), cache_dir=str(cache))


def card(folder: Path) -> tuple[dict[str, Any], str]:
    """The head of a card, and its text."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    return dict(parse_yaml(head)), body


def conversation(row: dict[str, Any], layout: str) -> tuple[str, str, str]:
    """System message, question and answer of a row of a layout."""
    if layout == "alpaca":
        return row["system"], row["instruction"], row["output"]
    names = {"messages": ("messages", "role", "content"), "sharegpt": ("conversations", "from", "value")}
    column, role, content = names.get(layout, ("", "role", "content"))
    turns = row[column] if column else row["prompt"] + row["completion"]
    texts = {turn[role]: turn[content] for turn in turns}
    first, second = ("human", "gpt") if layout == "sharegpt" else ("user", "assistant")
    return texts.get("system", ""), texts[first], texts[second]


@pytest.mark.slow
@pytest.mark.parametrize(("layout", "ending"), [(name, end) for name in LAYOUTS for end in ("parquet", "jsonl")])
def test_a_layout_loads_with_the_system_message_of_each_origin(folder: Path, layout: str, ending: str) -> None:
    made = written(Wanted(layout, ending, rows_per_shard=25, splits={"test": "heldout"}))
    assert len([*(made / "data/train").glob(f"train-*-of-00003.{ending}")]) == 3
    found = loaded(made, folder / "cache")
    assert {name: len(split) for name, split in found.items()} == {"train": 61, "test": 5}
    learned = {conversation(row, layout) for row in found["train"]}
    tags = {"seed": SEED_TAG, "web": WEB_TAG}
    assert learned == {(tags[row["origin"]], row["instruction"], row["response"]) for row in TABLE if row["response"]}


def test_a_row_without_an_answer_is_counted(folder: Path) -> None:
    made, summary = export.export("map@humpback-dataset", Wanted())
    assert summary.startswith(
        "61 rows in train (1 files), 1 left out (no answer), 61 with a system message, as humpback"
    )
    assert "Left out: 1 with no answer" in card(made)[1]


def test_a_share_is_drawn_by_the_question_and_copies_stay_together(folder: Path) -> None:
    rows.write("humpback-dataset", [*TABLE, *(row | {"id": row_id(row["id"], "copy")} for row in TABLE)])
    found = loaded(written(Wanted(splits={"validation": "0.2", "test": "0.1"})), folder / "cache")
    asked = {name: {row["messages"][1]["content"] for row in split} for name, split in found.items()}
    assert sum(map(len, asked.values())) == 61 and min(map(len, asked.values())) > 1
    assert sum(map(len, found.values())) == 122


def test_the_card_has_the_whole_history_and_no_path_of_this_machine(folder: Path) -> None:
    head, text = card(written(Wanted()))
    assert head["license"] == ["cc-by-4.0", "mit"]
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "data/train/*.parquet"}]
    assert "| humpback-pool | filter | 90 | 80 | 10 not chars(instruction)\\>=10 |" in text
    for name in ("ask", "reply"):
        assert Path(f"prompts/{name}.md").read_text(encoding="utf-8").rstrip() in text
    assert "arXiv:2308.06259" in text and "eprint = {2308.06259}" in text
    assert re.search(r"\| ask \| .*trained from base on the table seed", text) or "| ask | not on this machine" in text
    assert "humpback-augment:\n  verb: generate\n" in text and "CC-BY-4.0 | 30 |" in text and 'load_dataset("' in text
    assert "/home" not in text and "secret" not in text and str(folder) not in text


def test_the_card_says_how_well_the_scores_of_its_rows_tell_good_ones(folder: Path) -> None:
    one = {"auc": 0.81, "auc_low": 0.7, "auc_high": 0.9, "rows": 80, "sweep": []}
    at = {"threshold": 4.25, "precision": 0.9, "precision_low": 0.8, "precision_high": 0.97, "recall": 0.4}
    figures = {"labels": "made", "prior": 0.5, "in_use": "worst", "stale": [], "warnings": ["loss separates better"]}
    figures |= {"unusable": {"worst": ["too little"]}, "scores": {"worst": one | {"in_use": at}, "loss": one}}
    rows.write_json(Path("data/humpback-calibration-2.json"), figures)
    text = card(written(Wanted()))[1].replace("\\", "")
    shown = "worst (in use) | 80 | 0.810 [0.700, 0.900] | 4.25 | 0.900 [0.800, 0.970] | 0.400 |"
    assert f"| humpback-calibration-2 | made, 50 % good assumed | {shown}" in text
    assert "humpback-calibration-2: loss separates better." in text and "too little" in text


def test_text_of_models_stays_text_in_the_card(folder: Path) -> None:
    rows.write("humpback-dataset", [pair(0, "web", EVIL, EVIL)])
    head, text = card(written(Wanted()))
    assert head["license"] == "mit" and "# owned\n" not in text and "\u202e" not in text
    outside = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "script" not in outside and "owned" not in outside


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ({"seed": "MIT", "web": None}, {}),
        ({"seed": "MIT", "web": "mit"}, {"license": "mit"}),
        ({"seed": "x\n---\nlicense: mit", "web": "MIT"}, {"license": "other", "license_name": "mit-x-license-mit"}),
    ],
)
def test_a_licence_is_inherited_and_never_invented(
    folder: Path, licences: dict[str, str | None], expected: dict[str, str]
) -> None:
    table = [row | {"source": row["source"] | {"licence": licences[row["origin"]]}} for row in TABLE]
    rows.write("humpback-dataset", table)
    head, text = card(written(Wanted()))
    assert {name: value for name, value in head.items() if name.startswith("license")} == expected
    assert ("not named by its source" in text) == (None in licences.values())


@pytest.mark.parametrize(
    ("target", "wanted", "message"),
    [
        ("humpback-dataset", Wanted("messages "), "unknown layout 'messages '; did you mean 'messages'"),
        ("humpback-dataset", Wanted(ending="csv"), "--files: unknown kind of file 'csv'"),
        ("humpback-dataset", Wanted(rows_per_shard=0), "--rows-per-shard is 0; write a number of rows from 1"),
        ("humpback-dataset", Wanted(splits={"test": "1.5"}), "shares lie between 0 and 1"),
        ("humpback-dataset", Wanted(splits={"train": "0.5"}), "'train' is no name of a further split"),
        ("humpback-dataset", Wanted(splits={"../x": "0.5"}), "'../x' is no name of a further split"),
        ("humpback-dataset", Wanted(splits={"test": "nothing"}), "no table data/nothing.parquet"),
        (
            "humpback-dataset",
            Wanted(splits={"test": "humpback-dataset"}),
            "--split test=humpback-dataset: train has the rows of this table; name another, or .*--split test=0.05",
        ),
        (
            "humpback-dataset",
            Wanted(splits={"test": "heldout", "dev": "data/heldout.parquet"}),
            "--split dev=data/heldout.parquet: test has the rows of this table",
        ),
        ("humpback-dataset", Wanted(splits={"test": "humpback"}), "humpback is a model, which has weights, not rows"),
        (
            "eval-humpback",
            Wanted(),
            "eval-humpback is an evaluation, which has numbers, not rows; name a table, such as answers-humpback",
        ),
        ("humpback-dataset", Wanted(taught="seed"), "--as seed: this is a target of ingest; name a model"),
        ("humpback-datasett", Wanted(), "unknown target 'humpback-datasett'; did you mean 'humpback-dataset'"),
        ("seed", Wanted(), r"in several ways: ask \(ask\), reply \(reply\); choose a model, such as --as ask"),
        ("prose", Wanted(), "base learned prose with prompts/text.md, which has no question"),
        ("humpback-curate-1", Wanted(), "no table data/humpback-curate-1.parquet"),
        ("humpback", Wanted(), "model humpback is not built yet; dvc repro train@humpback builds it"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_leaves_nothing(
    folder: Path, target: str, wanted: Wanted, message: str
) -> None:
    for name in ("seed", "prose"):
        rows.write(name, TABLE[:2])
    with pytest.raises(Problem, match=message):
        export.export(target, wanted)
    assert not [*Path("exports").rglob("*")]


def test_a_split_that_is_named_twice_is_refused() -> None:
    assert export.splits_of(["test=heldout", " dev = 0.1"]) == {"test": "heldout", "dev": "0.1"}
    with pytest.raises(Problem, match="--split test is given twice"):
        export.splits_of(["test=heldout", "test=0.1"])


@pytest.mark.slow
def test_a_folder_that_is_there_is_kept(folder: Path) -> None:
    made, _ = export.export("humpback-dataset", Wanted())
    with pytest.raises(Problem, match="is there already; add --replace to write it anew"):
        export.export("humpback-dataset", Wanted())
    assert export.export("humpback-dataset", Wanted(), replaced=True)[0] == made
    (folder / "mine").mkdir()
    with pytest.raises(Problem, match="mine is there already; name another with --out"):
        export.export("humpback-dataset", Wanted(folder=Path("mine")), replaced=True)


def test_rows_of_a_table_that_is_mixed_in_are_asked_as_the_model_that_learns_them(folder: Path) -> None:
    lines = provenance.project_lines()
    assert export.trainer(lines, "humpback-curate-1", "").name == "humpback-1"  # type: ignore[union-attr]
    assert export.trainer(lines, "heldout", "") is None


def test_rows_that_no_model_learned_are_instruction_and_response(folder: Path) -> None:
    made = written(Wanted(), "heldout")
    assert loaded(made, folder / "cache")["train"][0]["messages"][0]["role"] == "user"
    assert "No model of the project was trained on it" in card(made)[1]


def llama_factory_reads(row: dict[str, Any], described: dict[str, Any]) -> tuple[str, str, str]:
    """A row as LLaMA-Factory's converters read it by their description of the fields (its data/README.md): alpaca joins
    prompt and query; sharegpt takes a system turn first, then people at odd and models at even places. A column that
    `columns` leaves out has no default there."""
    columns = described["columns"]
    if described.get("formatting", "alpaca") == "alpaca":
        question = [row[columns[name]] for name in ("prompt", "query") if name in columns and row[columns[name]]]
        return row[columns["system"]], "\n".join(question), row[columns["response"]]
    defaults = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
    tags = defaults | {"system_tag": "system"} | described.get("tags", {})
    turns, system = row[columns["messages"]], ""
    if turns[0][tags["role_tag"]] == tags["system_tag"]:
        system, turns = turns[0][tags["content_tag"]], turns[1:]
    assert [turn[tags["role_tag"]] for turn in turns] == [tags["user_tag"], tags["assistant_tag"]]
    return system, *(turn[tags["content_tag"]] for turn in turns)  # type: ignore[return-value]


def axolotl_reads(row: dict[str, Any], described: dict[str, Any]) -> tuple[str, str, str]:
    """A row as axolotl reads it by its documented dataset settings: a `type` of fields of one's own, or chat_template
    with `field_messages`, `message_property_mappings` and its default roles."""
    if isinstance(own := described["type"], dict):
        assert {*own} <= {"system_prompt", "system_format", "format", "no_input_format", *OWN_FIELDS}
        assert not row[own["field_input"]] and own["no_input_format"].format(instruction="x") == "x\n"
        return row[own["field_system"]], row[own["field_instruction"]], row[own["field_output"]]
    assert described["type"] == "chat_template"
    names = described.get("message_property_mappings", {"role": "role", "content": "content"})
    roles = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
    turns = [(roles[turn[names["role"]]], turn[names["content"]]) for turn in row[described["field_messages"]]]
    assert [role for role, _ in turns][-2:] == ["user", "assistant"]
    texts = dict(turns)
    return texts.get("system", ""), texts["user"], texts["assistant"]


OWN_FIELDS = ("field_system", "field_instruction", "field_input", "field_output")


@pytest.mark.parametrize("layout", [name for name, one in LAYOUTS.items() if one.llama_factory])
@pytest.mark.parametrize("reads", [llama_factory_reads, axolotl_reads])
def test_other_trainers_read_what_the_model_learned(
    folder: Path, layout: str, reads: Callable[[dict[str, Any], dict[str, Any]], tuple[str, str, str]]
) -> None:
    made = written(Wanted(layout, "jsonl", splits={"test": "0.2"}))
    info = json.loads((made / "dataset_info.json").read_text())
    assert {name: (made / one["file_name"]).is_dir() for name, one in info.items()} == {
        "humpback-dataset": True,
        "humpback-dataset-test": True,
    }
    [shard] = (made / "data/train").iterdir()
    table = [json.loads(line) for line in shard.read_text(encoding="utf-8").splitlines()]
    described = info["humpback-dataset"] if reads is llama_factory_reads else axolotl_of(made)
    assert [reads(row, described) for row in table] == [conversation(row, layout) for row in table]


def axolotl_of(made: Path) -> dict[str, Any]:
    """What the card says to write under `datasets:` of axolotl."""
    [block] = re.findall(r"^axolotl:\n\n```yaml\n(.*?)^```$", card(made)[1], re.MULTILINE | re.DOTALL)
    return dict(parse_yaml(block)["datasets"][0])


def test_the_command_says_what_it_would_publish(folder: Path) -> None:
    words = ["export", "humpback-dataset", "--split", "test=0.2", "--push", "my-lab/my-data", "--dry-run"]
    shown = CliRunner().invoke(app, words, catch_exceptions=False).output
    assert "would create the private dataset my-lab/my-data, unless it is there, and send 4 files" in shown
    assert "README.md" in shown and "data/test/test-00000-of-00001.parquet" in shown and ".baleen-export" not in shown
    for bad in (["--push", "my-data"], ["--push", "a/b/c"], ["--push", "my lab/x"], ["--public"], ["--split", "test"]):
        with pytest.raises(Problem):
            CliRunner().invoke(app, ["export", "humpback-dataset", "--replace", *bad], catch_exceptions=False)
