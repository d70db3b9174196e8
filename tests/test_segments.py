from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filled_memo import SPACE, filled, key, spoil
from s3 import CREDENTIALS, server

from baleen import segments
from baleen.memo import Memo
from baleen.problems import Problem
from stages import memo as command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a memo and a DVC remote in a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    (tmp_path / ".dvc").mkdir()
    remote(tmp_path, "url = ../remote")
    return tmp_path


def remote(here: Path, *lines: str) -> None:
    """Configure DVC without git and with one remote."""
    (here / ".dvc" / "config").write_text(
        "\n".join(["[core]", "no_scm = true", "remote = store", "['remote \"store\"']", *lines, ""])
    )


def tell(argv: str) -> None:
    command.main(argv.split())


def table(path: Path, keys: list[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    rows = [{"id": k, "lineage": [{"target": "t", "key": k}]} for k in keys]
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_stats_counts_replies_by_space(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(here / "memo", range(5)).put("loss echo/1 model", {key(9): {"values": [1.0]}})
    tell("stats")
    told = capsys.readouterr().out
    assert "6 replies" in told and "5 replies" in told and "loss echo/1 model" in told


def test_verify_finds_damage_and_repair_deletes_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memo = filled(here / "memo", range(5))
    tell("verify")
    spoil(memo, f"UPDATE reply SET value = X'00' WHERE key = X'{key(3)}'")
    with pytest.raises(Problem, match="--repair"):
        tell("verify")
    tell("verify --repair")
    tell("verify")
    assert segments.size(memo) == 4 and memo.damaged == 0


def test_prune_keeps_what_tables_name(here: Path) -> None:
    memo = filled(here / "memo", range(5))
    table(here / "data" / "web.parquet", [key(1)])
    table(here / "data" / "web.dropped.parquet", [key(4)])
    tell("prune --dry-run")
    tell("prune --older-than 1")
    assert segments.size(memo) == 5
    tell("prune")
    assert memo.get(map(key, range(5))).keys() == {key(1), key(4)}


def test_prune_refuses_a_workspace_without_tables(here: Path) -> None:
    memo = filled(here / "memo", range(5))
    with pytest.raises(Problem, match="every reply would go"):
        tell("prune")
    assert segments.size(memo) == 5


def sync(here: Path, monkeypatch: pytest.MonkeyPatch, store: Path | None) -> None:
    """Two machines exchange their replies through a remote, and a third gets all."""
    monkeypatch.setattr(segments, "LENGTH", 4)
    mine = filled(here / "memo", range(10))
    tell("push")
    mine.put(SPACE, {key(10): {"text": "reply 10"}})
    tell("push")
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*.parquet")} if store else {}
    tell("push")
    tell("pull")
    assert before == ({path: path.stat().st_mtime_ns for path in store.rglob("*.parquet")} if store else {})
    monkeypatch.setenv("BALEEN_MEMO", str(here / "other"))
    other = filled(here / "other", range(8, 12), "other")
    tell("pull")
    tell("pull")
    assert other.get([key(0), key(8)]) == {key(0): {"text": "reply 0"}, key(8): {"text": "other 8"}}
    tell("push")
    monkeypatch.setenv("BALEEN_MEMO", str(here / "third"))
    tell("pull")
    assert len(Memo(here / "third").get(map(key, range(12)))) == 12


def test_replies_travel_through_the_remote_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(here, monkeypatch, here / "remote")
    assert len(list((here / "remote" / "memo").glob("*.parquet"))) == 5  # 4 + 4 + 2, 1, 1


def test_a_second_remote_gets_the_same_segments(here: Path) -> None:
    filled(here / "memo", range(10))
    tell("push")
    first = {path.name for path in (here / "remote" / "memo").iterdir()}
    (here / "remote").rename(here / "old")
    tell("push")
    assert {path.name for path in (here / "remote" / "memo").iterdir()} == first


def test_a_repaired_record_is_pulled_again(here: Path) -> None:
    memo = filled(here / "memo", range(10))
    tell("push")
    spoil(memo, f"UPDATE reply SET value = X'00' WHERE key = X'{key(3)}'")
    tell("verify --repair")
    tell("pull")
    assert len(memo.get(map(key, range(10)))) == 10


def test_a_damaged_segment_at_the_remote_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(here / "memo", range(10))
    tell("push")
    (segment,) = (here / "remote" / "memo").iterdir()
    segment.chmod(0o644)
    segment.write_bytes(segment.read_bytes()[:-20])
    monkeypatch.setenv("BALEEN_MEMO", str(here / "other"))
    with pytest.raises(Problem, match=segment.stem):
        tell("pull")
    assert segments.size(Memo(here / "other")) == 0


def test_no_remote_is_one_line(here: Path) -> None:
    (here / ".dvc" / "config").write_text("[core]\n  no_scm = true\n")
    with pytest.raises(Problem, match="dvc remote add"):
        tell("push")


@pytest.mark.slow
def test_replies_travel_through_s3(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dvc_s3")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with server() as address:
        remote(here, "url = s3://baleen/base", f"endpointurl = {address}")
        sync(here, monkeypatch, None)
