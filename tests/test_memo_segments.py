import hashlib
import os
import shutil
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filled_memo import SPACE, filled, key, spoil
from project import begin, commit, dump, git
from s3 import CREDENTIALS, server

from baleen.errors import Problem
from baleen.memo import segments
from baleen.memo.store import Memo
from baleen.project.locks import try_lock
from baleen.training.checkpoints import runs
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


OLD = "prune --older-than 0"


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
    assert segments.count_records(memo) == 4 and memo.damaged == 0


def test_prune_keeps_what_tables_name(here: Path) -> None:
    memo = filled(here / "memo", range(5))
    table(here / "data" / "web.parquet", [key(1)])
    table(here / "data" / "web.dropped.parquet", [key(4)])
    tell("prune --dry-run")
    tell("prune")  # young ones may be of a stage that was stopped and has no table yet
    assert segments.count_records(memo) == 5
    tell(OLD)
    assert memo.get(map(key, range(5))).keys() == {key(1), key(4)}


@pytest.fixture
def revised(here: Path) -> Memo:
    """Six replies: of HEAD, of a branch, of a tag, of an experiment, of the work tree, and of nothing at all."""
    remote(here, "url = ../remote")
    config = here / ".dvc" / "config"
    config.write_text(config.read_text().replace("no_scm = true", ""))
    (here / ".gitignore").write_text("/memo\n/data\n/.dvc/cache\n/.dvc/tmp\n")
    begin(here)
    for number, keep in enumerate(["branch -q other", "tag -a -m t old", "update-ref refs/exps/aa/bb/fine HEAD", ""]):
        table(here / "data" / "web.parquet", [key(number)])
        built(here, "web")
        commit(here, f"revision {number}")
        git(here, *keep.split()) if keep else None
    (here / "dvc.lock").unlink()
    table(here / "data" / "web.parquet", [key(4)])
    return filled(here / "memo", range(6))


def built(here: Path, name: str) -> None:
    """Note a table in dvc.lock and in the cache, as DVC does after a stage."""
    path = here / "data" / f"{name}.parquet"
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    kept = here / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(path.read_bytes())
    out = {"path": f"data/{name}.parquet", "hash": "md5", "md5": md5, "size": path.stat().st_size}
    model = {"path": "models/m", "hash": "md5", "md5": "0" * 32 + ".dir"}
    dump(here / "dvc.lock", {"schema": "2.0", "stages": {name: {"cmd": "x", "outs": [model, out]}}})


def test_prune_keeps_what_any_branch_tag_or_experiment_uses(
    here: Path, revised: Memo, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(f"{OLD} --dry-run")
    assert segments.count_records(revised) == 6
    tell(OLD)
    assert revised.get(map(key, range(6))).keys() == {*map(key, range(5))}
    assert "1 replies deleted, named by none of 5 tables" in capsys.readouterr().out
    git(here, "tag", "-d", "old")
    git(here, "update-ref", "-d", "refs/exps/aa/bb/fine")
    tell(OLD)
    assert revised.get(map(key, range(6))).keys() == {key(0), key(3), key(4)}


def test_prune_deletes_nothing_while_a_table_of_a_kept_revision_is_not_in_the_cache(here: Path, revised: Memo) -> None:
    md5 = next(word for word in git(here, "show", "other:dvc.lock").split() if len(word) == 32)
    (here / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink()
    with pytest.raises(Problem, match="1 tables .* such as data/web.parquet of heads/other.*dvc fetch"):
        tell(OLD)
    assert segments.count_records(revised) == 6
    tell(f"{OLD} --forget-missing")
    assert revised.get(map(key, range(6))).keys() == {*map(key, range(1, 5))}


def test_a_table_of_the_work_tree_need_not_be_in_the_cache(here: Path, revised: Memo) -> None:
    built(here, "web")
    shutil.rmtree(here / ".dvc/cache")
    for words in ("branch -D other", "tag -d old", "update-ref -d refs/exps/aa/bb/fine", "rm -q --cached dvc.lock"):
        git(here, *words.split())
    commit(here, "without a lock")
    (here / ".gitignore").write_text("/dvc.lock\n")
    tell(OLD)
    assert revised.get(map(key, range(6))).keys() == {key(4)}


def test_prune_leaves_alone_what_somebody_is_paying_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memo = filled(here / "memo", range(5))
    memo.put("another", {key(9): {}})
    table(here / "data" / "web.parquet", [key(1)])
    with memo.locked_space(SPACE):
        tell(OLD)
    assert memo.get(map(key, range(10))).keys() == {*map(key, range(5))}
    assert f"{SPACE}: kept, another process queries it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "left"), [("", {"new"}), ("--older-than 30", {"new", "old"}), ("--older-than 0", set[str]())]
)
def test_prune_deletes_checkpoints_of_trainings_given_up(
    here: Path, flags: str, left: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    filled(here / "memo", range(2))
    table(here / "data" / "web.parquet", [key(1)])
    interrupted(here, "old", days=9)
    interrupted(here, "new", days=1)
    tell("stats")
    assert "1.0 MB  interrupted training, 9 days old  old" in capsys.readouterr().out
    tell(f"prune --dry-run {flags}")
    assert len(runs(here / "memo")) == 2
    tell(f"prune {flags}")
    assert {run.name for run in runs(here / "memo")} == left


def interrupted(here: Path, name: str, days: float) -> None:
    run = here / "memo/checkpoints" / name / "checkpoint-1"
    run.mkdir(parents=True)
    (run / "weights").write_bytes(b"0" * 10**6)
    for path in (run / "weights", run, run.parent):
        os.utime(path, (time.time() - days * 86400,) * 2)


def test_prune_leaves_a_training_alone_that_is_running(here: Path) -> None:
    filled(here / "memo", range(2))
    table(here / "data" / "web.parquet", [key(1)])
    interrupted(here, "busy", days=9)
    with try_lock(here / "memo/checkpoints/busy.lock"):
        tell(OLD)
    assert [run.name for run in runs(here / "memo")] == ["busy"]


def test_prune_refuses_a_workspace_without_tables(here: Path) -> None:
    memo = filled(here / "memo", range(5))
    with pytest.raises(Problem, match="every reply would go"):
        tell(OLD)
    assert segments.count_records(memo) == 5


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


def test_what_was_pruned_comes_back_when_all_is_pulled_again(here: Path) -> None:
    memo = filled(here / "memo", range(10))
    tell("push")
    table(here / "data" / "web.parquet", [key(1)])
    tell(OLD)
    tell("pull")
    assert segments.count_records(memo) == 1
    tell("pull --again")
    assert len(memo.get(map(key, range(10)))) == 10


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


def test_a_record_stays_in_the_segment_that_it_came_with_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(here / "memo", range(10))
    tell("push")
    (first,) = (here / "remote" / "memo").iterdir()
    monkeypatch.setenv("BALEEN_MEMO", str(here / "other"))
    filled(here / "other", range(5, 15), "other")
    tell("push")
    monkeypatch.setenv("BALEEN_MEMO", str(here / "third"))
    for name in sorted((here / "remote" / "memo").iterdir(), key=lambda path: path != first):
        segments.add_records(Memo(here / "third"), name.stem, segments.read_segment(copied(name, here)))
    shutil.rmtree(here / "remote")
    tell("push")
    assert first in (here / "remote" / "memo").iterdir()


def copied(segment: Path, to: Path) -> Path:
    """A segment under the name that `read` checks."""
    return Path(shutil.copy(segment, to / segment.stem))


def test_a_damaged_segment_at_the_remote_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(here / "memo", range(10))
    tell("push")
    (segment,) = (here / "remote" / "memo").iterdir()
    segment.chmod(0o644)
    segment.write_bytes(segment.read_bytes()[:-20])
    monkeypatch.setenv("BALEEN_MEMO", str(here / "other"))
    with pytest.raises(Problem, match=segment.stem):
        tell("pull")
    assert segments.count_records(Memo(here / "other")) == 0


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
