"""This machine: processors, memory, disk and GPUs, found in a moment and without importing torch."""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

BF16 = (8, 0)  # smallest compute capability of a GPU that has bf16
HUB_SECONDS = 3.0


@dataclass(frozen=True)
class Gpu:
    """A GPU of NVIDIA: its name, bytes of memory and compute capability."""

    name: str
    memory: int
    capability: tuple[int, int]


@dataclass(frozen=True)
class Machine:
    """What a machine has: processors that this process may use, bytes of memory, free bytes of disk in the current
    folder, and the GPUs that this torch can use. `unused` says why it cannot use those that are there."""

    processors: int
    memory: int
    disk: int
    gpus: tuple[Gpu, ...] = ()
    unused: str = ""

    @property
    def bf16(self) -> bool:
        """Whether every GPU has bf16; False without a GPU."""
        return bool(self.gpus) and all(gpu.capability >= BF16 for gpu in self.gpus)


@cache
def this_machine() -> Machine:
    """What this machine has."""
    gpus, why = visible(nvidia_gpus(), os.environ.get("CUDA_VISIBLE_DEVICES")), torch_without_cuda()
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(processors, memory(), shutil.disk_usage(".").free, () if why else gpus, why if gpus else "")


def memory() -> int:
    """Bytes of memory that this process may use: those of the machine, or of its container if that has a limit."""
    path = Path("/sys/fs/cgroup/memory.max")
    text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    limit = int(text) if text.isdigit() else 1 << 62
    return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), limit)


def nvidia_gpus() -> dict[str, Gpu]:
    """Every GPU of NVIDIA by its UUID, in the order of their numbers; {} without a driver."""
    if not find_spec("pynvml"):
        return {}
    import pynvml as nvml

    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return {}
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(nvml.nvmlDeviceGetCount())]
        return {
            str(nvml.nvmlDeviceGetUUID(one)): Gpu(
                str(nvml.nvmlDeviceGetName(one)),
                int(nvml.nvmlDeviceGetMemoryInfo(one).total),
                tuple(nvml.nvmlDeviceGetCudaComputeCapability(one)),
            )
            for one in handles
        }
    except nvml.NVMLError:
        return {}
    finally:
        nvml.nvmlShutdown()


def visible(gpus: dict[str, Gpu], chosen: str | None) -> tuple[Gpu, ...]:
    """The GPUs that CUDA_VISIBLE_DEVICES leaves, by number or UUID, up to the first that is not there."""
    if chosen is None:
        return tuple(gpus.values())
    found, numbered = list[Gpu](), list(gpus.values())
    for name in (part.strip() for part in chosen.split(",")):
        same = [gpu for uuid, gpu in gpus.items() if name and uuid.startswith(name)]
        if name.isdigit() and int(name) < len(numbered):
            same = [numbered[int(name)]]
        if not same:
            break
        found += same[:1]
    return tuple(found)


def torch_without_cuda() -> str:
    """Why the torch that is installed cannot use a GPU, or ''; read from its files, which is faster than importing."""
    spec = find_spec("torch")
    if not spec or not spec.origin:
        return "torch is not installed"
    path = Path(spec.origin).with_name("version.py")
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    built = re.search(r"^(?:cuda|hip)\b[^=\n]*= *['\"]", text, re.MULTILINE)
    return "" if built or not text else "this torch was built without CUDA"


def installed(packages: Iterable[str]) -> bool:
    """Whether all packages are there."""
    return all(find_spec(name) for name in packages)


def hub_error() -> str:
    """Why the Hugging Face hub cannot be reached, or ''; answers within a few seconds and never fails."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "HF_HUB_OFFLINE is set"
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        with urlopen(Request(address, method="HEAD"), timeout=HUB_SECONDS):
            return ""
    except HTTPError:
        return ""  # it answers
    except (TimeoutError, URLError, OSError, ValueError) as error:
        return f"{address} does not answer ({getattr(error, 'reason', error)})"


def hub_snapshot(name: str, revision: str) -> Path:
    """The folder into which a commit of a model of the hub is downloaded."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    folder = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    return folder / f"models--{name.replace('/', '--')}" / "snapshots" / revision


def in_hub_cache(name: str, revision: str) -> bool:
    """Whether a commit of a model of the hub has been downloaded."""
    snapshot = hub_snapshot(name, revision)
    return any(snapshot.glob("*.safetensors")) and (snapshot / "config.json").exists()
