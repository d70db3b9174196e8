"""A measure or transform of the user's own is a function in methods/NAME.py; its edits re-run what names it."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import forks
import own_project
import project
import pytest
from own_project import MINE
from project import replace_once

from baleen.commands import check
from baleen.errors import Problem
from baleen.project import code_hashes, lookup
from baleen.project.statements import Place
from baleen.tables import rows
from stages import filter as filter_verb

SHOUT: Place = ("methods.mine", "shout")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return own_project.create(tmp_path)


@pytest.mark.parametrize(
    ("kind", "name", "module"),
    [
        ("measure", "mine.shout", "methods.mine"),
        ("transform", "mine.upper", "methods.mine"),
        ("measure", "mine.unknown", ""),
        ("measure", "other.shout", ""),
        ("transform", "crab.verify", "baleen.methods.crab"),
        ("measure", "chars", "baleen.measures.words"),
    ],
)
def test_a_name_with_a_dot_is_looked_for_in_the_library_and_in_the_projects_own_folder(
    kind: str, name: str, module: str, folder: Path
) -> None:
    assert lookup.module_of(kind, name) == module


def test_the_users_names_are_listed_with_the_others(folder: Path) -> None:
    assert {"mine.shout", "mine.unused", "kun.excuses"} <= {name for name, _ in lookup.named("measure")}


EDITS = {  # of shout's module or another one, and whether they change what shout means
    "its own line": ("mine", "return share(text)", "return 1 - share(text)", True),
    "a function that it calls": ("mine", "c.isupper()", "c.islower()", True),
    "another function": ("mine", "return 1.0", "return 2.0", False),
    "a docstring": ("mine", '"""Mine."""', '"""Ours."""', False),
    "a remark": ("mine", "    return share(text)", "    return share(text)  # all of it", False),
    "an import that nobody uses": ("mine", "from baleen.tables.rows", "import json\nfrom baleen.tables.rows", False),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_counts_where_the_function_can_reach_it(name: str, folder: Path) -> None:
    file, old, new, counts = EDITS[name]
    before = code_hashes.digests("filter", [SHOUT])
    replace_once(folder / f"methods/{file}.py", old, new)
    after = code_hashes.digests("filter", [SHOUT])
    assert {key for key in after if before[key] != after[key]} == ({"methods/mine.py"} if counts else set())


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("from methods.words import LOUD", "LOUD"),
        ("from methods import words", "words.LOUD"),
        ("import methods.words", "methods.words.LOUD"),
        ("from .words import LOUD", "LOUD"),
        ("from . import words", "words.LOUD"),
        ("from methods.words import LOUD as L", "L"),
        ("import methods.words as w", "w.LOUD"),
    ],
)
def test_an_edit_of_another_module_of_the_folder_counts_however_it_is_imported(
    line: str, use: str, folder: Path
) -> None:
    own_project.write(folder, {"methods/words.py": "LOUD = 1\n"})
    replace_once(folder / "methods/mine.py", '"""Mine."""', f'"""Mine."""\n{line}')
    replace_once(folder / "methods/mine.py", "return share(text)", f"return share(text) * {use}")
    before = code_hashes.digests("filter", [SHOUT])
    own_project.write(folder, {"methods/words.py": "LOUD = 1234\n"})
    after = code_hashes.digests("filter", [SHOUT])
    assert before["methods/words.py"] != after["methods/words.py"]


def text(old: str, new: str) -> dict[str, str]:
    assert MINE.count(old) == 1
    return {"methods/mine.py": MINE.replace(old, new)}


REFUSED = {
    "a name that a method of the library has": (
        {"methods/crab.py": ""},
        "methods/crab.py has the name of a module of baleen; rename it",
    ),
    "the name of the generated world": ({"methods/pocket.py": ""}, "methods/pocket.py has the name of a module of"),
    "a file that no recipe can name": ({"methods/my-own.py": ""}, "methods/my-own.py cannot be named in a recipe"),
    "a function that is not exported": (
        text('"shout", ', ""),
        'methods/mine.py does not export shout; add it there: __all__ = ["shout"]',
    ),
    "no list of exports": (text("__all__ = ", "names = "), "methods/mine.py does not export "),
    "an export that is no list of names": (text("__all__ = [", "__all__ = [*1, "), "__all__ must be a list of names"),
    "an export that is not there": (
        text("def shout(", "def sing("),
        "methods/mine.py: shout is a format, not a measure",
    ),
    "a function without the decorator": (text("@transform", "# @transform"), "upper is a measure, not a transform"),
    "no Python": (text("def shout(text):", "def shout(text:"), "methods/mine.py:9: "),
    "no UTF-8": (text("return 1.0", 'return "\udce9"'), "codec can't decode"),
    "an import from outside the folder": (
        {"stray.py": "X = 1\n"} | text('"""Mine."""', "import stray"),
        "methods/mine.py imports stray, which lies outside methods/ and is not watched; move it into methods/",
    ),
    "an import of everything": (
        text("from baleen.tables.rows import TEXT", "from baleen.tables.rows import *"),
        "methods/mine.py imports * from baleen.tables.rows; write the names",
    ),
    "an import that fails": (
        text('"""Mine."""', "import not_there"),
        "methods/mine.py:1: ModuleNotFoundError: No module named 'not_there'",
    ),
}


def ended(main: Callable[[list[str]], object], folder: Path, *words: str) -> tuple[int, str]:
    """Exit code and stderr of a stage in a fork that knows no module of another test's project."""

    def run_anew(argv: list[str]) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "methods"]:
            del sys.modules[name]
        main(argv)

    log = folder / "stderr.log"
    code = forks.exit_code(forks.fork_stage(run_anew, [*words], log))
    return code, log.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_one_line(name: str, folder: Path) -> None:
    files, message = REFUSED[name]
    for path, content in files.items():
        (folder / path).write_bytes(content.encode("utf-8", "surrogateescape"))
    code, said = ended(check.check_here, folder)
    assert code == 1 and message in said and said.count("\n") == 1, said


FAULTS = ["1 / 0", "text[99]", "{}[text]", "unheard_of", "re.compile('(')", "len(None)", "int(text)", "text.shout()"]


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_in_a_users_function_is_one_line_with_its_place(fault: str, folder: Path) -> None:
    own_project.write(folder, text("return share(text)", f"import re; return {fault}"))
    (folder / "data").mkdir()
    rows.write("web", [{"id": "a", "response": "LOUD"}])
    code, said = ended(filter_verb.main, folder, "calm")
    assert code == 1 and re.fullmatch(r"baleen: methods/mine\.py:10: \w+(\.\w+)*: .*\n", said), said


@pytest.mark.parametrize("given", ["much", ["0.5"], {}])
def test_a_measure_that_gives_no_number_is_told_with_what_it_gave(given: object, folder: Path) -> None:
    own_project.write(folder, text("return share(text)", f"return {given!r}"))
    (folder / "data").mkdir()
    rows.write("web", [{"id": "a", "response": "LOUD"}])
    code, said = ended(filter_verb.main, folder, "calm")
    wanted = f"mine.shout(response) must give a number or None; it gave {str(given)!r}, and row a has response = 'LOUD'"
    assert code == 1 and said.endswith(f"{wanted}\n"), said


def test_a_module_of_the_user_that_nothing_names_is_not_read(folder: Path) -> None:
    own_project.write(folder, {"methods/draft.py": "def half(: \n"})
    code, said = ended(check.check_here, folder)
    assert code == 0, said


def test_both_of_one_name_is_a_problem_for_whoever_looks_it_up(folder: Path) -> None:
    own_project.write(folder, {"methods/kun.py": "__all__ = ['mine']\n\n\ndef mine(text):\n    return 1.0\n"})
    with pytest.raises(Problem, match=r"methods/kun\.py has the name of a module of baleen"):
        lookup.module_of("measure", "kun.excuses")


@pytest.mark.slow
def test_dvc_runs_again_exactly_the_lines_that_name_an_edited_function(tmp_path: Path) -> None:
    folder = own_project.start(tmp_path)
    project.repro(folder)
    kept = [row["response"] for row in rows.read(folder / "data/calm.parquet")]
    assert kept == ["quiet", "so so"] and next(rows.read(folder / "data/loud.parquet"))["response"] == "LOUD AND CLEAR"
    path = folder / "methods/mine.py"
    for edits, touched in [  # that each counts for the lines that can reach it alone is tested above
        ({"c.isupper()": "c.isdigit()", '"].upper()': '"].lower()'}, {"filter@calm", "map@loud"}),
        ({'"upper", ': '"upper",  ', "return 1.0": "return 2.0"}, set[str]()),
    ]:
        for old, new in edits.items():
            project.replace_once(path, old, new)
        project.dvc(folder, "repro", "plan")
        assert project.stages_run(project.dvc(folder, "repro", "--dry")) == touched
        assert project.repro(folder) == touched
