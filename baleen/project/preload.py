"""A process that has imported torch already, for stages to start from: see stages/warm.py.

It imports nothing of this project. A stage hands its arguments, folder, environment and terminal to it (`stages` does,
at its first import) and goes on as a copy of it, which reads the project's code anew, is of the stage's own process
group, and ends with it.
"""

import json
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from ctypes import CDLL
from importlib import import_module
from runpy import run_module
from typing import Any, NoReturn

DOOR = "BALEEN_WARM"  # Python's folder and the socket of the process that is ready; empty in a stage that came from it
IMPORTS = (
    "pandas", "pyarrow.parquet", "omegaconf", "torch", "transformers.models.auto.modeling_auto", "accelerate",
    "transformers.models.llama.modeling_llama", "datasets", "peft", "trl.trainer.sft_trainer",
)  # fmt: skip
Request = dict[str, Any]


def enter() -> None:
    """Have the process that is ready do what this one was started for, and end as it ends; nothing without one."""
    (prefix, _, door), [module, *given] = os.environ.get(DOOR, "").partition(os.pathsep), asked(sys.orig_argv)
    if prefix != sys.prefix or not module.startswith("stages.") or module == "stages.warm":
        return
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(door)
    except OSError:
        return line.close()
    socket.send_fds(line, [b"\n"], [0, 1, 2])
    told = {"module": module, "argv": given, "cwd": os.getcwd(), "env": dict(os.environ), "group": os.getpgid(0)}
    line.sendall(json.dumps(told).encode() + b"\n")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the copy hears it too, and says what there is to say
    os._exit(answer(line))


def answer(line: socket.socket) -> int:
    """The exit status of the copy; 1 when the process that was ready has gone, and the copy with it."""
    try:
        return int(line.recv(4) or 1)
    except OSError:
        return 1


def asked(command: Sequence[str]) -> list[str]:
    """Module and arguments of `python -m MODULE ...`; an empty name for another command line."""
    return [*command[2:]] if command[1:2] == ["-m"] and len(command) > 2 else [""]


def serve(door: str) -> Request:
    """Import when the first stage asks, and start a copy of this process for each; what it is to do comes back in the
    copy."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(door)
        listener.listen()
        print("ready", flush=True)
        select.select([listener], [], [])  # a build with nothing to do waits for no import
        imported()
        copies = dict[int, tuple[int, int, socket.socket]]()  # (pid, its descriptor, the stage's line) by both
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while True:
            # what ended comes first: a new line may get the number of one that is closed here
            for number, _ in sorted(poll.poll(), key=lambda event: event[0] == listener.fileno()):
                if number == listener.fileno():
                    line, _ = listener.accept()
                    if not (pid := os.fork()):
                        return received(line)
                    watch = os.pidfd_open(pid)
                    poll.register(watch, select.POLLIN)
                    poll.register(line, select.POLLRDHUP)
                    copies |= dict.fromkeys((watch, line.fileno()), (pid, watch, line))
                elif number in copies:
                    end(*copies[number], poll, copies)


def end(pid: int, watch: int, line: socket.socket, poll: select.poll, copies: dict[int, Any]) -> None:
    """Tell the stage how its copy ended; kill the copy of a stage that is gone."""
    for number in (watch, line.fileno()):
        poll.unregister(number)
        del copies[number]
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # one that has ended waits to be asked and hears nothing
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        line.sendall(b"%d" % (status if status >= 0 else 128 - status))
    line.close()
    os.close(watch)


def received(line: socket.socket) -> Request:
    """What a stage asks for; its terminal and process group are this process's from here on."""
    _, given, *_ = socket.recv_fds(line, 1, 3)
    for number, descriptor in enumerate(given):
        os.dup2(descriptor, number)
        os.close(descriptor)
    with line.makefile("rb") as words:
        told: Request = json.loads(words.readline())
    line.detach()  # stays open as long as this process
    os.setpgid(0, told["group"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    os.environ.clear()
    os.environ |= told["env"] | {DOOR: ""}
    os.chdir(told["cwd"])
    return told


def imported() -> None:
    """What stages need, as far as it is installed."""
    for name in IMPORTS:
        with suppress(ImportError):
            import_module(name)


def die_with(parent: int) -> None:
    """What orphans.die_with does; no code of the project may be in a copy before its stage reads it."""
    CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def ready(door: str) -> NoReturn:
    """Wait, and in a copy do what is asked."""
    die_with(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mine = os.getpid()
    told = serve(door)
    die_with(mine)
    sys.path.insert(0, told["cwd"])
    sys.argv = [told["module"], *told["argv"]]
    run_module(told["module"], run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    ready(sys.argv[1])
