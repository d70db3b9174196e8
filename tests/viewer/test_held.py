"""Tables that are looked at are held in memory as far as there is room, and answer as their files do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")
pytest.importorskip("starlette", reason="the extra view is not installed")

import viewer_project
from viewer_project import COUNT, Asker

from baleen.tables import rows
from baleen.viewer import held, questions

ROOM = 1 << 30
VIEWS = [
    {"table": "judge-1"},
    {"table": "judge-1", "search": "SQUARED"},
    {"table": "curate-1", "part": "all", "search": "worst unreadable"},
    {"table": "judge-1", "where": json.dumps([["worst", "<=", "3"], ["source", "present", ""]])},
    {"table": "judge-1", "sort": "response"},
    {"table": "curate-1", "part": "all", "sort": "length of response", "descending": 1},
    {"table": "curate-1", "part": "all", "sort": "reason", "descending": 1},
]


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    """A small number of rows that are held or searched at once."""
    monkeypatch.setattr(held, "PIECE", 7)
    return 7


@pytest.fixture
def holding(pieces: int, folder: Path) -> Iterator[Asker]:
    """A server that holds every table."""
    asker = viewer_project.asker(room=ROOM)
    for name in ("judge-1", "curate-1"):
        asker.get("rows", table=name, part="all")
    asker.viewer.engine.held.wait()
    yield asker
    asker.viewer.engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("given", VIEWS)
def test_a_table_in_memory_has_the_rows_of_its_file_in_every_order(given: dict[str, object], holding: Asker) -> None:
    without = viewer_project.asker(room=0)
    path = holding.viewer.project.files("judge-1")[0]
    assert "held_" in holding.viewer.engine.held.table(path) and "held_" in holding.viewer.engine.held.piece(path, 3)
    assert holding.ids(**given) == without.ids(**given) != []
    assert holding.get("rows", **given) == without.get("rows", **given)


def test_a_table_without_room_is_read_from_its_file(pieces: int, folder: Path) -> None:
    asker = viewer_project.asker(room=1000)
    assert len(asker.ids(table="judge-1", search="squared")) == COUNT
    asker.viewer.engine.held.wait()
    assert asker.viewer.engine.held.bytes() == 0


def test_a_table_that_turns_out_to_be_too_large_is_dropped(
    pieces: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "bytes_of", lambda path: 0)
    asker = viewer_project.asker(room=1000)
    asker.get("rows", table="judge-1")
    asker.viewer.engine.held.wait()
    assert asker.viewer.engine.held.bytes() == 0 and len(asker.ids(table="judge-1", search="squared")) == COUNT


def test_what_nobody_looks_at_makes_room(pieces: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "bytes_of", lambda path: ROOM // 2)
    asker, (first, second) = viewer_project.asker(room=ROOM // 2), ("judge-1", "judge-2")
    memory, paths = asker.viewer.engine.held, [asker.viewer.project.files(name)[0] for name in (first, second)]

    def are_held(name: str) -> list[bool]:
        asker.get("rows", table=name)
        memory.wait()
        return ["held_" in memory.table(path) for path in paths]

    assert are_held(first) == are_held(second) == [True, False]
    monkeypatch.setattr(held, "RECENT", -1.0)
    looks = (are_held(second) for _ in range(50))  # what is dropped may be freed a moment later
    assert [False, True] in looks


def test_a_table_that_is_built_again_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows.write("t", [{"id": "old", "response": "a"}])
    asker = viewer_project.asker(room=ROOM)
    assert asker.ids(table="t") == ["old"]
    asker.viewer.engine.held.wait()
    rows.write("t", [{"id": "new", "response": "ab"}])
    assert asker.ids(table="t", search="a") == ["new"]


def test_texts_that_begin_alike_are_sorted_by_their_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "PREFIX", 3)
    monkeypatch.chdir(tmp_path)
    texts = ["abcz", "abc", "abb", "", "abca", "abcé", "abcz", "abd", "ab"]
    rows.write(
        "t", [{"id": str(n), "response": text} for n, text in enumerate(texts)] + [{"id": "9", "response": None}]
    )
    asker, known = viewer_project.asker(), sorted(range(9), key=lambda n: (texts[n].encode(), n))
    assert asker.ids(table="t", sort="response") == [*map(str, known), "9"]
    falling = sorted(range(9), key=lambda n: [-byte for byte in texts[n].encode()] + [1])
    assert asker.ids(table="t", sort="response", descending=1) == [*map(str, falling), "9"]
