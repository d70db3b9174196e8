"""Evol-Instruct: one operation evolves an instruction, what failed leaves with its reason, and the method is files of
its own: nothing else knows its name, and no other target is planned anew because of it."""

import re
import shutil
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from scripted import Script, read_outputs, scripted_project

from baleen import prompts
from baleen.engines.protocol import Request
from baleen.measures.expressions import parse_condition
from baleen.methods import evol_instruct
from baleen.project import assemble, recipes, settings
from baleen.project.recipes import Line
from baleen.project.report_rule import Report
from baleen.tables import rows
from baleen.tables.rows import Row
from benchmarks import exact

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipes/evol-instruct.yaml"
PROMPTS = ROOT / "prompts/evol-instruct"
EVOLVED = settings.load_yaml(RECIPE)["settings"]["evolved"]["keep"]
SEEDS: list[Row] = [
    {"id": f"{n}", "origin": "seed", "instruction": f"Name {n} rivers.", "response": "Nile."} for n in range(40)
]


def chosen(row: Row) -> list[str]:
    return [operation for operation in evol_instruct.OPERATIONS if row[operation]]


def test_each_operation_has_a_prompt_and_is_drawn_equally_often() -> None:
    drawn = Counter(chosen(evol_instruct.choose({"id": str(n), "instruction": "Why?"}, 1)[0])[0] for n in range(2000))
    assert set(drawn) == {path.stem for path in PROMPTS.glob("*.md")} - {"equal"}
    assert all(340 < count < 460 for count in drawn.values())


def test_the_operation_and_the_new_id_depend_on_the_row_and_the_round_alone() -> None:
    made = [evol_instruct.choose(row, turn)[0] for turn in (1, 2) for row in SEEDS]
    again = [evol_instruct.choose(row, turn)[0] for turn in (2, 1) for row in reversed(SEEDS)][::-1]
    assert made == again and len({row["id"] for row in made}) == 80
    assert [row["parent"] for row in made[:40]] == [row["id"] for row in SEEDS]
    assert [*map(chosen, made[:40])] != [*map(chosen, made[40:])]


KEPT: Row = {
    "id": "a", "instruction": "Name three rivers of Asia and their lengths.", "probability": 0.1,
    "response": "The Yangtze, the Yellow River and the Mekong.",
}  # fmt: skip
FAILED = [  # what is changed in a row that is kept, and the condition of the recipe that it then fails
    ({"probability": 0.9}, "not probability<=0.5"),
    ({"probability": None}, "probability unreadable"),
    ({"response": "I'm sorry, but I cannot help with that."}, "not evol_instruct.regrets(response)<=0"),
    ({"response": "SORRY."}, "not evol_instruct.regrets(response)<=0"),
    ({"response": "抱歉，我不知道。"}, "not evol_instruct.regrets(response)<=0"),
    ({"response": "... !"}, "not evol_instruct.content(response)>0"),
    ({"response": "It is what it is, and that's that."}, "not evol_instruct.content(response)>0"),
    ({"response": "是的。"}, "not evol_instruct.content(response)>0"),
    ({"instruction": "Rewritten prompt: name rivers."}, "not evol_instruct.prompt_words(instruction)<=0"),
    ({"instruction": "Answer the given prompt in verse."}, "not evol_instruct.prompt_words(instruction)<=0"),
    ({"instruction": "Created Prompts"}, "not evol_instruct.prompt_words(instruction)<=0"),
    ({"response": f"Sorry to be long. {'More about rivers. ' * 30}"}, None),
    ({"response": "42"}, None),
    ({"response": "长江。"}, None),
    ({"instruction": "Prompt your reader to name a given river."}, None),
]


@pytest.mark.parametrize(("changes", "reason"), FAILED)
def test_a_failed_evolution_leaves_with_its_reason(changes: Row, reason: str | None) -> None:
    row = KEPT | changes
    assert next((why for text in EVOLVED if (why := parse_condition(text).reason(row))), None) == reason


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("*.md")), ids=lambda path: path.stem)
def test_a_prompt_takes_any_text_and_its_own_words_are_a_failure(path: Path) -> None:
    prompt = prompts.load(f"evol-instruct/{path.stem}", folder=ROOT / "prompts")
    shown = prompt.messages(dict.fromkeys(prompt.reads, 'costs $1 {"a": 中文}'))[0][1]
    assert "$1 {" in shown
    assert path.stem == "equal" or evol_instruct.prompt_words(shown) >= 3


def run_line(line: Line) -> None:
    """Build the table of a line with the scripted engine."""
    given = {key: value for key, value in line.given.items() if key not in ("settings", "model")}
    given |= {"keep": EVOLVED} if line.verb == "filter" else {}
    given |= {"model": "m", "engine": "scripted"} if "model" in line.given else {}
    flags = [word for key, value in given.items() for word in (f"--{key}", *([value] if key != "keep" else value))]
    import_module(f"stages.{line.verb}").main([line.name, *flags])


def reply(request: Request) -> str:
    """An evolved instruction, or an answer; that to a third of the seeds is sorry."""
    text = request.messages[-1][1]
    number = re.findall(r"Name (\d+) rivers", text)[-1]
    if "Given prompt:" in text:
        return f"Name {number} rivers and {len(text)} lakes."
    return "Sorry, no." if int(number) % 3 == 0 else "The Nile and Lake Como."


def test_a_round_evolves_every_row_once_and_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripted_project(tmp_path, monkeypatch, Script(text=reply, choices=lambda request: (0.8, 0.2)))
    shutil.copytree(PROMPTS, "prompts/evol-instruct")
    rows.write("seed", SEEDS)
    lines = [line for line in recipes.lines_of(RECIPE) if line.name.endswith("-1")]
    for line in lines:
        run_line(line)
    kept = read_outputs("evol-instruct-kept-1")
    assert kept.counts["rows_in"] == 40 == len(kept.rows) + len(kept.dropped)
    assert kept.counts["dropped"] == {"not evol_instruct.regrets(response)<=0": 14}
    assert len(script.paid) == 3 * 40, "each row is evolved, answered and judged once"
    for row in kept.rows + kept.dropped:
        steps = [step["target"] for step in row["lineage"]]
        assert row["original"] in {seed["instruction"] for seed in SEEDS} and row["instruction"].endswith("lakes.")
        (operation,) = chosen(row)
        assert steps[0] == f"evol-instruct-{operation}-1" and len(steps) == 3


FOLDERS = ("baleen", "pocket", "stages", "benchmarks", "recipes", "profiles", "prompts")  # beside tests
OWN = {
    "recipes/evol-instruct.yaml",
    "baleen/methods/evol_instruct.py",
    *(path.relative_to(ROOT).as_posix() for path in PROMPTS.glob("*.md")),
    "tests/methods/test_evol_instruct.py",
    "benchmarks/recorded_replies.py",  # replies that every prompt is tested with, which the rehearsal reads too
    "benchmarks/recorded_verdicts.py",  # and those of judges
}


def test_a_method_is_a_recipe_prompts_a_module_and_a_row_of_readme() -> None:
    """Lines that name the method, in files that are not its own; `baleen add` writes one in dvc.yaml."""
    files = [
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yaml", ".md")
    ]
    mentioned = {
        name: len(re.findall(r"^.*evol[-_]instruct.*$", path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in [*files, *(ROOT / name for name in ("README.md", "dvc.yaml", "params.yaml", "pyproject.toml"))]
        if (name := path.relative_to(ROOT).as_posix()) not in OWN
    }
    assert {name: count for name, count in mentioned.items() if count} == {"README.md": 1}


@pytest.mark.slow
def test_adding_the_method_plans_no_other_target_anew(tmp_path: Path) -> None:
    folder = exact.copy(tmp_path)
    rules = (folder / "dvc.yaml").read_text()
    evaluations = rules.partition("stages.report ")[2].partition("\n")[0].split()
    (folder / "dvc.yaml").write_text(assemble.rules(rules, ["recipes/evol-instruct.yaml"], Report(evaluations)))
    added = set((folder / "dvc.yaml").read_text().splitlines()) - set(rules.splitlines())
    assert added == {"  - recipes/evol-instruct.yaml"}
    with_it = exact.plans(folder)
    for name in OWN:
        (folder / name).unlink(missing_ok=True)
    (folder / "dvc.yaml").write_text(rules)
    without = exact.plans(folder)
    assert exact.changed(without, with_it) == []
    assert with_it.keys() - without.keys() == {line.name for line in recipes.lines_of(RECIPE)}
