"""A Ray cluster is joined where there is one; where there is none, one line says so in seconds."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, suppress
from functools import partial
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from threading import Thread

import psutil
import pytest
import tiny as workspace
from ports import reserved

from baleen.engines import table
from baleen.engines.ray import join
from baleen.engines.ray.join import address_file, check_reachable, host_and_port, resolved_address
from baleen.errors import Problem
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.lifetime import die_with
from baleen.project.settings import Speed
from stages import generate

started = pytest.mark.slow  # a cluster takes 20 s to start
needed = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (extra ray)")


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("head:6379", ("head", 6379)),
        ("10.0.0.1:6379", ("10.0.0.1", 6379)),
        ("[::1]:6379", ("::1", 6379)),
        ("ray://head:10001", ("head", 10001)),
    ],
)
def test_an_address_names_a_host_and_a_port(address: str, found: tuple[str, int]) -> None:
    assert host_and_port(address) == found


@pytest.mark.parametrize("address", ["local", "head", "head:", ":6379", "head:a", "head:0", "head:65536", "http://h:1"])
def test_an_address_that_names_none_is_a_problem(address: str) -> None:
    with pytest.raises(Problem, match="write auto, host:6379 or ray://host:10001"):
        host_and_port(address)


@pytest.fixture
def no_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which no `ray start` has left anything."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    return tmp_path


def test_auto_without_a_cluster_is_a_problem(no_ray: Path) -> None:
    with pytest.raises(Problem, match="ray_address is auto, but RAY_ADDRESS is not set and no `ray start` has left"):
        resolved_address("auto")


def test_auto_is_what_ray_start_left_unless_the_environment_says_more(
    no_ray: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address_file().parent.mkdir()
    address_file().write_text("10.0.0.1:6379\n")
    assert resolved_address("auto") == "10.0.0.1:6379"
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")
    assert resolved_address("auto") == "ray://head:10001"


# who answers


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes | None], str]]:
    """Starts a server that says one thing to the first who calls, or nothing, and gives its address."""
    monkeypatch.setattr(join, "REACH", 0.2)
    doors = list[socket.socket]()

    def begin(said: bytes | None) -> str:
        doors.append(socket.create_server(("127.0.0.1", 0)))
        if said is not None:
            Thread(target=answer_once, args=(doors[-1], said)).start()
        return f"127.0.0.1:{doors[-1].getsockname()[1]}"

    yield begin
    for door in doors:
        door.close()


def answer_once(door: socket.socket, said: bytes) -> None:
    line, _ = door.accept()
    with line, suppress(ConnectionError):
        line.sendall(said)
        line.recv(100)


@pytest.mark.parametrize("form", ["{}", "ray://{}"])
def test_a_closed_port_is_a_problem(form: str) -> None:
    with (
        reserved() as port,
        pytest.raises(Problem, match="no Ray cluster answers at .*refused; see speed: ray_address"),
    ):
        check_reachable(form.format(f"127.0.0.1:{port}"))


@pytest.mark.parametrize(
    ("said", "why"),
    [(None, "timed out"), (b"", "no Ray cluster"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no Ray cluster")],
)
def test_who_says_nothing_or_something_else_is_a_problem(
    server: Callable[[bytes | None], str], said: bytes | None, why: str
) -> None:
    with pytest.raises(Problem, match=f"no Ray cluster answers at .*{why}"):
        check_reachable(server(said))


def test_who_greets_as_ray_does_is_no_problem(server: Callable[[bytes | None], str]) -> None:
    check_reachable(server(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])))


def test_behind_tls_who_takes_a_connection_is_enough(
    server: Callable[[bytes | None], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_USE_TLS", "1")
    check_reachable(server(None))


def test_a_host_that_nobody_knows_is_a_problem() -> None:
    with pytest.raises(Problem, match="no Ray cluster answers at a..b:1"):
        check_reachable("a..b:1")


def test_without_ray_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "find_spec", lambda name: None)
    with pytest.raises(Problem, match="install the extra 'ray', or set ray_workers: 0"):
        table.loader("hf", str(tmp_path), Speed(ray_workers=2))


class Head:
    """Stands for the module ray: so many clients die at their start, each with these words."""

    def __init__(self, deaths: int, words: str) -> None:
        self.deaths, self.words, self.asked_for = deaths, words, 0

    def init(self, address: str, **settings: object) -> None:
        self.asked_for += 1
        if self.asked_for <= self.deaths:
            raise ConnectionAbortedError(f"Initialization failure from server:\n{self.words}")


DIED = "RuntimeError: Starting Ray client server failed. See ray_client_server_23000.err for detailed logs."


def test_a_client_that_dies_at_its_start_is_begun_again() -> None:
    head = Head(2, DIED)
    join.begin(head, "ray://head:10001", {})
    assert head.asked_for == 3


@pytest.mark.parametrize(("words", "attempts"), [(DIED, 4), ("AuthenticationError", 1)])
def test_clients_are_begun_four_times_and_a_refusal_stands(words: str, attempts: int) -> None:
    head = Head(9, words)
    with pytest.raises(ConnectionAbortedError, match=words):
        join.begin(head, "ray://head:10001", {})
    assert head.asked_for == attempts


# a cluster begun with `ray start`


@pytest.fixture(scope="module")
def client() -> Iterator[int]:
    with reserved() as port:
        yield port


@pytest.fixture(scope="module")
def head(client: int) -> Iterator[tuple[dict[str, str], int]]:
    """(environment in which `auto` finds a cluster, port for ray://): begun in a folder of its own, with a token."""
    folder = Path(mkdtemp(prefix="ray"))  # the name of a socket in it may have 107 bytes, too few for tmp_path
    (folder / "token").write_text("0" * 32)
    env = os.environ | {"RAY_TMPDIR": str(folder), "RAY_AUTH_TOKEN_PATH": str(folder / "token")}
    env |= join.LOCAL | {"GRPC_ENABLE_FORK_SUPPORT": "0"}  # the latter: see join.begin
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE"):  # Ray itself sets the latter in a process that began a cluster
        env.pop(name, None)
    free = [f"--{name}-port=0" for name in ("min-worker", "max-worker", "dashboard-agent-listen", "metrics-export")]
    small = ["--num-cpus=2", "--object-store-memory=100000000", "--include-dashboard=false", "--disable-usage-stats"]
    words = ["--head", "--block", "--port=0", f"--ray-client-server-port={client}", *free, *small]
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", *words]
    end = partial(die_with, os.getpid())  # Ray's reaper ends the rest
    with subprocess.Popen(
        ray, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=end
    ) as run:
        assert run.stdout
        try:
            said = list(takewhile(lambda line: "block forever" not in line, run.stdout))
            assert any("Ray runtime started" in line for line in said), said
            yield env, client
        finally:
            left = [*psutil.Process(run.pid).children(recursive=True), psutil.Process(run.pid)]
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left)
            rmtree(folder, ignore_errors=True)


PATIENT = {"RAY_NUM_REDIS_GET_RETRIES": "120", "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "120"}
ASKED = ["--prompt", "reply", "--profile", "tiny", "--max-tokens", "8", "--keep-unreadable", "--min-readable", "0"]


@pytest.fixture(scope="module")
def built_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a model, and replies of one process."""
    folder: Path = tmp_path_factory.mktemp("workspace")
    sizes = Fresh(num_hidden_layers=2, tokenizer="bpe", vocab_size=400)
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("BALEEN_MEMO", str(folder / ".memo"))
        workspace.populate(folder)
        scratch.make(folder / "models/tiny", sizes, workspace.PROSE, seed=1)
        generate.main(["replies", "--input", "seed", "--model", "tiny", *ASKED])
    return folder


@pytest.fixture
def home(built_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the workspace."""
    copytree(built_workspace, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stage(home: Path, env: dict[str, str], address: str, workers: int = 2) -> subprocess.CompletedProcess[str]:
    """The stage in a process of its own, with an empty memo, on a cluster."""
    workspace.write_speed(ray_workers=workers, ray_address=address)
    words = ["-m", "stages.generate", "replies", "--input", "seed", "--model", "tiny", *ASKED]
    env = env | {"BALEEN_MEMO": str(home / "empty"), "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run([sys.executable, *words], cwd=home, env=env, capture_output=True, text=True)


@started
@needed
@pytest.mark.parametrize(("form", "workers"), [("auto", 2), ("ray://127.0.0.1:{}", 1)])
def test_a_stage_on_a_cluster_writes_the_table_of_one_process(
    head: tuple[dict[str, str], int], home: Path, form: str, workers: int
) -> None:
    env, client = head
    there = Path("data/replies.parquet").read_bytes()
    Path("data/replies.parquet").unlink()
    token = {} if form == "auto" else {"RAY_AUTH_MODE": "token"}
    ended = stage(home, env | token | PATIENT, form.format(client), workers)
    assert ended.returncode == 0, ended.stderr
    assert Path("data/replies.parquet").read_bytes() == there


@started
@needed
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("auto", "baleen: speed: ray_address is auto, but RAY_ADDRESS is not set"),
        ("127.0.0.1:1", "baleen: no Ray cluster answers at 127.0.0.1:1: "),
        ("ray://127.0.0.1:1", "baleen: no Ray cluster answers at ray://127.0.0.1:1: "),
    ],
)
def test_a_stage_without_a_cluster_ends_with_one_line(no_ray: Path, home: Path, address: str, words: str) -> None:
    ended = stage(home, dict(os.environ), address)
    assert ended.returncode == 1
    progress, last = ended.stderr.splitlines()[:-1], ended.stderr.splitlines()[-1]
    assert last.startswith(words)
    assert all(line.startswith("replies ") for line in progress)


@started
@needed
def test_a_cluster_that_wants_a_token_says_so(head: tuple[dict[str, str], int], home: Path) -> None:
    env, _ = head
    address = Path(env["RAY_TMPDIR"], "ray/ray_current_cluster").read_text().strip()
    ended = stage(home, env, address)
    assert ended.returncode == 1, (address, ended.stderr)
    assert "set RAY_AUTH_MODE=token" in ended.stderr.splitlines()[-1]
