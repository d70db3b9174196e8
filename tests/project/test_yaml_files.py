"""YAML is read as YAML 1.2, the version that DVC reads."""

import math
import random
from pathlib import Path

import pytest
from dvc.utils.serialize import loads_yaml

from baleen.errors import Problem
from baleen.project import libyaml, pure_yaml
from baleen.project.settings import load_yaml
from baleen.project.yaml_files import InvalidYaml, parse_yaml, yaml_text

SCALARS = {
    "no": "no", "on": "on", "yes": "yes", "off": "off", "y": "y", "true": True, "False": False,
    "010": 10, "0o10": 8, "0x1F": 31, "1_000": 1000, "+1": 1, "1e-5": 0.00001, "1.": 1.0, "12:30:45": "12:30:45",
    ".inf": math.inf, "-.inf": -math.inf, "~": None, "null": None, "": None,
    "'no'": "no", '"010"': "010", "'1e-5'": "1e-5", "'null'": "null", "!!str 1": "1",
}  # fmt: skip
DATES = ["2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00:00Z"]


@pytest.mark.parametrize("text", SCALARS)
def test_a_scalar_is_what_yaml_1_2_and_dvc_say(text: str) -> None:
    found = parse_yaml(f"key: {text}")["key"]
    assert (found, type(found)) == (SCALARS[text], type(SCALARS[text]))
    assert loads_yaml(f"key: {text}") == {"key": found}


@pytest.mark.parametrize("text", DATES)
def test_a_date_stays_text(text: str) -> None:
    assert parse_yaml(f"key: {text}") == {"key": text}


DOCUMENTS = [
    ("", None),
    ("# a comment\n", None),
    ("\ufeffa: 1\n", {"a": 1}),
    ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
    ("x: &name {a: 1}\ny: *name\n", {"x": {"a": 1}, "y": {"a": 1}}),
    ("x: &name {a: 1, b: 1}\ny: {<<: *name, b: 2}\n", {"x": {"a": 1, "b": 1}, "y": {"a": 1, "b": 2}}),
    ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
]


@pytest.mark.parametrize(("text", "value"), DOCUMENTS)
def test_a_document_has_its_value(text: str, value: object) -> None:
    assert parse_yaml(text) == value


ERRORS = [
    ("a: 1\nb: 2\na: 3\n", "'a' stands in line 1 and again in line 3; delete one"),
    ("x: &name {a: 1}\ny:\n  <<: *name\n  b: 1\n  b: 2\n", "'b' stands in line 4 and again in line 5; delete one"),
    ("'1': a\n1: b\n", "'1' stands in line 1 and again in line 2; delete one"),
    ("a:\n\tb: 1\n", r"line 2: found character '\\t' that cannot start any token"),
    ("a: 1\nb: !tag 2\n", "line 2: .* the tag '!tag'"),
    ("a: !!python/object/apply:os.getcwd []\n", "line 1: .* the tag '.*os.getcwd'"),
    ("a: !!set {b}\n", "line 1: .* the tag '.*set'"),
    ("a: !!int many\n", "a value that cannot be read: .*'many'"),
    ("a: [1\n", "line 2: expected ',' or ']'"),
    ("a: *name\n", "line 1: found undefined alias 'name'"),
    ("--- 1\n--- 2\n", "line 2: but found another document"),
    ("a: \x07\n", "unacceptable character #x0007"),
    (f"a: {'[' * 700}{']' * 700}\n", "a value that cannot be read: maximum recursion depth exceeded"),
    ("a: =\n", "line 1: .* the tag '.*value'"),
    ("a:\tb\n", r"line 1: found character '\\t' that cannot start any token"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_an_error_is_one_line_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidYaml, match=f"^{message}.*$") as error:
        parse_yaml(text)
    assert len(str(error.value).splitlines()) == 1
    path = tmp_path / "f.yaml"
    path.write_text(text)
    with pytest.raises(Problem, match=f"^{path} is not YAML: {message}"):
        load_yaml(path)


def test_written_yaml_gives_back_its_value() -> None:
    texts = ["no", "1e-5", "010", "1_000", "2024-01-01", "null", "~", "", "a: b", "two\nlines\n", "é 中", "long " * 600]
    value = {"z": texts, "a": {"number": 1e-5, "none": None, "yes": True, "empty": [], "mapping": {}, "inf": math.inf}}
    assert parse_yaml(yaml_text(value)) == loads_yaml(yaml_text(value)) | {"z": texts} == value
    assert list(parse_yaml(yaml_text(value))) == ["z", "a"]


FOLDERS = ["recipes", "profiles", "prompts"]
FILES = [
    Path("dvc.yaml"),
    Path("params.yaml"),
    *sorted(file for name in FOLDERS for file in Path(name).rglob("*.yaml")),
]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_of_the_project_is_read_in_c_and_means_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert repr(libyaml.read(text)) == repr(pure_yaml.read(text))


PIECES = [
    *("a", "b c", ": ", ":", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", ",", "#", " #", "'", '"', "|"),
    *("|-\n", "|2", ">\n", "&x ", "*x", "!", "!!str ", "? ", "%", "---", "\n...\n", "\t", " ", "\\n", "\\/", "é"),
    *("\u2028", "\x85", "\ufeff", "\r", "1", "0", "-1", "1.5", "1e5", ".5", "0x1", "0o7", "08", "0b1", "1_0", "_"),
    *("+", ".inf", ".nan", "~", "null", "true", "no", "2024-01-01", "12:30", "=", "<<: ", "@", "😀", "\x00", "\xa0"),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_what_is_read_in_c_means_the_same_in_yaml_1_2(seed: int) -> None:
    rng, compared = random.Random(seed), 0
    for _ in range(300):
        text = rng.choice(["", "a: ", "- "]) + "".join(rng.choices(PIECES, k=rng.randint(1, 8)))
        try:
            value = libyaml.read(text)
        except libyaml.UnsureError:
            continue
        compared += 1
        assert repr(pure_yaml.read(text)) == repr(value), text
    assert compared > 40
