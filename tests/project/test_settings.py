from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.project import options, settings
from baleen.project.settings import REQUIRED, setting


@dataclass
class Options:
    input: str = setting(REQUIRED, "table to read")
    keep: list[str] = setting([], "conditions")
    columns: dict[str, str] = setting({}, "mapping")
    share: float = setting(1.0, "of the rows")
    count: int = setting(0, "rows")
    highest: bool = setting(False, "first")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/small.yaml").write_text(
        "generate: {share: 0.5, count: 7}\nown: {share: 0.25}\nspeed: {processes: 3}\n"
    )
    (tmp_path / "params.yaml").write_text("profile: small\ncurate: {share: 0.3}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parse_line(line: str) -> Options:
    """The settings of a command line in a folder that is no project."""
    return options.options_of_run(Options, line.split(), "generate")[1]


def test_flags_carry_words_lists_maps_and_switches(project: Path) -> None:
    made = parse_line("x --input web --keep a>=1 b<2 --columns.instruction q --columns.response a --highest")
    assert (made.input, made.keep, made.highest) == ("web", ["a>=1", "b<2"], True)
    assert made.columns == {"instruction": "q", "response": "a"}


def test_a_single_word_for_a_list_is_a_list_of_one(project: Path) -> None:
    assert parse_line("x --input web --keep a>=1").keep == ["a>=1"]


def test_later_layers_win(project: Path) -> None:
    assert parse_line("x --input web --profile small").share == 0.5
    assert parse_line("x --input web --profile small --settings own").share == 0.25
    assert parse_line("x --input web --profile small --settings own --share 0.1").share == 0.1


MISTAKES = [
    ("--input web", "first word must be the name of the target"),
    ("x --keep a", "generate x: setting 'input' is missing"),
    ("x --input web --shar 0.1", "unknown setting 'shar'; did you mean 'share'"),
    ("x --input web --share lots", "setting 'share': Value 'lots' of type 'str' could not be converted to Float"),
    ("x --input web --count 1.5", "setting 'count'"),
    ("x --input web --profile smal", "unknown profile 'smal'; did you mean 'small'"),
    ("x --input web --profile small --settings onw", "unknown section 'onw'; did you mean 'own'"),
    ("x web", "'web' has no setting before it"),
]


@pytest.mark.parametrize(("line", "words"), MISTAKES)
def test_a_mistake_is_one_clear_line(project: Path, line: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        parse_line(line)


@dataclass
class Kinds:
    word: str = setting("", "")
    words: list[str] = setting([], "")
    fields: dict[str, str] = setting({}, "")
    things: dict[str, Any] = setting({}, "")
    share: float = setting(1.0, "")
    count: int = setting(0, "")
    on: bool = setting(False, "")


VALUES = [
    ("word", "a", "a"),
    ("word", 3, "3"),
    ("words", ["a", "b"], ["a", "b"]),
    ("words", [1, "b"], ["1", "b"]),
    ("fields", {"a": "b"}, {"a": "b"}),
    ("things", {"a": {"b": [1, None]}}, {"a": {"b": [1, None]}}),
    ("share", 3, 3.0),
    ("share", 0.5, 0.5),
    ("share", "0.5", 0.5),
    ("count", 7, 7),
    ("count", "7", 7),
    ("on", True, True),
    ("on", "false", False),
    ("on", 1, True),
]


@pytest.mark.parametrize(("name", "given", "value"), VALUES)
def test_a_value_becomes_one_of_the_type_of_its_setting(name: str, given: Any, value: Any) -> None:
    made = getattr(settings.typed(Kinds, "x", {name: given}), name)
    assert (made, type(made)) == (value, type(value))


@pytest.mark.parametrize("given", [{"words": ["a"]}, {"fields": {"a": "b"}}, {"things": {"a": [1]}}])
def test_settings_do_not_share_their_lists_and_mappings(given: dict[str, Any]) -> None:
    (name,) = given
    one, other = (getattr(settings.typed(Kinds, "x", given), name) for _ in range(2))
    assert one is not other and one is not given[name] and one == given[name]


REFUSED = [
    ("word", ["a"], "setting 'word': Cannot convert "),
    ("word", None, "setting 'word'"),
    ("words", "a", "setting 'words': Invalid value assigned"),
    ("words", {"a": "b"}, "setting '.*': Cannot merge"),
    ("fields", ["a"], "setting '.*': Cannot merge"),
    ("share", True, "setting 'share': Value 'True'"),
    ("share", "lots", "setting 'share': Value 'lots'"),
    ("share", None, "setting 'share'"),
    ("count", 1.5, "setting 'count': Value '1.5'"),
    ("on", "maybe", "setting 'on': Value 'maybe'"),
    ("word", "${count", "setting 'word'"),
]


@pytest.mark.parametrize(("name", "given", "words"), REFUSED)
def test_a_value_of_another_type_is_a_problem(name: str, given: Any, words: str) -> None:
    with pytest.raises(Problem, match=f"^x: {words}"):
        settings.typed(Kinds, "x", {name: given})


def test_mappings_of_several_layers_are_put_together() -> None:
    layers = [{"fields": {"a": "1", "b": "2"}}, {"count": 1}, {"fields": {"b": "3"}}]
    assert settings.typed(Kinds, "x", *layers).fields == {"a": "1", "b": "3"}


FILES = [
    ("- a list\n", "must be a mapping"),
    ("a: [1\n", "is not YAML"),
    ("a: ${b}\n", "holds a '\\$\\{'"),
]


@pytest.mark.parametrize(("text", "words"), FILES)
def test_a_settings_file_holds_plain_values(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(Problem, match=words):
        settings.load_yaml(tmp_path / "f.yaml")


def test_a_settings_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(Problem, match="byte 3 is not UTF-8"):
        settings.load_yaml(tmp_path / "f.yaml")


def test_speed_is_read_from_the_profile_in_force(project: Path) -> None:
    assert settings.speed().processes == 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("processes: 0", "processes is 0; it must lie between 1 and inf"),
        ("concurrency: 0", "concurrency is 0"),
        ("batch_tokens: 0", "batch_tokens is 0"),
        ("train_rows: 0", "train_rows is 0"),
        ("tensor_parallel: -1", "tensor_parallel is -1"),
        ("gpu_gb: -1", "gpu_gb is -1.0"),
        ("ray_workers: -1", "ray_workers is -1; it must lie between 0 and inf"),
        ("requests_per_minute: -1", "requests_per_minute is -1"),
        ("gpu_memory: 0", "gpu_memory is 0.0"),
        ("gpu_memory: 90", "gpu_memory is 90.0; it must lie between 0.01 and 1"),
    ],
)
def test_a_speed_that_cannot_be_is_refused(project: Path, given: str, words: str) -> None:
    (project / "profiles/odd.yaml").write_text(f"speed: {{{given}}}\n")
    with pytest.raises(Problem, match=f"^profiles/odd.yaml: speed: {words}"):
        settings.speed("odd")


def help_text(verb: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        options.options_of_run(Options, ["--help"], verb)
    return capsys.readouterr().out


def test_help_lists_every_setting_as_it_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_text("filter", capsys)
    assert all(f"--{name}" in shown for name in ("input", "keep", "columns", "share", "count", "highest"))
    assert "table to read [str, required]" in shown and "of the rows [float, default 1.0]" in shown
    assert "conditions [list[str], default []]" in shown and "mapping [dict[str, str], default {}]" in shown


FLAGS = {
    "generate": {"dry-run", "limit", "budget"},
    "score": {"dry-run", "limit", "budget"},
    "train": {"dry-run"},
    "map": set[str](),
}


@pytest.mark.parametrize("verb", FLAGS)
def test_help_lists_the_flags_that_are_no_settings_where_they_are_read(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = help_text(verb, capsys)
    assert {name for name in set.union(*FLAGS.values()) if f"  --{name} " in shown} == FLAGS[verb]


def test_a_flag_may_be_written_as_in_a_recipe_line(project: Path) -> None:
    for flag in ("--dry-run", "--dry_run"):
        assert options.run_flags(["x", "--input", "web", flag])[1].dry_run


def test_flags_of_one_run_are_no_settings(project: Path) -> None:
    argv, once = options.run_flags("x --input web --limit 5 --dry-run".split())
    assert (argv, once.limit, once.dry_run) == (["x", "--input", "web"], 5, True)
