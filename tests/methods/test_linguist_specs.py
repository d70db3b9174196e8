import pyarrow as pa
import pytest

from baleen.methods.linguist import ASKED, SHOTS, abroad, asked, labelled, relabelled, reprojected, slots_of, specified
from baleen.methods.linguist_tags import count_missing, is_example, labels_by_number, spans, untagged
from baleen.tables.rows import Row, row_id
from baleen.transforms import TRANSFORMS


def rows(language: str, intent: str, *tagged: str) -> list[Row]:
    return [labelled(language, intent, text) | {"id": row_id(intent, text)} for text in tagged]


MUSIC = rows(
    "english",
    "play music",
    "play [genre jazz ] on [day monday ]",
    "put on some [genre rock ]",
    "[artist nina simone ] please",
    "play [artist björk ] on [day sunday ]",
)
CHINESE = rows(
    "中文",
    "播放音乐",
    "播放[genre 爵士乐 ]",
    "[day 星期一 ]播放[genre 摇滚 ]",
    '放{"a": 1}[artist 王菲 ]$5',
)
SPANISH = rows(
    "español",
    "poner música",
    "pon [genre jazz ] el [day lunes ]",
    "quiero oír a [artist maná ]",
    "¡música ya!",
)
TABLES = [MUSIC, CHINESE, SPANISH, MUSIC + CHINESE + SPANISH]


@pytest.mark.parametrize("table", TABLES)
def test_a_lesson_is_an_utterance_that_answers_its_own_specification(table: list[Row]) -> None:
    made = specified(table)
    assert [row["id"] for row, _ in made] == [row["id"] for row in table]
    for row, reason in made:
        assert reason == "" and not count_missing(row["tagged"], row["include"])
        assert not is_example(row["tagged"], row["examples"]) and 2 <= len(row["examples"]) <= SHOTS
        assert relabelled(row) == [row]  # reading the numbered answer back gives the labelled utterance it was made of


def test_an_utterance_without_two_others_of_its_intent_leaves() -> None:
    assert {reason for _, reason in specified(MUSIC[:2])} == {"fewer than 2 examples of its intent"}


@pytest.mark.parametrize("table", TABLES)
def test_what_is_asked_for_declares_all_numbers_and_takes_values_of_the_same_label(table: list[Row]) -> None:
    made = asked(table)
    assert len(made) == ASKED * len(table) and len({row["id"] for row, _ in made}) == len(made)
    values = {(label, value) for row in table for label, value in slots_of(row)}
    for row, _ in made:
        labels = labels_by_number(row["labels"])
        for line in [*row["include"], *row["examples"]]:
            for number, value in spans(line) or []:
                assert value == "*" or (labels[number], value) in values


def test_examples_come_from_the_same_language_and_intent() -> None:
    chinese = {untagged(row["parse"]) for row in CHINESE}
    for row, _ in asked(MUSIC + CHINESE):
        said = {f"{row['intent']}\n{untagged(example)}" for example in row["examples"]}
        assert said <= chinese if row["language"] == "中文" else not said & chinese


def test_the_same_rows_are_asked_the_same() -> None:
    assert asked(MUSIC) == asked(MUSIC) and specified(MUSIC) == specified(MUSIC)


ASKED_FOR: Row = {
    "language": "english",
    "intent": "play music",
    "include": ["[1 jazz ]", "[2 * ]"],
    "labels": ["1 = genre", "2 = day"],
    "examples": ["play [1 rock ] on [2 sunday ]"],
}
RULES = [
    ("play [1 jazz ] on [2 monday ]", ""),
    ("[2 monday ] : [1 jazz ]", ""),
    ("play [1 jazz ] on [2 monday ] or [2 sunday ]", ""),
    ("play [1 jazz ] on [3 monday ]", "undeclared number"),
    ("play [1 jazz ] on [2 monday ] [7 x ]", "undeclared number"),
    ("play [1 jazz ] on monday", "requested value missing"),
    ("play [1 rock ] on [2 monday ]", "requested value missing"),
    ("play [1 rock ] on [2 sunday ]", "requested value missing"),
    ("play [2 jazz ] on [1 monday ]", "requested value missing"),
    ("play [1 jazz on [2 monday ]", "unbalanced brackets"),
    ("play [1 jazz ] ] on [2 monday ]", "unbalanced brackets"),
    ("", "unbalanced brackets"),
]


@pytest.mark.parametrize(("tagged", "reason"), RULES)
def test_a_generated_utterance_that_breaks_a_rule_leaves_with_the_rule(tagged: str, reason: str) -> None:
    found = relabelled(ASKED_FOR | {"tagged": tagged})
    assert found == reason if reason else isinstance(found, list)


def test_a_copy_of_an_example_leaves() -> None:
    wild = ASKED_FOR | {"include": ["[1 * ]"], "tagged": "play [1 rock ] on [2 sunday ]"}
    assert relabelled(wild) == "copy of an example"


def test_a_generated_utterance_gets_its_labels_back() -> None:
    (row,) = relabelled(ASKED_FOR | {"tagged": "on [2 monday ] play [1 jazz ]"})
    assert isinstance(row, dict)
    assert row["parse"] == "play music\non [day monday ] play [genre jazz ]"
    assert row["utterance"] == "on monday play jazz" and row["slots"] == ["day=monday", "genre=jazz"]


TRIPS = [
    ("on monday put jazz on", "play music\non [day monday ] put [genre jazz ] on"),
    ("play jazz on monday", "came back unchanged"),
    ("play jazzy things on monday", "a slot value is lost"),
    ("play jazz", "a slot value is lost"),
    ("", "a slot value is lost"),
]


@pytest.mark.parametrize(("back", "found"), TRIPS)
def test_a_round_trip_keeps_its_slots_or_leaves(back: str, found: str) -> None:
    made = reprojected(MUSIC[0] | {"back": back})
    assert (made if isinstance(made, str) else made[0]["parse"]) == found


@pytest.mark.parametrize("name", ["linguist.specified", "linguist.asked"])
def test_columns_survive_parquet(name: str) -> None:
    transform = TRANSFORMS[name]
    assert transform.whole
    made = [row for row, _ in transform.whole(MUSIC + CHINESE + SPANISH)]
    columns = pa.schema(
        [("id", pa.string()), *TRANSFORMS["linguist.relabelled"].writes.items(), *transform.writes.items()]
    )
    columns = pa.schema(dict((field.name, field.type) for field in columns).items())
    assert pa.Table.from_pylist(made, schema=columns).to_pylist() == made


def test_what_is_asked_for_abroad_is_in_the_other_language_with_examples_of_this_one() -> None:
    made = abroad([row | {"into": "español"} for row in MUSIC])
    for row, reason in made:
        assert reason == "" and row["language"] == "español" and all(line.endswith("* ]") for line in row["include"])
        assert {untagged(example) for example in row["examples"]} <= {own["utterance"] for own in MUSIC}
