import hashlib
import os
import shutil
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filled_memo import SPACE, corrupt, filled_memo, reply_key
from project import commit, dump, git, init_git
from s3 import CREDENTIALS, server

from baleen.commands import memo as command
from baleen.errors import Problem
from baleen.memo import segments
from baleen.memo.store import Memo
from baleen.project.locks import try_lock
from baleen.training.checkpoints import runs


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a memo and a DVC remote in a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    remote(tmp_path, "url = ../remote")
    return tmp_path


def remote(workspace: Path, *lines: str) -> None:
    """Configure DVC without git and with one remote."""
    (workspace / ".dvc" / "config").write_text(
        "\n".join(["[core]", "no_scm = true", "remote = store", "['remote \"store\"']", *lines, ""])
    )


OLD = "prune --older-than 0"


def run_memo(argv: str) -> None:
    with pytest.raises(SystemExit, match="^0$"):  # a Problem passes
        command.app(argv.split(), prog_name="baleen memo")


def table(path: Path, keys: list[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    rows = [{"id": k, "lineage": [{"target": "t", "key": k}]} for k in keys]
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_stats_counts_replies_by_space(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled_memo(workspace / "memo", range(5)).put("loss echo/1 model", {reply_key(9): {"values": [1.0]}})
    run_memo("stats")
    told = capsys.readouterr().out
    assert "6 replies" in told and "5 replies" in told and "loss echo/1 model" in told


def test_verify_finds_damage_and_repair_deletes_it(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memo = filled_memo(workspace / "memo", range(5))
    run_memo("verify")
    corrupt(memo, f"UPDATE reply SET value = X'00' WHERE key = X'{reply_key(3)}'")
    with pytest.raises(Problem, match="--repair"):
        run_memo("verify")
    run_memo("verify --repair")
    run_memo("verify")
    assert segments.count_records(memo) == 4 and memo.damaged == 0


def test_prune_keeps_what_tables_name(workspace: Path) -> None:
    memo = filled_memo(workspace / "memo", range(5))
    table(workspace / "data" / "web.parquet", [reply_key(1)])
    table(workspace / "data" / "web.dropped.parquet", [reply_key(4)])
    run_memo("prune --dry-run")
    run_memo("prune")  # young ones may be of a stage that was stopped and has no table yet
    assert segments.count_records(memo) == 5
    run_memo(OLD)
    assert memo.get(map(reply_key, range(5))).keys() == {reply_key(1), reply_key(4)}


@pytest.fixture
def revised_memo(workspace: Path) -> Memo:
    """Six replies: of HEAD, of a branch, of a tag, of an experiment, of the work tree, and of nothing at all."""
    remote(workspace, "url = ../remote")
    config = workspace / ".dvc" / "config"
    config.write_text(config.read_text().replace("no_scm = true", ""))
    (workspace / ".gitignore").write_text("/memo\n/data\n/.dvc/cache\n/.dvc/tmp\n")
    init_git(workspace)
    for number, keep in enumerate(["branch -q other", "tag -a -m t old", "update-ref refs/exps/aa/bb/fine HEAD", ""]):
        table(workspace / "data" / "web.parquet", [reply_key(number)])
        record_table(workspace, "web")
        commit(workspace, f"revision {number}")
        git(workspace, *keep.split()) if keep else None
    (workspace / "dvc.lock").unlink()
    table(workspace / "data" / "web.parquet", [reply_key(4)])
    return filled_memo(workspace / "memo", range(6))


def record_table(workspace: Path, name: str) -> None:
    """Note a table in dvc.lock and in the cache, as DVC does after a stage."""
    path = workspace / "data" / f"{name}.parquet"
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    kept = workspace / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(path.read_bytes())
    out = {"path": f"data/{name}.parquet", "hash": "md5", "md5": md5, "size": path.stat().st_size}
    model = {"path": "models/m", "hash": "md5", "md5": "0" * 32 + ".dir"}
    dump(workspace / "dvc.lock", {"schema": "2.0", "stages": {name: {"cmd": "x", "outs": [model, out]}}})


def test_prune_keeps_what_any_branch_tag_or_experiment_uses(
    workspace: Path, revised_memo: Memo, capsys: pytest.CaptureFixture[str]
) -> None:
    run_memo(f"{OLD} --dry-run")
    assert segments.count_records(revised_memo) == 6
    run_memo(OLD)
    assert revised_memo.get(map(reply_key, range(6))).keys() == {*map(reply_key, range(5))}
    assert "1 replies deleted, named by none of 5 tables" in capsys.readouterr().out
    git(workspace, "tag", "-d", "old")
    git(workspace, "update-ref", "-d", "refs/exps/aa/bb/fine")
    run_memo(OLD)
    assert revised_memo.get(map(reply_key, range(6))).keys() == {reply_key(0), reply_key(3), reply_key(4)}


def test_prune_deletes_nothing_while_a_table_of_a_kept_revision_is_not_in_the_cache(
    workspace: Path, revised_memo: Memo
) -> None:
    md5 = next(word for word in git(workspace, "show", "other:dvc.lock").split() if len(word) == 32)
    (workspace / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink()
    with pytest.raises(Problem, match="1 tables .* such as data/web.parquet of heads/other.*dvc fetch"):
        run_memo(OLD)
    assert segments.count_records(revised_memo) == 6
    run_memo(f"{OLD} --forget-missing")
    assert revised_memo.get(map(reply_key, range(6))).keys() == {*map(reply_key, range(1, 5))}


def test_a_table_of_the_work_tree_need_not_be_in_the_cache(workspace: Path, revised_memo: Memo) -> None:
    record_table(workspace, "web")
    shutil.rmtree(workspace / ".dvc/cache")
    for words in ("branch -D other", "tag -d old", "update-ref -d refs/exps/aa/bb/fine", "rm -q --cached dvc.lock"):
        git(workspace, *words.split())
    commit(workspace, "without a lock")
    (workspace / ".gitignore").write_text("/dvc.lock\n")
    run_memo(OLD)
    assert revised_memo.get(map(reply_key, range(6))).keys() == {reply_key(4)}


def test_prune_leaves_alone_what_somebody_is_paying_for(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memo = filled_memo(workspace / "memo", range(5))
    memo.put("another", {reply_key(9): {}})
    table(workspace / "data" / "web.parquet", [reply_key(1)])
    with memo.locked_space(SPACE):
        run_memo(OLD)
    assert memo.get(map(reply_key, range(10))).keys() == {*map(reply_key, range(5))}
    assert f"{SPACE}: kept, another process queries it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "left"), [("", {"new"}), ("--older-than 30", {"new", "old"}), ("--older-than 0", set[str]())]
)
def test_prune_deletes_checkpoints_of_trainings_given_up(
    workspace: Path, flags: str, left: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    filled_memo(workspace / "memo", range(2))
    table(workspace / "data" / "web.parquet", [reply_key(1)])
    leave_checkpoint(workspace, "old", days=9)
    leave_checkpoint(workspace, "new", days=1)
    run_memo("stats")
    assert "1.0 MB  interrupted training, 9 days old  old" in capsys.readouterr().out
    run_memo(f"prune --dry-run {flags}")
    assert len(runs(workspace / "memo")) == 2
    run_memo(f"prune {flags}")
    assert {run.name for run in runs(workspace / "memo")} == left


def leave_checkpoint(workspace: Path, name: str, days: float) -> None:
    run = workspace / "memo/checkpoints" / name / "checkpoint-1"
    run.mkdir(parents=True)
    (run / "weights").write_bytes(b"0" * 10**6)
    for path in (run / "weights", run, run.parent):
        os.utime(path, (time.time() - days * 86400,) * 2)


def test_prune_leaves_a_training_alone_that_is_running(workspace: Path) -> None:
    filled_memo(workspace / "memo", range(2))
    table(workspace / "data" / "web.parquet", [reply_key(1)])
    leave_checkpoint(workspace, "busy", days=9)
    with try_lock(workspace / "memo/checkpoints/busy.lock"):
        run_memo(OLD)
    assert [run.name for run in runs(workspace / "memo")] == ["busy"]


def test_prune_refuses_a_workspace_without_tables(workspace: Path) -> None:
    memo = filled_memo(workspace / "memo", range(5))
    with pytest.raises(Problem, match="every reply would go"):
        run_memo(OLD)
    assert segments.count_records(memo) == 5


def sync(workspace: Path, monkeypatch: pytest.MonkeyPatch, store: Path | None) -> None:
    """Two machines exchange their replies through a remote, and a third gets all."""
    monkeypatch.setattr(segments, "LENGTH", 4)
    mine = filled_memo(workspace / "memo", range(10))
    run_memo("push")
    mine.put(SPACE, {reply_key(10): {"text": "reply 10"}})
    run_memo("push")
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*.parquet")} if store else {}
    run_memo("push")
    run_memo("pull")
    assert before == ({path: path.stat().st_mtime_ns for path in store.rglob("*.parquet")} if store else {})
    monkeypatch.setenv("BALEEN_MEMO", str(workspace / "other"))
    other = filled_memo(workspace / "other", range(8, 12), "other")
    run_memo("pull")
    run_memo("pull")
    assert other.get([reply_key(0), reply_key(8)]) == {
        reply_key(0): {"text": "reply 0"},
        reply_key(8): {"text": "other 8"},
    }
    run_memo("push")
    monkeypatch.setenv("BALEEN_MEMO", str(workspace / "third"))
    run_memo("pull")
    assert len(Memo(workspace / "third").get(map(reply_key, range(12)))) == 12


def test_replies_travel_through_the_remote_once(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(workspace, monkeypatch, workspace / "remote")
    assert len(list((workspace / "remote" / "memo").glob("*.parquet"))) == 5  # 4 + 4 + 2, 1, 1


def test_what_was_pruned_comes_back_when_all_is_pulled_again(workspace: Path) -> None:
    memo = filled_memo(workspace / "memo", range(10))
    run_memo("push")
    table(workspace / "data" / "web.parquet", [reply_key(1)])
    run_memo(OLD)
    run_memo("pull")
    assert segments.count_records(memo) == 1
    run_memo("pull --again")
    assert len(memo.get(map(reply_key, range(10)))) == 10


def test_a_second_remote_gets_the_same_segments(workspace: Path) -> None:
    filled_memo(workspace / "memo", range(10))
    run_memo("push")
    first = {path.name for path in (workspace / "remote" / "memo").iterdir()}
    (workspace / "remote").rename(workspace / "old")
    run_memo("push")
    assert {path.name for path in (workspace / "remote" / "memo").iterdir()} == first


def test_a_repaired_record_is_pulled_again(workspace: Path) -> None:
    memo = filled_memo(workspace / "memo", range(10))
    run_memo("push")
    corrupt(memo, f"UPDATE reply SET value = X'00' WHERE key = X'{reply_key(3)}'")
    run_memo("verify --repair")
    run_memo("pull")
    assert len(memo.get(map(reply_key, range(10)))) == 10


def test_a_record_stays_in_the_segment_that_it_came_with_first(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled_memo(workspace / "memo", range(10))
    run_memo("push")
    (first,) = (workspace / "remote" / "memo").iterdir()
    monkeypatch.setenv("BALEEN_MEMO", str(workspace / "other"))
    filled_memo(workspace / "other", range(5, 15), "other")
    run_memo("push")
    monkeypatch.setenv("BALEEN_MEMO", str(workspace / "third"))
    for name in sorted((workspace / "remote" / "memo").iterdir(), key=lambda path: path != first):
        segments.add_records(Memo(workspace / "third"), name.stem, segments.read_segment(copy_segment(name, workspace)))
    shutil.rmtree(workspace / "remote")
    run_memo("push")
    assert first in (workspace / "remote" / "memo").iterdir()


def copy_segment(segment: Path, to: Path) -> Path:
    """A segment under the name that `read` checks."""
    return Path(shutil.copy(segment, to / segment.stem))


def test_a_damaged_segment_at_the_remote_is_named(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled_memo(workspace / "memo", range(10))
    run_memo("push")
    (segment,) = (workspace / "remote" / "memo").iterdir()
    segment.chmod(0o644)
    segment.write_bytes(segment.read_bytes()[:-20])
    monkeypatch.setenv("BALEEN_MEMO", str(workspace / "other"))
    with pytest.raises(Problem, match=segment.stem):
        run_memo("pull")
    assert segments.count_records(Memo(workspace / "other")) == 0


def test_no_remote_is_one_line(workspace: Path) -> None:
    (workspace / ".dvc" / "config").write_text("[core]\n  no_scm = true\n")
    with pytest.raises(Problem, match="dvc remote add"):
        run_memo("push")


@pytest.fixture
def s3(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace, with credentials for a server of its own."""
    pytest.importorskip("dvc_s3")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return workspace


@pytest.mark.slow
@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_bucket_that_is_not_there_is_one_line(s3: Path, command: str) -> None:
    filled_memo(s3 / "memo", range(2))
    with server() as address:
        remote(s3, "url = s3://nowhere/base", f"endpointurl = {address}")
        with pytest.raises(Problem, match="no bucket nowhere for nowhere/base/memo; make it, or correct"):
            run_memo(command)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_server_that_cannot_be_reached_is_one_line(s3: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filled_memo(s3 / "memo", range(2))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    remote(s3, "url = s3://baleen/base", "endpointurl = http://127.0.0.1:9")
    with pytest.raises(Problem, match=r"baleen/base/memo cannot be reached \(Could not connect"):
        run_memo(command)


@pytest.mark.slow
def test_credentials_that_are_nowhere_are_one_line(s3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled_memo(s3 / "memo", range(2))
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(s3))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    remote(s3, "url = s3://baleen/base", "endpointurl = http://127.0.0.1:9")
    with pytest.raises(Problem, match=r"cannot be reached \(Unable to locate credentials\)"):
        run_memo("pull")


@pytest.mark.slow
def test_replies_travel_through_s3(s3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as address:
        remote(s3, "url = s3://baleen/base", f"endpointurl = {address}")
        sync(s3, monkeypatch, None)
