"""What is kept is in the memo soon, and in any case at the end."""

from pathlib import Path

import pytest
from filled_memo import SPACE, reply_key

from baleen.errors import Problem
from baleen.memo.store import Memo
from baleen.memo.write_behind import background_writer


def test_all_is_stored_at_the_end_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError), background_writer(Memo(tmp_path), SPACE) as writer:
        for n in range(300):
            writer.put(reply_key(n), {"text": str(n)})
        raise ConnectionError("the server is gone")
    assert len(Memo(tmp_path).get(map(reply_key, range(300)))) == 300


def test_after_settling_all_is_stored(tmp_path: Path) -> None:
    with background_writer(Memo(tmp_path), SPACE) as writer:
        for n in range(300):
            writer.put(reply_key(n), {"text": str(n)})
            if n % 100 == 99:
                writer.flush()
                assert len(Memo(tmp_path).get(map(reply_key, range(300)))) == n + 1
        writer.flush()


def test_settling_tells_of_a_memo_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(Problem, match="cannot make the memo folder"),
        background_writer(Memo(tmp_path / "file"), SPACE) as writer,
    ):
        writer.put(reply_key(1), {})
        writer.flush()


def test_nothing_to_keep_writes_nothing(tmp_path: Path) -> None:
    with background_writer(Memo(tmp_path), SPACE):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_trouble_of_the_memo_is_told_to_the_one_who_keeps(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(Problem, match="cannot make the memo folder"),
        background_writer(Memo(tmp_path / "file"), SPACE) as writer,
    ):
        writer.put(reply_key(1), {})


def test_an_error_of_the_one_who_keeps_comes_before_the_trouble_of_the_memo(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConnectionError), background_writer(Memo(tmp_path / "file"), SPACE) as writer:
        writer.put(reply_key(1), {})
        raise ConnectionError("the server is gone")
