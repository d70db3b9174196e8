"""Labels are lines that are whole or not there, and of which the last counts."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.tables import labels
from baleen.tables.labels import BAD, GOOD, Label

ADA = Label("r1", GOOD, "Ada", "t1", "m", "uniform", "all", 8, True, "2026-11-28T12:40:00Z")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_appended_is_read() -> None:
    strange = replace(ADA, labeller='Ada "é" \u2028\n', label=BAD)
    labels.append("t", ADA)
    labels.append("t", strange)
    assert labels.read("t") == [ADA, strange] and labels.read("other") == []
    assert len(Path("labels/t.jsonl").read_bytes().splitlines()) == 2


def test_a_line_after_one_without_an_end_is_a_line_of_its_own() -> None:
    labels.append("t", ADA)
    path = Path("labels/t.jsonl")
    path.write_bytes(path.read_bytes().rstrip())
    labels.append("t", ADA)
    assert labels.read("t") == [ADA, ADA]


def test_many_who_append_at_once_lose_no_line() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: labels.append("t", replace(ADA, row=str(n))), range(100)))
    assert {label.row for label in labels.read("t")} == {str(n) for n in range(100)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": "god"}, "labels/t.jsonl:1: label is 'god', not good or bad"),
        ({"rows": 1}, "unknown field 'rows'"),
        ({"stratum_rows": "8"}, "stratum_rows is '8'"),
        ({"blind": 1}, "blind is 1"),
        ({"labeller": ""}, "labeller is empty"),
    ],
)
def test_a_line_that_is_no_label_is_named(change: dict[str, object], words: str) -> None:
    Path("labels").mkdir()
    Path("labels/t.jsonl").write_text(json.dumps(vars(ADA) | change) + "\n")
    with pytest.raises(Problem, match=words):
        labels.read("t")


@pytest.mark.parametrize("line", ['{"row": "r1"', "[]", "null", "[" * 100_000, '{"row": "r1"}'])
def test_a_broken_line_is_named_with_what_to_do(line: str) -> None:
    Path("labels").mkdir()
    Path("labels/t.jsonl").write_text("\n" + line + "\n")
    with pytest.raises(Problem, match="labels/t.jsonl:2"):
        labels.read("t")


@pytest.mark.parametrize("target", ["../t", "a/b", "", ".t", "t.jsonl"])
def test_no_name_leads_out_of_the_folder(target: str) -> None:
    with pytest.raises(Problem, match="name a target"):
        labels.append(target, ADA)


def test_the_last_label_of_a_labeller_and_a_text_counts() -> None:
    other, second = replace(ADA, text="t2", label=BAD), replace(ADA, labeller="Bob", label=BAD)
    lines = [ADA, other, second, replace(ADA, label=BAD)]
    assert labels.latest(lines) == [replace(ADA, label=BAD), other, second]
    assert labels.by_text(lines) == {("r1", "t1"): {"Ada": False, "Bob": False}, ("r1", "t2"): {"Ada": False}}


def test_a_label_stands_for_the_rows_of_its_stratum() -> None:
    near = replace(ADA, plan="near worst 4", stratum="kept near", stratum_rows=10)
    assert labels.weights([near, replace(near, row="r2"), replace(near, stratum="no score", stratum_rows=3)]) == [
        5,
        5,
        3,
    ]


def test_a_text_is_known_by_what_a_labeller_reads() -> None:
    row = {"id": "x", "instruction": "a", "response": "b", "loss": 1.0}
    assert labels.text_hash(row) == labels.text_hash(row | {"loss": 2.0, "input": None})
    assert labels.text_hash(row) != labels.text_hash({"instruction": "ab", "response": ""})
