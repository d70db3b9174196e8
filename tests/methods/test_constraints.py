from dataclasses import replace
from random import Random

import pytest

from baleen.measures.words import is_chinese, rouge_l, words
from baleen.methods import constraints
from baleen.methods.constraints import followed, measure, met, parse_constraint
from baleen.methods.families import FAMILIES, Slots, sentences
from pocket import records

TEXTS = {
    "prose": 'Dogs bark. Cats do not, and that\'s "fine".\n\nThe end: yes.',
    "list": 'Buy these:\n- milk\n- eggs\n- {"tea": "$5"}',
    "numbers": "Steps\n1. Open it.\n2. Close it again.",
    "chinese": "春天来了，花开了。我们去公园散步！",
    "chinese list": "需要：\n1、牛奶\n2、鸡蛋",
    "one word": "Yes",
    "code": "if (x) { return $y; } // 100%",
    "long": "word " * 400 + "end.",
    "pocket": "plan of the noria club : \n 1 . monday yoga \n 2 . friday poetry",
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", TEXTS)
def test_a_measured_constraint_reads_back_and_holds(name: str, seed: int) -> None:
    found = measure(TEXTS[name], Random(seed))
    assert found and all(parse_constraint(said) for said in found)
    assert met(found, TEXTS[name]) == followed(found, TEXTS[name]) == 1.0


def test_constraints_hold_on_every_pocket_answer() -> None:
    for i, row in enumerate(records("seed", 0, 300)):
        assert met(measure(row["response"], Random(i)), row["response"]) == 1.0


def test_measuring_gives_one_constraint_a_kind() -> None:
    found = [parse_constraint(said) for said in measure(TEXTS["prose"], Random(0))]
    kinds = [FAMILIES[constraint.family].kind for constraint in found if constraint]
    assert len(kinds) == len(set(kinds)) >= 7


WORDINGS = [(name, wording) for name, family in FAMILIES.items() for wording in (*family.wordings, *family.chinese)]


@pytest.mark.parametrize(("name", "wording"), WORDINGS)
def test_every_wording_reads_back_as_its_family(name: str, wording: str) -> None:
    slots = Slots(3, 7, FAMILIES[name].choices[0] if FAMILIES[name].choices else "castle")
    back = parse_constraint(wording.format(**slots._asdict()))
    assert back and back.family == name
    blanks = {"n": 3, "m": 7, "word": slots.word}
    assert all(getattr(back.slots, blank) == value for blank, value in blanks.items() if f"{{{blank}}}" in wording)


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("- Use at most 12 words.", "words at most"),
        ("USE AT MOST 12 WORDS", "words at most"),
        ("Use  at most 12 words。", "words at most"),
        ('Use the word "castle".', "keyword"),
        ("包含“城堡”一词。", "keyword"),
        ("Do not use commas!", "no mark"),
    ],
)
def test_a_constraint_is_read_however_a_model_sets_it(said: str, family: str) -> None:
    assert (found := parse_constraint(said)) and found.family == family


@pytest.mark.parametrize(
    "said",
    [
        "", "Use at most words", "Use at most twelve words", "Use at most 12 words and be kind", "be kind", "12",
        "Use at most -3 words", "Use at most 3.5 words", "do not use force", "use the word", "mention the job", "{n}",
        "不超过十个字", "$n words", "None",
    ],
)  # fmt: skip
def test_what_no_family_words_is_not_read(said: str) -> None:
    assert parse_constraint(said) is None


CHECKS = [
    ("use at most 3 words", "one two three", "one two three four"),
    ("use at least 3 words", "one two three", "one two"),
    ("use about 20 words", "w " * 22, "w " * 23),
    ("use between 2 and 3 words", "one two", "one"),
    ("write exactly 2 sentences", "It is. Pi is 3.14 then!", "It is."),
    ("use at most 2 words in a sentence", "It is. So be.", "It is so."),
    ("write exactly 2 paragraphs", "a\n\nb", "a\nb"),
    ("use at most 1 sentences in a paragraph", "It is.\n\nSo.", "It is. So."),
    ("use no word of more than 3 letters", "cat dog", "cats"),
    ("list exactly 2 items", "- a\n- b", "- a"),
    ("list exactly 2 items", "x : \n 1 . a \n 2 . b", "1 . a"),
    ("use bullet points", "- a", "1. a"),
    ("use a numbered list", "1. a", "- a"),
    ("write on one line", "a b\n", "a\nb"),
    ("do not use a list", "a - b", "- b"),
    ("use the word cat", "A Cat.", "a caterpillar"),
    ("do not use commas", "a; b", "a, b"),
    ("不要使用逗号", "好。", "好，是"),
    ("不超过3个字", "好不好", "好不好呀"),
    ("start with the word the", "The end", "An end of the"),
    ("end with the word end", "The end.", "The end is"),
]


@pytest.mark.parametrize(("said", "right", "wrong"), CHECKS)
def test_a_constraint_tells_right_from_wrong(said: str, right: str, wrong: str) -> None:
    assert met([said], right) == 1.0 and met([said], wrong) == 0.0


def test_no_word_length_is_asked_for_that_the_text_itself_misses() -> None:
    """The official release turns the longest word into a least length: false in 20 of 20 published rows."""
    found = measure("a remarkable characteristic of it", Random(1))
    (length,) = [said for said in found if "letters" in said]
    assert "14" in length and met([length], "a remarkable characteristic of it") == 1.0
    assert FAMILIES["word length"].holds("a of", Slots(14))


def test_a_family_that_finds_what_is_false_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(FAMILIES["word length"], find=lambda text, rng: Slots(1))
    monkeypatch.setitem(FAMILIES, "word length", wrong)
    assert not any("letters" in said for said in measure(TEXTS["prose"], Random(0)))


def test_constraints_code_cannot_read_count_neither_way() -> None:
    assert met(["be kind", "use at most 2 words", "use at least 9 words"], "one two") == 0.5
    assert followed(["be kind", "use at most 2 words"], "one two") == 1.0
    assert met(["be kind"], "x") is None and met([], "x") is None


def test_a_false_constraint_is_stated_anew() -> None:
    better = constraints.corrected("use at most 2 words", "one two three four", Random(0))
    assert better and met([better], "one two three four") == 1.0
    assert constraints.corrected("use bullet points", "no list", Random(0)) is None
    assert constraints.corrected("be kind", "no list", Random(0)) is None


def test_sentences_leave_out_list_marks_and_decimals() -> None:
    assert sentences("1. It is 3.5 m.\n2. So!") == ["It is 3.5 m", "So"]


def test_chinese_is_asked_in_chinese_and_counted_by_characters() -> None:
    assert all(is_chinese(said) for said in measure(TEXTS["chinese"], Random(0)))
    assert words("我爱 you") == 3


@pytest.mark.parametrize(
    ("text", "more"), [("", False), ("you", False), ("爱", True), ("我爱 you", True), ("我爱 you two", False)]
)
def test_a_text_is_chinese_when_more_than_half_of_its_words_are(text: str, more: bool) -> None:
    assert is_chinese(text) is more


@pytest.mark.parametrize(
    ("a", "b", "f"), [("a b c", "a b c", 1.0), ("a b c d", "a x c", 4 / 7), ("", "a", 0.0), ("我爱你", "我你", 0.8)]
)
def test_common_is_rouge_l(a: str, b: str, f: float) -> None:
    assert rouge_l(a, b) == pytest.approx(f)


def test_common_agrees_with_the_rouge_score_package() -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="needs rouge-score").RougeScorer(["rougeL"])
    pairs = [("use at most ten words", "use at least ten words"), ("do not use commas", "write without commas")]
    for a, b in pairs:
        assert rouge_l(a, b) == pytest.approx(scorer.score(a, b)["rougeL"].fmeasure)
