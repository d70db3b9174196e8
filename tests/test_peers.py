"""docs/peers.md is what its figures say; a run is judged by what it asked and what its rows are."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import peers, peers_page, peers_runs, peers_server
from benchmarks.peers_runs import TOOLS, Job, Run
from benchmarks.peers_server import Query

PAGE = Path(__file__).parents[1] / "docs/peers.md"
RAN = {"ended": "well", "seconds": 1.0, "asked": 4, "needed": 4, "rows": 100, "right": 100, "of": 100}


def test_the_page_is_what_its_figures_say() -> None:
    figures = json.loads(PAGE.with_suffix(".json").read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == peers_page.page(figures)
    assert list(figures["tools"]) == [tool.name for tool in TOOLS]


@pytest.mark.parametrize(
    ("differs", "words"),
    [
        ({}, "4 asked; all right"),
        ({"rows": 96, "right": 96}, "4 asked; **4 missing**"),
        ({"right": 99}, "4 asked; **1 wrong**"),
        ({"rows": 98, "right": 90}, "4 asked; **2 missing, 8 wrong**"),
        ({"rows": 101}, "4 asked; **1 too many**"),
        ({"ended": "hung", "rows": 0, "right": 0}, "4 asked; **hangs**"),
        ({"ended": "failed", "rows": 0, "right": 0}, "4 asked; **failed**"),
        ({"answered": 97, "twice": 1}, "4 asked after 97, 1 twice; all right"),
        ({"asked": 1376, "answered": 624, "twice": 0}, "1,376 asked after 624; all right"),
    ],
)
def test_a_cell_says_what_was_asked_and_what_is_wrong(differs: dict[str, Any], words: str) -> None:
    assert peers_page.change(RAN | differs) == words


def test_a_tool_that_could_not_be_installed_is_named_and_has_no_column() -> None:
    changes = {name: RAN for name in peers_page.CHANGES}
    there = {"version": "1", "settings": {"n": 2}, "rows_s": 10.0, "seconds": 1.0, "cpu_ms": 1.0, "changes": changes}
    tools = {"baleen": there, "curator": {"missing": "it could not be installed: no wheel"}}
    given = {"date": "2026-01-01", "cores": 2, "python": "3.11", "rows": 100, "repeats": 1, "minutes": 1.0}
    text = peers_page.page(given | {"tools": tools})
    assert "| 100 rows | must ask | baleen 1 |\n" in text
    assert "- curator: not measured: it could not be installed: no wheel\n- polars: not measured: left out\n" in text


def test_rows_are_right_by_their_text_and_the_reply_that_belongs_to_it(tmp_path: Path) -> None:
    job = Job(["a", "b", "c"], "system", tmp_path)
    of = job.expected()
    assert len({*of.values(), *Job(["a"], "other", tmp_path).expected().values()}) == 4
    rows = [("a", peers_server.reply(of["a"])), ("b", peers_server.reply(of["a"])), ("d", peers_server.reply(of["c"]))]
    result = peers.outcome(Run("well", 1.0, 0.1, [Query(of["a"], 0.0)], rows), job, needed=3)
    assert (result["asked"], result["rows"], result["right"], result["of"]) == (1, 3, 1, 3)


def test_speed_is_the_median_between_the_first_and_the_last_reply(tmp_path: Path) -> None:
    job = Job(["a", "b"], "system", tmp_path)
    runs = [(Run("well", 9.0, 0.1, [Query("x", 1.0), Query("y", 1.0 + span)], []), job) for span in (1.0, 2.0, 0.5)]
    assert peers.speed(runs) == {"rows_s": 2.0, "seconds": 9.0, "cpu_ms": 50.0}
    assert peers.speed([(Run("failed", 9.0, 0.1, [], []), job)]) == {}


class Written:
    """A connection that keeps what is sent to it."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data


def test_the_server_counts_conversations_however_they_arrive() -> None:
    """In parts, two at once, with content in parts, and without turns, which does not count."""
    queries: list[Query] = []
    count = type("Count", (), {"value": 0})()
    answers, connection = peers_server.Answers(queries, count), Written()
    answers.connection_made(connection)  # type: ignore[arg-type]
    plain = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "text"}]}
    parts = {"messages": [plain["messages"][0], {"role": "user", "content": [{"type": "text", "text": " text"}]}]}
    bodies = [json.dumps(one).encode() for one in (plain, parts, {"messages": []})]
    sent = b"".join(b"POST /v1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
    for begin, end in ((0, 50), (50, 200), (200, len(sent))):
        answers.data_received(sent[begin:end])
    answers.data_received(b"GET /v1/models HTTP/1.1\r\n\r\n")
    of = peers_server.digest([("system", "s"), ("user", "text")])
    assert [query.digest for query in queries] == [of, of] and count.value == 2
    assert connection.sent.count(b"200 OK") == 4 and connection.sent.count(peers_server.reply(of).encode()) == 2


@pytest.mark.slow
def test_baleen_asks_about_the_edited_row_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    tool = TOOLS[0]
    with peers_server.running() as server:
        bench = peers.Bench(server, 300, tmp_path)
        run, job = bench.first(tool)
        assert peers.outcome(run, job, 300)["right"] == len(run.queries) == 300
        bench.keep(tool)
        edited = bench.changes()["edited"](tool)
        assert (edited["ended"], edited["asked"], edited["right"]) == ("well", 1, 300)
        killed = bench.killed(tool)
    assert killed["ended"] == "well" and killed["right"] == 300
    assert killed["asked"] == 300 - killed["answered"] + killed["twice"] and killed["answered"] >= 105


def test_nothing_of_a_killed_group_is_left() -> None:
    process = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60"], start_new_session=True)
    peers_runs.clear(process)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "ended"), [("sleep 60", "hung"), ("exit 3", "failed"), ("true", "well")])
def test_a_run_hangs_when_it_wants_no_processor(command: str, ended: str) -> None:
    process = subprocess.Popen(["sh", "-c", command], start_new_session=True)
    assert peers_runs.wait(process, None, idle=1.2) == ended  # type: ignore[arg-type]


def test_a_busy_run_does_not_hang() -> None:
    process = subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True)
    before = peers_runs.demand(process.pid)
    while peers_runs.demand(process.pid) == before:
        pass
    peers_runs.clear(process)
    assert not peers_runs.demand(process.pid)
