from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.models import identity, pins
from baleen.project.yaml_files import parse_yaml, yaml_text
from stages import origin as verb

PROFILES = Path(__file__).parents[2] / "profiles"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "profiles").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written_pin(section: Any, name: str = "origin") -> pins.Pin | None:
    """The pin that is written for a profile with this origin, as the other verbs read it."""
    Path("profiles/p.yaml").write_text(yaml_text({"origin": section}))
    verb.main([name, "--profile", "p"])
    return pins.pin(name)


def test_a_model_on_the_hub_is_pinned_as_it_stands() -> None:
    found = written_pin({"hub": "a/b", "revision": COMMIT, "chat_template": "chatml"})
    assert found == pins.Pin(hub="a/b", revision=COMMIT, chat_template="chatml")
    assert parse_yaml(Path("models/origin/pin.yaml").read_text()) == {
        "hub": "a/b",
        "revision": COMMIT,
        "chat_template": "chatml",
    }


def test_a_model_at_an_endpoint_is_pinned_as_it_stands() -> None:
    assert written_pin({"endpoint": "http://x/v1", "model": "m"}) == pins.Pin(endpoint="http://x/v1", model="m")


def test_sizes_are_a_model_to_be_made_with_every_default_written_out() -> None:
    found = written_pin({"hidden_size": 64, "tokenizer": "bpe"})
    assert found and found.fresh and (found.fresh.hidden_size, found.fresh.tokenizer) == (64, "bpe")
    assert "num_hidden_layers" in parse_yaml(Path("models/origin/pin.yaml").read_text())["fresh"]


def test_the_same_profile_gives_the_same_bytes_and_another_another_identity() -> None:
    written_pin({"hidden_size": 64})
    first, before = Path("models/origin/pin.yaml").read_bytes(), identity.identity("origin")
    written_pin({"hidden_size": 64})
    assert Path("models/origin/pin.yaml").read_bytes() == first
    written_pin({"hidden_size": 32})
    assert identity.identity("origin") != before


@pytest.mark.parametrize("profile", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_origin_of_every_profile_is_a_pin(profile: Path) -> None:
    section = parse_yaml(profile.read_text())["origin"]
    given = pins.declared(section, str(profile))
    assert ("fresh" in given) == (not {*pins.PLACES} & section.keys())


MISTAKES = {
    "a misspelt size": (
        {"hiden_size": 64},
        r"profiles/p\.yaml: origin: unknown setting 'hiden_size'; did you mean 'hidden",
    ),
    "a size that is no number": ({"hidden_size": "wide"}, "setting 'hidden_size'"),
    "a revision that is no commit": ({"hub": "a/b", "revision": "main"}, "must be the commit, 40 hex digits"),
    "no revision": ({"hub": "a/b"}, "must be the commit, 40 hex digits"),
    "two places": ({"hub": "a/b", "revision": COMMIT, "endpoint": "http://x"}, "must hold one of 'hub', 'endpoint'"),
    "an endpoint without a model": ({"endpoint": "http://x"}, "add the name of the model at http://x"),
    "an unknown template": ({"hub": "a/b", "revision": COMMIT, "chat_template": "chatm"}, "did you mean 'chatml'"),
}


@pytest.mark.parametrize(("section", "words"), MISTAKES.values(), ids=MISTAKES)
def test_an_origin_that_cannot_be_meant_is_named_and_nothing_is_written(section: Any, words: str) -> None:
    with pytest.raises(Problem, match=words):
        written_pin(section)
    assert not Path("models").exists()


@pytest.mark.parametrize("argv", [["origin", "--profil", "p"], ["origin", "--profile", "p", "--x", "1"]])
def test_a_wrong_command_line_is_told_its_usage(argv: list[str]) -> None:
    with pytest.raises(Problem, match="usage: python -m stages.origin NAME"):
        verb.main(argv)


def test_a_profile_without_an_origin_is_a_problem() -> None:
    Path("profiles/p.yaml").write_text("speed: {}\n")
    with pytest.raises(Problem, match=r"profiles/p.yaml has no section origin"):
        verb.main(["origin", "--profile", "p"])
