"""Orders, joins and thresholds that numpy makes of DuckDB's columns are those that Python and SQL give."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import chdir

import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")

import numpy as np

from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.viewer import comparing, cutting, drawing, held, questions
from baleen.viewer.engine import Engine
from baleen.viewer.sources import Project, Source

SIZE = 300
JOIN = """SELECT coalesce(a.n, -1), coalesce(b.n, -1), a.loss, b.loss FROM {} a FULL JOIN {} b ON a.id = b.id
          ORDER BY a.n IS NULL, a.n, b.n"""


def table(seed: int) -> list[Row]:
    """Rows of which some ids come twice, two have none, and scores repeat or are missing."""
    draw = random.Random(seed)
    ids = [f"{draw.randrange(SIZE):04x}" for _ in range(SIZE)]
    scores = [draw.choice([None, -0.0, *(draw.random() for _ in range(9))]) for _ in range(SIZE)]
    written = [{"id": id_, "response": f"{id_} answers", "loss": score} for id_, score in zip(ids, scores, strict=True)]
    return [*written, {"id": None, "response": "a", "loss": 1.0}, {"id": None, "response": "b", "loss": 2.0}]


@pytest.fixture(scope="module", params=["in memory", "in files"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine in a folder with two tables, which it holds in pieces or reads from their files."""
    with chdir(tmp_path_factory.mktemp("equal")), pytest.MonkeyPatch.context() as patch:
        patch.setattr(held, "PIECE", 97)
        patch.setattr(held, "NEAR", 8)
        made = Engine(30.0)
        for seed, name in enumerate(("left", "right")):
            rows.write(name, table(seed))
            if request.param == "in memory":
                made.held.want(source(name).files[0])
        made.held.wait()
        yield made
        made.close()


def source(name: str) -> Source:
    return Project().source(name)


def test_two_tables_are_joined_as_sql_joins_them(engine: Engine) -> None:
    sides = [
        f"(SELECT *, file_row_number AS n FROM {held.in_file(source(name).files[0])})" for name in ("left", "right")
    ]
    wanted = engine.query(JOIN.format(*sides), []).fetchall()
    found = comparing.joined(engine, source("left"), source("right"), "loss")
    scores = [[None if np.isnan(one) else one for one in side] for side in found.scores]
    assert [*zip(found.left, found.right, *scores, strict=True)] == wanted


@pytest.mark.parametrize("sides", [("left", "none"), ("none", "right")])
def test_a_table_without_rows_is_joined_too(sides: tuple[str, str], engine: Engine) -> None:
    pieces = {name: np.arange(3 if name != "none" else 0, dtype=np.uint64) for name in sides}
    a, b = comparing.matched(*(pieces[name] for name in sides))
    whole, other = ([0, 1, 2], [-1, -1, -1])
    assert [a.tolist(), b.tolist()] == ([whole, other] if sides[1] == "none" else [other, whole])


def test_rows_to_label_come_in_the_order_of_the_md5_of_their_ids(engine: Engine) -> None:
    ids = [row["id"] or "" for row in table(0)][:-2]
    sums = [hashlib.md5(f"{id_}{drawing.SALT}".encode()).hexdigest() for id_ in ids]
    order = [n for n in drawing.by_chance(engine, source("left")) if n < len(ids)]
    assert order == sorted(range(len(ids)), key=lambda n: sums[n])


@pytest.mark.parametrize("highest", [False, True])
def test_scores_are_ranked_counted_and_cut_as_python_does_it(highest: bool, engine: Engine) -> None:
    known = {n: row["loss"] for n, row in enumerate(table(0)) if row["loss"] is not None}
    found = cutting.ranked(engine, source("left"), "loss", highest)
    assert found.rows.tolist() == sorted(known, key=lambda n: -known[n] if highest else known[n])
    steps = [*sorted(set(known.values())), 0.5, -9.0, 9.0]
    assert found.kept_at(steps) == [sum(v >= s if highest else v <= s for v in known.values()) for s in steps]
    assert [found.kept(step) for step in steps] == found.kept_at(steps)
    ends = (min, max) if highest else (max, min)
    assert cutting.worst(engine, source("left"), "loss", highest) == ends[0](known.values())


@pytest.mark.parametrize("number", [1, 7, 200])
def test_a_page_has_the_rows_that_are_asked_for_in_their_order(number: int, engine: Engine) -> None:
    written, wanted = table(0), random.Random(number).sample(range(SIZE), number)
    found = questions.page(engine, source("left"), wanted)
    assert [row["texts"]["response"][0] for row in found] == [written[n]["response"] for n in wanted]
    assert [row["numbers"]["loss"] for row in found] == [written[n]["loss"] for n in wanted]
