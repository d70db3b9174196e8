"""Statements of modules are kept by text; what is kept is never trusted where it cannot be read."""

import os
from pathlib import Path

import pytest

from baleen.project import statements
from baleen.project.statements import Statement

TEXT = b'"""A module."""\nfrom baleen.errors import Problem\nLIMIT = 3\ndef ask(x):\n    return Problem(x, LIMIT)\n'
MEANT = [
    Statement(["Problem"], [], [], {"Problem": ("baleen.errors", "Problem")}, ""),
    Statement(["LIMIT"], [("LIMIT", "")], ["LIMIT"], {}, "0a"),
    Statement(["ask"], [("LIMIT", ""), ("Problem", ""), ("x", "")], ["x"], {}, "0b"),
]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(statements, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "baleen/statements"


def without_digest(found: list[Statement]) -> list[tuple[object, ...]]:
    return [(one.binds, one.mentions, one.local, one.imports, bool(one.digest)) for one in found]


def test_a_module_is_read_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = statements.statements(TEXT)
    assert without_digest(first) == without_digest(MEANT)
    monkeypatch.setattr("ast.parse", None)
    assert statements.statements(TEXT) == first


@pytest.mark.parametrize("text", ["", '[{"binds": ["Prob', "null", "\0"])
def test_what_cannot_be_read_is_read_from_the_module(text: str, kept: Path) -> None:
    first = statements.statements(TEXT)
    [file] = kept.iterdir()
    file.write_text(text)
    assert statements.statements(TEXT) == first
    assert file.read_text() != text


def test_a_folder_that_cannot_be_written_is_no_problem(kept: Path) -> None:
    kept.parent.write_text("a file where the folder should be")
    assert without_digest(statements.statements(TEXT)) == without_digest(MEANT)


def test_another_package_and_another_text_are_other_modules(kept: Path) -> None:
    relative = b"from .rows import read\n"
    [one], [other] = (statements.statements(relative, package) for package in ("baleen.tables", "pocket"))
    assert (one.imports["read"], other.imports["read"]) == (("baleen.tables.rows", "read"), ("pocket.rows", "read"))
    [changed] = statements.statements(relative.replace(b"read", b"write"), "pocket")
    assert list(changed.imports) == ["write"]


def test_what_was_written_long_ago_is_deleted(kept: Path) -> None:
    statements.statements(TEXT)
    [file] = kept.iterdir()
    os.utime(file, (0, 0))
    statements.prune.cache_clear()
    statements.statements(b"OTHER = 1\n")
    assert file not in [*kept.iterdir()]
