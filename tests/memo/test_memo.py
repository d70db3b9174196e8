import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from filled_memo import SPACE, corrupt, filled_memo, reply_key
from processes import process_context

from baleen.errors import Problem
from baleen.memo.store import Memo
from baleen.project.locks import memo_folder


@pytest.mark.parametrize(
    "value",
    [
        {"text": "short"},
        {"text": "long " * 1000},
        {"text": "x" * 300, "values": [1.5, -0.1, 1e-300]},
        {"text": "日本語 \ud800 \x00 line\nbreak"},
        {},
    ],
)
def test_a_value_comes_back_as_it_was_stored(tmp_path: Path, value: dict[str, object]) -> None:
    Memo(tmp_path).put(SPACE, {reply_key(1): value})
    assert Memo(tmp_path).get([reply_key(1)]) == {reply_key(1): value}


def test_unknown_keys_are_left_out(tmp_path: Path) -> None:
    memo = filled_memo(tmp_path, range(3000))
    assert memo.get(map(reply_key, [2999, 5, 3000])) == {
        reply_key(5): {"text": "reply 5"},
        reply_key(2999): {"text": "reply 2999"},
    }
    assert memo.get([]) == {}


def test_a_later_value_replaces_an_earlier_one(tmp_path: Path) -> None:
    filled_memo(tmp_path, range(2), "old")
    assert filled_memo(tmp_path, range(1), "new").get([reply_key(0), reply_key(1)]) == {
        reply_key(0): {"text": "new 0"},
        reply_key(1): {"text": "old 1"},
    }


def test_long_text_takes_less_room_than_it_has_letters(tmp_path: Path) -> None:
    memo = filled_memo(tmp_path, range(1), "the same words again " * 100)
    assert memo.run(lambda db: db.execute("SELECT LENGTH(value) FROM reply").fetchone()[0]) < 200


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, Path(".memo")),
        ({"DVC_ROOT": "/repo"}, Path("/repo/.memo")),
        ({"BALEEN_MEMO": "/m", "DVC_ROOT": "/r"}, Path("/m")),
    ],
)
def test_root_is_shared_by_the_experiments_of_a_repository(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], place: Path
) -> None:
    for name in ("BALEEN_MEMO", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert memo_folder() == place


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE reply SET value = X'00' WHERE key = (SELECT MIN(key) FROM reply)",
        "UPDATE reply SET checked = checked + 1 WHERE key = (SELECT MIN(key) FROM reply)",
        "UPDATE reply SET value = 'text' WHERE key = (SELECT MIN(key) FROM reply)",
        "UPDATE reply SET (value, checked) = (SELECT value, checked FROM reply ORDER BY key DESC LIMIT 1)"
        " WHERE key = (SELECT MIN(key) FROM reply)",
    ],
)
def test_a_damaged_record_is_missing_counted_and_overwritten(tmp_path: Path, damage: str) -> None:
    said: list[str] = []
    memo = filled_memo(tmp_path, range(3))
    memo.say = said.append
    corrupt(memo, damage)
    assert memo.get(map(reply_key, range(3))).keys() == {reply_key(1), reply_key(2)}
    assert (memo.damaged, len(said)) == (1, 1)
    memo.put(SPACE, {reply_key(0): {"text": "again"}})
    assert memo.get([reply_key(0)]) == {reply_key(0): {"text": "again"}}


@pytest.mark.parametrize("rubbish", [b"not a database" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_database_is_moved_aside_with_one_line(tmp_path: Path, rubbish: bytes) -> None:
    said: list[str] = []
    (tmp_path / "memo.sqlite").write_bytes(rubbish)
    memo = Memo(tmp_path, say=said.append)
    assert memo.get([reply_key(1)]) == {}
    memo.put(SPACE, {reply_key(1): {"text": "new"}})
    assert Memo(tmp_path).get([reply_key(1)]) == {reply_key(1): {"text": "new"}}
    assert (tmp_path / "memo.damaged-1").read_bytes() == rubbish
    assert len(said) == 1 and "damaged" in said[0]


@pytest.mark.slow
def test_a_database_damaged_while_in_use_is_moved_aside(tmp_path: Path) -> None:
    said: list[str] = []
    filled_memo(tmp_path, range(20_000)).close()
    file = tmp_path / "memo.sqlite"
    file.write_bytes(file.read_bytes()[:4096] + os.urandom(file.stat().st_size - 4096))
    memo = Memo(tmp_path, say=said.append)
    assert memo.get(map(reply_key, range(20_000))) == {}
    assert len(said) == 1
    memo.put(SPACE, {reply_key(1): {"text": "new"}})
    assert memo.get([reply_key(1)]) == {reply_key(1): {"text": "new"}}


def test_two_processes_that_meet_the_damage_begin_one_new_memo(tmp_path: Path) -> None:
    first, second = filled_memo(tmp_path, range(3)), filled_memo(tmp_path, range(3))
    first.move_aside("as a test")
    first.put(SPACE, {reply_key(7): {"text": "new"}})
    second.move_aside("as a test")
    assert second.get([reply_key(1), reply_key(7)]) == {reply_key(7): {"text": "new"}}
    assert not (tmp_path / "memo.damaged-2").exists()


def test_a_memo_deleted_under_a_running_process_is_begun_again(tmp_path: Path) -> None:
    memo = filled_memo(tmp_path, range(3))
    for path in tmp_path.iterdir():
        path.unlink()
    assert memo.get([reply_key(1)]) == {}
    memo.put(SPACE, {reply_key(1): {"text": "new"}})
    assert Memo(tmp_path).get([reply_key(1)]) == {reply_key(1): {"text": "new"}}


def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    corrupt(filled_memo(tmp_path, range(3)), "PRAGMA user_version = 99")
    with pytest.raises(Problem, match="layout 99"):
        Memo(tmp_path).get([reply_key(1)])
    assert not list(tmp_path.glob("*damaged*"))


def test_a_full_disk_is_one_line_and_loses_nothing_committed(tmp_path: Path) -> None:
    memo = filled_memo(tmp_path, range(100))
    corrupt(memo, f"PRAGMA max_page_count = {memo.run(lambda db: db.execute('PRAGMA page_count').fetchone()[0]) + 2}")
    with pytest.raises(Problem, match="full; what was committed is kept"):
        memo.put(SPACE, {reply_key(n): {"text": os.urandom(500).hex()} for n in range(100, 200)})
    assert len(Memo(tmp_path).get(map(reply_key, range(200)))) == 100


def test_a_folder_that_cannot_be_made_names_the_variable_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="BALEEN_MEMO"):
        Memo(tmp_path / "file" / "memo").get([reply_key(1)])


def test_a_forked_child_does_not_use_its_parents_connection(tmp_path: Path) -> None:
    memo = filled_memo(tmp_path, range(3))
    child = multiprocessing.get_context("fork").Process(
        target=memo.put, args=(SPACE, {reply_key(9): {"text": "child"}})
    )
    child.start()
    child.join()
    assert child.exitcode == 0
    assert memo.get([reply_key(1), reply_key(9)]) == {
        reply_key(1): {"text": "reply 1"},
        reply_key(9): {"text": "child"},
    }


WRITER = """
import sys
from pathlib import Path
from baleen.memo.store import Memo
memo = Memo(Path(sys.argv[1]))
with memo.locked_space("space"):
    for n in range(1_000_000):
        memo.put("space", {f"{n:032x}": {"text": f"reply {n} " * 50}})
        print(n, flush=True)
"""


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_put_and_frees_the_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        last = [int(writer.stdout.readline()) for _ in range(300)][-1]
        writer.send_signal(signal.SIGKILL)
    memo = Memo(tmp_path)
    with memo.locked_space("space"):
        assert len(memo.get(map(reply_key, range(last + 1)))) == last + 1
    assert memo.run(lambda db: db.execute("PRAGMA integrity_check").fetchone()) == ("ok",)


def test_a_second_payer_waits_says_so_and_then_finds_everything(tmp_path: Path) -> None:
    waiting = Event()
    first = Memo(tmp_path)
    second = Memo(tmp_path, say=lambda line: waiting.set())

    def get_when_free() -> dict[str, dict[str, object]]:
        with second.locked_space(SPACE):
            found = second.get([reply_key(1)])
            second.close()
            return found

    with ThreadPoolExecutor(1) as pool:
        with first.locked_space(SPACE):
            found = pool.submit(get_when_free)
            assert waiting.wait(30)
            first.put(SPACE, {reply_key(1): {"text": "paid once"}})
        assert found.result() == {reply_key(1): {"text": "paid once"}}


def test_payers_of_different_spaces_and_nested_payers_do_not_wait(tmp_path: Path) -> None:
    memo = Memo(tmp_path, say=lambda line: pytest.fail(line))
    with memo.locked_space(SPACE), memo.locked_space(SPACE), Memo(tmp_path, say=memo.say).locked_space("another"):
        memo.put(SPACE, {reply_key(1): {}})


def put_some(root: Path, start: int) -> None:
    for n in range(start, start + 200, 10):
        filled_memo(root, range(n, n + 10)).close()


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    context = process_context()
    writers = [context.Process(target=put_some, args=(tmp_path, 200 * n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert len(Memo(tmp_path).get(map(reply_key, range(600)))) == 600


def test_two_databases_cannot_take_each_others_log(tmp_path: Path) -> None:
    """The log of a database that is moved aside goes with it; left behind it would be replayed into the new one."""
    memo = filled_memo(tmp_path, range(3))
    memo.move_aside("as a test")
    assert {path.name for path in tmp_path.glob("memo.damaged-1*")} >= {"memo.damaged-1", "memo.damaged-1-wal"}
    assert memo.get(map(reply_key, range(3))) == {}
    assert sqlite3.connect(tmp_path / "memo.damaged-1").execute("SELECT COUNT(*) FROM reply").fetchone() == (3,)
