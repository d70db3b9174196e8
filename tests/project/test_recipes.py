"""Nothing that a recipe could name is there for no recipe; what recipes say of themselves is so."""

import re
from pathlib import Path

import pytest

from baleen.formats import FORMATS
from baleen.measures.expressions import MEASURES
from baleen.measures.selectors import SELECTORS
from baleen.project import recipes
from baleen.project.lookup import named
from baleen.transforms import TRANSFORMS


def text(*patterns: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for pattern in patterns for path in sorted(Path().glob(pattern)))


SAID = text("recipes/**/*.yaml", "params.yaml", "profiles/*.yaml", "benchmarks/**/*.py", "benchmarks/**/*.yaml")
SAID += text("baleen/commands/own_*.py")  # lines of projects on tables of a user's own
TABLES = {  # before a test has brought functions of its own
    "transform": ([*TRANSFORMS], SAID),
    "measure": ([*MEASURES], SAID),
    "selector": ([*SELECTORS], SAID),
    "part": ([name for name, _ in named("part")], SAID),
    "format": (FORMATS, text("prompts/**/*.md") + "text"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_everything_that_can_be_named_is_named(kind: str) -> None:
    table, said = TABLES[kind]
    assert [name for name in table if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said)] == []


def test_every_prompt_is_asked_taught_or_offered() -> None:
    lines = recipes.lines(recipes.all_files())
    asked = {str(line.given.get("prompt")) for line in lines}
    taught = {str(line.given["prompts"]) for line in lines if "prompts" in line.given}
    offered = text("README.md", "docs/own-data.md", "params.yaml")
    own = (path for path in Path("prompts").rglob("*.md") if not path.is_relative_to("prompts/zh"))  # translations
    names = [path.relative_to("prompts").with_suffix("") for path in own]
    idle = [str(name) for name in names if str(name) not in asked and str(name.parent) not in taught]
    assert [name for name in idle if not re.search(rf"\b{name}\b", offered)] == []


SELF = {"humpback", "kun", "cycle"}  # no better model has a part in them


def test_methods_without_a_teacher_take_everything_from_seeds_raw_text_and_their_own_models() -> None:
    """A model of such a method comes from `base` by what is no lesson of the pocket world."""
    lines = {(line.verb == "train", line.name): line for line in recipes.lines(recipes.all_files())}
    for name in SELF:
        waiting, seen = [(True, name)], set[tuple[bool, str]]()
        while waiting:
            key = waiting.pop()
            if key in seen or key not in lines:
                continue
            seen.add(key)
            given = lines[key].given
            waiting += [(False, str(given[k])) for k in ("input", "other") if k in given]
            waiting += [(True, str(given[k])) for k in ("model", "base") if k in given]
        parts = {str(lines[key].given.get("part")) for key in seen if lines[key].verb == "ingest"}
        assert parts <= {"web", "seed", "prose", "cycle.reading", "cycle.forum"}, (name, parts)
