"""Profiles hold what a size changes; the papers' values stand with their methods, each with its place."""

from pathlib import Path
from typing import Any

import pytest

from baleen.project import layers, recipes
from baleen.project.yaml_files import parse_yaml
from stages import check, verbs

PROFILES = sorted(Path("profiles").glob("*.yaml"))
LINES = recipes.lines(recipes.all_files())
PROJECT = layers.current()


def load_profile(name: str) -> dict[str, Any]:
    return dict(parse_yaml(Path(f"profiles/{name}.yaml").read_text(encoding="utf-8")))


def test_no_profile_has_a_section_that_nobody_names() -> None:
    named = {*check.verbs_of(LINES), "origin", "speed"}
    assert [(path.stem, name) for path in PROFILES for name in load_profile(path.stem).keys() - named] == []


def test_what_is_the_same_in_every_profile_stands_in_none() -> None:
    sections = [set(map(repr, load_profile(path.stem).items())) for path in PROFILES]
    assert set.intersection(*sections) == set()


@pytest.mark.parametrize("name", [name for name, group in PROJECT.groups.items() if group.values])
def test_the_values_of_a_method_stand_with_where_they_come_from(name: str) -> None:
    """A comment on the line or above it; what is measured needs none."""
    above, line = "", ""
    for text in Path(PROJECT.groups[name].file).read_text(encoding="utf-8").splitlines():
        if text.startswith(f"  {name}:"):
            line = text
            break
        above = above if text.startswith("  ") and not text.startswith("  #") and "#" in above else text
    assert "#" in line + above or "mean:" in line, line


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_activations_are_computed_twice_by_one_setting_only(path: Path) -> None:
    speed = load_profile(path.stem)["speed"]
    chosen = parse_yaml(Path(speed.get("accelerate_config", path)).read_text())
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


def resolved(name: str, profile: str) -> dict[str, Any]:
    """The settings of the first line that names a group, under a profile."""
    project = layers.under(profile, PROJECT)
    line = next(
        line for line in LINES if line.given.get("settings", DEFAULT.get(line.rule)) == name and without_sampling(line)
    )
    return vars(layers.resolved(verbs.options_of(line.verb), line, project))


def without_sampling(line: recipes.Line) -> bool:
    """Whether a line leaves sampling to its settings."""
    return "temperature" not in line.given


DEFAULT = {"train": "sft", "generate": "generate"}


@pytest.mark.parametrize("name", REPORTED)
def test_a_line_has_the_values_of_its_paper(name: str) -> None:
    assert resolved(name, "paper").items() >= REPORTED[name].items()


def test_crab_writes_constraints_as_its_release_does() -> None:
    (line,) = [line for line in LINES if line.name == "crab-written"]
    assert line.given.items() >= {"temperature": 0.4, "top_p": 0.3}.items()


def test_the_pocket_asks_every_method_alike_where_it_has_no_reason_not_to() -> None:
    assert not {"rewrite", "polish", "student"} & load_profile("pocket").keys()
