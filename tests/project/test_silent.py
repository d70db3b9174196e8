"""What the plan leaves out cannot change a row: the memo and the process around it, and the words of errors.

Of checkpoints tests/training/test_train.py shows it (a training that was killed ends with the same weights), of Ray
tests/engines/test_ray.py, of rate limits tests/engines/test_openai.py.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import workbench
from workbench import Bench

from baleen.engines.protocol import Reply, Request
from baleen.memo import replies
from baleen.memo.ask import AskOptions, EngineQuery
from baleen.project import code_hashes, inputs
from baleen.tables import rows


@pytest.fixture
def bench(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return workbench.start_bench(tmp_path / "home", tmp_path_factory, monkeypatch)


def direct(_: object, query: EngineQuery, requests: Iterable[Request], options: AskOptions) -> Iterator[Any]:
    """The replies of the engine itself: no memo, no keys, no batches of ours, no progress."""
    table = list(requests)
    options.totals.rows = len(table)
    engine = query.load()
    answered: Iterator[tuple[int, Reply]] = (
        engine.generate(table, query.sampling) if query.kind == "generate" and query.sampling
        else engine.choose(table) if query.kind == "choose" else engine.loss(table)
    )  # fmt: skip
    replies = dict(answered)
    yield from ((request, replies[n], "", False) for n, request in enumerate(table))


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["generate", "score"])
def test_the_memo_and_what_stands_around_it_change_no_row(
    verb: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.write("in", workbench.pairs(24))
    flags = ["--keep-unreadable", "--temperature", "0"] if verb == "generate" else []
    bench.run(verb, *flags)
    through_memo = [row | {"lineage": []} for row in rows.read(rows.table_path("out"))]
    monkeypatch.setattr(replies, "ask", direct)
    bench.run(verb, *flags)
    assert [row | {"lineage": []} for row in rows.read(rows.table_path("out"))] == through_memo


@pytest.mark.parametrize("name", [name for name in inputs.SILENT if name.endswith(".py")])
def test_what_is_left_out_is_there(name: str) -> None:
    assert (inputs.CODE / name).is_file()


def test_a_training_uses_nothing_of_its_dry_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "SILENT", ())
    files = code_hashes.reached([("baleen/training/run.py", "train_model")])
    assert "baleen/training/trainer.py" in files and not [file for file in files if "dry_run" in file]


def says_without_raising(file: Path) -> list[str]:
    """The functions of a module that call `unknown` and raise nothing; mistakes of ingest_options are raised by its
    check."""
    text = file.read_text(encoding="utf-8")
    if file.name in ("errors.py", "ingest_options.py") or not re.search(r"\bunknown\s*\(", text):
        return []
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    names = []
    for function in functions:
        nodes = [*ast.walk(function)]
        calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        if "unknown" in calls and not any(isinstance(node, ast.Raise) for node in nodes):
            names.append(function.name)
    return names


@pytest.mark.slow
def test_words_of_errors_are_only_raised() -> None:
    """A function that says what is unknown also raises."""
    files = sorted(path for part in ("baleen", "stages") for path in Path(part).rglob("*.py"))
    assert [(file, names) for file in files if (names := says_without_raising(file))] == []
