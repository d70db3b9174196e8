"""Bills: GPU hours, wall time, disk and dollars of querying and training, for dry runs, `baleen plan`, docs/scale.md.

Where a rate was measured on a GPU it counts; else operations are counted: 6 for each weight and token that is trained
(Kaplan et al., arXiv:2001.08361, section 2.1), 2 for one that is read or written, at shares of the peak of one GPU.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from baleen.project.machine import this_machine
from baleen.project.settings import Speed

PEAK = 989e12  # operations a second of an H100 SXM in dense bf16 (NVIDIA's data sheet)
TRAINING = 0.40  # share of it when training: 38 to 43 % are reported for Llama 3 (arXiv:2407.21783, table 4)
READING = 0.40  # when reading prompts: assumed as when training
WRITING = 0.10  # when writing replies in large batches: assumed, `benchmarks/gpu.sh` measures rows/s
REPLY = 541.0  # bytes of a stored reply (measured: benchmarks.memo, LOG.md)
CHARACTER = 4.0  # bytes of a token in a table, uncompressed
HOUR = 3600.0
GPUS = (1, 8, 64)  # numbers of GPUs that wall time is told for
SHARED = 0.96  # of what n workers alone would do, on Ray: measured with two (benchmarks.ray_workers, LOG.md)
ROW = 80e-6  # seconds of one processor that a stage adds to a row (measured: benchmarks.overhead)


@dataclass(frozen=True)
class Work:
    """What is asked of a model of so many weights: tokens read, written and trained on, bytes that are kept, and rows
    that go through one process."""

    parameters: float
    read: float = 0.0
    written: float = 0.0
    trained: float = 0.0
    disk: float = 0.0
    rows: float = 0.0

    @property
    def gpu_seconds(self) -> float:
        """Of one GPU, by counting operations."""
        each = 2 * self.read / READING + 2 * self.written / WRITING + 6 * self.trained / TRAINING
        return self.parameters * each / PEAK


@dataclass(frozen=True)
class Bill:
    """GPU hours, bytes on disk, and dollars, None where no price is stated. GPU hours are None where the size of the
    model is not known; `measured` is whether they come from a measured rate. `walls` has the hours that pass on each
    number of GPUS, `own_wall` those on the `own_gpus` of the profile; no number where it has none."""

    gpu_hours: float | None
    disk: float
    dollars: float | None = None
    measured: bool = False
    walls: tuple[float, ...] = ()
    own_wall: float = 0.0
    own_gpus: int = 0


def queries(parameters: float, replies: int, read: int, written: int) -> Work:
    """The work of so many replies; each is kept in the memo and as text in a table."""
    return Work(parameters, read, written, disk=replies * REPLY + CHARACTER * (read + written), rows=replies)


def bill(work: Work, speed: Speed, seconds: float | None = None) -> Bill:
    """The bill of some work; `seconds` is what it takes here at a measured rate, which counts where a GPU does it."""
    measured, own = seconds is not None and on_gpu(speed), gpus(speed, bool(work.trained))
    hours = (seconds or 0.0) * own / HOUR if measured else work.gpu_seconds / HOUR
    idle = not (work.read or work.written or work.trained)
    if not (measured or work.parameters or idle):
        return Bill(None, work.disk)
    dollars = hours * speed.dollars_per_gpu_hour if speed.dollars_per_gpu_hour else None
    whole = Bill(hours, work.disk, dollars, measured, tuple(wall(hours, work.rows, number) for number in GPUS))
    if speed.device == "cpu":
        return whole
    passes = (seconds or 0.0) / HOUR if measured else wall(hours, work.rows, own)
    return replace(whole, own_wall=passes, own_gpus=own)


def wall(gpu_hours: float, rows: float, number: int) -> float:
    """Hours that pass on so many GPUs: theirs, or those of the one process that reads and writes the rows."""
    return max(gpu_hours / (number * (SHARED if number > 1 else 1.0)), rows * ROW / HOUR)


def on_gpu(speed: Speed) -> bool:
    """Whether models run on a GPU of this machine under these settings."""
    return speed.device != "cpu" and bool(this_machine().gpus)


def gpus(speed: Speed, trains: bool) -> int:
    """GPUs that work at once; a model that is split over as many as it needs counts as on one."""
    return speed.processes if trains else max(1, speed.tensor_parallel) * max(1, speed.ray_workers)


def total(bills: Iterable[Bill]) -> Bill:
    """All of them together; GPU hours that nobody knows count as none."""
    every = list(bills)
    hours = sum(one.gpu_hours or 0.0 for one in every)
    known = [one.dollars for one in every if one.dollars is not None]
    measured = all(one.measured for one in every if one.gpu_hours)
    walls = tuple(map(sum, zip(*(one.walls for one in every if one.walls), strict=True)))
    own = sum(one.own_wall for one in every), max((one.own_gpus for one in every), default=0)
    return Bill(hours, sum(one.disk for one in every), sum(known) if known else None, measured, walls, *own)


def words(one: Bill, price: float) -> str:
    """'12.3 GPU hours (assumed: ...), wall time 12.3 h on 1 GPU ..., 1.2 GB of disk, $30.75 at $2.50 an hour'"""
    cells = [f"{hours(one.gpu_hours)} GPU hours{'' if one.measured else f' ({ASSUMED})'}"] if one.gpu_hours else []
    cells += ["GPU hours unknown, as the size of the model is"] if one.gpu_hours is None else []
    cells += [wall_words(one)] if one.gpu_hours and one.walls else []
    cells += [f"{size(one.disk)} of disk at most"] if one.disk else []
    cells += [f"{money(one.dollars)} at ${price:,.2f} an hour"] if one.dollars else []
    return ", ".join(cells)


def wall_words(one: Bill) -> str:
    """'wall time 4.00 h on 1 GPU, 0.52 h on 8, 0.07 h on 64, 1.04 h on the 4 of the profile'; of hardly any work one
    number of GPUs is enough."""
    told = dict(zip(GPUS, one.walls, strict=True))
    cells = [f"{hours(told.pop(1))} h on 1 GPU"]
    if one.walls[0] >= 0.01:
        cells += [f"{hours(each)} h on {number}" for number, each in told.items()]
        cells += [f"{hours(one.own_wall)} h on the {one.own_gpus} of the profile"] if one.own_gpus > 1 else []
    return f"wall time {', '.join(cells)}"


ASSUMED = f"of an H100, assumed to train and read at {TRAINING:.0%} and to write at {WRITING:.0%} of its peak"


def hours(number: float) -> str:
    """'0.04', '12.3', '4,567'; below a hundredth 'under 0.01'"""
    if number < 0.01:
        return "under 0.01"
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def money(number: float) -> str:
    """'$0.12', '$1,234'"""
    return f"${number:,.0f}" if number >= 100 else f"${number:,.2f}"


def size(number: float) -> str:
    """'3.2 MB', '16.1 GB', '1.5 TB'"""
    unit, name = next(((unit, name) for unit, name in ((1e12, "TB"), (1e9, "GB")) if number >= unit), (1e6, "MB"))
    return f"{number / unit:.1f} {name}"
