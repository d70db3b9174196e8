"""The crash campaign in short, and what a full disk does to a run that pays."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import preloading
import pytest

from benchmarks import crash, small_project
from benchmarks.crash import Build

pytestmark = pytest.mark.slow
KILLS = 8


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[Build]:
    """A campaign over 200 requests a build. What is not killed runs as copies of one process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in preloading.variables().items():
            patch.setenv(name, value)
        return list(crash.campaign(tmp_path_factory.mktemp("crash"), KILLS, documents=100, seed=0))


def test_killed_builds_end_in_the_bytes_of_one_that_was_not(builds: list[Build]) -> None:
    assert sum(len(build.kills) for build in builds) == KILLS
    assert all(build.same for build in builds)


def test_a_kill_leaves_no_process_no_lock_and_no_half_written_file(builds: list[Build]) -> None:
    kills = [kill for build in builds for kill in build.kills]
    assert not [kill for kill in kills if kill.left or kill.locks]
    assert not [name for build in builds for name in build.litter]


def test_no_stage_works_on_when_it_or_its_dvc_was_killed(builds: list[Build]) -> None:
    assert not [kill for build in builds for kill in build.kills if kill.orphan]


@pytest.mark.parametrize("victim", ["dvc", "stage"])
def test_what_is_killed_while_a_model_is_asked_asks_no_more(victim: str, tmp_path: Path) -> None:
    """Within 20 ms of the first batch, when many are still to come."""
    folder = small_project.create(tmp_path / "project", 300)
    kill = crash.killed(folder, "dvc", ("asking", victim), Random(31))
    assert kill and kill.command == "dvc generate" and not kill.orphan and kill.lost <= kill.flight
    assert small_project.stored(folder) < 300


def test_a_kill_loses_at_most_the_batch_in_flight_and_only_what_was_lost_is_paid_twice(builds: list[Build]) -> None:
    assert not [kill for build in builds for kill in build.kills if kill.lost > kill.flight]
    for build in builds:
        assert build.twice == sum(kill.lost for kill in build.kills) and build.requests == 200


FILL = """
mkdir -p full && mount -t tmpfs -o size=$0 tmpfs full || exit 99
"$@"; echo "ended $?"; ls -A full/*.parquet full/.*.part full/*.json
mount -o remount,size=50m full
"$@"; echo "ended $?"
cp full/asked.parquet asked-again.parquet
"""
PLACES = {  # where the small disk is: bytes of it, what is told
    "memo": ("160k", "full/memo/memo.sqlite"),
    "table": ("4k", "No space left on device"),
}


@pytest.fixture(scope="module")
def complete_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose table was built with room."""
    folder = small_project.create(tmp_path_factory.mktemp("disk") / "project", 150)
    small_project.run(folder, *generate_command())
    shutil.move(folder / "full/asked.parquet", folder / "expected.parquet")
    shutil.rmtree(folder / "full")
    yield folder


def generate_command() -> list[str]:
    """The command, its table being in full/."""
    flags = "--input web --model tiny --prompt ask --profile pocket".split()
    words = ["full/asked.parquet" if word == "asked" else word for word in small_project.stage_command("generate")]
    return [*words, *flags]


def generate_on_full_disk(folder: Path, place: str) -> subprocess.CompletedProcess[str]:
    """Generate twice with the memo or the table on a small disk that is made larger in between."""
    small_project.empty(folder)
    line = ["env", "BALEEN_MEMO=full/memo", *generate_command()] if place == "memo" else generate_command()
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", FILL, PLACES[place][0], *line],
        cwd=folder,
        env=small_project.environment(folder),
        text=True,
        capture_output=True,
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_run_whose_disk_fills_tells_it_in_one_line_and_goes_on_when_there_is_room(
    place: str, complete_project: Path
) -> None:
    done = generate_on_full_disk(complete_project, place)
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("needs a mount namespace of its own")
    told = [line for line in done.stderr.splitlines() if line.startswith("baleen: ")]
    assert len(told) == 1 and PLACES[place][1] in told[0] and "room" in told[0] and "Traceback" not in done.stderr
    assert done.stdout.split("\n")[:2] == ["ended 1", "ended 0"]
    assert (complete_project / "asked-again.parquet").read_bytes() == (
        complete_project / "expected.parquet"
    ).read_bytes()
    paid, largest = small_project.paid(complete_project), max(map(len, small_project.batches(complete_project)))
    assert len(paid) == 150 and paid.total() - 150 <= (2 * largest if place == "memo" else 0)
