"""A process that has already imported torch, from which stages are forked: see stages/warm.py.

It imports nothing of this project. A stage hands its arguments, folder, environment and terminal to it (`stages` does,
at its first import) and goes on as a copy of it, which reads the project's code anew, is of the stage's own process
group, and ends with it.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ctypes import CDLL
from importlib import import_module
from runpy import run_module
from typing import Any, NoReturn

DOOR = "BALEEN_WARM"  # Python's prefix and the socket of the preloaded process; empty in its copies
UNUSED = ("sklearn",)  # transformers imports it wherever it is installed, for assisted decoding alone
IMPORTS = (
    "pandas", "pyarrow.parquet", "omegaconf", "torch", "transformers.models.auto.modeling_auto", "accelerate",
    "transformers.models.llama.modeling_llama", "datasets", "peft", "trl.trainer.sft_trainer",
)  # fmt: skip
OURS = ("stages.", "baleen")  # how the modules begin that `python -m` runs
STARTED = b"\n"  # what a copy sends when it begins
STATUS: list[int] = []  # of this process's stage when that has ended by sys.exit
Request = dict[str, Any]


def hand_over() -> None:
    """Hand this stage over to the preloaded process and exit with its status; return when there is none."""
    prefix, _, door = os.environ.get(DOOR, "").partition(os.pathsep)
    module, *arguments = module_arguments(sys.orig_argv)
    if prefix == sys.prefix and module.startswith(OURS) and module != "stages.warm":
        become_copy(door, module, arguments, {**os.environ, DOOR: ""})


def become_copy(door: str, module: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
    """Have a copy run a module, with this process's terminal, and exit with its status; return when there is none."""
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(door)
    except OSError:
        return line.close()
    socket.send_fds(line, [b"\n"], [0, 1, 2])
    request = {"module": module, "argv": arguments, "cwd": os.getcwd(), "env": environment, "group": os.getpgid(0)}
    line.sendall(json.dumps(request).encode() + b"\n")
    os._exit(exit_status(line))


def exit_status(line: socket.socket) -> int:
    """The exit status of the copy; 1 when the preloaded process is gone, and the copy with it. Ctrl-C ends this stage
    until the copy has begun, which gets it from then on and prints the message."""
    try:
        if line.recv(1) != STARTED:
            return 1
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return int(line.recv(4) or 1)
    except OSError:
        return 1


def module_arguments(command: Sequence[str]) -> list[str]:
    """Module and arguments of `python -m MODULE ...`; an empty name for another command line."""
    return [*command[2:]] if command[1:2] == ["-m"] and len(command) > 2 else [""]


def serve(door: str) -> Request:
    """Import when the first stage connects and fork a copy for each; returns its request, in the copy."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(door)
        listener.listen()
        print("ready", flush=True)
        select.select([listener], [], [])  # a build with nothing to do waits for no import
        import_libraries()
        copies = dict[int, tuple[int, int, socket.socket]]()  # (pid, its descriptor, the stage's line) by both
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while True:
            # ended copies first: a new connection may get the descriptor number of one that is closed here
            for number, _ in sorted(poll.poll(), key=lambda event: event[0] == listener.fileno()):
                if number == listener.fileno():
                    line, _ = listener.accept()
                    if not (pid := os.fork()):
                        return receive_request(line)
                    watch = os.pidfd_open(pid)
                    poll.register(watch, select.POLLIN)
                    poll.register(line, select.POLLRDHUP)
                    copies |= dict.fromkeys((watch, line.fileno()), (pid, watch, line))
                elif number in copies:
                    finish_copy(*copies[number], poll, copies)


def finish_copy(pid: int, watch: int, line: socket.socket, poll: select.poll, copies: dict[int, Any]) -> None:
    """Send the stage the exit status of its copy; kill the copy of a stage that is gone."""
    for number in (watch, line.fileno()):
        poll.unregister(number)
        del copies[number]
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # no effect on one that has ended
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        line.sendall(b"%d" % (status if status >= 0 else 128 - status))
    line.close()
    os.close(watch)


def receive_request(line: socket.socket) -> Request:
    """The request of a stage; takes over its terminal, process group, environment and folder."""
    _, descriptors, *_ = socket.recv_fds(line, 1, 3)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    with line.makefile("rb") as words:
        request: Request = json.loads(words.readline())
    line.sendall(STARTED)
    line.detach()  # stays open as long as this process
    with suppress(PermissionError):  # a stage of DVC's queue is of another session, whose groups cannot be joined
        os.setpgid(0, request["group"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.orig_argv = ["python", "-m", request["module"], *request["argv"]]
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    os.environ.clear()
    os.environ |= request["env"]
    os.chdir(request["cwd"])
    renew_threads()
    return request


def renew_threads() -> None:
    """Make torch's pool of threads anew in a copy that has one thread. Torch would do so when the copy first asks for
    it, and not safely: where two threads ask at once, one gets none ("Invalid thread pool!") and the stage fails. The
    threads with which transformers loads weights are the ones that ask; this copy loads them by itself, which on a CPU
    takes as long."""
    os.environ["HF_DEACTIVATE_ASYNC_LOAD"] = "1"
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(torch.get_num_threads())


def import_libraries() -> None:
    """Import what stages need, as far as it is installed."""
    with quick_imports():
        for name in IMPORTS:
            with suppress(ImportError):
                import_module(name)


@contextmanager
def quick_imports(unused: Sequence[str] = UNUSED) -> Iterator[None]:
    """What is imported here is not looked through for garbage, now or later (0.7 s for each collection), also by copies
    of this process, and finds no package that is unused; who wants one imports it afterwards."""
    collecting, hidden = gc.isenabled(), [name for name in unused if name not in sys.modules]
    gc.disable()
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()
        atexit.register(gc.unfreeze)  # or libraries complain of leaks at the end
        if collecting:
            gc.enable()


def die_with(parent: int) -> None:
    """The same as lifetime.die_with; a copy may hold no code of the project before its stage imports it."""
    CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def exit_at_once() -> None:
    """Exit with the status of the stage. The last of the exit functions: what is left is to take down all that was
    imported, which takes 1.5 s of a CPU, many times what most stages take. A stage that ends with an error takes it.
    It must be registered before any library registers one: they are called in the reverse order."""
    if STATUS:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(STATUS[0])


def run_stage(module: str) -> NoReturn:
    """Run a module as a program, and note the status that it ends with."""
    try:
        run_module(module, run_name="__main__", alter_sys=True)
        sys.exit(0)
    except SystemExit as ended:
        STATUS.append((ended.code or 0) & 0xFF if isinstance(ended.code, int | None) else 1)
        raise


def wait_and_run(door: str) -> NoReturn:
    """Wait for stages, and run the requested module in each copy."""
    atexit.register(exit_at_once)
    die_with(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mine = os.getpid()
    request = serve(door)
    die_with(mine)
    sys.path.insert(0, request["cwd"])
    sys.argv = [request["module"], *request["argv"]]
    run_stage(request["module"])


if __name__ == "__main__":
    wait_and_run(sys.argv[1])
