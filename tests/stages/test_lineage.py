"""Every generated column leads to prompt, model, settings and the row, through all verbs, recipes and rounds."""

from importlib import import_module
from pathlib import Path

import pytest
from scripted import Script, documents, read_outputs, run_verb, scripted_project
from test_map import shaped, with_number

from baleen.commands import check
from baleen.project import layers, recipes
from baleen.project.recipes import Line
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.transforms import TRANSFORMS, parse_transform

LINES = recipes.lines(recipes.all_files())
BOOK = check.book(LINES, layers.current())
COLUMNS = check.columns_of(BOOK)
PAST: list[Row] = [{key: f"{key} of before" for key in rows.STEP}]


def is_generated(line: Line) -> bool:
    """Whether a model has written or graded something in a table or in one that it is made of."""
    if line.rule in ("generate", "answer", "score"):
        return True
    inputs = [line.given[key] for key in ("input", "other") if key in line.given]
    return any(is_generated(BOOK.tables[name]) for name in inputs)


def test_a_table_that_a_model_had_a_part_in_has_a_lineage() -> None:
    columns = {line.name: COLUMNS(line.name) for line in BOOK.tables.values() if is_generated(line)}
    assert len(columns) > 100
    assert [name for name, found in columns.items() if found is not None and "lineage" not in found] == []


def test_what_a_model_learns_from_has_a_lineage_when_a_model_wrote_it() -> None:
    tables = {line.name: BOOK.tables[line.given["input"]] for line in LINES if line.verb == "train"}
    traced = {name: "lineage" in (COLUMNS(table.name) or frozenset()) for name, table in tables.items()}
    assert tables and traced == {name: is_generated(table) for name, table in tables.items()}


def row_before(name: str) -> Row:
    """A row that has been generated, with what the transform reads."""
    reads = parse_transform(with_number(name)).reads
    found = shaped(name, reads)
    parent = {"parent": "older"} if {"parent", "route"} & set(reads) else {}
    return found | {"id": "a", "lineage": PAST} | parent


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_keeps_the_lineage_and_tells_the_parent_of_a_row_it_renames(name: str) -> None:
    row = row_before(name)
    transform = parse_transform(with_number(name))
    made = transform.function(row) if transform.function else [new for new, _ in transform.whole([row])]
    assert made and not isinstance(made, str)
    for new in made:
        assert new["lineage"] == PAST
        assert new["id"] in ("a", "older") or {"a", "older"} & {new.get("parent"), new.get("page"), new.get("pair")}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted_project(tmp_path, monkeypatch, Script())


def run(verb: str, name: str, *flags: str) -> list[Row]:
    import_module(f"stages.{verb}").main([name, *flags])
    return read_outputs(name).rows


def test_through_two_rounds_every_step_leads_to_a_row_of_the_table_that_was_asked(script: Script) -> None:
    asked = ["--engine", "scripted", "--model", "m"]
    rows.write("web", documents("a", "b"))
    rows.write("seed", [row | {"instruction": "q"} for row in documents("c", origin="seed")])
    run("generate", "augment", "--input", "web", "--prompt", "ask", "--n", "3", *asked)
    run("score", "judged", "--input", "augment", "--prompt", "judge", *asked)
    run("filter", "curated", "--input", "judged", "--keep", "rating>=1", "--share", "1")
    run("mix", "mixed", "--input", "seed", "--other", "curated", "--share", "0.4")
    run("score", "judged-again", "--input", "mixed", "--prompt", "reply", *asked)
    final = run("map", "dataset", "--input", "judged-again", "--apply", "messages")
    inputs = {"augment": "web", "judged-again": "mixed"}
    ids = {target: {row["id"] for row in rows.read(rows.table_path(table))} for target, table in inputs.items()}
    steps = {row["origin"]: [step["target"] for step in row["lineage"]] for row in final}
    assert steps == {"seed": ["judged-again"], "web": ["augment", "judged-again"]}  # the first grades are left behind
    for row in final:
        assert all(step["row"] in ids[step["target"]] for step in row["lineage"])
        assert all(step[key] for step in row["lineage"] for key in rows.STEP)


def test_of_several_replies_each_leads_to_the_row_that_was_asked(script: Script) -> None:
    (document,) = documents("a")
    made = run_verb("generate", [document], "--prompt", "ask", "--n", "3", "--temperature", "1")
    assert len(set(made.column("id"))) == 3
    assert [row["lineage"][0]["row"] for row in made.rows] == [document["id"]] * 3


def test_a_reply_that_is_dropped_keeps_its_lineage(script: Script) -> None:
    script.text = lambda request: "" if request.messages[-1][1].endswith("a") else "q"
    made = run_verb("generate", documents("a", "b", "c"), "--prompt", "ask")
    assert [row["reason"] for row in made.dropped] == ["unreadable"]
    assert made.dropped[0]["lineage"][0]["row"] == made.dropped[0]["id"]


def test_mixing_with_rows_nobody_generated_keeps_the_lineage_of_the_others(tmp_path: Path) -> None:
    plain, told = [{"id": "a", "response": "r"}], [{"id": "b", "response": "r", "lineage": PAST}]
    graded = {key: "again" for key in rows.STEP} | {"columns": "loss,worst,tokens"}
    told.append({"id": "c", "response": "r", "lineage": [*PAST, graded]})
    for first, second in ((plain, told), (told, plain)):
        rows.write(str(tmp_path / "a.parquet"), first)
        rows.write(str(tmp_path / "b.parquet"), second)
        flags = ["--input", str(tmp_path / "a.parquet"), "--other", str(tmp_path / "b.parquet")]
        import_module("stages.mix").main([str(tmp_path / "out.parquet"), *flags])
        found = {row["id"]: row["lineage"] for row in rows.read(tmp_path / "out.parquet")}
        assert found == {"a": [], "b": PAST, "c": PAST}  # grades that do not stay have no history here
