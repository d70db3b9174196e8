"""kill -9 at random moments over generate, score and dvc itself, until what is built is whole every time.

python -m benchmarks.crash [--kills 100] [--json]

A small project (2,100 requests to a tiny model) is built once without a kill. Then, again and again from an empty memo,
the same command is started and killed until it ends well, and everything is compared: bytes of tables and dvc.lock,
requests that went to the model twice, stages that worked on for nobody, processes, locks and half-written files left.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from baleen.project import dvc_leftovers
from baleen.project.preload import DOOR
from benchmarks import small_project
from benchmarks.small_project import batches, built, noted, outcome, paid, stored, until

DOCUMENTS = 1050
PATIENCE = 60.0  # seconds until what is still running after a kill counts as left
GRACE = 5.0  # seconds until a stage does; killed in the middle of writing to a busy disk it ends only then
LATER = 4  # batches that a stage may send between the kill and its end; a tenth of what a test has left
EARLY, WORK, RENAME = 4.0, 1.5, 0.03  # seconds within which a kill comes after its moment
MOMENTS = {"starting": 3, "asking": 4, "writing": 3}  # how often each is aimed at
ATTEMPTS = 60  # starts of one build before the campaign gives up
STAGE = "-m stages."  # what is in the command line of one
Aim = tuple[str, str]  # moment, what is killed


@dataclass(frozen=True)
class Kill:
    """One kill: the command, what was killed of it, when; requests that this run sent to the model and lost, and the
    size of its last batch, the one in flight; whether a stage worked on; what it left; whether it tore a file of DVC's
    own."""

    command: str
    victim: str
    moment: str
    lost: int
    flight: int
    orphan: bool
    left: int
    locks: int
    torn: bool


def group(leader: int) -> list[tuple[int, str]]:
    """(process, command line) of every living process of a group."""
    processes = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if entry.name.isdigit() and int(fields[2]) == leader and fields[0] != "Z":
                processes.append((int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")))
    return processes


def start(folder: Path, name: str) -> subprocess.Popen[str]:
    """Start a command in a process group of its own, its stages as processes of their own."""
    with (folder / "output").open("a") as log:
        env = {key: value for key, value in small_project.environment(folder).items() if key != DOOR}
        words = small_project.stage_command(name)
        return subprocess.Popen(words, cwd=folder, env=env, text=True, stdout=log, stderr=log, start_new_session=True)


def moments(folder: Path, random: Random) -> dict[str, Callable[[subprocess.Popen[str]], bool]]:
    """How each moment of a run is awaited; False when the run ended before."""
    sent = noted(folder)
    return {
        "starting": lambda run: waited(run, random.uniform(0, EARLY)),
        "asking": lambda run: until(lambda: noted(folder) > sent, run) and waited(run, random.uniform(0, WORK)),
        "writing": lambda run: until(lambda: writes(folder), run) and waited(run, random.uniform(0, RENAME)),
    }


def writes(folder: Path) -> bool:
    return any(name.endswith(".part") and alive(Path(name)) for name in os.listdir(folder / "data"))


def alive(part: Path) -> bool:
    """Whether the process that writes a file is running (those of killed runs lie there too)."""
    return Path("/proc", part.name.split(".")[-2]).exists()


def waited(run: subprocess.Popen[str], seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        run.wait(seconds)
    return run.poll() is None


def strike(run: subprocess.Popen[str], victim: str) -> str:
    """Kill dvc, the stage it runs, or the whole group; the verb that was running comes back, or ''. A dvc that has been
    waited for is gone, and so must its stage be, to which the kernel has told it."""
    stage = next(((pid, line) for pid, line in group(run.pid) if STAGE in line), None)
    if victim == "group" or (victim == "stage" and stage is None):
        os.killpg(run.pid, signal.SIGKILL)
    else:
        os.kill(stage[0] if victim == "stage" and stage else run.pid, signal.SIGKILL)
    if victim == "dvc":
        run.wait()
    return stage[1].partition(STAGE)[2].split()[0] if stage else ""


def settled(run: subprocess.Popen[str], seconds: float) -> list[tuple[int, str]]:
    """Wait until nothing of a run is left; what is still there after so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := group(run.pid)) and time.monotonic() < deadline:
        run.poll()
        time.sleep(0.02)
    return left


def ended(run: subprocess.Popen[str]) -> int:
    """Wait for the end of a run; the number of processes that had to be ended."""
    left = settled(run, PATIENCE)
    for pid, _ in left:
        os.kill(pid, signal.SIGKILL)
    run.wait()
    return len(left)


def held(folder: Path) -> int:
    """Lock files that somebody still holds; the kernel needs a moment to end the threads of what was killed."""
    names, deadline = [*folder.glob(".memo/**/*.lock"), *folder.glob(".dvc/tmp/*lock")], time.monotonic() + PATIENCE
    while (taken := sum(not free(path) for path in names)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return taken


def free(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def killed(folder: Path, name: str, aim: Aim, random: Random) -> Kill | None:
    """Start a command and kill it at the moment aimed at; None when it ended well before. Some batches
    more may be on their way to the model on a busy machine; a stage that works on sends all that are left."""
    moment, victim = aim
    before, known = len(batches(folder)), stored(folder)
    run = start(folder, name)
    if not moments(folder, random)[moment](run):
        ended(run)
        if run.returncode:
            raise RuntimeError(f"{name} failed without a kill: {(folder / 'output').read_text()[-2000:]}")
        return None
    verb, sent_before = strike(run, victim), len(batches(folder))
    alive = any(STAGE in line for _, line in settled(run, GRACE))
    left, sent = ended(run), batches(folder)
    if victim == "stage" and not run.returncode:
        return None  # the stage had done all but end, so that DVC went on to the next
    orphan, new = alive or len(sent) > sent_before + LATER, [len(batch) for batch in sent[before:]]
    lost, flight = sum(new) - (stored(folder) - known), new[-1] if new else 0
    command = f"{name} {verb}".strip() if name == "dvc" else name
    locks, torn = held(folder), bool(dvc_leftovers.removed(folder, age=0.0))
    return Kill(command, victim, moment, lost, flight, orphan, left, locks, torn)


def aims(name: str, random: Random) -> Iterator[Aim]:
    """Moments in random order; under dvc either of the two processes, or both, are killed."""
    victims = ["dvc", "stage", "group"] if name == "dvc" else ["group"]
    while True:
        yield random.choices(list(MOMENTS), list(MOMENTS.values()))[0], random.choice(victims)


def through(folder: Path, name: str, random: Random, limit: int) -> list[Kill]:
    """The kills of a command that is started again until it ends well; after `limit` kills what follows ends it."""
    kills: list[Kill] = []
    for _, aim in zip(range(ATTEMPTS), aims(name, random), strict=False):
        if len(kills) >= limit:
            return kills
        kill = killed(folder, name, aim, random)
        if kill is None:
            return kills
        kills.append(kill)
    raise RuntimeError(f"{name} was started {ATTEMPTS} times and is not done")


@dataclass(frozen=True)
class Build:
    """One build from an empty memo: its kills, requests paid more than once, whether all is as without kills."""

    kills: list[Kill]
    requests: int
    twice: int
    batch: int
    same: bool
    litter: list[str]
    of_dvc: int  # files that DVC left


def interrupted(folder: Path, commands: list[str], random: Random, limit: int, expected: dict[str, str]) -> Build:
    """Build under kills; `dvc repro` ends it, so that dvc.lock can be compared, and finds every reply paid for."""
    small_project.empty(folder)
    kills: list[Kill] = []
    for name in commands:
        kills += through(folder, name, random, limit - len(kills))
    small_project.run(folder, "dvc", "repro")
    queried = paid(folder)
    litter = [path.name for path in built(folder) if path.name.startswith(".")] + locked_by(folder)
    largest, left = max(map(len, batches(folder))), len(small_project.left_by_dvc(folder))
    twice, same = queried.total() - len(queried), outcome(folder) == expected
    return Build(kills, len(queried), twice, largest, same, litter, left)


def locked_by(folder: Path) -> list[str]:
    """Living processes that DVC's list of locks names; it takes the entries of dead ones for none."""
    path = folder / ".dvc/tmp/rwlock"
    named = re.findall(r'"pid": (\d+)', path.read_text()) if path.exists() else []
    return [f"process {pid}" for pid in named if Path("/proc", pid).exists()]


def campaign(folder: Path, wanted: int, documents: int, seed: int) -> Iterator[Build]:
    """Builds, in turn under dvc and by the stages themselves, until there were so many kills."""
    random = Random(seed)
    small_project.create(folder, documents)
    small_project.run(folder, "dvc", "repro")
    expected, done = outcome(folder), 0
    for turn in range(wanted):
        if done >= wanted:
            return
        commands = list(small_project.STAGES) if turn % 2 else ["dvc"]
        build = interrupted(folder, commands, random, wanted - done, expected)
        done += len(build.kills)
        yield build


def figures(builds: list[Build]) -> dict[str, Any]:
    """What the campaign found."""
    kills = [kill for build in builds for kill in build.kills]
    return {
        "kills": len(kills),
        "builds": len(builds),
        "requests_a_build": max(build.requests for build in builds),
        "by_command": dict(Counter(kill.command for kill in kills)),
        "by_victim": dict(Counter(kill.victim for kill in kills)),
        "by_moment": dict(Counter(kill.moment for kill in kills)),
        "tables_and_lock_identical": all(build.same for build in builds),
        "paid_twice": sum(build.twice for build in builds),
        "lost_by_one_kill_at_most": max(kill.lost for kill in kills),
        "lost_more_than_its_batch": sum(kill.lost > kill.flight for kill in kills),
        "batch_at_most": max(build.batch for build in builds),
        "files_of_dvc_torn": sum(kill.torn for kill in kills),
        "orphans": sum(kill.orphan for kill in kills),
        "processes_left": sum(kill.left for kill in kills),
        "locks_left": sum(kill.locks for kill in kills),
        "files_of_dvc_left": sum(build.of_dvc for build in builds),
        "files_left": sum(len(build.litter) for build in builds),
    }


def main() -> None:
    cli = ArgumentParser(description=__doc__)
    cli.add_argument("--kills", type=int, default=100)
    cli.add_argument("--documents", type=int, default=DOCUMENTS)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--json", action="store_true", help="print one JSON object")
    args = cli.parse_args()
    with TemporaryDirectory() as folder:
        builds = []
        for build in campaign(Path(folder), args.kills, args.documents, args.seed):
            builds.append(build)
            if not args.json:
                print(*(asdict(kill) for kill in build.kills), sep="\n", flush=True)
    result = figures(builds)
    print(json.dumps(result) if args.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
