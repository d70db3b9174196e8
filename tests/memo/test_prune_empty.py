"""Empty replies, which a faulty server may have given, are deleted on request; all others stay."""

from pathlib import Path

import pytest
from filled_memo import SPACE, corrupt, reply_key

from baleen.commands import memo as command
from baleen.engines.protocol import Reply
from baleen.memo.keys import to_record
from baleen.memo.store import Memo
from baleen.project.locks import try_lock

EMPTY = [Reply(prompt_tokens=9, completion_tokens=1), Reply(" \n" * 500), Reply(estimated=True)]
OTHERS = [Reply("yes"), Reply(finish="refused"), Reply(finish="length"), Reply(reasoning="hm")]


@pytest.fixture
def memo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memo:
    """A memo with replies of two engines, the empty ones first."""
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    memo = Memo(tmp_path / "memo")
    records = {reply_key(n): to_record(reply, 9) for n, reply in enumerate(EMPTY + OTHERS)}
    memo.put(SPACE, records)
    memo.put("generate vllm/1 other", {reply_key(100): records[reply_key(0)]})
    memo.put("loss echo/1 model", {reply_key(200): to_record(Reply(), 0)})  # no token to grade
    return memo


def prune_empty(*more: str) -> None:
    with pytest.raises(SystemExit, match="^0$"):
        command.app(["prune", "--empty", *more], prog_name="baleen memo")


def numbers_in(memo: Memo) -> list[int]:
    return sorted(int(key.hex(), 16) for (key,) in memo.run(lambda db: db.execute("SELECT key FROM reply").fetchall()))


def test_empty_replies_of_all_engines_are_deleted_and_counted(memo: Memo, capsys: pytest.CaptureFixture[str]) -> None:
    prune_empty()
    assert capsys.readouterr().out == f"{memo.path}: 4 replies deleted, which were empty\n"
    assert numbers_in(memo) == [3, 4, 5, 6, 200]


def test_empty_replies_are_only_counted_by_a_dry_run(memo: Memo, capsys: pytest.CaptureFixture[str]) -> None:
    prune_empty("--dry-run")
    assert "4 replies would be deleted, which were empty" in capsys.readouterr().out
    assert len(numbers_in(memo)) == 9


def test_empty_replies_that_a_process_may_use_now_stay(memo: Memo, capsys: pytest.CaptureFixture[str]) -> None:
    with try_lock(memo.lock_path(SPACE)):
        prune_empty()
    assert f"{SPACE}: kept, another process queries it now" in capsys.readouterr().out
    assert numbers_in(memo) == [0, 1, 2, 3, 4, 5, 6, 200]


def test_a_damaged_record_is_no_empty_reply(memo: Memo) -> None:
    corrupt(memo, "UPDATE reply SET value = X'00' WHERE rowid = 1")
    prune_empty()
    assert numbers_in(memo) == [0, 3, 4, 5, 6, 200]
