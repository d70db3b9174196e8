"""A corpus goes in, in whatever form people have it, and a table comes out in which every record is accounted for."""

import gzip
import io
import json
import tarfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.project.lookup import named
from baleen.tables.ingest import clean, rows_of
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.records import Record
from baleen.tables.rows import row_id
from stages.ingest import main

DOCS = ["Whales breathe air.", "Krill feed whales, and 世界."]
LINES = "".join(json.dumps({"body": text}) + "\n" for text in DOCS).encode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ingest_rows(*flags: str, origin: str = "web", name: str = "out") -> list[dict[str, Any]]:
    main([name, "--origin", origin, *flags])
    rows: list[dict[str, Any]] = pq.read_table(f"data/{name}.parquet").to_pylist()
    return rows


def dropped_rows(name: str = "out") -> list[tuple[str, str]]:
    found = pq.read_table(f"data/{name}.dropped.parquet").to_pylist()
    return [(row["id"], row["reason"]) for row in found]


def counts(name: str = "out") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(f"data/{name}.json").read_text())
    return found


def jsonl(*rows: object, name: str = "in.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def tar_bytes(files: dict[str, bytes]) -> bytes:
    with tarfile.open(fileobj=(sink := io.BytesIO()), mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return sink.getvalue()


def zip_bytes(files: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(sink := io.BytesIO(), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def parquet_bytes() -> bytes:
    pq.write_table(pa.table({"body": DOCS}), sink := io.BytesIO())
    return sink.getvalue()


TEXTS = {"a.txt": DOCS[0].encode(), "b.txt": DOCS[1].encode()}
CORPORA = {
    "c.jsonl": LINES,
    "c.jsonl.gz": gzip.compress(LINES),
    "c.json": json.dumps([{"body": text} for text in DOCS]).encode(),
    "c.parquet": parquet_bytes(),
    "c.csv": f'body\n"{DOCS[0]}"\n"{DOCS[1]}"\n'.encode(),
    "c.tsv": f"body\n{DOCS[0]}\n{DOCS[1]}\n".encode(),
    "c.tar.gz": tar_bytes({"c.jsonl": LINES}),
    "texts.tar.gz": tar_bytes(TEXTS),
    "texts.zip": zip_bytes(TEXTS),
    "pages.zip": zip_bytes({"a.md": TEXTS["a.txt"], "b.html": b"<p>" + TEXTS["b.txt"] + b"</p>"}),
}


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_gives_the_same_rows_in_every_form(name: str) -> None:
    Path(name).write_bytes(CORPORA[name])
    rows = ingest_rows("--source", name, *(["--columns.response", "body"] if name.startswith("c.") else []))
    assert [(row["id"], row["origin"], row["response"]) for row in rows] == [(row_id(t), "web", t) for t in DOCS]
    assert all(row["source"]["file"].startswith(name) for row in rows)
    assert (counts()["rows_in"], counts()["documents"]) == (2, 2)


def test_a_folder_is_a_corpus_and_the_source_says_where_each_row_is_from() -> None:
    Path("docs").mkdir()
    for name, content in TEXTS.items():
        Path("docs", name).write_bytes(content)
    rows = ingest_rows("--source", "docs", "--licence", "CC0-1.0")
    assert [row["source"] for row in rows] == [
        {"file": f"docs/{name}", "position": 1, "span": None, "licence": "CC0-1.0"} for name in TEXTS
    ]


def test_equal_sources_give_equal_bytes() -> None:
    Path("c.jsonl").write_bytes(LINES)
    for name in ("one", "two"):
        ingest_rows("--source", "c.jsonl", "--columns.response", "body", name=name)
    assert Path("data/one.parquet").read_bytes() == Path("data/two.parquet").read_bytes()


SEED = {
    "q": {"text": "Why?"},
    "context": "",
    "turns": [{"output": "Because."}],
    "n.b": "dot",
    "n": 3,
    "tags": ["a", "b"],
}


@pytest.mark.parametrize(
    "field, expected",
    [
        ("q.text", "Why?"),
        ("turns.0.output", "Because."),
        ("n.b", "dot"),
        ("q.text,context,turns.0.output", "Why?\n\nBecause."),
        ("q.text, n.b", "Why?\n\ndot"),
        ("absent?", ""),
        ("q.text,turns.5.output?", "Why?"),
        ("context", ""),
    ],
)
def test_a_column_takes_a_field_inside_or_several(field: str, expected: str) -> None:
    options = IngestOptions(source="", origin="web", columns={"input": field, "response": "q.text"})
    [(row, reason)] = rows_of(Record("f", 1, SEED), options, Counter())
    assert (row["input"], reason) == (expected, "")


@pytest.mark.parametrize(
    "column, field, expected",
    [("kind", "n", "3"), ("tags", "tags", ["a", "b"]), ("rating", "n", 3.0), ("constraints", "tags", ["a", "b"])],
)
def test_other_columns_keep_lists_and_scores_and_write_numbers_as_text(
    column: str, field: str, expected: object
) -> None:
    options = IngestOptions(source="", origin="web", columns={"response": "q.text", column: field})
    [(row, _)] = rows_of(Record("f", 1, SEED), options, Counter())
    assert row[column] == expected


def test_a_list_may_be_missing_where_a_part_of_the_rows_has_none() -> None:
    options = IngestOptions(source="", origin="web", columns={"response": "q.text", "constraints": "tags"})
    [(row, _)] = rows_of(Record("f", 1, SEED | {"tags": None}), options, Counter())
    assert row["constraints"] is None


@pytest.mark.parametrize(
    "columns, words",
    [
        ({"response": "answer"}, "f:7 has no field 'answer'; there are q, context, turns, n.b, n, tags"),
        ({"response": "turns.1.output"}, "f:7 has no field 'turns.1.output'; there are 1 items"),
        ({"response": "q"}, "f:7: q = \"{'text': 'Why?'}\" is dict, not text, which column response needs"),
        ({"response": "n"}, "f:7: n = '3' is int, not text, which column response needs"),
        ({"response": "tags"}, "is list, not text"),
        ({"response": "q.text", "rating": "context"}, "f:7: context = '' is no number, which column rating needs"),
        ({"response": "q.text", "constraints": "q.text"}, "is no list of texts, which column constraints needs"),
        ({}, "f:7: say which field is which column, for example --columns.response text; there are q, context"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_its_place(columns: dict[str, str], words: str) -> None:
    with pytest.raises(Problem) as error:
        list(rows_of(Record("f", 7, SEED), IngestOptions(source="", origin="web", columns=columns), Counter()))
    assert words in str(error.value)


@pytest.mark.parametrize("column", ["instruction", "response"])
@pytest.mark.parametrize("text", ["", "  ", None])
def test_an_empty_seed_is_a_problem_and_an_empty_document_is_counted(column: str, text: str | None) -> None:
    whole = {"instruction": "Why?", "response": "Because."}
    flags = ["--source", jsonl(whole, whole | {column: text}), "--columns.instruction", "instruction"]
    flags += ["--columns.response", "response"]
    with pytest.raises(Problem, match=f"in.jsonl:2: the seed has an empty {column}"):
        ingest_rows(*flags, origin="seed")
    assert not list(Path("data").glob("*"))
    assert len(ingest_rows(*flags)) == 1
    assert counts()["dropped"] == {"empty": 1}


def test_an_empty_input_is_no_fault() -> None:
    seed = {"instruction": "Why?", "input": "", "response": "Because."}
    flags = [word for name in seed for word in (f"--columns.{name}", name)]
    assert ingest_rows("--source", jsonl(seed), *flags, origin="seed")[0]["input"] == ""


WORDS = " ".join(f"word{i}" for i in range(60))


@pytest.mark.parametrize(
    "kind, texts, reasons",
    [
        ("", [WORDS, WORDS], []),
        ("exact", [WORDS, f"{WORDS} \r\n", WORDS + " more"], [(row_id(WORDS), f"duplicate of {row_id(WORDS)}")]),
        ("near", [WORDS, WORDS + " more"], [(row_id(WORDS + " more"), f"near duplicate of {row_id(WORDS)}")]),
    ],
)
def test_duplicates_leave_with_the_id_they_repeat(kind: str, texts: list[str], reasons: list[tuple[str, str]]) -> None:
    rows = ingest_rows(
        "--source", jsonl(*({"t": t} for t in texts)), "--columns.response", "t", f"--deduplicate={kind}"
    )
    assert dropped_rows() == reasons
    assert len(rows) + len(reasons) == counts()["rows_in"] == len(texts)
    assert sum(counts()["dropped"].values()) == len(reasons)


def test_one_response_to_two_instructions_is_two_rows() -> None:
    rows = [{"i": "One?", "r": "Same."}, {"i": "Two?", "r": "Same."}]
    assert len(ingest_rows("--source", jsonl(*rows), "--columns.instruction", "i", "--columns.response", "r")) == 2


def test_segments_are_counted_with_the_reasons_of_those_that_go() -> None:
    text = (
        "# Tea\n\n"
        + "Boil water. " * 9
        + "\n\n## Green\n\nTwo minutes.\n\n## Related posts\n\n- a\n\n## Kinds\n\nMany."
    )
    Path("tea.md").write_text(text)
    rows = ingest_rows("--source", "tea.md", "--segment", "--max-chars", "90", "--min-chars", "16")
    assert [(row["source"]["span"], row["response"]) for row in rows] == [("Tea > Green", "## Green\n\nTwo minutes.")]
    assert counts() == {
        "rows_in": 4,
        "rows_out": 1,
        "dropped": {"header": 1, "too long": 1, "too short": 1},
        "documents": 1,
        "segments": 4,
        "files": 1,
        "files_passed_over": 0,
    }


@pytest.mark.parametrize(
    "raw, expected",
    [
        ("\ufeffa\r\nb\rc", "a\nb\nc"),
        ("e\u0301", "é"),
        ("a\x00\x07b\tc", "ab\tc"),
        ("\n  a  \n b\t\n\n", "  a\n b"),
        ("a\u2028b\x0cc", "a\nb\nc"),
        ("\ud83d!", "\ufffd!"),
        (["a ", "b"], ["a", "b"]),
        (None, None),
        ("\x1b[1;31mError\x1b[0m: [31m] stays \x1b.", "Error: [31m] stays ."),
    ],
)
def test_text_is_normalised(raw: object, expected: object) -> None:
    assert clean(raw, True) == expected


def test_text_stays_as_it_is_when_asked() -> None:
    text = "e\u0301 \x07\n"
    assert (
        ingest_rows("--source", jsonl({"t": text}), "--columns.response", "t", "--normalise", "false")[0]["response"]
        == text
    )


def test_half_a_surrogate_pair_does_not_stop_a_build() -> None:
    Path("in.jsonl").write_text('{"t": "bad \\ud83d half"}\n')
    rows = ingest_rows("--source", "in.jsonl", "--columns.response", "t", "--normalise", "false")
    assert rows[0]["response"] == "bad \ufffd half"


@pytest.mark.parametrize("name", ["big.txt", "big.jsonl", "big.csv", "big.parquet", "big.json"])
def test_a_document_over_the_limit_is_counted(name: str) -> None:
    big = "x" * 50_000
    Path("c").mkdir()
    if name.endswith("parquet"):
        pq.write_table(pa.table({"text": [big]}), Path("c", name))
    else:
        texts = {"txt": big, "csv": f"text\n{big}\n", "jsonl": json.dumps({"text": big}) + "\n"}
        Path("c", name).write_text(texts.get(name.rpartition(".")[2], json.dumps([{"text": big}])))
    Path("c", "small.txt").write_text("small")
    rows = ingest_rows("--source", "c", "--columns.response", "text", "--max-document-mb", "0.02")
    assert [row["response"] for row in rows] == ["small"]
    assert counts()["dropped"] == {"too large": 1}
    assert Path("data/out.dropped.parquet").stat().st_size < 10_000


def test_limit_takes_the_first_records() -> None:
    rows = ingest_rows(
        "--source", jsonl(*({"t": f"t{i}"} for i in range(9))), "--columns.response", "t", "--limit", "2"
    )
    assert [row["response"] for row in rows] == ["t0", "t1"]


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--source", "absent"], "no file or folder absent"),
        (["--source", "empty.jsonl"], "no row left from empty.jsonl (0 records; it is empty)"),
        (["--source", "blank.txt"], "no row left from blank.txt (1 records; 1 empty)"),
        (["--source", "bad.txt"], "bad.txt: byte 2 is not UTF-8"),
        (["--source", "blank.txt", "--encoding", "utf8000"], "unknown encoding 'utf8000'"),
        (["--source", "blank.txt", "--encoding", "base64"], "unknown encoding 'base64'"),
        (["--source", "blank.txt", "--kind", "txt"], "unknown kind 'txt'; did you mean 'text'?"),
        (["--source", "blank.txt", "--deduplicate", "fuzzy"], "unknown deduplicate 'fuzzy'"),
        (["--source", "blank.txt", "--near-threshold", "80"], "near_threshold 80.0 must be above 0 and at most 1"),
        (["--source", "blank.txt", "--max-repetition", "2"], "max_repetition 2.0 must be from 0 to 1"),
        (["--source", "blank.txt", "--min-chars", "9", "--max-chars", "5"], "max_chars 5 is below min_chars 9"),
        (["--source", "blank.txt", "--max-document-mb", "0"], "max_document_mb 0.0 must be above 0"),
        (["--source", "blank.txt", "--columns.source", "text"], "column 'source' is filled by ingest"),
        (["--source", "blank.txt", "--min-char", "9"], "unknown setting 'min_char'; did you mean 'min_chars'?"),
        ([], "setting 'source' is missing"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(flags: list[str], words: str) -> None:
    Path("empty.jsonl").write_text("\n\n")
    Path("blank.txt").write_text(" \n")
    Path("bad.txt").write_bytes(b"ab\xff")
    with pytest.raises(Problem) as error:
        ingest_rows(*flags)
    assert words in str(error.value)
    assert not list(Path().glob("data/*"))


def test_a_world_keeps_all_its_columns() -> None:
    flags = ["--world", "1", "--rows", "5", "--deduplicate="]
    assert set(ingest_rows(*flags, "--part", "web")[0]) == {"id", "origin", "source", "response", "truth"}
    assert {"instruction", "response"} < set(ingest_rows(*flags, "--part", "seed", origin="seed")[0])


def test_seeds_in_somebody_elses_schema_are_mapped() -> None:
    seed = {"name": "x", "instruction": "Name the pair.", "instances": [{"input": "a : b", "output": "Letters."}]}
    columns = ["--columns.instruction", "instruction,instances.0.input", "--columns.response", "instances.0.output"]
    [row] = ingest_rows("--source", jsonl(seed), *columns, origin="seed")
    assert (row["instruction"], row["response"]) == ("Name the pair.\n\na : b", "Letters.")


@pytest.mark.parametrize("segment", ["true", "false"])
def test_pages_keep_their_lists_and_code(segment: str) -> None:
    page = "# tool\n\n> What it does.\n\n- Make a file:\n\n`tool {{path}}`\n\n```\n# comment\n    code\n```"
    Path("page.md").write_text(page + "\n")
    assert [row["response"] for row in ingest_rows("--source", "page.md", "--segment", segment)] == [page]


@pytest.mark.parametrize("part", [part for part, _ in named("part") if "lessons" in part or "rewriting" in part])
def test_every_lesson_of_a_pocket_part_is_kept_whatever_its_prompt_writes(folder: Path, part: str) -> None:
    main(["x", "--part", part, "--rows", "120", "--deduplicate", "", "--origin", "lesson"])
    told = json.loads(Path("data/x.json").read_text())
    assert (told["rows_in"], told["rows_out"], told["dropped"]) == (120, 120, {})


ALPACA = {"instruction": "Sort the words.", "input": "pear fig", "output": "fig pear"}
MAPPED = ["--columns.instruction", "instruction", "--columns.response", "output"]


@pytest.mark.parametrize("name", ["input", "context", "passage", "options", "system", "system_prompt", "history"])
@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_what_belongs_to_an_instruction_is_never_left_out_without_a_word(name: str, kind: str) -> None:
    rows = [{k.replace("input", name): v for k, v in row.items()} for row in (ALPACA | {"input": ""}, ALPACA)]
    file = f"in.{kind}"
    if kind == "jsonl":
        jsonl(*rows)
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    else:
        Path(file).write_text("\n".join(",".join(words) for words in [rows[0], *(row.values() for row in rows)]))
    at = 3 if kind == "csv" else 2
    with pytest.raises(Problem, match=f"{file}:{at} has a field '{name}', which no column reads; write"):
        ingest_rows("--source", file, *MAPPED)
    assert len(ingest_rows("--source", file, *MAPPED, "--leave-out", name, "--deduplicate=")) == 2
    assert ingest_rows("--source", file, *MAPPED, "--columns.input", name)[1]["input"] == "pear fig"
    assert len(ingest_rows("--source", file, "--columns.response", "output", "--deduplicate=")) == 2


def test_the_instruction_may_hold_its_input() -> None:
    flags = ["--columns.instruction", "instruction,input", "--columns.response", "output"]
    assert ingest_rows("--source", jsonl(ALPACA), *flags)[0]["instruction"] == "Sort the words.\n\npear fig"


@pytest.mark.parametrize(
    "text, rating", [("4", 4.0), ("", None), ("NaN", None), ("nan", None), (" 4.5 ", 4.5), ("1e1", 10.0)]
)
def test_a_rating_that_is_not_there_is_null(text: str, rating: float | None) -> None:
    Path("in.csv").write_text(f"a,score\nx,{text}\n")
    assert (
        ingest_rows("--source", "in.csv", "--columns.response", "a", "--columns.rating", "score")[0]["rating"] == rating
    )


def test_columns_that_are_null_first_and_a_list_later_are_lists() -> None:
    for name, tags in (("a", None), ("b", ["x"])):
        jsonl({"instruction": f"{name}?", "response": name, "tags": tags}, name=f"{name}.jsonl")
    assert [row["tags"] for row in ingest_rows("--source", "*.jsonl")] == [None, ["x"]]


def test_a_chat_gives_a_row_for_each_exchange() -> None:
    turns = [{"from": role, "value": text} for role, text in (("human", "Hi?"), ("gpt", "Yes."), ("human", "Go?"))]
    source = jsonl({"conversations": [*turns, {"from": "gpt", "value": "No."}]}, {"conversations": turns})
    flags = ["--columns.instruction", "conversations.user", "--columns.response", "conversations.assistant"]
    with pytest.raises(Problem, match="in.jsonl:1: conversations has 2 exchanges; write --turns first, last or all"):
        ingest_rows("--source", source, *flags)
    rows = ingest_rows("--source", source, *flags, "--turns", "all", "--deduplicate=")
    assert [(row["source"]["position"], row["source"]["span"]) for row in rows] == [
        (1, "exchange 1"),
        (1, "exchange 2"),
        (2, None),
    ]
    assert (counts()["rows_in"], counts()["documents"], counts()["turns_left_out"]) == (3, 2, 1)


def test_a_hub_clone_is_read_by_its_split() -> None:
    Path("clone/data").mkdir(parents=True)
    Path("clone/README.md").write_text("---\nlicense: mit\n---\n# Card\n")
    for split in ("train", "test"):
        pq.write_table(pa.table({"text": [split]}), f"clone/data/{split}-00000-of-00001.parquet")
    for flag in ("--source", "--hub"):
        rows = ingest_rows(flag, "clone", "--columns.response", "text", "--split", "train")
        assert [row["response"] for row in rows] == ["train"]
        assert counts()["files_passed_over"] == 2
        with pytest.raises(Problem, match="clone: there are splits: test, train; write --split <name>"):
            ingest_rows(flag, "clone", "--columns.response", "text")


HUB = {
    "a row that is no JSON": ({"a.jsonl": '{"text": "x"}\n{"text": \n'}, r"set/a.jsonl:2 is not JSON"),
    "a row with more cells": ({"a.csv": "text,n\nx,1\na,b,c\n"}, r"set/a.csv:3: 3 cells where the header has 2"),
    "a script": ({"set.py": "import datasets\n", "a.jsonl": '{"text": "x"}\n'}, r"cannot load the data set 'set' \("),
    "a picture": ({"photo.png": ""}, r"set:1 has no field 'text'; there are image"),
    "nothing": ({"LICENSE": ""}, r"cannot load the data set 'set' \("),
    "bad bytes": ({"a.jsonl": b'{"text": "\xff"}'}, r"set/a.jsonl: byte 10 is not UTF-8"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HUB)
def test_whatever_a_data_set_holds_is_one_line(name: str) -> None:
    files, words = HUB[name]
    Path("set").mkdir()
    for file, text in files.items():
        Path("set", file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Problem, match=words):
        ingest_rows("--hub", "set", "--split", "train", "--columns.response", "text")


def test_shards_of_a_data_set_may_have_other_columns() -> None:
    Path("set").mkdir()
    for name, row in (("a", {"text": "one"}), ("b", {"text": "two", "extra": 1})):
        jsonl(row, name=f"set/{name}.jsonl")
    rows = ingest_rows("--hub", "set", "--split", "train", "--columns.response", "text")
    assert [row["response"] for row in rows] == ["one", "two"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "file, content, words",
    [
        ("dataset_info.json", b"{", r"saved/dataset_info.json is damaged \(Expecting property name"),
        (
            "dataset_info.json",
            b'{"features": {"text": {"_type": "Value2"}}}',
            "saved cannot be read as a saved",
        ),
        ("state.json", b"[]", "saved cannot be read as a saved"),
        ("data-00000-of-00001.arrow", -100, "saved/data-00000-of-00001.arrow is damaged"),
        ("data-00000-of-00001.arrow", None, "saved cannot be read as a saved"),
        ("data-00000-of-00001.arrow", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
    ],
)
def test_a_saved_data_set_that_is_damaged_is_named(file: str, content: bytes | int | None, words: str) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"text": ["one", "two"]}).save_to_disk("saved")
    path = Path("saved", file)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:content] if isinstance(content, int) else content)
    with pytest.raises(Problem, match=words):
        ingest_rows("--source", "saved", "--columns.response", "text")
