"""Trees of messages, nested or flat, give the pair of the first question and the reply that people ranked first."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.propose import propose
from baleen.tables.sources import kept_rows
from stages.ingest import main

Message = dict[str, Any]
ROLES = ("prompter", "assistant")


def message(text: str, *replies: Message, rank: int | None = None, lang: str = "en", **more: Any) -> Message:
    """A message of a tree; its role and ids are set by `tree`."""
    usual = {"text": text, "lang": lang, "rank": rank, "deleted": False, "review_result": True, "synthetic": False}
    return usual | {"replies": list(replies)} | more


def tree(root: Message, depth: int = 0, name: str = "t") -> Message:
    """The same messages with their roles, which alternate, and ids."""
    replies = [tree(reply, depth + 1, f"{name}.{at}") for at, reply in enumerate(root["replies"])]
    return {"message_id": name, "role": ROLES[depth % 2]} | root | {"replies": replies}


def flat(root: Message, parent: str | None = None) -> list[Message]:
    """A record for each message."""
    own = {name: value for name, value in root.items() if name != "replies"}
    below = [record for reply in root["replies"] for record in flat(reply, root["message_id"])]
    return [own | {"parent_id": parent, "message_tree_id": root["message_id"].partition(".")[0]}, *below]


GOOD = message("Why?", message("Because.", rank=1), message("So.", message("And?", message("Then.")), rank=0))
GERMAN = message("Warum?", message("Darum.", rank=0, lang="de"), lang="de")
SHAPES: dict[str, tuple[Message, str, int]] = {  # a tree, the reason why it gives no pair, messages that are left out
    "a reply of rank 0": (GOOD, "", 3),
    "no reply": (message("Why?"), "no reply", 0),
    "one reply, which is not ranked": (message("Why?", message("So.")), "replies unranked", 1),
    "the best reply is gone": (message("Why?", message("So.", rank=1)), "no reply of rank 0", 1),
    "a deleted prompt": (GOOD | {"deleted": True}, "prompt deleted", 4),
    "a deleted best reply": (message("Why?", message("So.", rank=0, deleted=True)), "reply deleted", 1),
    "a prompt that review refused": (GOOD | {"review_result": False}, "prompt not approved", 4),
    "another language": (GERMAN, "prompt in de", 1),
    "a reply in another language": (message("Why?", message("Darum.", rank=0, lang="de")), "reply in de", 1),
    "no language": (message("Why?", message("So.", rank=0), lang=""), "prompt in no language", 1),
    "an answer first": (message("So.", message("Why?", rank=0), role="assistant"), "begins with no question", 1),
}
FORMS = ("trees.jsonl", "messages.jsonl", "messages.parquet", "messages.csv")


def write(form: str, *roots: Message) -> str:
    """A file of trees, nested or flat; the name of the file."""
    trees = [tree(root, name=f"t{at}") for at, root in enumerate(roots)]
    nested = [{"message_tree_id": one["message_id"], "tree_state": "ready_for_export", "prompt": one} for one in trees]
    records = nested if form.startswith("trees") else [record for one in trees for record in flat(one)]
    if form.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(records), form)
    elif form.endswith("csv"):
        pa.csv.write_csv(pa.Table.from_pylist(records), form)
    else:
        Path(form).write_text("".join(json.dumps(record) + "\n" for record in records))
    return form


def ingested(source: str, *flags: str) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """The pairs, and the counts."""
    main(["seed", "--source", source, "--origin", "seed", *flags])
    rows = pq.read_table("data/seed.parquet").to_pylist()
    counts: dict[str, Any] = json.loads(Path("data/seed.json").read_text())
    return [(row["instruction"], row["response"]) for row in rows], counts


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_tree_is_a_pair_or_leaves_with_its_reason(form: str, shape: str) -> None:
    root, reason, left = SHAPES[shape]
    other = message("Who?", message("She.", rank=0))
    rows, counts = ingested(write(form, root, other), "--trees", "en")
    assert rows == [("Why?", "So."), ("Who?", "She.")][bool(reason) :]
    assert counts["dropped"] == ({reason: 1} if reason else {})
    assert counts.get("messages_left_out", 0) == left
    assert counts["rows_in"] == 2


@pytest.mark.parametrize("form", FORMS)
def test_another_language_or_any_can_be_read(form: str) -> None:
    name = write(form, GOOD, message("Qual?", message("Esse.", rank=0, lang="pt-BR"), lang="pt-BR"))
    assert ingested(name, "--trees", "pt")[0] == [("Qual?", "Esse.")]
    assert ingested(name, "--trees", "any")[0] == [("Why?", "So."), ("Qual?", "Esse.")]


def test_flat_messages_need_no_order_and_none_is_lost() -> None:
    records = flat(tree(GOOD))
    strays: list[Message] = [records[0] | {"message_id": "u", "parent_id": "gone"}, records[0]]
    circle = [records[1] | {"message_id": one, "parent_id": other} for one, other in ("ab", "ba")]
    Path("m.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [*reversed(records), *strays, *circle]))
    rows, counts = ingested("m.jsonl", "--trees", "en")
    assert rows == [("Why?", "So.")]
    assert counts["dropped"] == {"answers a message that is not there": 1, "message twice": 1}
    assert counts["messages_left_out"] == len(records) - 2 + len(circle)


def test_several_files_are_read_as_one_source() -> None:
    records = flat(tree(GOOD))
    Path("m").mkdir()
    for part, some in enumerate((records[:2], records[2:])):
        Path(f"m/{part}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in some))
    assert ingested("m", "--trees", "en")[0] == [("Why?", "So.")]


def test_columns_name_the_texts_of_a_pair_and_its_language() -> None:
    columns = {"instruction": "instruction", "response": "response", "spoken": "language"}
    ingested(write("trees.jsonl", GOOD), "--trees", "en", *(f"--columns.{c}={f}" for c, f in columns.items()))
    assert pq.read_table("data/seed.parquet")["spoken"].to_pylist() == ["en"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"question": "Why?"}, "m.jsonl:1 is no message of a tree: it has no message_id, parent_id, text, role but"),
        ({"prompt": {"text": "Why?", "replies": "So."}}, "m.jsonl:1: replies = 'So.' is no list of messages"),
    ],
)
def test_what_is_no_tree_is_told_with_its_place(record: Message, message: str) -> None:
    Path("m.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(Problem, match=message):
        ingested("m.jsonl", "--trees", "en")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lang", ["en", "de"])
def test_trees_are_proposed_in_their_language(form: str, lang: str) -> None:
    proposal = propose(write(form, *[GOOD] * (lang == "en"), GERMAN))
    assert proposal.settings["trees"] == lang
    assert [*proposal.columns] == ["instruction", "response"]
    assert [row["instruction"] for row in proposal.rows] == ["Why?" if lang == "en" else "Warum?"]


def test_a_look_at_the_first_trees_does_not_read_all_messages() -> None:
    name = write("messages.jsonl", *[GOOD] * 300)
    Path(name).write_text(Path(name).read_text() + "{broken")  # beyond what is looked at
    options = IngestOptions(name, origin="seed", trees="en")
    assert [row["response"] for row in kept_rows(options, 2)] == ["So."] * 2
    with pytest.raises(Problem, match="is not JSON"):
        list(kept_rows(options))
