"""CSV and TSV have a separator and a quoting; what looks otherwise is one line that says what to write."""

import io
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.tables.fields import Mapping, values
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile

QUESTIONS = frozenset({"q", "a"})


def cells(kind: str, text: str, **settings: Any) -> list[Any]:
    opened = OpenFile("f", io.BytesIO(text.encode()), wanted=settings.pop("wanted", QUESTIONS), **settings)
    return [record.fields for record in READERS[kind](opened)]


@pytest.mark.parametrize(
    "kind, text, settings",
    [
        ("csv", "q,a\nWhy?,So.\n", {}),
        ("csv", 'q,a\n"Why?","So."\n', {}),
        ("csv", "q;a\nWhy?;So.\n", {"separator": ";"}),
        ("csv", 'q;a\n"Why?";So.\n', {"separator": ";"}),
        ("csv", "q\ta\nWhy?\tSo.\n", {"separator": "tab"}),
        ("csv", "q\ta\nWhy?\tSo.\n", {"separator": "\t"}),
        ("csv", "q|a\r\nWhy?|So.\r\n", {"separator": "|"}),
        ("tsv", "q\ta\nWhy?\tSo.\n", {}),
        ("tsv", 'q\ta\n"Why?"\tSo.\n', {"quoting": "double"}),
        ("tsv", "q,a\nWhy?,So.\n", {"separator": ","}),
    ],
)
def test_separator_and_quoting_are_settings(kind: str, text: str, settings: dict[str, str]) -> None:
    assert cells(kind, text, **settings) == [{"q": "Why?", "a": "So."}]


@pytest.mark.parametrize(
    "kind, cell, quoting, expected",
    [
        ("csv", r'"He said \"no\"."', "backslash", 'He said "no".'),
        ("csv", r'"C:\new\\dir"', "backslash", r"C:\new\dir"),
        ("csv", r'"tab \t, n \n"', "backslash", r"tab \t, n \n"),
        ("csv", '"He said ""no""."', "", 'He said "no".'),
        ("csv", '"He" said', "none", '"He" said'),
        ("csv", 'He said "no".', "", 'He said "no".'),
        ("tsv", '"Who?', "", '"Who?'),
        ("tsv", '"Who?" she said', "", '"Who?" she said'),
        ("tsv", '"Yes," he said, "no."', "", '"Yes," he said, "no."'),
        ("tsv", '"Who?"', "none", '"Who?"'),
        ("tsv", r"back\slash", "", r"back\slash"),
    ],
)
def test_quotes_are_read_as_the_quoting_says(kind: str, cell: str, quoting: str, expected: str) -> None:
    separator = "\t" if kind == "tsv" else ","
    assert cells(kind, f"q{separator}a\n{cell}{separator}x\n", quoting=quoting) == [{"q": expected, "a": "x"}]


def test_quotes_of_a_tsv_never_join_lines() -> None:
    text = 'q\ta\n"Who?\tNobody\nPlain?\tYes\nSaid"\tFine\n'
    assert [row["a"] for row in cells("tsv", text)] == ["Nobody", "Yes", "Fine"]


@pytest.mark.parametrize(
    "kind, text, words",
    [
        ("csv", "q;a\nWhy?;So.\n", "f:1: the columns seem to be separated by ';': write --separator ';'"),
        ("csv", 'q;a\n"Why?";"So."\n', "f:1: the columns seem to be separated by ';'"),
        ("csv", "q\ta\nWhy?\tSo.\n", "f:1: the columns seem to be separated by '\\t': write --separator 'tab'"),
        ("csv", "q|a\nWhy?|So.\n", "write --separator '|'"),
        ("tsv", "q,a\nWhy?,So.\n", "write --separator ','"),
        (
            "csv",
            'q,a\n"He said \\"no\\".",x\n',
            "f:2: ',' expected after '\"'; quotes seem to be escaped as \\\": write --q",
        ),
        ("csv", 'q,a\n"open,x\n', "f:2: unexpected end of data; quotes seem to be words: write --quoting none"),
        ("csv", 'q,a\n"one, two",x\n"open,y\n', "f:3: unexpected end of data; a quote may be open"),
        ("csv", '"q","a"\nopen,"y\nmore,z\n', "f:2: unexpected end of data; a quote may be open"),
        ("csv", 'q,a\n"open,x\nmore,"y"\n', "f:2: ',' expected after '\"'; a quote may be open"),
        ("csv", "q,a;b;c;d\nWhy?,1,2\n", "f:2: 3 cells where the header has 2 (q, a;b;c;d); the columns seem to be"),
        ("csv", "q,a\nWhy?,So,x\n", "f:2: 3 cells where the header has 2 (q, a); quote cells that hold ','"),
        (
            "tsv",
            'q\ta\n"Why\nnot?"\tSo.\n',
            "f:2: 1 cells where the header has 2 (q, a); quote cells that hold '\\t', or",
        ),
        (
            "tsv",
            'q\ta\n"Who?"\tx\n',
            'f:2: the cell "Who?" may be quoted; write --quoting none if its quotes are words',
        ),
        ("tsv", 'q\ta\n"a ""b"" c"\tx\n', "may be quoted"),
    ],
)
def test_a_file_that_is_written_otherwise_says_what_to_write(kind: str, text: str, words: str) -> None:
    with pytest.raises(Problem) as error:
        cells(kind, text)
    assert words in str(error.value)


@pytest.mark.parametrize("header", ["text; more", "a|b"])
def test_a_single_column_may_have_a_separator_in_its_name(header: str) -> None:
    assert cells("csv", f"{header}\nx\n", wanted=frozenset({header})) == [{header: "x"}]


def test_an_empty_cell_is_null() -> None:
    assert cells("csv", 'q,a,n\n,"",3\n') == [{"q": None, "a": None, "n": "3"}]


@pytest.mark.parametrize(
    "kind, text",
    [
        ("csv", "q,a,q\n1,2,3\n"),
        ("csv", "q,q,q\n1,2,3\n"),
        ("csv", "q, q\n1,2\n"),
        ("tsv", "q\tq\n1\t1\n"),
        ("jsonl", '{"q": 1, "q": 2}\n'),
        ("json", '[{"q": {"x": 1}, "a": 2, "q": "3"}]'),
    ],
)
def test_a_doubled_name_is_refused_where_it_is_read(kind: str, text: str) -> None:
    [record] = READERS[kind](OpenFile("f", io.BytesIO(text.encode())))
    with pytest.raises(Problem, match=r"f:\d has . fields named 'q'; rename all but one"):
        values(record, Mapping({"response": "q"}), {})  # type: ignore[arg-type]


def test_a_doubled_name_that_nobody_reads_is_no_fault() -> None:
    assert cells("csv", "q,a,,\nWhy?,So.,1,2\n")[0]["a"] == "So."
    [record] = READERS["jsonl"](OpenFile("f", io.BytesIO(b'{"q": "Why?", "x": {"y": 1, "y": 2}}')))
    assert record.fields["q"] == "Why?"


@pytest.mark.parametrize(
    "text",
    [
        'q,a\n"Who?,Nobody\nPlain?,Yes\nSaid",Fine\n',
        'q,a\n"Who?,Nobody\nSaid",Fine\n',
        'n,q,a\n1,"Who?,Nobody\n2,Said",Fine\n',
    ],
)
def test_lines_that_quotes_may_have_joined_are_never_one_row_without_a_word(text: str) -> None:
    with pytest.raises(Problem, match=r"f:2: \d lines may be as many rows; write --quoting none if quotes are words"):
        cells("csv", text)
    lines = text.count("\n") - 1
    assert len(cells("csv", text, quoting="none")) == lines


@pytest.mark.parametrize("cell", ['"One\nTwo"', '"One, two\nthree"', '"One\n\ntwo, three, four"'])
def test_a_cell_of_several_lines_is_one_cell(cell: str) -> None:
    assert cells("csv", f"q,a\nWhy?,{cell}\n") == [{"q": "Why?", "a": cell.strip('"')}]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"'])
def test_a_first_line_may_state_the_separator(first: str) -> None:
    text = f"{first}\r\nq;a\r\nWhy?;So.\r\n"
    assert cells("csv", text, separator=";") == [{"q": "Why?", "a": "So."}]
    with pytest.raises(Problem, match="f:1: its first line states the separator ';': write --separator ';'") as problem:
        cells("csv", text)
    assert problem.value.settings == {"separator": ";"}


def test_lines_that_end_in_a_carriage_return_alone_are_named() -> None:
    with pytest.raises(Problem, match="its lines end in a carriage return alone; save it"):
        cells("csv", "q,a\rWhy?,So.\r")
