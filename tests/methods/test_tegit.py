"""TeGit: a task is designed from a document in one pass, and what leaks or is made up is dropped with its reason."""

from pathlib import Path

import pytest
from scripted import Script, documents, last_line, run_verb, scripted_project

from baleen import prompts
from baleen.measures.expressions import parse_condition, parse_value
from baleen.measures.overlap import grounded
from baleen.methods import tegit
from baleen.project import settings
from baleen.transforms import TRANSFORMS
from pocket import parts, records
from pocket.checker import check
from pocket.phrasing import parse
from pocket.world import build as world_of

PROMPTS = Path(__file__).parents[2] / "prompts"
RECIPE = settings.load_yaml(Path(__file__).parents[2] / "recipes/tegit.yaml")["settings"]["grounded"]
KNOBS = RECIPE | settings.load_yaml(Path(__file__).parents[2] / "profiles/pocket.yaml")["grounded"]
WRAP = (
    "---\nwrites: [instruction, input, response]\nformat: marked\n---\nDesign one task from this text.\n\n$document\n"
)


def load_prompt(name: str) -> prompts.Prompt:
    return prompts.load(name, folder=PROMPTS)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    made = scripted_project(tmp_path, monkeypatch, Script())
    Path("prompts/wrap.md").write_text(WRAP)
    return made


@pytest.mark.parametrize(
    ("given", "answer", "text"),
    [("a: 1", "b\n\nc", "a: 1 b\n\nc"), ("", "b", "b"), (None, "b", "b")],
)
def test_a_text_for_a_task_shows_no_end_of_its_input(given: str | None, answer: str, text: str) -> None:
    row = {"id": "1", "instruction": "Sort.", "input": given, "response": answer}
    assert tegit.task_text(row) == [row | {"document": text}]


def marked_reply(instruction: str, response: str, given: str = "") -> str:
    return f"#instruction#: {instruction}\n#input#: {given}\n#response#: {response}"


def test_a_reply_that_repeats_the_wrapper_leaves_as_a_leak(script: Script) -> None:
    texts = {
        "a": "Design one task from this text.",
        "b": "Say what b is.",
        "c": "now design one task from this text. ok",
    }
    script.text = lambda request: marked_reply(texts[last_line(request)], "It is b.")
    table = [row | {"document": row["response"]} for row in documents("a", "b", "c")]
    made = run_verb("generate", table, "--prompt", "wrap", "--leak", "0.5", "--min-readable", "0.3")
    assert made.column("document") == ["b"] and made.counts["dropped"] == {"leak": 2}


def test_fields_that_ran_together_leave_as_unreadable(script: Script) -> None:
    replies = {
        "a": marked_reply("Why ?", "So ."),
        "b": "#instruction#: Why ?\n#response#: So .",
        "c": marked_reply("Why ?", "#input#: x"),
    }
    script.text = lambda request: replies[last_line(request)]
    table = [row | {"document": row["response"]} for row in documents("a", "b", "c")]
    made = run_verb("generate", table, "--prompt", "wrap", "--leak", "0.5", "--min-readable", "0.3")
    assert made.column("document") == ["a"] and made.counts["dropped"] == {"unreadable": 2}
    assert made.rows[0]["response"] == "So ." and made.rows[0]["input"] == ""


DESIGNED = [  # instruction, input, output; why the task leaves
    ("what is the job of anna ?", "", "anna works as a baker .", None),
    ("write this list .", "- baker\n- rome", "baker , rome", None),
    ("none", "", "none", "not words(instruction)>=3"),
    ("what is the job of anna ?", "", "anna works as a pilot .", "not grounded(response,document)>=0.8"),
    ("what is the job ?", "berta works somewhere else", "anna works .", "not grounded(input,document)>=0.8"),
    ("安娜的工作是什么？", "", "baker", None),
]


@pytest.mark.parametrize(("instruction", "given", "response", "reason"), DESIGNED)
def test_a_task_must_ask_and_say_what_the_document_says(
    instruction: str, given: str, response: str, reason: str | None
) -> None:
    row = {"instruction": instruction, "input": given, "response": response}
    row["document"] = "share this page . anna works as a baker in rome ."
    assert next((why for text in KNOBS["keep"] if (why := parse_condition(text).reason(row))), None) == reason


def test_the_same_instruction_with_another_input_is_another_task(tmp_path: Path) -> None:
    from baleen.tables import rows
    from stages import filter as verb

    table = [{"id": str(i), "instruction": "sort this", "input": given} for i, given in enumerate("aab")]
    rows.write(str(tmp_path / "in.parquet"), table)
    flags = ["--input", str(tmp_path / "in.parquet"), "--unique", KNOBS["unique"]]
    verb.main([str(tmp_path / "out.parquet"), *flags])
    assert [row["id"] for row in rows.read(tmp_path / "out.parquet")] == ["0", "2"]


@pytest.mark.parametrize("origin", ["seed", "web", "heldout"])
def test_without_an_input_a_student_is_asked_as_by_the_common_prompt(origin: str) -> None:
    row = {"id": "a", "origin": origin, "instruction": "中文 {a: $5} ?", "response": "r"}
    ours, common = load_prompt("tegit/reply"), load_prompt("reply")
    assert ours.messages(row | {"input": ""}) == common.messages(row)
    assert ours.messages(row | {"input": "x"})[-1][1] == "中文 {a: $5} ?\n\nx"


def test_the_backward_prompt_says_what_humpback_says() -> None:
    row = {"id": "a", "origin": "web", "response": "text", "document": "text"}
    assert load_prompt("tegit/backward").messages(row) == load_prompt("ask").messages(row)


def test_the_document_stays_beside_the_output() -> None:
    transform = TRANSFORMS["document"].function
    assert transform and transform({"id": "a", "response": "x"}) == [{"id": "a", "response": "x", "document": "x"}]


LESSONS = list(records("tegit.lessons", 0, 600, 0.5))


def test_lessons_design_nothing_from_documents_without_a_whole_answer() -> None:
    useless = [row for row in LESSONS if row["instruction"] == "none"]
    assert 0.2 < len(useless) / len(LESSONS) < 0.45
    assert all(row["response"] == "none" and row["input"] == "" for row in useless)


def test_lessons_take_what_the_document_says_and_leave_out_the_noise() -> None:
    designed = [row for row in LESSONS if row["instruction"] != "none"]
    assert all(grounded(row["response"], row["document"]) == 1 for row in designed if not row["input"])
    assert all(grounded(row["input"], row["document"]) == 1 for row in designed)
    assert any(len(row["response"]) < len(row["document"]) and not row["input"] for row in designed)
    assert 0.05 < sum(map(parse_value("present(input)").of, designed)) / len(designed) < 0.4  # type: ignore[arg-type]


def test_lessons_never_ask_about_a_held_out_cell() -> None:
    world = world_of(0)
    held = {(task, name) for split in ("test", "dev") for task, names in world.cells[split].items() for name in names}
    specs = [parse(world, row["instruction"].removesuffix(" use the text .")) for row in LESSONS]
    assert not {(spec.task, spec.entity) for spec in specs if spec} & held


def test_a_lesson_without_input_is_a_right_pair_unless_its_facts_are_wrong() -> None:
    world = world_of(0)
    pairs = [(parse(world, row["instruction"]), row["response"]) for row in LESSONS if not row["input"]]
    right = [check(world, spec, response).ok for spec, response in pairs if spec]
    assert sum(right) / len(right) > 0.8


@pytest.mark.slow
def test_the_glossary_holds_the_words_that_only_tasks_have() -> None:
    pages = {word for row in records("tegit.pages", 0, 2000, 0.5) for word in row["response"].split()}
    texts = [row[column] for row in LESSONS for column in ("instruction", "input", "response")]
    known = pages | {*parts.vocabulary(0)}
    assert {word for text in texts for word in text.split()} <= known
    assert {"#instruction#:", "#input#:", "#response#:"} <= known


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Design a task for the following source code.", 1),
        ("please come up with an instruction that fits it", 1),
        ("请根据代码设计一个任务", 1),
        ("create a task list for a wedding", 0),
        ("write a task manager in python", 0),
        ("design a bridge", 0),
        ("", 0),
    ],
)
def test_an_instruction_that_asks_for_a_task_is_seen(text: str, count: int) -> None:
    assert tegit.designing(text) == count


SHORT = ["Yes, it does.", "Positive", "positive", "No", "42", "The town grows fruit and sells it in the north."]


@pytest.mark.parametrize("output", SHORT)
def test_on_real_text_an_output_may_be_a_label_or_a_summary_in_other_words(output: str) -> None:
    task = {
        "instruction": "Is this review positive? Answer in a word.",
        "input": "the film was long , but I liked it",
        "response": output,
        "document": "Last night I went out . the film was long , but I liked it very much .",
    }
    assert [why for text in RECIPE["keep"] if (why := parse_condition(text).reason(task))] == []


@pytest.mark.parametrize("profile", ["text", "small", "8b", "paper"])
def test_only_the_generated_world_asks_for_outputs_in_the_words_of_the_document(profile: str) -> None:
    own = settings.load_yaml(Path(__file__).parents[2] / f"profiles/{profile}.yaml").get("grounded", {})
    assert not any("grounded(response" in text for text in (RECIPE | own)["keep"])
    assert any("grounded(response" in text for text in KNOBS["keep"])
