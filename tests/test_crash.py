"""The crash campaign in short, and what a full disk does to a run that pays."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import preloading
import project
import pytest

from baleen.project.preload import DOOR
from benchmarks import crash, small_project
from benchmarks.crash import Build

pytestmark = pytest.mark.slow
KILLS = 8


@pytest.fixture(scope="module")
def copies() -> Iterator[None]:
    """What is not killed runs as copies of one process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in preloading.variables().items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def builds(copies: None, tmp_path_factory: pytest.TempPathFactory) -> list[Build]:
    """A campaign over 200 requests a build."""
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


@pytest.fixture(scope="module")
def large_project(copies: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of many batches, of which nothing is built."""
    return small_project.create(tmp_path_factory.mktemp("large") / "project", 300)


@pytest.mark.parametrize("victim", ["dvc", "stage"])
def test_what_is_killed_while_a_model_is_asked_asks_no_more(victim: str, large_project: Path, tmp_path: Path) -> None:
    """Within 20 ms of the first batch, when many are still to come."""
    folder = project.copy_project(large_project, tmp_path / "project")
    kill = crash.killed(folder, "dvc", ("asking", victim), Random(31))
    assert kill and kill.command == "dvc generate" and not kill.orphan and kill.lost <= kill.flight
    assert small_project.stored(folder) < 300


def test_a_kill_loses_at_most_the_batch_in_flight_and_only_what_was_lost_is_paid_twice(builds: list[Build]) -> None:
    assert not [kill for build in builds for kill in build.kills if kill.lost > kill.flight]
    for build in builds:
        assert build.twice == sum(kill.lost for kill in build.kills) and build.requests == 200


FILL = """
mkdir -p full && mount -t tmpfs -o size={size} tmpfs full || exit 99
{command}; echo "ended $?"; ls -A full/*.parquet full/.*.part full/*.json
mount -o remount,size=50m full
{command}; echo "ended $?"
cp full/asked.parquet asked-again.parquet
"""
PLACES = {  # where the small disk is: bytes of it, what is told
    "memo": ("160k", "full/memo/memo.sqlite"),
    "table": ("4k", "No space left on device"),
}


@pytest.fixture(scope="module")
def complete_project(copies: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose table was built with room."""
    folder = small_project.create(tmp_path_factory.mktemp("disk") / "project", 150)
    small_project.run(folder, *generate_command())
    shutil.move(folder / "full/asked.parquet", folder / "expected.parquet")
    shutil.rmtree(folder / "full")
    small_project.empty(folder)
    return folder


def generate_command() -> list[str]:
    """The command, its table being in full/."""
    flags = "--input web --model tiny --prompt ask --profile pocket".split()
    words = ["full/asked.parquet" if word == "asked" else word for word in small_project.stage_command("generate")]
    return [*words, *flags]


def fill_lines(folder: Path, place: str) -> str:
    """The lines of a shell that generates twice in a folder, with the memo or the table on a small disk that is made
    larger in between; its streams and its exit code go to files."""
    memo = ["BALEEN_MEMO=full/memo"] if place == "memo" else []
    command = shlex.join(["env", f"LEDGER={folder}/ledger", *memo, *generate_command()])
    lines = FILL.format(size=PLACES[place][0], command=command)
    return f"(cd {folder}{lines}) >{folder}/said 2>{folder}/told; echo $? >{folder}/code\n"


@pytest.fixture(scope="module")
def filled_projects(complete_project: Path) -> dict[str, Path]:
    """A copy of the project for each place, where its disk was full once. A process of another namespace has none of
    these disks, so one within it makes the copies that are the stages."""
    folders = {place: project.copy_project(complete_project, complete_project.parent / place) for place in PLACES}
    lines = "".join(fill_lines(folder, place) for place, folder in folders.items())
    env = small_project.environment(complete_project)
    del env[DOOR]
    words = ["unshare", "-rm", sys.executable, "-m", "stages.warm", "sh", "-c", lines]
    done = subprocess.run(words, cwd=complete_project, env=env, text=True, capture_output=True)
    if "unshare" in done.stderr or any((folder / "code").read_text() == "99\n" for folder in folders.values()):
        pytest.skip("needs a mount namespace of its own")
    return folders


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_run_whose_disk_fills_tells_it_in_one_line_and_goes_on_when_there_is_room(
    place: str, filled_projects: dict[str, Path]
) -> None:
    folder = filled_projects[place]
    stderr = (folder / "told").read_text()
    told = [line for line in stderr.splitlines() if line.startswith("baleen: ")]
    assert len(told) == 1 and PLACES[place][1] in told[0] and "room" in told[0] and "Traceback" not in stderr
    assert (folder / "said").read_text().split("\n")[:2] == ["ended 1", "ended 0"]
    assert (folder / "asked-again.parquet").read_bytes() == (folder / "expected.parquet").read_bytes()
    paid, largest = small_project.paid(folder), max(map(len, small_project.batches(folder)))
    assert len(paid) == 150 and paid.total() - 150 <= (2 * largest if place == "memo" else 0)
