"""What a source seems to be is proposed, with the first rows as they would be read, and never applied by itself."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.tables.propose import kind_of_values, propose

PAIR = {"instruction": "question", "response": "answer"}
JSON_LINES = '{"question": "Why?", "answer": "So."}\n'


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(
    "name, content, settings",
    [
        ("a.jsonl", JSON_LINES, {}),
        ("a.jsonl", json.dumps([{"question": "Why?", "answer": "So."}]), {"kind": "json"}),
        ("a.jsonl", '{\n"question": "Why?",\n"answer": "So."\n}\n', {"kind": "json"}),
        ("a.csv", "question,answer\nWhy?,So.\n", {}),
        ("a.csv", 'question;answer\n"Why?";So.\n', {"separator": ";"}),
        ("a.csv", '"question";"answer"\n"Why?";"So."\n', {"separator": ";"}),
        ("a.csv", "question;answer;a, b\nWhy?;So.;x\n", {"separator": ";"}),
        ("a.csv", "question\tanswer\nWhy?\tSo.\n", {"separator": "tab"}),
        ("a.csv", "question|answer\nWhy?|So.\n", {"separator": "|"}),
        ("a.csv", 'question,answer\nWhy?,So.\nHow?,"\\"a\\", b"\n', {"quoting": "backslash"}),
        ("a.tsv", "question\tanswer\nWhy?\tSo.\n", {}),
        ("a.tsv", 'question\tanswer\n"Why?"\tSo.\n', {"quoting": "double"}),
        ("a.csv", "question;answer\nWhy?;So.\nÇa?;Où.\n".encode("cp1252"), {"separator": ";", "encoding": "cp1252"}),
    ],
)
def test_the_settings_are_those_that_the_readers_ask_for(
    tmp_path: Path, name: str, content: str | bytes, settings: dict[str, str]
) -> None:
    proposal = propose(write(tmp_path, name, content))
    assert proposal.settings == {"columns": PAIR, **settings}
    assert len(proposal.reasons) == len(settings)
    assert proposal.rows[0] == {"instruction": "Why?", "response": "So."}


CHAT = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]


ALPACA = {"instruction": "a b", "input": "c d", "output": "e"}
RECORDS: list[tuple[dict[str, Any], list[str]]] = [
    (ALPACA, ["instruction,input", "output"]),
    (ALPACA | {"input": ""}, ["instruction", "output"]),
    ({"prompt": "a b", "completion": "c", "id": "7"}, ["prompt", "completion"]),
    ({"input": "a b", "output": "c"}, ["input", "output"]),
    ({"system_prompt": "x y", "question": "a b", "response": "c"}, ["system_prompt,question", "response"]),
    ({"instruction": "a b", "context": "c d", "response": "e"}, ["instruction,context", "response"]),
    ({"messages": CHAT}, ["messages.user", "messages.assistant"]),
    ({"id": 1, "conversations": json.dumps(CHAT)}, ["conversations.user", "conversations.assistant"]),
    ({"data": {"query": "a b", "reply": "c d"}}, ["data.query", "data.reply"]),
    ({"instruction": "a b", "instances": [{"input": "", "output": "c d"}]}, ["instruction", "instances.0.output"]),
    ({"prompt": CHAT[:1], "completion": CHAT[1:]}, ["prompt.user", "completion.assistant"]),
    ({"prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": CHAT[1:]}, ["prompt.user", "chosen.assistant"]),
    ({"prompt": "a b", "completion": CHAT[1:]}, ["prompt", "completion.assistant"]),
    ({"prompt": "a b", "chosen": CHAT, "rejected": CHAT}, ["chosen.user", "chosen.assistant"]),
    ({"system": "a b", "conversations": CHAT}, ["system,conversations.user", "conversations.assistant"]),
    ({"question": "a b", "context": "c d", "answers": ["e"]}, ["question,context"]),
    ({"messages": CHAT[:1]}, ["messages.user"]),
    ({"url": "http://a", "title": "a b", "text": "c d"}, ["text"]),
    ({"page": 3, "letter": "c d"}, ["letter"]),
    ({"a": "b c", "d": "e f"}, []),
    ({"Q": "a b", "A": "c d"}, ["Q", "A"]),
    ({"q": "a b", "id": "7"}, ["q"]),
    ({"question": "a b", "a": "c d", "b": "e f"}, ["question"]),
    ({"n": 3}, []),
]


@pytest.mark.parametrize("record, fields", RECORDS)
def test_a_mapping_is_proposed_by_the_names_of_the_fields(
    tmp_path: Path, record: dict[str, Any], fields: list[str]
) -> None:
    proposal = propose(write(tmp_path, "a.jsonl", json.dumps(record)))
    columns = ["instruction", "response"][-len(fields) :] if fields else []
    columns = ["instruction"] if fields in (["question,context"], ["question"], ["messages.user"]) else columns
    assert proposal.columns == dict(zip(columns, fields, strict=True))
    assert [list(row) for row in proposal.rows] == ([columns] if columns else [])


def test_the_last_question_of_a_prompt_is_that_of_its_answer(tmp_path: Path) -> None:
    turns = [{"role": role, "content": f"{role} {n}"} for n in (1, 2) for role in ("user", "assistant")]
    found = propose(write(tmp_path, "a.jsonl", json.dumps({"prompt": turns[:3], "completion": turns[3:]})))
    assert found.settings["turns"] == "last" and found.rows[0]["response"] == "assistant 2"
    assert found.rows[0]["instruction"].endswith("User: user 2")


@pytest.mark.parametrize(
    "turn, words",
    [
        ({"role": "tool", "content": "x"}, "a.jsonl:1: messages has the role 'tool' in turn 1"),
        ({"role": "assistant", "content": None}, "a.jsonl:1: messages has no text in turn 1"),
        ({"role": {"x": 1}, "content": "a"}, "a.jsonl:1: messages has the role None in turn 1"),
    ],
)
def test_a_chat_that_cannot_be_read_is_named(tmp_path: Path, turn: dict[str, Any], words: str) -> None:
    with pytest.raises(Problem, match=words):
        propose(write(tmp_path, "a.jsonl", json.dumps({"messages": [{"role": "user", "content": "Why?"}, turn]})))


def test_what_is_no_text_beside_an_instruction_is_left_out_with_a_word(tmp_path: Path) -> None:
    record = {"question": "a b", "choices": ["c", "d"], "history": [["e", "f"]], "context": float("nan"), "answer": "c"}
    found = propose(write(tmp_path, "a.jsonl", json.dumps(record)))
    assert found.settings == {"columns": PAIR, "leave_out": ["choices", "history"]}
    assert [reason.partition("; ")[2] for reason in found.reasons] == [
        "it is no text; write --leave-out choices", "it is no text; write --leave-out history",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["prompt", "question", "instruction"])
def test_a_request_without_an_answer_is_proposed_as_an_instruction(tmp_path: Path, name: str) -> None:
    proposal = propose(write(tmp_path, "a.jsonl", json.dumps({name: "a b", "id": 7})))
    assert proposal.columns == {"instruction": name} and proposal.rows == [{"instruction": "a b"}]


def test_a_field_that_some_records_lack_may_be_absent(tmp_path: Path) -> None:
    rows = [{"instruction": "a b", "input": "c d", "output": "e"}, {"instruction": "f g", "output": "h"}]
    proposal = propose(write(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows))))
    assert proposal.columns["instruction"] == "instruction,input?"
    assert [row["instruction"] for row in proposal.rows] == ["a b\n\nc d", "f g"]


@pytest.mark.parametrize(
    "values, kind",
    [
        (["# Head\n\ntext", "- a\n- b"], "markdown"),
        (["See [it](http://a).", "Use `x` and **y**."], "markdown"),
        (["<p>One</p>", "<!doctype html><p>x"], "html"),
        (["One line.", "The <p> tag."], "text"),
        (["One line.", "Two.", "# Head"], "text"),
        ([1, 2.5, None], "number"),
        (["1", "2.5", "NaN", ""], "number"),
        ([CHAT, CHAT], "chat"),
        ([json.dumps(CHAT)], "chat"),
        ([["a"], ["b"]], "list"),
        ([{"a": 1}], "mapping"),
        (["", None], "empty"),
        ([], "unreadable"),
    ],
)
def test_what_a_field_holds_is_told_from_its_values(values: list[Any], kind: str) -> None:
    assert kind_of_values(values) == kind


def test_a_folder_of_documents_needs_no_more_than_its_text(tmp_path: Path) -> None:
    for n in range(5):
        write(tmp_path, f"docs/{n}.md", f"# Page {n}\n\nText.")
    proposal = propose(str(tmp_path / "docs"))
    assert (proposal.format, proposal.columns) == ("markdown", {"response": "text"})
    assert proposal.fields == {"text": "markdown", "title": "text"}
    assert len(proposal.rows) == 3 and proposal.rows[0]["response"] == "# Page 0\n\nText."


def test_a_hub_clone_is_proposed_with_its_training_split(tmp_path: Path) -> None:
    for split in ("test", "train"):
        write(tmp_path, f"set/{split}.jsonl", JSON_LINES.replace("So.", split))
    proposal = propose(str(tmp_path / "set"))
    assert proposal.settings == {"columns": PAIR, "split": "train"}
    assert proposal.rows == [{"instruction": "Why?", "response": "train"}]


def test_a_chat_of_several_exchanges_is_proposed_with_the_first(tmp_path: Path) -> None:
    system = [{"role": "system", "content": "Be terse."}]
    turns = [{"role": role, "content": role} for role in ("user", "assistant")] * 2
    proposal = propose(write(tmp_path, "a.jsonl", json.dumps({"messages": system + turns})))
    assert proposal.settings["turns"] == "first"
    assert proposal.rows == [{"instruction": "Be terse.\n\nuser", "response": "assistant"}]


def test_unreadable_columns_of_a_parquet_file_are_named_and_not_mapped(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(pa.string(), 1, pa.array([b"caf\xe9"]).buffers())
    pq.write_table(pa.table({"text": bad, "body": ["a b"], "n": [1]}), tmp_path / "a.parquet")
    proposal = propose(str(tmp_path / "a.parquet"))
    assert proposal.fields == {"text": "unreadable", "body": "text", "n": "number"}
    assert proposal.columns == {"response": "body"}


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.jsonl", "", "a.jsonl is empty; name another source"),
        ("a.png", "x", "nothing to read in"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "a.jsonl:2 is not JSON"),
        ("a.csv", "a,b\n1,2\n3\n", "a.csv:3: 1 cells where the header has 2"),
    ],
)
def test_what_no_setting_makes_readable_is_a_problem(tmp_path: Path, name: str, content: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        propose(write(tmp_path, name, content))


def test_looking_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    propose(write(tmp_path, "a.jsonl", JSON_LINES))
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_column_that_a_file_lacks_may_be_absent(tmp_path: Path) -> None:
    for name, column in (("a", "text"), ("b", "content")):
        pq.write_table(pa.table({column: ["One."]}), tmp_path / f"{name}.parquet")
    assert propose(str(tmp_path)).columns == {"response": "text?"}


def test_bytes_are_text_and_nan_is_none(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([b"One."], pa.binary()), "photo": [b"\x89PNG"]}), tmp_path / "a.parquet")
    assert propose(str(tmp_path / "a.parquet")).fields == {"text": "text", "photo": "bytes"}
    found = propose(write(tmp_path, "a.jsonl", '{"text": "One.", "note": NaN}\n{"text": NaN, "note": NaN}\n'))
    assert found.fields == {"text": "text", "note": "empty"} and found.rows == [{"response": "One."}]


ROWS = [{"question": "Why?", "answer": "So."}, {"question": "How?", "answer": "Thus."}]


@pytest.mark.parametrize(
    "content, field",
    [
        ({"data": ROWS}, "data"),
        ({"version": "1.1", "description": "Made by hand.", "data": ROWS}, "data"),
        ({"info": {"a": 1}, "tags": [{"n": 1}], "rows": ROWS}, "rows"),
        ({"7": ROWS[0], "8": ROWS[1]}, "*"),
        ({"items": [{"id": 1} | ROWS[0], ROWS[1]], "next": [{"page": 2}]}, "items"),
    ],
)
def test_records_inside_an_object_are_all_proposed(tmp_path: Path, content: dict[str, Any], field: str) -> None:
    found = propose(write(tmp_path, "a.json", json.dumps(content)))
    assert found.settings == {"columns": PAIR, "field": field} and found.reasons[-1].endswith(f"--field {field}")
    assert [row["instruction"] for row in found.rows] == ["Why?", "How?"]


@pytest.mark.parametrize(
    "content",
    [
        {"text": "A page.", "authors": [{"n": 1}, {"n": 2}]},
        {"question": "Why?", "answer": "So.", "tags": [{"n": 1}, {"n": 2}]},
        {"messages": CHAT},
    ],
)
def test_an_object_that_is_a_record_is_one(tmp_path: Path, content: dict[str, Any]) -> None:
    assert "field" not in propose(write(tmp_path, "a.json", json.dumps(content))).settings
