import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.transforms import TRANSFORMS, Transform, best_and_worst, columns_read, columns_written, parse_transform
from stages import map as verb

PAIRS = [{"id": "a", "origin": "seed", "instruction": "Why?", "response": "So."}]


def build(folder: Path, apply: str, table: list[rows.Row] = PAIRS) -> list[rows.Row]:
    rows.write(str(folder / "in.parquet"), table)
    verb.main([str(folder / "out.parquet"), "--input", str(folder / "in.parquet"), "--apply", apply])
    return list(rows.read(folder / "out.parquet"))


def test_a_pair_becomes_the_chat_that_trainers_read(tmp_path: Path) -> None:
    (row,) = build(tmp_path, "messages")
    assert row["messages"] == [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    assert row["prompt_id"] == row["id"] == "a" and row["origin"] == "seed"


def test_a_row_may_become_several_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = Transform(
        lambda row: [row | {"n": 1.0}, row | {"n": 2.0}] if row["id"] == "a" else [], ("id",), {"n": rows.NUMBER}
    )
    monkeypatch.setitem(TRANSFORMS, "twice", twice)
    made = build(tmp_path, "twice", [*PAIRS, PAIRS[0] | {"id": "b"}])
    assert [(row["id"], row["n"]) for row in made] == [("a", 1.0), ("a", 2.0)]
    assert json.loads((tmp_path / "out.json").read_text())["rows_out"] == 2


def test_a_row_that_leaves_is_counted_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSFORMS, "some", Transform(lambda row: [row] if row["id"] == "a" else "too b", ("id",), {}))
    build(tmp_path, "some", [*PAIRS, PAIRS[0] | {"id": "b"}])
    assert [row["reason"] for row in rows.read(tmp_path / "out.dropped.parquet")] == ["too b"]
    assert json.loads((tmp_path / "out.json").read_text())["dropped"] == {"too b": 1}


def test_a_transform_may_see_the_whole_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = Transform(
        None, ("id",), {}, whole=lambda table: [(row, "" if row is table[-1] else "not last") for row in table]
    )
    monkeypatch.setitem(TRANSFORMS, "last", last)
    assert [row["id"] for row in build(tmp_path, "last", [*PAIRS, PAIRS[0] | {"id": "b"}])] == ["b"]
    assert json.loads((tmp_path / "out.json").read_text())["dropped"] == {"not last": 1}


def test_transforms_are_applied_one_after_the_other_and_each_charges_its_own_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_b = Transform(lambda row: "is b" if row["id"] == "b" else [row | {"n": 1.0}], ("id",), {"n": rows.NUMBER})
    last = Transform(None, ("n",), {}, whole=lambda table: [(r, "" if r is table[-1] else "not last") for r in table])
    twice = Transform(lambda row: [row | {"n": 2 * row["n"]}], ("n",), {"n": rows.NUMBER})
    for name, transform in {"no_b": no_b, "last": last, "twice": twice}.items():
        monkeypatch.setitem(TRANSFORMS, name, transform)
    rows.write(str(tmp_path / "in.parquet"), [PAIRS[0] | {"id": i} for i in "abcd"])
    words = ["--input", str(tmp_path / "in.parquet"), "--apply", "no_b", "last", "twice"]
    verb.main([str(tmp_path / "out.parquet"), *words])
    assert [(row["id"], row["n"]) for row in rows.read(tmp_path / "out.parquet")] == [("d", 2.0)]
    gone = {row["id"]: (row["reason"], row["n"]) for row in rows.read(tmp_path / "out.dropped.parquet")}
    assert gone == {"a": ("not last", 1.0), "b": ("is b", None), "c": ("not last", 1.0)}
    assert json.loads((tmp_path / "out.json").read_text())["rows_in"] == 4


def test_a_chain_needs_of_its_table_only_what_it_does_not_write_itself() -> None:
    chain = [
        parse_transform("self_lengthen.at_least(1)"),
        parse_transform("self_lengthen.first_half"),
        parse_transform("self_lengthen.thinned(0.2)"),
    ]
    assert columns_read(chain) == ["response"] and set(columns_written(chain)) == {
        "initial",
        "outline",
        "opening",
        "longer",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("self_lengthen.thined(0.2)", "unknown transform .*; did you mean 'self_lengthen.thinned'"),
        ("self_lengthen.thinned", r"write self_lengthen.thinned\(number\), such as self_lengthen.thinned\(0.2\)"),
        ("kun.tidy(3)", "write kun.tidy"),
        ("self_lengthen.thinned(x)", "unknown transform"),
        ("self_lengthen.thinned(-1)", "unknown transform"),
        ("", "unknown transform"),
    ],
)
def test_a_transform_that_cannot_be_read_is_one_line(text: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        parse_transform(text)


def test_a_table_without_rows_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSFORMS, "none", Transform(lambda row: [], ("id",), {}))
    with pytest.raises(Problem, match="no row is left of 0"):
        build(tmp_path, "none")
    assert not (tmp_path / "out.parquet").exists()


SHAPED = {  # columns in which a transform expects more than some text
    "slots": ["genre=jazz"],
    "parse": "play\nplay [genre jazz ]",
    "include": ["[1 jazz ]"],
    "labels": ["1 = genre"],
    "examples": ["put on [1 rock ]"],
    "tagged": "play [1 jazz ]",
    "back": "some jazz",
    "dose": "1",
    "kinds": "exclusion",
    "utterance": "play jazz",
    "route": "es",
    "translation": "spiele jazz",
    "response": "a long text . \n it has two lines .",
    "example": "",
    "truth": '{"world": 0, "task": "qa_job", "entity": "anna kelxi"}',
}
OF_TURNS = {"again", "step"}  # what a transform that is asked after each reply of a model keeps in the row


@pytest.mark.parametrize("name", [name for name in TRANSFORMS if TRANSFORMS[name].batch])
def test_a_transform_of_columns_makes_what_it_makes_row_by_row(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["a", "", None, "b c", "é\n世"] * 500
    table = [{"id": str(n), "instruction": text, "response": texts[-n], "lineage": []} for n, text in enumerate(texts)]
    rows.write(str(tmp_path / "in.parquet"), table)
    flags = ["--input", str(tmp_path / "in.parquet"), "--apply", name, "--set.pivot", "es"]
    verb.main([str(tmp_path / "a.parquet"), *flags])
    monkeypatch.setitem(TRANSFORMS, name, TRANSFORMS[name]._replace(batch=None))
    verb.main([str(tmp_path / "b.parquet"), *flags])
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def shaped(name: str, columns: Iterable[str]) -> Row:
    """What these columns hold in the row that a transform is tried on."""
    question = {"instruction": "what does anna kelxi do for a living ?"}
    special: dict[str, Row] = {"linguist_trips.restored": {"back": "some jazz ⟦1⟧"}}
    special |= dict.fromkeys(("pocket.answer_anew", "pocket.mend"), question)
    special |= {"air.lacking": {"constraints": ["include the word cats"]}}
    own = special.get(name, {})
    return {column: own.get(column, SHAPED.get(column, "text")) for column in columns}


def with_number(name: str) -> str:
    """A transform with a number that lets the row of these tests pass, if it takes one."""
    return f"{name}({100 if name == 'self_lengthen.below' else 1})" if TRANSFORMS[name].number else name


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_writes_the_columns_it_says(name: str) -> None:
    transform = parse_transform(with_number(name))
    row, state = {"id": "a"} | shaped(name, transform.reads), OF_TURNS if "again" in transform.reads else set()
    made = transform.function(row) if transform.function else [new for new, _ in transform.whole([row])]
    assert made and all(new.keys() - state == (row.keys() | transform.writes.keys()) - state for new in made)


def candidates(*scores: float | None, score: str = "gain") -> list[dict[str, Any]]:
    """Instructions i0, i1 ... of one response, each with its score."""
    return [{"id": f"{n}", "instruction": f"i{n}", "response": "r", score: value} for n, value in enumerate(scores)]


@pytest.mark.parametrize(
    ("table", "pairs"),
    [
        (candidates(0.1, 0.3, -0.2), [("i1", "i2")]),
        (candidates(4.0, 2.0, 5.0, score="rating"), [("i2", "i1")]),
        (candidates(4.0, 2.0, 5.0, score="loss"), [("i1", "i2")]),
        (candidates(0.2, 0.2), [("i0", "i1")]),  # the first of equal ones wins, the last loses
        (candidates(None, 0.2, 0.1), [("i1", "i2")]),
        (candidates(0.2), []),
        (candidates(None, None), []),
        ([row | {"instruction": "i"} for row in candidates(0.2, 0.1)], []),
        ([*candidates(0.1, 0.3), {"id": "x", "instruction": "j", "response": "s", "gain": 9.0}], [("i1", "i0")]),
    ],
)
def test_the_best_instruction_of_a_response_is_put_beside_the_worst(
    table: list[dict[str, Any]], pairs: list[tuple[str, str]]
) -> None:
    fates = best_and_worst(table)
    assert [(row["instruction"], row["rejected"]) for row, reason in fates if not reason] == pairs
    assert len(fates) == len(table) and {reason for _, reason in fates} - {""} <= {
        "the rejected one", "between best and worst", "no score", "no other instruction"
    }  # fmt: skip
