import json
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.tables import rows
from stages import filter as verb
from stages import map as map_verb

TABLE = [
    {"id": "a", "worst": 3.0, "rating": 5.0, "instruction": "one"},
    {"id": "b", "worst": 1.0, "rating": 4.0, "instruction": "two"},
    {"id": "c", "worst": None, "rating": None, "instruction": "one"},
    {"id": "d", "worst": 2.0, "rating": 1.0, "instruction": "three"},
]


def build(
    folder: Path, *flags: str, table: list[rows.Row] = TABLE
) -> tuple[list[str], dict[str, str], dict[str, object]]:
    """Ids kept, the reason of each id dropped, and the counts."""
    rows.write(str(folder / "in.parquet"), table)
    verb.main([str(folder / "out.parquet"), "--input", str(folder / "in.parquet"), *flags])
    dropped = {r["id"]: r["reason"] for r in rows.read(folder / "out.dropped.parquet")}
    kept = [r["id"] for r in rows.read(folder / "out.parquet")]
    return kept, dropped, json.loads((folder / "out.json").read_text())


def test_the_first_condition_that_fails_is_the_reason(tmp_path: Path) -> None:
    kept, dropped, counts = build(tmp_path, "--keep", "rating>=4", "worst<2")
    assert kept == ["b"]
    assert dropped == {"a": "not worst<2", "c": "rating unreadable", "d": "not rating>=4"}
    assert counts["rows_in"] == 4


def test_the_best_share_of_the_readable_rows_stays_in_input_order(tmp_path: Path) -> None:
    kept, dropped, _ = build(tmp_path, "--best", "worst", "--share", "0.67")
    assert kept == ["b", "d"]
    assert dropped == {"a": "not best worst: 3, rank 3 of 3, cutoff 2", "c": "worst unreadable"}


@pytest.mark.parametrize("flags", [("--best", "worst"), ("--best", "worst", "--highest")])
def test_numbers_that_are_not_finite_have_no_rank(tmp_path: Path, flags: tuple[str, ...]) -> None:
    odd = [{"id": name, "worst": float(name), "rating": 1.0, "instruction": name} for name in ("nan", "inf", "-inf")]
    kept, _, counts = build(tmp_path, *flags, "--share", "0.67", table=[*odd, *TABLE])
    assert kept == (["a", "d"] if "--highest" in flags else ["b", "d"])
    assert counts["dropped"] == {"not best worst": 1, "worst unreadable": 4}


def test_a_count_of_the_highest(tmp_path: Path) -> None:
    assert build(tmp_path, "--best", "rating", "--highest", "--count", "1")[0] == ["a"]


def test_conditions_come_before_the_rank(tmp_path: Path) -> None:
    assert build(tmp_path, "--keep", "rating>=2", "--best", "worst", "--share", "0.5")[0] == ["b"]


def test_a_duplicate_names_the_row_it_repeats(tmp_path: Path) -> None:
    kept, dropped, counts = build(tmp_path, "--unique", "instruction")
    assert (kept, dropped) == (["a", "b", "d"], {"c": "duplicate of a"})
    assert counts["dropped"] == {"duplicate": 1}


def test_names_of_columns_may_stand_apart(tmp_path: Path) -> None:
    kept, dropped, _ = build(tmp_path, "--unique", "instruction, rating", table=[*TABLE, TABLE[0] | {"id": "e"}])
    assert (kept, dropped) == (["a", "b", "c", "d"], {"e": "duplicate of a"})
    assert verb.needed(verb.FilterOptions("in", unique=" a , b,")) == ["a", "b"]


def test_a_row_that_is_there_twice_is_a_duplicate_of_itself(tmp_path: Path) -> None:
    """As where two tables that overlap are mixed: ids repeat too."""
    kept, dropped, counts = build(tmp_path, "--unique", "instruction", table=[*TABLE[:2], *TABLE[:2]])
    assert (kept, dropped) == (["a", "b"], {"a": "duplicate of a", "b": "duplicate of b"})
    assert counts["dropped"] == {"duplicate": 2}


@pytest.mark.parametrize(
    "values", [[["x", "y"], ["x", "y"], ["y"]], [{"file": "f", "span": None}, {"file": "f", "span": None}, None]]
)
def test_a_column_of_lists_or_structs_has_duplicates_too(tmp_path: Path, values: list[object]) -> None:
    name = "constraints" if isinstance(values[0], list) else "source"
    table = [{"id": str(n), name: found} for n, found in enumerate(values)]
    kept, dropped, _ = build(tmp_path, "--unique", name, table=table)
    assert (kept, dropped) == (["0", "2"], {"1": "duplicate of 0"})


def test_no_row_left_is_a_problem_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no row is left of 4 \(3 not rating>=6, 1 rating unreadable\); loosen"):
        build(tmp_path, "--keep", "rating>=6")
    assert not (tmp_path / "out.parquet").exists()


def test_a_share_outside_zero_and_one_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="share 30.0 must lie in"):
        build(tmp_path, "--best", "worst", "--share", "30")


def test_a_column_the_table_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="has no column loss"):
        build(tmp_path, "--best", "loss")


def filter_clusters(folder: Path, *flags: str) -> tuple[list[str], dict[str, str]]:
    """40 rows in two directions; those of the first are all worse than those of the second."""
    table = [
        {"id": f"{side}{i}", "distance": float(i + 100 * side), "vector": [1.0 - side, float(side)]}
        for side in (0, 1)
        for i in range(20)
    ]
    table.append({"id": "unread", "distance": 1.0, "vector": None})
    rows.write(str(folder / "in.parquet"), table)
    verb.main([str(folder / "out.parquet"), "--input", str(folder / "in.parquet"), "--best", "distance", *flags])
    return [r["id"] for r in rows.read(folder / "out.parquet")], {
        r["id"]: r["reason"] for r in rows.read(folder / "out.dropped.parquet")
    }


def test_every_cluster_loses_its_own_worst_rows(tmp_path: Path) -> None:
    kept, dropped = filter_clusters(tmp_path, "--within", "vector", "--clusters", "2", "--share", "0.9")
    ranks = {"018": 19, "019": 20, "118": 19, "119": 20}
    worst = {
        name: f"not best distance: {int(name[1:]) + 100 * int(name[0])}, rank {rank} of 20, cutoff 18"
        for name, rank in ranks.items()
    }
    assert dropped == worst | {"unread": "not best distance: 1 and in no cluster"} and len(kept) == 36


def test_rounding_is_carried_over_small_clusters(tmp_path: Path) -> None:
    """2 % of 20 rows is less than half a row, of 40 nearly a whole one."""
    kept, _ = filter_clusters(tmp_path, "--within", "vector", "--clusters", "2", "--share", "0.98")
    assert len(kept) == 39


@pytest.mark.parametrize("flags", [("--count", "3"), ("--clusters", "0")])
def test_ranks_inside_clusters_need_a_share_and_clusters(tmp_path: Path, flags: tuple[str, str]) -> None:
    with pytest.raises(Problem, match="within ranks inside clusters"):
        filter_clusters(tmp_path, "--within", "vector", *flags)


def test_a_row_with_vectors_of_any_name_can_leave(tmp_path: Path) -> None:
    table = [{"id": name, "worst": float(i), "gold_vector": [1.0, 0.5]} for i, name in enumerate("ab")]
    rows.write(str(tmp_path / "in.parquet"), table)
    verb.main([str(tmp_path / "out.parquet"), "--input", str(tmp_path / "in.parquet"), "--keep", "worst<1"])
    assert [r["gold_vector"] for r in rows.read(tmp_path / "out.dropped.parquet")] == [[1.0, 0.5]]


def test_a_row_with_a_chat_can_leave(tmp_path: Path) -> None:
    """`messages` is no column of ours whose type is declared: a dataset that somebody filters again has it."""
    table = [{"id": name, "worst": float(i), "instruction": name, "response": "so ."} for i, name in enumerate("ab")]
    rows.write(str(tmp_path / "in.parquet"), table)
    map_verb.main([str(tmp_path / "chat.parquet"), "--input", str(tmp_path / "in.parquet"), "--apply", "messages"])
    verb.main([str(tmp_path / "out.parquet"), "--input", str(tmp_path / "chat.parquet"), "--keep", "worst<1"])
    (gone,) = rows.read(tmp_path / "out.dropped.parquet")
    assert gone["messages"][0] == {"role": "user", "content": "b"} and gone["reason"] == "not worst<1"


ROWS = [
    {
        "id": f"{n:02}",
        "worst": float(n % 7),
        "gain": n / 10 - 1 if n % 5 else None,
        "rating": n % 5 + 1.0,
        "group": n % 3,
    }
    for n in range(40)
]
SELECTIONS = {
    "a share of a rank": ("--best", "worst", "--share", "0.3"),
    "a count": ("--best", "worst", "--count", "7"),
    "a threshold": ("--keep", "gain>0"),
    "a threshold and a rank": ("--keep", "rating>=4", "--best", "gain", "--highest", "--share", "0.5"),
    "one of a kind": ("--unique", "group"),
    "everything": (),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_control_arm_keeps_as_many_rows_by_chance(tmp_path: Path, name: str) -> None:
    kept, _, counts = build(tmp_path, *SELECTIONS[name], table=ROWS)
    drawn, dropped, beside = build(tmp_path, *SELECTIONS[name], "--control", table=ROWS)
    assert len(drawn) == len(kept) and counts["rows_out"] == beside["rows_out"]
    assert drawn == build(tmp_path, "--best", "chance(id)", "--count", str(len(kept)), table=ROWS)[0]
    assert all(why.startswith("not best chance(id): 0.") for why in dropped.values())
    assert len(drawn) + len(dropped) == len(ROWS)


def test_a_control_arm_of_nothing_is_a_problem_as_the_arm_itself_is(tmp_path: Path) -> None:
    for flags in ((), ("--control",)):
        with pytest.raises(Problem, match="no row is left of 40"):
            build(tmp_path, "--keep", "rating>=9", *flags, table=ROWS)
