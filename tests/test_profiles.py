"""Profiles: what recipe lines name is in all of them, and the papers' values are told with their place."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from baleen.project import recipes
from baleen.project.recipes import Line

PROFILES = sorted(Path("profiles").glob("*.yaml"))
REAL = ("paper", "8b", "small")
LINES = recipes.lines(recipes.files())
MORE = [line for path in sorted(Path("recipes/more").glob("*.yaml")) for line in recipes.lines_of(path)]
OWN = {"generate": "generate", "score": "score"}  # the section of a line that names none
RULES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]


def section(line: Line) -> str:
    return str(line.given.get("settings", OWN.get(line.verb, "")))


def sections(*verbs: str) -> list[str]:
    """The sections that lines of these verbs name."""
    return sorted({section(line) for line in LINES if line.verb in verbs} - {""})


def whole(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load(Path(f"profiles/{name}.yaml").read_text(encoding="utf-8")))


def blocks(name: str) -> dict[str, list[str]]:
    """The lines of each section as they are written."""
    found: dict[str, list[str]] = {}
    for line in Path(f"profiles/{name}.yaml").read_text(encoding="utf-8").splitlines():
        if start := re.match(r"(\w+):", line):
            found[start[1]] = []
        if found and line and not line.startswith("#"):
            found[next(reversed(found))].append(line)
    return found


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_a_profile_has_every_section_that_lines_name(path: Path) -> None:
    assert {*sections("generate", "score", "train", "evaluate"), "origin", "speed"} <= whole(path.stem).keys()


def test_no_profile_has_a_section_that_nobody_names() -> None:
    named = {*sections("generate", "score", "train", "evaluate"), *map(section, MORE), "origin", "speed"}
    assert [(path.stem, name) for path in PROFILES for name in whole(path.stem).keys() - named] == []


@pytest.mark.parametrize("rule", ["generate", "score", "train", "teach", "evaluate"])
def test_a_stage_depends_on_the_section_that_its_line_names_and_on_no_other(rule: str) -> None:
    (watched,) = RULES[rule]["do"]["params"]
    assert list(watched.values()) == [["score" if rule == "score" else "${item.settings}"]]
    assert rule != "score" or set(sections(rule)) <= {"score"}


@pytest.mark.parametrize("name", sections("generate", "train"))
def test_every_value_of_the_papers_has_its_place(name: str) -> None:
    first, *values = blocks("paper")[name]
    assert "#" in first
    ours = re.compile(r"#|hub:|\{|^  engine:")
    assert [line for line in values if not ours.search(line)] == []


@pytest.mark.parametrize("profile", REAL)
@pytest.mark.parametrize("name", sections("generate", "train"))
def test_a_real_profile_says_whose_values_it_has(profile: str, name: str) -> None:
    assert "#" in blocks(profile)[name][0]


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_activations_are_computed_twice_by_one_setting_only(path: Path) -> None:
    speed = whole(path.stem)["speed"]
    chosen = yaml.safe_load(Path(speed.get("accelerate_config", path)).read_text())
    own, shards = speed.get("gradient_checkpointing"), chosen.get("fsdp_config", {})
    assert not (own and shards.get("fsdp_activation_checkpointing"))


REPORTED: dict[str, dict[str, object]] = {  # what the papers and releases say
    "backward": {"steps": 500, "batch": 32, "lr": 1e-5, "lr_floor": 0.9, "weight_decay": 0.1, "dropout": 0.1},
    "sft": {"steps": 1600, "batch": 32, "lr": 1e-5, "lr_floor": 0.9, "weight_decay": 0.1, "dropout": 0.1},
    "generate": {"temperature": 0.7, "top_p": 0.9},
    "rewrite": {"temperature": 1.0, "top_p": 0.9},
    "polish": {"temperature": 0.5, "top_p": 0.95, "repetition_penalty": 1.2, "max_tokens": 1024},
    "refine": {"temperature": 0.2, "top_p": 0.9, "max_tokens": 4096},
    "long": {"temperature": 0.0, "max_tokens": 2048},
    "lengthen": {
        "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.1, "max_tokens": 16384
    },
    "adapters": {"epochs": 4, "lr": 1e-4, "schedule": "cosine", "warmup": 0.1, "max_length": 16384, "adapter": True},
    "kun": {"epochs": 4, "lr": 1e-5, "max_length": 512},
    "designer": {"max_length": 2048},
    "cycle": {"lora_rank": 8, "lora_alpha": 16, "dropout": 0.05, "lr": 1e-4, "epochs": 3, "batch": 8, "warmup": 0.03},
}  # fmt: skip
SIZED = {"steps", "batch", "max_length", "max_tokens", "dropout"}  # what another model or budget changes


@pytest.mark.parametrize("name", REPORTED)
def test_the_papers_values_stand_in_the_profile(name: str) -> None:
    assert whole("paper")[name].items() >= REPORTED[name].items()


@pytest.mark.parametrize("profile", ["8b", "small"])
@pytest.mark.parametrize("name", REPORTED)
def test_another_size_keeps_what_does_not_depend_on_it(profile: str, name: str) -> None:
    own = whole(profile)[name]
    kept = {key: value for key, value in REPORTED[name].items() if key in own and key not in SIZED}
    assert own.items() >= kept.items()


RECIPE: dict[str, dict[str, object]] = {  # sampling that belongs to the method and stands in its lines
    "crab-written": {"temperature": 0.4, "top_p": 0.3},
    **{f"air-{name}": {"temperature": 0.2} for name in ("asked", "polished", "critique-1", "merged", "answered")},
}


@pytest.mark.parametrize("name", RECIPE)
def test_a_line_has_the_sampling_of_its_paper(name: str) -> None:
    (line,) = [line for line in LINES if line.name == name]
    assert line.given.items() >= RECIPE[name].items()


def test_the_pocket_asks_every_method_alike_where_it_has_no_reason_not_to() -> None:
    own = whole("pocket")
    assert own["rewrite"] == own["polish"] == own["refine"] == own["generate"]
