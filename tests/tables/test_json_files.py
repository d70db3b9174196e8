"""Records inside the objects of a JSON file lie where a setting says."""

import io

import pytest

from baleen.errors import Problem
from baleen.tables.readers import READERS
from baleen.tables.records import OpenFile


@pytest.mark.parametrize(
    "field, content, texts",
    [
        ("data", '{"data": [{"t": 1}, {"t": 2}]}{"data": [{"t": 3}]}', [1, 2, 3]),
        ("data.*.items", '{"data": [{"items": [{"t": 1}]}, {"items": []}, {"items": [{"t": 2}]}]}', [1, 2]),
        ("*", '{"a": {"t": 1}, "b": {"t": 2}}', [1, 2]),
        ("*.rows", '[{"a": {"rows": [{"t": 1}]}}]', [1]),
        ("data", '[{"data": {"t": 1}}, {"data": {"t": 2}}]', [1, 2]),
    ],
)
def test_records_lie_where_the_setting_field_says(field: str, content: str, texts: list[int]) -> None:
    opened = OpenFile("f", io.BytesIO(content.encode()), field=field)
    records = [*READERS["json"](opened)]
    assert [(record.position, record.fields["t"]) for record in records] == [*enumerate(texts, 1)]


@pytest.mark.parametrize(
    "field, content, words",
    [
        ("dat", '{"data": [{"t": 1}]}', "f: --field dat: there is no 'dat' but data; correct it"),
        ("data", "[1]", "there is no 'data' but a int; correct it"),
        ("data", '{"data": [1]}', "f:1: a record must be an object"),
    ],
)
def test_a_field_that_holds_no_records_is_a_problem(field: str, content: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        [*READERS["json"](OpenFile("f", io.BytesIO(content.encode()), field=field))]


@pytest.mark.parametrize(
    "line, words",
    [
        ('{"t": 1},', "take the commas at the ends of the lines out"),
        ('{"t": 1}{"t": 2}', "write --kind json for several objects in a line"),
        ('{"t": 1} {"t": 2}', "write --kind json for several objects in a line"),
        ("{'t': 1}", "it is written as Python shows it: write it with json.dumps"),
        ('{"t": 1', "fix or delete the line"),
        ('{"t": 1} end', "fix or delete the line"),
    ],
)
def test_a_line_that_is_not_json_has_a_hint(line: str, words: str) -> None:
    with pytest.raises(Problem, match=f"f:2 is not JSON .*; {words}"):
        [*READERS["jsonl"](OpenFile("f", io.BytesIO(f'{{"t": 0}}\n{line}\n'.encode())))]
