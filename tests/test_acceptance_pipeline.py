"""Acceptance, second part: what a build runs again, where it stops, what reaches a dataset and what is reported.

Real stages, under DVC or not; the judge of the bench answers through transformers or as a server.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import project
import pytest
import workbench
from faulty_proxy import Fault, Json, Proxy, serving
from test_incremental import seed_row
from workbench import Bench, ask_memo, at_proxy, column, counts, outs, pairs, question, questions_of, verb_arguments

from baleen.engines.hf import HF
from baleen.engines.protocol import Request, Sampling
from baleen.errors import Problem
from baleen.models import identity
from baleen.project.settings import Speed
from baleen.tables import rows
from stages import filter as filter_verb
from stages import ingest, map

pytestmark = pytest.mark.slow
GARBAGE = "it is fine , I say 4 or 5 ."
BRACES = """\
---
writes: [verdict]
---
{"text": "$response", "like": {"score": {}, "cost": "$$5"}}
"""
LINE = r"\b\d+/300 rows\b.*\b\d+%.*[\d.]+ rows/s.*\beta \d+:\d\d"
RATINGS = {
    "good , so :\nScore: 3": 3.0,
    "Score: 10": None,
    "**Score:** 5": 5.0,
    "score: 4.5/5": 4.5,
    "1: incomplete , vague\n2: it covers most\n3: helpful\n4: written as an AI Assistant\n5: a perfect answer": None,
    "Score: 2\n\nno , rather\nScore: 4": None,
    "Score: 2 or Score: 4": None,
    "Score: 1\nScore: 2\nScore: 3\nScore: 4\nScore: 5": None,
    "a fine answer": None,
    "Score: 0": None,
    "": None,
}


@dataclass
class Judge:
    """The judge as a server, and what it says instead of its own words to questions with some words in them."""

    proxy: Proxy
    says: dict[str, str]

    @property
    def flags(self) -> list[str]:
        return at_proxy(self.proxy)

    def new_questions(self) -> list[str]:
        """The questions since the last call, repeated ones once."""
        found = {body["messages"][-1]["content"] for body in self.proxy.bodies}
        self.proxy.bodies.clear()
        return sorted(found)


@pytest.fixture
def server(bench: Bench) -> Iterator[Judge]:
    pytest.importorskip("aiohttp")
    honest, says = workbench.served_engine(HF("judge", Speed(device="cpu"))), dict[str, str]()

    def answer(path: str, body: Json, headers: object) -> tuple[int, Json]:
        status, found = honest(path, body, {})
        content = body["messages"][-1]["content"] if body else ""
        said = next((words for part, words in says.items() if part in content), None)
        if said is not None:
            found["choices"][0] |= {"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return status, found

    with serving(Proxy(answer)) as proxy:
        yield Judge(proxy, says)


@pytest.fixture
def built_project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that a first round of Humpback was built in."""
    return project.copy_project(project.built_small(tmp_path_factory), tmp_path / "edited")


def test_03_one_seed_row_teaches_the_backward_model_anew_and_leaves_the_corpus_alone(built_project: Path) -> None:
    """Under DVC: seeds and backward model run, nothing that reads, cuts or de-duplicates other files does."""
    before = identity.identity(str(built_project / "models/ask"))
    seed_row(built_project)
    ran = project.repro(built_project, "train@ask", "ingest@web", "ingest@heldout", "load@prose", "train@base")
    assert ran == {"ingest@seed", "train@ask"}
    assert identity.identity(str(built_project / "models/ask")) != before


def test_04_another_threshold_asks_no_model(built_project: Path) -> None:
    """Under DVC: the filter and what puts tables together run; no verb that loads a model does, and the memo stays."""
    paid, kept = (
        project.memo_replies(built_project),
        project.load_json(built_project, "data/humpback-dataset.json")["rows_out"],
    )
    project.set_yaml(built_project / "params.yaml", "curate.share", 0.6)
    ran = project.repro(built_project, "map@humpback-dataset")
    assert ran == {"filter@humpback-curate-1", "mix@humpback-mix-1", "map@humpback-dataset"}
    assert project.memo_replies(built_project) == paid
    assert project.load_json(built_project, "data/humpback-dataset.json")["rows_out"] > kept


def test_05_a_judge_that_answers_garbage_stops_the_build_and_the_share_is_told(bench: Bench, server: Judge) -> None:
    """Three of ten replies say nothing: below the gate there is no table, above it they are counted and never a
    rating; asked again is nothing."""
    table = pairs(20)
    rows.write("in", table)
    server.says |= {row["response"]: GARBAGE for row in table[::10] + table[1::5]}
    with pytest.raises(Problem, match=r"generate out: only 70% of 20 .*6 unreadable.*prompts/judge\.md"):
        bench.run("generate", *server.flags, "--min-readable", "0.8")
    assert outs() == [] and len(server.new_questions()) == 20
    bench.run("generate", *server.flags, "--min-readable", "0.7")
    assert (counts()["readable"], counts()["dropped"], counts()["rows_out"]) == (0.7, {"unreadable": 6}, 14)
    assert server.new_questions() == []


def test_05_the_gate_of_expected_ratings_stops_it_too(bench: Bench) -> None:
    """The same when a rating is read from the probabilities of the choices: NULL where they have none."""
    table = pairs(20)
    rows.write("in", table)
    bench.spoiled = lambda request: ask_memo(request) in {question(row) for row in table[:6]}
    with pytest.raises(Problem, match=r"score out: only 70% of 20 .*prompts/judge\.md"):
        bench.run("score", "--min-readable", "0.8")
    assert outs() == []
    bench.run("score", "--min-readable", "0.7")
    assert counts()["readable"] == 0.7
    assert [rating is None for rating in column("rating")] == [True] * 6 + [False] * 14


def test_06_a_batch_that_fails_leaves_no_row_and_is_all_that_is_asked_again(bench: Bench, server: Judge) -> None:
    """HTTP 500 for eight rows until they are given up: no table and so no dataset; the next run asks those eight."""
    table = pairs(24)
    rows.write("in", table)
    failing = set(questions_of(table[8:16]))
    server.proxy.always = lambda body: Fault(500) if body["messages"][-1]["content"] in failing else None
    with pytest.raises(Problem, match="8 of 24 requests .* failed: .*HTTP 500.* run the same command"):
        bench.run("generate", *server.flags)
    with pytest.raises(Problem, match="no table data/out.parquet"):
        map.main(["dataset", "--input", "out", "--apply", "messages"])
    assert outs() == [] and len(server.new_questions()) == 24
    server.proxy.always = lambda body: None
    bench.run("generate", *server.flags)
    map.main(["dataset", "--input", "out", "--apply", "messages"])
    assert server.new_questions() == sorted(failing)
    assert column("id", "dataset") == [row["id"] for row in table] and None not in column("rating", "dataset")


def test_11_every_malformed_score_has_a_defined_result(bench: Bench, server: Judge) -> None:
    """The judge prompt of the project: a reply is the rating on its last line, or a dropped row with its words; a row
    is never rated 0 and never lost."""
    table = pairs(len(RATINGS))
    rows.write("in", table)
    server.says |= {row["response"]: said for row, said in zip(table, RATINGS, strict=True)}
    bench.run("generate", *server.flags, "--prompt", "real", "--min-readable", "0.2")
    wanted = [(row["id"], rating) for row, rating in zip(table, RATINGS.values(), strict=True)]
    assert list(zip(column("id"), column("rating"), strict=True)) == [pair for pair in wanted if pair[1]]
    dropped = [(row["id"], row["reply"], row["reason"]) for row in rows.read(Path("data/out.dropped.parquet"))]
    said = [(row["id"], reply) for row, reply in zip(table, RATINGS, strict=True) if RATINGS[reply] is None]
    assert dropped == [(name, reply, "unreadable") for name, reply in said]


def test_12_a_prompt_with_braces_reaches_the_model_as_it_stands(bench: Bench, server: Judge) -> None:
    """JSON in the prompt and in the row: what comes over the wire is the same JSON, and the reply that ends in the
    table is what the model says to exactly this text."""
    Path("prompts/json.md").write_text(BRACES)
    table = [row | {"response": f"{{{row['response']}}}"} for row in pairs(3)]
    rows.write("in", table)
    bench.run("generate", *server.flags, "--prompt", "json", "--temperature", "0", "--keep-unreadable")
    said = [f'{{"text": "{row["response"]}", "like": {{"score": {{}}, "cost": "$5"}}}}' for row in table]
    assert [json.loads(text)["text"] for text in said] == [row["response"] for row in table]
    assert server.new_questions() == sorted(said)
    direct = HF("judge", Speed(device="cpu")).generate(
        [Request((("user", text),)) for text in said], Sampling(0, max_tokens=6)
    )
    replies = [reply.text for _, reply in sorted(direct)]
    assert [text.removesuffix(" …") for text in column("verdict")] == replies


def test_13_the_newest_packages_in_a_fresh_environment_build_a_dataset_offline(tmp_path: Path) -> None:
    """pyproject.toml alone, without our constraints, gives an environment in which the check passes and DVC builds
    a dataset from nothing: base model, backward model, candidates. Needs a package index, and skips without one."""
    folder, programs = project.set_up_small(tmp_path / "project"), tmp_path / "venv/bin"
    project.set_yaml(folder / "recipes/humpback.yaml", "map.humpback-dataset.input", "humpback-pool")
    project.keep_only(folder, ["humpback-dataset"])
    project.init_git(folder)
    links = os.environ.get("UV_FIND_LINKS", os.environ.get("PIP_FIND_LINKS", ""))
    env = project.environment(folder) | {"UV_FIND_LINKS": links, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def ran(*words: str) -> str:
        done = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True)
        assert not done.returncode, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    uv = (sys.executable, "-m", "uv")
    if subprocess.run([*uv, "pip", "compile", "-q", "--no-cache", "-"], env=env, input=b"pyyaml").returncode:
        pytest.skip("no package index answers")
    ran(*uv, "venv", "-q", "--python", sys.executable, str(programs.parent))
    ran(*uv, "pip", "install", "-q", "--python", str(programs / "python"), "-e", ".[train]")
    env["HF_HUB_OFFLINE"] = "1"
    assert "are well wired" in ran("python", "-m", "baleen", "check")
    ran("python", "-m", "stages.warm", "dvc", "repro", "map@humpback-dataset")
    augmented, made = (project.load_json(folder, f"data/humpback-{name}.json") for name in ("augment", "dataset"))
    assert augmented["rows_in"] == project.DOCUMENTS and augmented["rows_out"] == made["rows_out"] > 0


def test_14_progress_reads_well_in_the_file_that_nohup_leaves(bench: Bench) -> None:
    """Lines without carriage returns or escapes: target, count of rows, share, rate and time left, up to the last
    row."""
    rows.write("in", pairs(300))
    often = "from baleen.project import progress; import stages.generate as verb; progress.EVERY = 0.0"
    often += f"; verb.main({verb_arguments()})"
    workbench.run_command(bench.home, Path("nohup.out"), "-c", often)
    said = Path("nohup.out").read_bytes().decode()
    assert not re.search("[\r\x1b\x08]", said)
    first, *between, last = [line for line in said.splitlines() if line.startswith("out ") and "/300 " in line]
    assert re.search(r"\b\d+/300 rows\b", first) and re.search(r"\b300/300 rows\b.*\b100%", last)
    assert all(re.search(LINE, line) for line in between[-100:]), between


def test_15_every_row_that_leaves_lies_in_a_side_file_with_its_reason_and_the_row_it_repeats(bench: Bench) -> None:
    """Copies, near copies and rows below a threshold: kept and dropped rows together are those that came in, and the
    id in a reason is that of a row that stayed."""
    long = " ".join(row["response"] for row in pairs(12))
    said = ["one is here .", long, "two is here .", "one is here .", f"{long} and more", ""]
    Path("web.jsonl").write_text("".join(json.dumps({"response": text}) + "\n" for text in said))
    ingest.main(["in", "--source", "web.jsonl", "--origin", "web", "--deduplicate", "near"])
    ids = dict(zip(column("response", "in"), column("id", "in"), strict=True))
    assert list(ids) == said[:3]
    dropped = list(rows.read(Path("data/in.dropped.parquet")))
    assert [(row["response"], row["reason"]) for row in dropped][:2] == [
        (said[3], f"duplicate of {ids[said[0]]}"),
        (said[4], f"near duplicate of {ids[long]}"),
    ]
    assert [bool(row["reason"]) for row in dropped] == [True] * 3
    filter_verb.main(["best", "--input", "in", "--keep", "chars(response)>20"])
    left = list(rows.read(Path("data/best.dropped.parquet")))
    assert [(row["id"], row["reason"]) for row in left] == [
        (ids[text], "not chars(response)>20") for text in said[0:3:2]
    ]
