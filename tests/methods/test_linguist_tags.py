import pytest

from baleen.formats import FORMATS
from baleen.methods.linguist import intent_right, parse_exact, parse_valid, span_f1
from baleen.methods.linguist_tags import (
    Span,
    count_missing,
    is_example,
    labels_by_number,
    projected,
    spans,
    untagged,
    with_marks,
)

JAZZ = "play [1 jazz ] on [2 monday ]"
WELL_FORMED = [
    (JAZZ, [("1", "jazz"), ("2", "monday")], "play jazz on monday"),
    ("播放[1 爵士乐]在[2 星期一 ]", [("1", "爵士乐"), ("2", "星期一")], "播放爵士乐在星期一"),
    ("pon [1 música clásica ] el [2 lunes ]", [("1", "música clásica"), ("2", "lunes")], "pon música clásica el lunes"),
    ("¿cuánto cuesta [3 el menú del día ]?", [("3", "el menú del día")], "¿cuánto cuesta el menú del día?"),
    ('set [12 {"a": 1} ] for $5', [("12", '{"a": 1}')], 'set {"a": 1} for $5'),
    ("no slot at all", [], "no slot at all"),
    ("[1 all of it ]", [("1", "all of it")], "all of it"),
]


@pytest.mark.parametrize(("tagged", "found", "text"), WELL_FORMED)
def test_a_well_formed_utterance_has_spans_and_a_plain_text(tagged: str, found: list[Span], text: str) -> None:
    assert spans(tagged) == found and untagged(tagged) == text
    assert FORMATS["linguist.tagged"].read(f" {tagged}\n", ["tagged"]) == {"tagged": tagged}


@pytest.mark.parametrize("tagged", [tagged for tagged, _, _ in WELL_FORMED])
def test_marks_can_be_renamed_and_named_back(tagged: str) -> None:
    there = {"1": "genre", "2": "day", "3": "meal", "12": "json"}
    back = {label: number for number, label in there.items()}
    assert with_marks(with_marks(tagged, there), back) == tagged


MALFORMED = [
    "",
    "  \n ",
    "play [1 jazz on monday",
    "play 1 jazz ] on monday",
    "play [1 jazz ] ] on monday",
    "play [[1 jazz ] on monday",
    "play [1 jazz [2 monday ] ]",
    "play [1 ] on monday",
    "play [1  ] on monday",
    "play [jazz ] on monday",
    "play [] on monday",
    "play [genre jazz ] on monday",
    "play [0 jazz ] on monday",
    "play [-1 jazz ]",
    "play [1.5 jazz ]",
    "play [1 jazz ]\non [2 monday ]",
    "播放【1 爵士乐】[1",
]


@pytest.mark.parametrize("reply", MALFORMED)
def test_a_tagged_utterance_with_other_brackets_or_marks_is_unreadable(reply: str) -> None:
    assert FORMATS["linguist.tagged"].read(reply, ["tagged"]) is None


PARSES = [
    ("play music\nplay [genre jazz ] on [day monday ]", True),
    ("PlayMusic\n播放[genre 爵士乐 ]", True),
    ("reproducir música\npon [genre música clásica ]", True),
    ("ask\nno slots", True),
    ("\n ask \n no slots \n", True),
    ("", False),
    ("play music", False),
    ("play music\n", False),
    ("\nplay [genre jazz ]", False),
    ("play [genre jazz ]\nplay music", False),
    ("play music\n\nplay [genre jazz ]", False),
    ("play music\nplay [genre jazz ]\non monday", False),
    ("play music\nplay [genre jazz", False),
    ("play music\nplay [genre ]", False),
    ("play music\nplay jazz ]", False),
    ("play music\nplay [genre [day x ] ]", False),
    ("play [music\nplay jazz", False),
]


@pytest.mark.parametrize(("reply", "fits"), PARSES)
def test_a_parse_is_an_intent_and_one_tagged_line(reply: str, fits: bool) -> None:
    assert (FORMATS["linguist.parse"].read(reply, ["parse"]) is not None) == fits == bool(parse_valid(reply))


@pytest.mark.parametrize(("reply", "fits"), PARSES)
def test_reading_the_parse_that_was_shown_gives_it_back(reply: str, fits: bool) -> None:
    if fits and (row := FORMATS["linguist.parse"].read(reply, ["parse"])):
        assert FORMATS["linguist.parse"].read(FORMATS["linguist.parse"].show(row, ["parse"]), ["parse"]) == row


REQUESTED = [
    (JAZZ, ["[1 jazz ]", "[2 * ]"], 0),
    (JAZZ, [], 0),
    (JAZZ, ["[1 rock ]", "[2 * ]"], 1),
    (JAZZ, ["[2 jazz ]"], 1),
    (JAZZ, ["[3 * ]"], 1),
    (JAZZ, ["[1 * ]", "[1 * ]"], 1),
    ("[1 a ] and [1 b ]", ["[1 * ]", "[1 b ]"], 0),
    ("[1 b ] and [1 a ]", ["[1 * ]", "[1 b ]"], 0),
    ("[1 b ] and [2 a ]", ["[1 * ]", "[1 b ]"], 1),
    ("no slot", ["[1 * ]"], 1),
]


@pytest.mark.parametrize(("tagged", "include", "lacking"), REQUESTED)
def test_each_requested_slot_needs_a_span_of_its_own(tagged: str, include: list[str], lacking: int) -> None:
    assert count_missing(tagged, include) == lacking


def test_a_copy_of_an_example_is_found_whatever_its_brackets() -> None:
    assert is_example("play [2 jazz ] on monday", [JAZZ]) and not is_example("play [1 rock ] on [2 monday ]", [JAZZ])


def test_labels_are_declared_by_number() -> None:
    assert labels_by_number(["1 = town", "2 = day of week", "10 = 城市"]) == {
        "1": "town",
        "2": "day of week",
        "10": "城市",
    }


PROJECTIONS = [
    ("play jazz on monday", [("day", "monday"), ("genre", "jazz")], "play [genre jazz ] on [day monday ]"),
    ("在星期一播放爵士乐", [("genre", "爵士乐"), ("day", "星期一")], "在[day 星期一 ]播放[genre 爵士乐 ]"),
    ("pon música el lunes", [("day", "lunes"), ("genre", "música")], "pon [genre música ] el [day lunes ]"),
    ("from new york to york", [("to", "york"), ("from", "new york")], "from [from new york ] to [to york ]"),
    ("two for two", [("a", "two"), ("b", "two")], "[a two ] for [b two ]"),
    ("nothing to find", [], "nothing to find"),
    ("play jazzy songs", [("genre", "jazz")], ""),
    ("play jazz and jazz", [("genre", "jazz")], ""),
    ("dance a fandango", [("day", "dango")], ""),
    ("play rock", [("genre", "jazz")], ""),
    ("play two", [("a", "two"), ("b", "two")], ""),
    ("play [jazz]", [("genre", "jazz")], ""),
    ("costs $5 (a.b)", [("price", "$5"), ("what", "a.b")], "costs [price $5 ] ([what a.b ])"),
]


@pytest.mark.parametrize(("text", "slots", "tagged"), PROJECTIONS)
def test_slots_are_projected_only_where_every_value_stands(text: str, slots: list[Span], tagged: str) -> None:
    assert projected(text, [Span(*slot) for slot in slots]) == tagged


GOLD = "play music\nplay [genre jazz ] on [day monday ]"
SCORED = [
    (GOLD, GOLD, 1.0, 1.0, 1.0),
    (GOLD, "play music\nplay [genre jazz ] on monday", 1.0, 2 / 3, 0.0),
    (GOLD, "play music\n[day monday ] [genre jazz ]", 1.0, 1.0, 0.0),
    (GOLD, "play music\nplay [day jazz ] on [genre monday ]", 1.0, 0.0, 0.0),
    (GOLD, "ask\nplay [genre jazz ] on [day monday ]", 0.0, 1.0, 0.0),
    (GOLD, "play music\nplay [genre jazz ] [genre jazz ]", 1.0, 0.5, 0.0),
    (GOLD, "play music", 0.0, 0.0, 0.0),
    (GOLD, "", 0.0, 0.0, 0.0),
    ("ask\nno slots", "ask\nno slots", 1.0, 1.0, 1.0),
    ("ask\nno slots", "ask\nno [day slots ]", 1.0, 0.0, 0.0),
]


@pytest.mark.parametrize(("gold", "answer", "intent", "f1", "exact"), SCORED)
def test_a_parse_is_scored_by_intent_and_by_label_and_value_of_its_spans(
    gold: str, answer: str, intent: float, f1: float, exact: float
) -> None:
    assert intent_right(gold, answer) == intent and parse_exact(gold, answer) == exact
    assert span_f1(gold, answer) == pytest.approx(f1)
