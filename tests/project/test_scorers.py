"""Which scorer judges candidate pairs, and what is kept by it: what params.yaml says, else the profile's own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from baleen.project import layers, recipes
from stages import verbs

PROJECT = layers.current()
LINES = {line.name: line for line in recipes.lines(recipes.all_files())}
PROFILES = sorted(path.stem for path in Path("profiles").glob("*.yaml"))
LIKELY, GAIN, RATING = (
    {"prompt": "reply", "gain": False},
    {"prompt": "reply", "gain": True},
    {"prompt": "judge", "gain": False},
)
BEST = {"best": "worst", "highest": False, "share": 0.3, "keep": []}
ABOVE = {"best": "gain", "highest": True, "share": 1.0, "keep": ["gain>0"]}
RATED = {"best": "rating", "highest": True, "share": 1.0, "keep": ["rating>=4.5"]}
OWN = {name: (GAIN, ABOVE) for name in PROFILES} | {"pocket": (LIKELY, BEST), "paper": (RATING, RATED)}
JUDGES = [name for name, line in LINES.items() if line.verb == "score" and "prompt" not in line.given]
KEEPS = [name for name, line in LINES.items() if line.given.get("knobs") == "curate"]


def settings(name: str, profile: str, **params: Any) -> dict[str, Any]:
    """The settings of a line under a profile and other knobs."""
    project = layers.under(profile, replace(PROJECT, params=PROJECT.params | params))
    return dict(vars(verbs.resolved(LINES[name], project)))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", JUDGES)
def test_every_judge_of_candidates_scores_as_its_profile_does(name: str, profile: str) -> None:
    assert settings(name, profile).items() >= OWN[profile][0].items()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", ["humpback-curate-1", "humpback-curate-2", "crab-relaid-best", "random-pool"])
def test_what_is_kept_follows_the_scorer(name: str, profile: str) -> None:
    found = settings(name, profile)
    assert found.items() >= OWN[profile][1].items() and found["control"] == (name == "random-pool")


@pytest.mark.parametrize(
    ("scorer", "judges", "keeps"),
    [
        ("likelihood", LIKELY, BEST),
        ("gain", GAIN, ABOVE),
        ("rating", RATING, RATED),
        ("reply", LIKELY, BEST),
        ("judge", RATING, RATED),
    ],
)
@pytest.mark.parametrize("profile", PROFILES)
def test_a_scorer_of_params_yaml_goes_before_the_profiles(
    scorer: str, judges: dict[str, Any], keeps: dict[str, Any], profile: str
) -> None:
    assert settings("humpback-judge-1", profile, scorer=scorer).items() >= judges.items()
    assert settings("humpback-curate-1", profile, scorer=scorer).items() >= keeps.items()


@pytest.mark.parametrize(
    "knobs", [{"share": 0.1, "best": "loss"}, {"keep": ["gain>0.2"]}, {"gain": {"best": "gain", "count": 7}}]
)
def test_one_section_serves_every_scorer_unless_it_has_one_of_its_name(knobs: dict[str, Any]) -> None:
    found = settings("humpback-curate-1", "small", curate=knobs)
    assert found.items() >= knobs.get("gain", knobs).items()


@pytest.mark.parametrize("name", [name for name in KEEPS if {"share", "count"} & LINES[name].given.keys()])
@pytest.mark.parametrize("profile", PROFILES)
def test_arms_of_a_given_size_rank_by_the_scorer_too(name: str, profile: str) -> None:
    found, given = settings(name, profile), LINES[name].given
    assert (found["best"], found["highest"]) == (OWN[profile][1]["best"], OWN[profile][1]["highest"])
    assert (found["share"], found["count"]) == (given["share"], given.get("count", 0))


def test_no_arm_ranks_by_a_column_that_only_one_scorer_writes() -> None:
    scored = ("worst", "gain", "rating")
    inputs = {*JUDGES}
    lines = [line for line in LINES.values() if line.verb == "filter" and line.given["input"] in inputs]
    assert lines and [line.name for line in lines if line.given.get("best") in scored] == []


def test_show_says_which_place_chose_the_scorer() -> None:
    options, line = verbs.options_of("score"), LINES["humpback-judge-1"]
    told = {
        "small": ("default scorer", {}),
        "pocket": ("profiles/pocket.yaml: scorer", {}),
        "8b": ("params.yaml: scorer", {"scorer": "rating"}),
    }
    for profile, (place, params) in told.items():
        project = layers.under(profile, replace(PROJECT, params=PROJECT.params | params))
        assert layers.origins(options, line, project)["prompt"][1] == place
    origins = layers.origins(verbs.options_of("filter"), LINES["humpback-curate-1"], layers.under("small", PROJECT))
    assert origins["keep"] == (["gain>0"], "params.yaml: curate.gain")


@pytest.mark.parametrize(
    "name", ["air-rated", "air-graded", "kun-point", "kun-pair", "crab-judged", "humpback-judge-1"]
)
def test_the_papers_judges_write_their_reasons_first_and_all_others_give_expected_ratings(name: str) -> None:
    ways = {profile: settings(name, profile)["rating"] for profile in PROFILES}
    assert ways == dict.fromkeys(PROFILES, "expected") | {"paper": "written"}
