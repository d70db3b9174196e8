"""The rehearsal of real profiles: every model has a stand-in, and what would go wrong is named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from baleen.project.settings import load_yaml
from benchmarks import rehearse, rehearse_models


def pins(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict) or value.get("engine") == "encoder":  # reads texts of any length, in pieces
        return []
    inner = [pin for one in value.values() for pin in pins(one)]
    return inner + ([value] if "hub" in value else [])


@pytest.mark.parametrize("profile", rehearse.PROFILES)
def test_every_model_of_a_real_profile_has_a_stand_in(profile: str) -> None:
    named = pins(load_yaml(Path("profiles", f"{profile}.yaml")))
    assert named and all(rehearse_models.family(pin).context >= 4096 for pin in named)


def test_a_line_comes_after_what_it_reads() -> None:
    names = [line.name for line in rehearse.lines_of("kun")]
    assert names.index("seed") < names.index("kun-roles") < names.index("kun-primary") < names.index("kun-polish")


@pytest.mark.slow
def test_a_rehearsal_has_no_failure_and_names_one_of_a_model_that_reads_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("gguf")
    figures = rehearse.rehearse(["kun"], ["small"])
    assert figures["failed"] == [] and figures["steps"] >= 2 and figures["prompts"] >= 800
    small = {name: replace(family, context=600) for name, family in rehearse_models.FAMILIES.items()}
    monkeypatch.setattr(rehearse_models, "FAMILIES", small)
    monkeypatch.setattr(rehearse.Rehearsal, "step", lambda self, work, fitted, options, base: base)
    failed = rehearse.rehearse(["kun"], ["small"])["failed"]
    assert any(one["line"].endswith("generate.kun-polish") and "pass 600 tokens" in one["failure"] for one in failed)
