"""A line of a recipe queries another model than the one it names when its settings have one in its place."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import own_project
import pytest
from scripted import Script, documents, run_verb, scripted_project

from baleen.commands import provenance
from baleen.errors import Problem
from baleen.models import identity, pins, stand_ins
from baleen.models.load import check_origin
from baleen.project import assemble, layers, recipes
from baleen.project.settings import Speed
from baleen.training import memory
from stages import verbs
from stages.generate import GenerateOptions
from stages.score import ScoreOptions

PROJECT = layers.current()
LINES = {line.name: line for line in recipes.lines(recipes.all_files())}
STUDENT, SPEED = {"hub": "a/student", "parameters": 8e9}, Speed(device="cuda", gpu_gb=80, tensor_parallel=0)


def model(name: str, size: float) -> dict[str, Any]:
    return {"hub": name, "revision": "a" * 40, "parameters": size}


PLACES = {  # section of a profile, and a line that is to use its model
    "labeller": ("labeller", "kun-label"),
    "judge of constraints": ("verify", "crab-judged"),
    "judge of instructions": ("rate", "air-rated"),
    "judge of pairs": ("rating", "humpback-judge-1"),
    "rewriter": ("rewrite", "back-and-forth-draft"),
    "translator": ("translator", "round-trip-there"),
    "embedder": ("vectors", "air-vectors"),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_role_has_a_place_in_a_profile_for_a_model_of_its_own_size(place: str) -> None:
    section, name = PLACES[place]
    large = model("a/large", 7e10)
    own = PROJECT.profile | {"origin": STUDENT, "scorer": "rating", "speed": {}, section: {"instead": large}}
    under = replace(PROJECT, profile=own, profile_name="mine", params=PROJECT.params | {"scorer": "profile"})
    some = [(one.name, one.verb, verbs.resolved(one, under)) for one in LINES.values() if one.verb in QUERIED]
    needs = {need.line: need for need in memory.needs(some, STUDENT, SPEED)}
    assert needs[name].model == "a/large" and needs[name].parts["weights"] >= 140e9
    assert needs["reply"].model == "a/student" and needs["reply"].parts["weights"] == 128e9


QUERIED = ("train", "generate", "score")


def test_lines_with_the_same_stand_in_share_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own_project.write(tmp_path, {"params.yaml": "profile: mine\n"})
    given = model("a/judge", 7e10)
    asked = stand_ins.with_own_model(GenerateOptions("t", "student", "reply", instead=given), "generate x")
    graded = stand_ins.with_own_model(ScoreOptions("t", "student", "reply", instead=given), "score y")
    assert asked.model == graded.model != "student" and not asked.instead
    pinned = pins.pin(asked.model)
    assert pinned and (pinned.hub, pinned.parameters) == ("a/judge", 7e10)
    other = stand_ins.with_own_model(ScoreOptions("t", "student", "reply", instead=model("a/other", 1)), "score z")
    assert other.model != graded.model
    plain = ScoreOptions("t", "student", prompt="reply")
    assert stand_ins.with_own_model(plain, "score y") is plain


def test_a_stage_queries_the_model_that_its_profile_has_in_place_of_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted_project(tmp_path, monkeypatch, Script())
    own_project.write(tmp_path, {"models/other/model.safetensors": "others"})
    graded = run_verb("score", documents("a"), "--prompt", "judge").column("lineage")[0][-1]["model"]
    own_project.write(tmp_path, {"profiles/p.yaml": "speed: {}\nscore: {instead: {path: models/other}}\n"})
    other = run_verb("score", documents("a"), "--prompt", "judge", "--profile", "p").column("lineage")[0][-1]["model"]
    assert (graded, other) == (identity.identity("m"), identity.identity("other"))


def test_a_stand_in_that_cannot_be_meant_is_a_problem() -> None:
    with pytest.raises(Problem, match="score x: instead: revision 'main' of a/b must be the commit"):
        stand_ins.check({"hub": "a/b", "revision": "main"}, "score x")
    check_origin(model("a/b", 1))


@pytest.mark.parametrize("name", ["air-vectors", "round-trip-after"])
def test_in_a_project_of_ones_own_only_a_model_that_is_trained_is_taken_as_it_is(name: str) -> None:
    own = {"vectors": {"instead": model("a/encoder", 1)}, "guide": {"instead": model("a/guide", 1)}}
    assert assemble.on_tables(LINES[name], {}, own) == LINES[name]
    assert assemble.on_tables(LINES["air-chat"], {}, own).given["input"] == "seed"


def test_a_card_names_the_model_that_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    line = LINES["crab-judged"]
    given = replace(verbs.resolved(line, PROJECT), instead=model("a/judge", 7e10))
    monkeypatch.setattr(provenance, "options", lambda _: given)
    found = provenance.stand_ins([line, LINES["seed"]])
    assert [provenance.pin_origin(pin) for pin in found.values()] == [f"a/judge at commit {'a' * 40}"]
