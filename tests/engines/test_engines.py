"""The table of engines: an engine is found by its name, and what it declares is read without importing it."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from baleen.engines import table
from baleen.engines.protocol import Ability

PARROT = '''\
"""An engine of two lines, and a package that this machine lacks."""
import missing_package
SEMANTICS = "parrot-1"
ABILITIES: tuple[str, ...] = ("embed",)
'''


def python(code: str, *words: str) -> list[str]:
    """The lines that a process of its own prints."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_module_of_an_engine_has_its_name_or_is_the_client_of_its_package() -> None:
    assert [*map(table.module_of, table.ENGINES)] == [
        "baleen.engines.apertium",
        "baleen.engines.encoder",
        "baleen.engines.hf",
        "baleen.engines.openai.client",
        "baleen.engines.seq2seq",
        "baleen.engines.vllm",
    ]


@pytest.mark.parametrize("name", ["chat", "protocol", "ray", "table", "parrot", "", "openai.client"])
def test_what_declares_no_semantics_is_no_engine(name: str) -> None:
    assert not table.module_of(name) and name not in table.ENGINES


@pytest.mark.parametrize("engine", table.ENGINES)
def test_what_is_read_of_an_engine_is_what_its_module_says(engine: str) -> None:
    kind, made = table.ENGINES[engine]()
    module = sys.modules[table.module_of(engine)]
    assert (kind, made) == (module.SEMANTICS, module.ENGINE) and made.kind == kind
    assert [ability for ability in get_args(Ability) if table.can(engine, ability)] == [*module.ABILITIES]


@pytest.mark.slow
def test_no_engine_is_imported_to_know_what_there_is_and_what_it_can_do() -> None:
    code = "import sys; from baleen.engines import table; print(table.can('vllm', 'embed'), *sys.modules, sep='\\n')"
    can, *imported = python(code)
    assert can == "False" and not {*map(table.module_of, table.ENGINES)} & {*imported}


@pytest.mark.slow
def test_a_new_engine_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "parrot.py").write_text(PARROT)
    code = "import sys, baleen.engines; baleen.engines.__path__.append(sys.argv[1]); from baleen.engines import table; "
    code += "print(table.module_of('parrot'), *table.ENGINES, *(table.can('parrot', x) for x in ('embed', 'workers')))"
    assert python(code, str(tmp_path)) == [
        "baleen.engines.parrot apertium encoder hf openai seq2seq vllm parrot True False"
    ]


def test_an_engine_that_no_module_declares_answers_for_itself() -> None:
    assert table.can("parrot", "embed")
