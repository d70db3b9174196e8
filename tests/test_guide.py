"""What README and docs/ say can be typed is there: commands, files, targets, links and methods."""

import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import project
import pytest

from baleen.commands import memo, reference
from baleen.commands.command import app
from baleen.engines.openai.retries import KEYS
from baleen.models import pins
from baleen.project import graph, layers, recipes, settings, shipped
from baleen.project.command_line import run
from baleen.project.yaml_files import parse_yaml
from stages import verbs

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXT = project.guide()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
INLINE = re.findall(r"`((?:make|dvc|baleen|python -m) [^`\n]+)`", PROSE)
LINES = [line.partition(" #")[0].strip() for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
COMMANDS = [part.strip() for line in [*LINES, *INLINE] for part in line.split("&&") if part.strip()]
MAKEFILE = (ROOT / "Makefile").read_text()
MAKE = re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE)
DVC = {"add", "dag", "repro", "exp", "remote", "push", "plots", "queue", "pull", "get", "status"}
PARAMS = parse_yaml((ROOT / "params.yaml").read_text())


@pytest.fixture(scope="module")
def stages() -> graph.Stages:
    rules = settings.load_yaml(Path("dvc.yaml"), plain=False)["stages"]
    return graph.stages(rules, recipes.lines(recipes.all_files()), PARAMS)


def commands_of(kind: str, first: str) -> list[str]:
    """The commands that begin with a word, in the order of README."""
    found = [command for command in COMMANDS if command.startswith(first)]
    assert found, f"README has no {kind}"
    return found


def test_readme_has_commands() -> None:
    assert len(COMMANDS) > 12


@pytest.mark.parametrize("command", commands_of("make command", "make "))
def test_a_make_target_is_in_the_makefile(command: str) -> None:
    assert command.split()[1] in MAKE


@pytest.mark.parametrize("command", commands_of("python command", "python -m "))
def test_a_module_is_there_and_its_names_are_known(command: str, stages: graph.Stages) -> None:
    module, *words = [word for word in shlex.split(command)[2:] if word not in ("...", "TARGET...")]
    assert find_spec(module)
    verb = module.removeprefix("stages.")
    if verb in recipes.RULES and words and not words[0].startswith("-"):
        assert f"{verb}@{words[0]}" in stages


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=folder, text=True, capture_output=True)


def test_a_python_that_does_not_fit_is_told_before_anything_is_made(tmp_path: Path) -> None:
    there = ["Makefile", "constraints.txt", "pyproject.toml"]
    for name in there:
        shutil.copy(ROOT / name, tmp_path)
    ended = make(tmp_path, "setup", "PYTHON=false")
    assert ended.returncode and ended.stderr.startswith("baleen needs Python 3.11 or 3.12; ")
    assert sorted(path.name for path in tmp_path.iterdir()) == there


def test_make_and_the_package_need_the_same_pythons() -> None:
    low, high = re.findall(r"\((\d+), (\d+)\)", re.search(r"^FITS = (.*)", MAKEFILE, re.MULTILINE)[1])  # type: ignore[index]
    wanted = f'requires-python = ">={".".join(low)},<{".".join(high)}"'
    assert wanted in (ROOT / "pyproject.toml").read_text()


def test_cleaning_leaves_what_was_built_paid_for_or_written_by_hand() -> None:
    [told] = [line for line in make(ROOT, "-n", "clean").stdout.splitlines() if line.startswith("rm ")]
    assert not [name for name in ("data", "models", ".memo", ".dvc") if name in told]


HELPED = [
    "ingest",
    "map",
    "generate",
    "score",
    "filter",
    "mix",
    "train",
    "evaluate",
    "calibrate",
    "report",
    "origin",
]


@pytest.mark.parametrize("verb", HELPED)
def test_every_verb_says_how_it_is_used(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr("sys.argv", [verb, "--help"])
        run(import_module(f"stages.{verb}").main)
    shown = capsys.readouterr()
    assert ended.value.code == 0 and f"python -m stages.{verb}" in shown.out and shown.err == ""
    assert ("--dry-run" in shown.out) == (verb in ("generate", "score", "train"))


@pytest.mark.parametrize("command", commands_of("dvc command", "dvc "))
def test_a_dvc_command_names_what_is_there(command: str, stages: graph.Stages) -> None:
    _, verb, *words = shlex.split(command)
    assert verb in DVC
    assert {word for word in words if "@" in word} <= set(stages)
    if verb == "get":
        assert any(words[1] == out for made in stages.values() for out in made.outs)


@pytest.mark.parametrize("command", commands_of("dvc command", "dvc "))
def test_no_command_needs_a_target(command: str, stages: graph.Stages) -> None:
    assert not {*shlex.split(command)} & {*stages}


@pytest.mark.parametrize("command", commands_of("baleen command", "baleen "))
def test_a_command_of_baleen_is_there_and_its_targets_are_known(command: str, stages: graph.Stages) -> None:
    _, verb, *words = shlex.split(command)
    groups = {made.name for made in app.registered_groups}
    assert verb in groups | {made.name or made.callback.__name__ for made in app.registered_commands if made.callback}
    if verb in groups:
        assert words[0] in {made.callback.__name__ for made in memo.app.registered_commands if made.callback}
    if verb in ("run", "show") and words and words[0] != "TARGET":
        assert words[0] in {made.target for made in stages.values()}
    if verb == "add" and not words[0].startswith(("<", "NAME")):
        more = {path.stem for path in (ROOT / "recipes/more").glob("*.yaml")}
        assert words[0] in {*shipped.methods(), *more, "mine"}  # or a recipe of the reader's own


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 170


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == reference.page()


@pytest.mark.parametrize("swept", re.findall(r"-S '([\w.]+)=", TEXT))
def test_a_swept_knob_is_in_the_parameters(swept: str) -> None:
    place = PARAMS
    for name in swept.split("."):
        place = place[name]


@pytest.mark.parametrize("old", re.findall(r"sed -i 's/(.*?)/", TEXT))
def test_the_knob_that_is_turned_stands_in_the_file(old: str) -> None:
    assert (ROOT / "params.yaml").read_text().count(old) == 1


def test_the_commands_of_other_programs_are_few() -> None:
    first = {shlex.split(command)[0] for command in COMMANDS}
    assert first <= {"make", "python", "dvc", "git", "source", "sed", "cd", "baleen", "pip", "hf"}


LINKS = [(page, link) for page in PAGES for link in sorted(set(re.findall(r"\]\(([^)#]+)\)", page.read_text())))]


def test_a_link_leads_to_a_file() -> None:
    inside = [(page, link) for page, link in LINKS if not link.startswith("https://")]
    assert inside and [(page.name, link) for page, link in inside if not (page.parent / link).exists()] == []


PATHS = re.findall(
    r"`((?:recipes|profiles|prompts|stages|baleen|data/raw|benchmarks)/[\w./-]+)`|source: (data/raw/\S+?)`", TEXT
)


def test_a_file_that_is_named_is_there() -> None:
    names = {first or second for first, second in PATHS}
    ours = {name for name in names if Path(name).stem != "mine"}  # which is the reader's
    assert ours and [name for name in sorted(ours) if not (ROOT / name).exists()] == []


def test_the_layout_names_what_is_in_the_project() -> None:
    layout = next(block for kind, block in BLOCKS if "the rule book" in block or "dvc.yaml  " in block)
    names = re.findall(r"(?:^|\s{2,})([\w.]+/?)(?=\s{2,}|,)", layout, re.MULTILINE)
    assert len(names) >= 8
    assert [name for name in names if not (ROOT / name).exists() and name not in ("data/", "models/")] == []


SHARED = (
    "sources",
    "constraints",
    "cycle-sources",
    "air-rounds",
    "self-lengthen-requests",
)  # what several methods start with


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_method_is_in_the_table_with_its_paper(path: Path) -> None:
    opening, equation = path.read_text().splitlines()[:2]
    if path.stem in SHARED or path.stem.endswith("-arms"):
        return
    row = next((line for line in TEXT.splitlines() if f"](recipes/{path.name})" in line), "")
    paper = re.search(r"arXiv:[\d.]+|ISO \d+|[A-Z]\d\d-\d+", opening)
    assert row.startswith("| ") and opening.startswith("# ") and equation.startswith("# ")
    assert paper and paper[0] in row
    assert re.match(rf"# (?:.* )?{re.escape(path.stem)} = ", equation), "the equation says what the method's model is"


METHODS = [path for path in sorted((ROOT / "recipes").glob("*.yaml")) if recipes.is_method(path)]


@pytest.mark.parametrize("path", METHODS, ids=lambda path: path.stem)
def test_a_recipe_has_at_most_thirty_lines_and_the_table_says_how_many(path: Path) -> None:
    """Beside the settings of the paper."""
    told = re.search(rf"\]\(recipes/{re.escape(path.name)}\), (\d+) \|", TEXT)
    lines = [line for line in path.read_text().splitlines() if not line.startswith("  #")]
    in_groups = len(settings.load_yaml(path).get("settings", {})) + ("settings:" in lines)
    assert told and int(told[1]) == len(lines) - in_groups <= 30


NEEDS = {"chat", "guide", "brief", "utter", "translator"}  # sections that stand for somebody's instruct model


@pytest.mark.parametrize("path", METHODS, ids=lambda path: path.stem)
def test_what_a_method_needs_stands_in_the_table(path: Path) -> None:
    """Seeds where a line reads them or a model of sources.yaml that learned them, a teacher where one is taught."""
    row = next(line for line in TEXT.splitlines() if f"](recipes/{path.name})" in line)
    needs, lines = row.split(" | ")[2], [*recipes.lines_of(path)]
    read = {str(line.given.get(key)) for line in lines for key in ("input", "model", "base") if key in line.given}
    teachers = {line.given.get("settings") for line in lines} & NEEDS
    assert bool(teachers) == bool(re.search("teacher|translator|instruct model", needs)), (teachers, needs)
    assert bool(read & {"seed", "ask", "reply"}) <= bool(re.search("seeds|pairs|utterances", needs)), needs


def test_every_row_of_the_table_is_a_method() -> None:
    for name in re.findall(r"^\| .*\]\((recipes/[\w-]+\.yaml)\)", TEXT, re.MULTILINE):
        assert (ROOT / name).is_file()


def test_the_table_of_verbs_is_complete() -> None:
    section = TEXT.partition("| verb | from | to |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| (\w+) \|", section, re.MULTILINE)) == {rule.verb for rule in recipes.RULES.values()}


def check_recipe(written: dict[str, dict[str, Any]]) -> None:
    """The lines of a whole recipe have settings that are known and can be meant."""
    groups = {name: recipes.Group(values, "page") for name, values in written.get(recipes.SETTINGS, {}).items()}
    current = layers.current()
    current = replace(current, groups={**current.groups, **groups})
    for rule, lines in written.items():
        for name, given in lines.items() if rule != recipes.SETTINGS else ():
            line = recipes.Line(name, rule, given, "page")
            verbs.check(line.verb, layers.resolved(verbs.options_of(line.verb), line, current), name)


@pytest.mark.parametrize("block", [block for kind, block in BLOCKS if kind == "yaml"])
def test_what_readme_writes_in_yaml_can_be_pasted(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    known = {line.name: line.rule for line in recipes.lines(recipes.all_files())}
    written = parse_yaml(block)
    if {*written} <= {*recipes.RULES, recipes.SETTINGS} and not {"gate", "people"} & {*written}:
        return check_recipe(written)
    rule = next((rule for rule in written if rule in recipes.RULES), "")
    for name, given in (written[rule] if rule else written).items():
        if rule in ("gate", "people"):
            line = recipes.Line(name, rule, given, "README.md")
            verbs.resolved(line, layers.current())
            assert {given["input"], given.get("calibration", given["input"])} <= {*known}
        elif name in known:
            line = recipes.Line(name, known[name], given, "README.md")
            layers.resolved(verbs.options_of(line.verb), line, layers.current())
        elif not rule:
            assert name in PARAMS


PINS = re.findall(r"(\{(?:endpoint|apertium): [^}]+\})", TEXT)


def test_readme_pins_a_server_and_both_ways_of_a_translator() -> None:
    found = [settings.typed(pins.Pin, "README", parse_yaml(pin)) for pin in PINS]
    assert {pins.checked(ROOT / "README.md", pin).apertium for pin in found} == {"", "eng-spa", "spa-eng"}
    assert [f"`{key}`" for key in KEYS if f"`{key}`" not in TEXT] == []


@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_readmes_place_for_a_server_stands_for_a_teacher_in_the_real_profiles(profile: str) -> None:
    [said] = re.findall(r"`(\w+): \{instead: \{endpoint", TEXT)
    assert "hub" in parse_yaml((ROOT / f"profiles/{profile}.yaml").read_text())[said]["instead"]


def test_every_profile_is_in_the_table_of_profiles() -> None:
    table = TEXT.partition("| profile | base model | needs |")[2].partition("\n\n")[0]
    assert {path.stem for path in (ROOT / "profiles").glob("*.yaml")} == {
        *re.findall(r"^\| (\w+) \|", table, re.MULTILINE)
    } - {"profile"}
