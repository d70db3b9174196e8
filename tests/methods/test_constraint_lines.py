"""The lines of Crab's and AIR's recipes run one after the other, with replies that are written down: no row is lost."""

import shutil
from importlib import import_module
from pathlib import Path

import pytest
from scripted import Script, read_outputs, scripted_project

from baleen.engines.protocol import Request
from baleen.project import recipes
from baleen.tables import rows

ROOT = Path(__file__).parents[2]
LINES = {
    line.name: line
    for name in ("crab", "air", "air-rounds")
    for line in recipes.lines_of(ROOT / f"recipes/{name}.yaml")
}
TEXT = "Ice floats on water. It is lighter, since it takes more room.\n\nThat is why lakes freeze from above."


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    made = scripted_project(tmp_path, monkeypatch, Script())
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts", dirs_exist_ok=True)
    return made


def run(name: str, *flags: str) -> None:
    """Run a line as its recipe has it, with the scripted engine."""
    line = LINES[name]
    given = [f"--{key.replace('_', '-')}" for key, value in line.given.items() if value is True]
    for key, value in line.given.items():
        if key in ("input", "other", "prompt", "writes", "only", "tag"):
            given += [f"--{key}", str(value)]
        elif key == "apply":
            given += ["--apply", *(value if isinstance(value, list) else [str(value)])]
    given += ["--prompt", "reply", "--writes", "answer", "--keep-unreadable"] if line.rule == "answer" else []
    engine = ["--engine", "scripted", "--model", "m"] if line.verb in ("generate", "score") else []
    import_module(f"stages.{line.verb}").main([name, *given, *engine, *flags])


CRAB = {  # a part of what is asked, and the reply
    "Write the request anew": "Why does ice float, and what does that do to lakes?",
    "on the whole of it": "- dwell on lakes\n- use at most 3 words\n- write for sailors",
    "on its parts": "None.",
    "Change the constraint": "write for everybody",
}


def reply_of(table: dict[str, str], request: Request) -> str:
    return next(reply for part, reply in table.items() if part in request.messages[-1][1])


@pytest.mark.slow
def test_crab_repairs_what_is_false_and_teaches_constraints_that_hold(script: Script) -> None:
    script.text = lambda request: reply_of(CRAB, request)
    script.choices = lambda request: (0.9, 0.1) if "write for sailors" in request.messages[-1][1] else (0.1, 0.9)
    pairs = [{"id": f"r{n}", "origin": "seed", "instruction": f"Why {n}?", "response": TEXT} for n in range(30)]
    rows.write("crab-long", pairs)
    rows.write("crab-conversations", pairs)
    names = ("refined", "written", "local", "claims", "judged", "doubted", "repaired", "mended", "rejudged", "verified")
    for name in (*names, "chosen", "shown", "rows", "general", "mix"):
        run(f"crab-{name}")
    verified = read_outputs("crab-verified")
    assert sorted(verified.column("id")) == sorted(pair["id"] for pair in pairs)
    for row in verified.rows:
        assert {"dwell on lakes", "write for everybody"} <= {*row["constraints"]}
        assert not {"use at most 3 words", "write for sailors"} & {*row["constraints"]}
    assert verified.counts["rows_in"] == read_outputs("crab-claims").counts["rows_out"]
    mix = read_outputs("crab-mix")
    assert {row["prompt"] for row in mix.rows} == {"reply", "constrain"}
    assert [row for row in mix.rows if "what does that do to lakes?" in row["instruction"]]


AIR = {
    "Which single kind": "Kind: **Inclusion.**\nAddition: mention a lake that freezes from above",
    "one natural instruction": "Say why ice floats, and name a lake that freezes from above.",
}


@pytest.mark.slow
@pytest.mark.parametrize(("said", "whole"), [(0.9, True), (0.1, False)])
def test_air_goes_through_five_rounds_and_merges_what_a_judge_finds_in_it(
    said: float, whole: bool, script: Script
) -> None:
    script.text = lambda request: next(
        (reply for part, reply in AIR.items() if part in request.messages[-1][1]), "It floats."
    )
    script.choices = lambda request: (1 - said, said)
    begun = {"origin": "web", "instruction": "Why does ice float?", "response": TEXT, "reference": TEXT}
    rows.write("air-polished", [begun | {"id": f"r{n}"} for n in range(4)])
    import_module("stages.map").main(
        ["air-round-0", "--input", "air-polished", "--apply", "air.begin", "air.exemplify", "air.rounds(5)"]
    )
    for n in range(1, 6):
        for name in ("answer", "critique", "round"):
            run(f"air-{name}-{n}")
    for name in ("constrained", "merged", "stated", "merge-judged", "complete"):
        run(f"air-{name}")
    made = read_outputs("air-complete")
    assert sorted(made.column("id")) == [f"r{n}" for n in range(4)]
    assert {row["ended"] for row in made.rows} == {"no open kind"}  # the same kind again
    assert all(row["constraints"] == ["mention a lake that freezes from above"] for row in made.rows)
    listed = "Why does ice float?\n- mention a lake that freezes from above"
    assert {row["instruction"] for row in made.rows} == {AIR["one natural instruction"] if whole else listed}
