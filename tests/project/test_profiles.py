"""Profiles hold what a size changes; the papers' values stand with their methods, each with its place."""

from pathlib import Path
from typing import Any

import pytest

from baleen.commands import check_settings
from baleen.project import layers, recipes
from baleen.project.yaml_files import parse_yaml
from baleen.training.options import TrainOptions, batch_for, steps_for
from stages import verbs

PROFILES = sorted(Path("profiles").glob("*.yaml"))
LINES = recipes.lines(recipes.all_files())
PROJECT = layers.current()


def load_profile(name: str) -> dict[str, Any]:
    return dict(parse_yaml(Path(f"profiles/{name}.yaml").read_text(encoding="utf-8")))


def test_no_profile_has_a_section_that_nobody_names() -> None:
    named = {*check_settings.verbs_of(LINES), "origin", "speed", "scorer", "segments"}  # the last by `baleen new`
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
    "backward": {"steps": -1, "batch": 32, "lr": 1e-5, "lr_floor": 0.9, "weight_decay": 0.1, "dropout": 0.1},
    "sft": {"steps": -1, "batch": 32, "lr": 1e-5, "lr_floor": 0.9, "weight_decay": 0.1, "dropout": 0.1},
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
    "label": {"epochs": 6, "lr": 1e-5, "max_length": 512},
    "designer": {"max_length": 2048},
    "rebuilt-best": {"share": 0.95, "clusters": 200},
    "demands": {"apply": ["self_lengthen.at_least(2000)", "self_lengthen.below(8000)", "self_lengthen.demand(0)"]},
    "rate": {"temperature": 0.2, "top_p": 0.9, "max_tokens": 4096, "rating": "written"},
    "point": {"temperature": 0.5, "top_p": 0.95, "max_tokens": 1024, "rating": "written"},
    "verify": {"temperature": 0.4, "top_p": 0.3, "rating": "written"},
    "constrain": {"temperature": 0.4, "top_p": 0.3, "max_tokens": 1024},
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
    values = resolved(name, "paper")
    assert {key: values[key] for key in REPORTED[name]} == REPORTED[name]


def test_the_pocket_asks_every_method_alike_where_it_has_no_reason_not_to() -> None:
    assert not {"rewrite", "polish", "student"} & load_profile("pocket").keys()


TABLE_18 = {  # Humpback: examples, steps, batch
    100: (30, 8), 800: (300, 8), 1600: (600, 8), 3200: (500, 32), 6400: (600, 32), 12800: (600, 32), 25600: (1200, 32),
    51200: (1600, 32),
}  # fmt: skip


@pytest.mark.parametrize("examples", TABLE_18)
@pytest.mark.parametrize("name", ["sft", "backward"])
@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_steps_follow_the_number_of_examples_as_in_humpbacks_table(name: str, examples: int, profile: str) -> None:
    options, (steps, batch) = TrainOptions(**resolved(name, profile)), TABLE_18[examples]
    assert (steps_for(options, examples), batch_for(options, examples)) == (steps, batch)


TRAININGS = [line for line in LINES if line.verb == "train"]
FIXED = {"pretrain", "pages", "generator"}  # no steps for a trained model; not reported (LINGUIST)


@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_no_training_has_the_same_steps_whatever_its_rows(profile: str) -> None:
    project = layers.under(profile, PROJECT)
    trained = [line for line in TRAININGS if line.given.get("settings") not in FIXED]
    steps = {line.name: vars(layers.resolved(TrainOptions, line, project))["steps"] for line in trained}
    assert {name for name, n in steps.items() if n > 0} == set()


MIXES = [line for line in LINES if line.verb == "mix" and line.given.get("settings") == "seed-share"]


@pytest.mark.parametrize("line", MIXES, ids=lambda line: line.name)
def test_seeds_enter_once_unless_the_profile_repeats_them(line: recipes.Line) -> None:
    shares = {path.stem: verbs.resolved(line, layers.under(path.stem, PROJECT)).share for path in PROFILES}
    assert shares == dict.fromkeys(shares, 0.0) | {"pocket": 0.4}


def test_no_recipe_repeats_the_seeds_of_the_user_by_itself() -> None:
    assert [line.name for line in LINES if line.given.get("input") == "seed" and line.given.get("share")] == []


CONTEXT = {  # tokens that the models of profiles read (config.json of each)
    "meta-llama/Llama-2-7b-hf": 4096,
    "meta-llama/Llama-2-70b-chat-hf": 4096,
    "meta-llama/Meta-Llama-3-70B-Instruct": 8192,
    "meta-llama/Llama-3.1-8B": 131072,
    "meta-llama/Llama-3.1-8B-Instruct": 131072,
    "Qwen/Qwen2.5-0.5B": 32768,
    "Qwen/Qwen2.5-0.5B-Instruct": 32768,
}
MODELS = {line.name: line for line in TRAININGS}


def context(model: str, project: layers.Project) -> int:
    """The context of a model: of the one that a profile has instead, else of its base."""
    if model == "origin":
        return CONTEXT.get(project.profile["origin"].get("hub", ""), 0)
    options = layers.resolved(TrainOptions, MODELS[model], project)
    return CONTEXT[options.instead["hub"]] if "hub" in options.instead else context(options.base, project)


@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_no_line_writes_more_than_half_of_what_its_model_reads(profile: str) -> None:
    project = layers.under(profile, PROJECT)
    lines = [line for line in LINES if line.verb == "generate"]
    made = {line.name: vars(layers.resolved(verbs.options_of("generate"), line, project)) for line in lines}
    odd = {
        name: one["max_tokens"] for name, one in made.items() if 2 * one["max_tokens"] > context(one["model"], project)
    }
    assert odd == {}


@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_no_training_has_examples_longer_than_its_model_reads(profile: str) -> None:
    project = layers.under(profile, PROJECT)
    options = {line.name: layers.resolved(TrainOptions, line, project) for line in TRAININGS}
    taught = {name: one for name, one in options.items() if not one.instead and one.steps}
    odd = {name: one.max_length for name, one in taught.items() if one.max_length > context(one.base, project)}
    assert odd == {}
