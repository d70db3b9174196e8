"""Bills: the GPU hours, disk and dollars of querying and training, for dry runs, `baleen plan` and docs/scale.md.

Where a rate was measured on a GPU it counts; else operations are counted: 6 for each weight and token that is trained
(Kaplan et al., arXiv:2001.08361, section 2.1), 2 for one that is read or written, at shares of the peak of one GPU.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from baleen.project.machine import this_machine
from baleen.project.settings import Speed

PEAK = 989e12  # operations a second of an H100 SXM in dense bf16 (NVIDIA's data sheet)
TRAINING = 0.40  # share of it when training: 38 to 43 % are reported for Llama 3 (arXiv:2407.21783, table 4)
READING = 0.40  # when reading prompts: assumed as when training
WRITING = 0.10  # when writing replies in large batches: assumed, `benchmarks/gpu.sh` measures rows/s
REPLY = 541.0  # bytes of a stored reply (measured: benchmarks.memo, LOG.md)
CHARACTER = 4.0  # bytes of a token in a table, uncompressed
HOUR = 3600.0


@dataclass(frozen=True)
class Work:
    """What is asked of a model of so many weights: tokens read, written and trained on, and bytes that are kept."""

    parameters: float
    read: float = 0.0
    written: float = 0.0
    trained: float = 0.0
    disk: float = 0.0

    @property
    def gpu_seconds(self) -> float:
        """Of one GPU, by counting operations."""
        each = 2 * self.read / READING + 2 * self.written / WRITING + 6 * self.trained / TRAINING
        return self.parameters * each / PEAK


@dataclass(frozen=True)
class Bill:
    """GPU hours, bytes on disk, and dollars, None where no price is stated. GPU hours are None where the size of the
    model is not known; `measured` is whether they come from a measured rate."""

    gpu_hours: float | None
    disk: float
    dollars: float | None = None
    measured: bool = False


def queries(parameters: float, replies: int, read: int, written: int) -> Work:
    """The work of so many replies; each is kept in the memo and as text in a table."""
    return Work(parameters, read, written, disk=replies * REPLY + CHARACTER * (read + written))


def bill(work: Work, speed: Speed, seconds: float | None = None) -> Bill:
    """The bill of some work; `seconds` is what it takes here at a measured rate, which counts where a GPU does it."""
    measured = seconds is not None and on_gpu(speed)
    hours = (seconds or 0.0) * gpus(speed, bool(work.trained)) / HOUR if measured else work.gpu_seconds / HOUR
    idle = not (work.read or work.written or work.trained)
    known = hours if measured or work.parameters or idle else None
    price = speed.dollars_per_gpu_hour
    return Bill(known, work.disk, None if known is None or not price else known * price, measured)


def on_gpu(speed: Speed) -> bool:
    """Whether models run on a GPU of this machine under these settings."""
    return speed.device != "cpu" and bool(this_machine().gpus)


def gpus(speed: Speed, trains: bool) -> int:
    """GPUs that work at once."""
    return speed.processes if trains else speed.tensor_parallel * max(1, speed.ray_workers)


def total(bills: Iterable[Bill]) -> Bill:
    """All of them together; GPU hours that nobody knows count as none."""
    every = list(bills)
    hours = sum(one.gpu_hours or 0.0 for one in every)
    known = [one.dollars for one in every if one.dollars is not None]
    measured = all(one.measured for one in every if one.gpu_hours)
    return Bill(hours, sum(one.disk for one in every), sum(known) if known else None, measured)


def words(one: Bill, price: float) -> str:
    """'12.3 GPU hours (assumed: ...), 1.2 GB of disk, $30.75 at $2.50 an hour'"""
    cells = [f"{hours(one.gpu_hours)} GPU hours{'' if one.measured else f' ({ASSUMED})'}"] if one.gpu_hours else []
    cells += ["GPU hours unknown, as the size of the model is"] if one.gpu_hours is None else []
    cells += [f"{size(one.disk)} of disk at most"] if one.disk else []
    cells += [f"{money(one.dollars)} at ${price:,.2f} an hour"] if one.dollars else []
    return ", ".join(cells)


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
