"""Rows that repeat others or overlap with test questions leave, each with the row that it met."""

import json
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.tables.vectors import nearest_to
from baleen.tables.word_overlap import OverlapIndex
from stages import filter as verb

LONG = (
    "early on a cold day in the first week of march the quick brown fox jumps over the lazy dog while seven grey cats "
    "look on from the old wall"
)
NEAR = LONG.replace("wall", "barn")
OTHER = "Water boils at one hundred degrees at the level of the sea and lower on a mountain."


def row(own: str, instruction: str, response: str | None = "yes", vector: list[float] | None = None) -> Row:
    texts = {"instruction": instruction, "response": response}
    return {"id": own, "origin": "x"} | texts | {"vector": vector}


def build(table: list[Row], other: list[Row], *flags: str) -> tuple[list[str], dict[str, str], Row]:
    """Ids kept, the reason of each id dropped, and the counts; `other` is the table to compare with."""
    rows.write("in", table)
    if other:
        rows.write("other", other)
    verb.main(["data/out.parquet", "--input", "in", *(["--against", "other"] if other else []), *flags])
    dropped = {r["id"]: r["reason"] for r in rows.read(Path("data/out.dropped.parquet"))}
    return (
        [r["id"] for r in rows.read(Path("data/out.parquet"))],
        dropped,
        json.loads(Path("data/out.json").read_text()),
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


TABLE = [row("a", LONG), row("b", f"  {LONG} "), row("c", NEAR), row("d", OTHER)]


@pytest.mark.parametrize(("others", "flags", "kept"), [(3, [], 3), (9, [], 4), (3, ["--count", "2"], 2)])
def test_as_many_rows_stay_as_another_table_has_or_all_there_are(others: int, flags: list[str], kept: int) -> None:
    other = [row(str(n), "x") for n in range(others)]
    ids, dropped, counts = build(TABLE, other, "--as_many", "--best", "chance(id)", *flags)
    assert (len(ids), len(dropped), counts["rows_in"]) == (kept, 4 - kept, 4)


@pytest.mark.parametrize(
    ("kind", "kept", "dropped"),
    [
        ("exact", ["a", "c", "d"], {"b": "duplicate of a"}),
        ("near", ["a", "d"], {"b": "near duplicate of a", "c": "near duplicate of a"}),
    ],
)
def test_a_duplicate_within_the_table_names_the_first_one(kind: str, kept: list[str], dropped: dict[str, str]) -> None:
    assert build(TABLE, [], "--duplicates", kind)[:2] == (kept, dropped)


def test_a_duplicate_of_another_table_names_its_row_and_leaves_those_of_its_own_table() -> None:
    table = [*TABLE, row("e", "Nothing like it at all.")]
    kept, dropped, counts = build(table, [row("x", OTHER), row("y", NEAR)], "--duplicates", "near")
    assert kept == ["e"] and counts["dropped"] == {"near duplicate": 4}
    assert dropped == {own: f"near duplicate of {'x' if own == 'd' else 'y'}" for own in "abcd"}


def test_a_row_close_to_only_the_second_of_two_similar_others_is_found() -> None:
    words = [f"w{n}" for n in range(60)]
    first, second, third = (" ".join(words[n : n + 40]) for n in (0, 5, 10))
    _, dropped, _ = build(
        [row("a", third), row("d", OTHER)], [row("x", first), row("y", second)], "--duplicates", "near",
        "--similarity", "0.6",
    )  # fmt: skip
    assert dropped == {"a": "near duplicate of y"}


VECTORS = [row("a", "1", vector=[1, 0]), row("b", "2", vector=[2, 0.1]), row("c", "3", vector=[0, 1]), row("d", "4")]


def test_a_semantic_duplicate_has_the_cosine_and_a_row_without_a_vector_says_so() -> None:
    kept, dropped, counts = build(VECTORS, [], "--duplicates", "semantic")
    assert kept == ["a", "c"]
    assert dropped == {"b": "semantic duplicate of a (cosine 0.999)", "d": "vector unreadable"}
    assert counts["dropped"] == {"semantic duplicate": 1, "vector unreadable": 1}
    kept, dropped, _ = build(VECTORS[:3], [row("x", "9", vector=[0, 3])], "--duplicates", "semantic")
    assert kept == ["a", "b"] and dropped == {"c": "semantic duplicate of x (cosine 1.000)"}


def test_rows_that_overlap_with_test_questions_show_the_words() -> None:
    table = [
        row("a", f"Tell me. {LONG.upper()}!", "no"),
        row("b", "Nothing of it", "He said: water boils, at one hundred degrees; at the LEVEL of the sea -- truly."),
        row("c", "Which animal is it that lives in the sea?", "A whale."),
        row("d", "What is this?", "This."),
    ]
    others = [
        row("x", LONG, None),
        row("y", OTHER, None),
        row("z", "which animal is it", None),
        row("s", "What is?", None),
    ]
    kept, dropped, counts = build(table, others, "--overlap", "8")
    assert kept == ["c", "d"] and counts["dropped"] == {"overlap": 2} and counts["too short to compare"] == 2
    assert dropped == {
        "a": f"overlaps x: {LONG}",
        "b": "overlaps y: water boils, at one hundred degrees; at the level of the sea",
    }


def test_a_short_question_is_found_as_a_whole() -> None:
    others = [row("x", "Who was the first king of Spain?", None)]
    table = [row("a", "Please: who was the first king of Spain", "He."), row("b", "Who was the first king of France?")]
    kept, dropped, _ = build(table, others, "--overlap", "13")
    assert kept == ["b"] and dropped == {"a": "overlaps x: who was the first king of spain"}


def test_overlap_works_without_spaces_between_words() -> None:
    index = OverlapIndex(6)
    index.add(["x"], ["西班牙的首都是哪一个城市"])
    assert index.overlaps(["请问西班牙的首都是什么", "法国"]) == [("x", "西班牙的首都是"), None]


def test_an_empty_table_to_compare_with_keeps_all() -> None:
    index = OverlapIndex(13)
    index.add([], [])
    assert index.overlaps(["a b c d e f g h i j k l m n"]) == [None] and nearest_to([[1.0]], [[1.0]], 3) == {0}


def test_values_that_must_be_unique_name_the_row_they_repeat() -> None:
    table = [row("a", LONG), row("b", OTHER, "no"), row("c", OTHER, "yes"), row("d", NEAR)]
    kept, dropped, counts = build(table, [], "--duplicates", "near", "--unique", "instruction")
    assert kept == ["a", "b"] and dropped == {"c": "duplicate of b", "d": "near duplicate of a"}
    assert counts["dropped"] == {"duplicate": 1, "near duplicate": 1}


def test_conditions_come_before_and_every_row_is_counted() -> None:
    table = [*TABLE, row("e", "x", None)]
    kept, dropped, counts = build(table, [], "--duplicates", "near", "--keep", "present(response)==1")
    assert kept == ["a", "d"] and dropped["e"] == "present(response) unreadable"
    assert counts["rows_in"] == 5 == counts["rows_out"] + sum(counts["dropped"].values())


@pytest.mark.slow
def test_the_nearest_by_words_and_by_vectors_stay() -> None:
    passages = [
        row("a", "", LONG),
        row("b", "", OTHER),
        row("c", "", "Nothing at all."),
        row("d", "", "Foxes and dogs"),
    ]
    queries = [row("x", "the brown dog and the fox", None), row("y", "when does water boil on a mountain", None)]
    reason = "not among the 1 nearest of other"
    kept, dropped, _ = build(passages, queries, "--nearest", "bm25", "--each", "1", "--text", "response", "instruction")
    assert kept == ["a", "b"] and dropped == {"c": reason, "d": reason}
    flags = ["--nearest", "bm25", "--each", "1", "--text", "response", "--against-text", "instruction"]
    assert build(passages, queries, *flags)[0] == ["a", "b"]
    asked = [row("x", "", vector=[0.1, 2])]
    kept, dropped, _ = build(VECTORS, asked, "--nearest", "vector", "--each", "1")
    assert kept == ["c"] and {*dropped.values()} == {reason}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--duplicates", "nere"], "unknown duplicates 'nere'; did you mean 'near'"),
        (["--overlap", "8"], "overlap and nearest compare with another table; write against"),
        (["--against", "other"], "against says with which table, not how"),
        (["--against", "other", "--as_many"], "as_many counts the rows of against and keeps the first by best"),
        (["--as_many", "--best", "chance(id)"], "as_many counts the rows of against and keeps the first by best"),
        (["--duplicates", "near", "--best", "worst"], "rows are screened in a line of their own"),
        (["--duplicates", "near", "--similarity", "2"], "similarity lies between 0 and 1"),
        (["--duplicates", "near", "--text", "nothing"], "in.parquet has no column nothing"),
        (
            ["--overlap", "8", "--against", "other", "--text", "response"],
            "other.parquet has none of the columns response",
        ),
    ],
)
def test_settings_that_cannot_be_meant_are_one_line(flags: list[str], message: str) -> None:
    rows.write("in", TABLE)
    rows.write("other", [{"id": "x", "instruction": OTHER}])
    with pytest.raises(Problem, match=message):
        verb.main(["data/out.parquet", "--input", "in", *flags])
    assert not Path("data/out.parquet").exists()
