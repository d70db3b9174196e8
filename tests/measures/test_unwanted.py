"""What should not be in an answer is counted: refusals, talk of itself, personal data, another language."""

import json
import time
from pathlib import Path

import pytest

from baleen.measures.answers import refused
from baleen.measures.languages import same_language
from baleen.measures.personal import access_keys, emails, personal, phones
from baleen.measures.unwanted import meta_phrases, refusals
from baleen.tables import rows
from stages import evaluate, ingest

SEEDS = [json.loads(line) for line in Path("data/seeds/assistant.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I'm sorry, but I can't help with that.", 1),
        ("I cannot provide medical advice.", 1),
        ("I won’t assist with this. I do not have access to the file.", 2),
        ("抱歉，我无法回答。", 1),
        ("Bread needs flour. " * 30 + "I cannot help with cakes. Lo siento, no puedo ayudar.", 2),
        ("As an AI, I don't have real-time access to train schedules.", 1),
        ("Sorry, it is private. Due to privacy concerns, we cannot complete this task.", 1),
        ("Due to the unreliable generation of the model, I cannot answer this.", 1),
        ("I'm sorry, but as an AI language model, for reasons of safety, I can't help with that.", 1),
        ("I decline to answer. I must respectfully refuse.", 2),
        ("Sorry, the train is late. I am sorry for your loss.", 0),
        ("I refuse to drink to this. I decline slowly, and we cannot offer a refund.", 0),
        ("The canal cannot provide water in July.", 0),
        ("You can't help it; sorry seems to be the hardest word.", 0),
    ],
)
def test_a_refusal_is_told_from_other_words(text: str, count: int) -> None:
    assert refusals(text) == count


@pytest.mark.parametrize(
    "words", ["sorry ", "sorry, but ", ". as an ai, due to x, ", "given ", "\n", ". lo siento ", "。抱歉"]
)
def test_a_model_that_repeats_itself_is_read_in_no_time(words: str) -> None:
    begun = time.process_time()
    assert refusals(words * 5000) == refused(words * 5000) == 0
    assert time.process_time() - begun < 5  # some 0.02 s; nested repetition would take for ever


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("As an AI language model, I have no opinion.", 1),
        ("According to the text, the bridge is old. The passage above says so.", 2),
        ("Here is the answer: 42", 1),
        ("根据上文，桥很旧。", 1),
        ("The text of the law is short, and here is why.", 0),
    ],
)
def test_talk_of_the_model_or_its_source_is_counted(text: str, count: int) -> None:
    assert meta_phrases(text) == count


def test_seeds_written_by_hand_have_no_such_phrases() -> None:
    assert sum(meta_phrases(row["response"]) > 0 for row in SEEDS) == 0
    assert sum(refusals(row["response"]) > 0 for row in SEEDS) == 0


@pytest.mark.parametrize(
    ("measure", "text", "count"),
    [
        (emails, "Write to anna.smith@mail.de, not to anna@example.org or me@host.test.", 1),
        (phones, "Call +49 30 1234567 or 212-456-7890, never (212) 555-0187.", 2),
        (phones, "In 2024 there were 12,345,678 people; see RFC 2606 and 3.14159265.", 0),
        (access_keys, "AKIAIOSFODNN7EXAMPLE and xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx", 2),
        (access_keys, "a-b_c: d=e. Nothing to see here.", 0),
        (personal, "192.168.0.1 and 127.0.0.1 are private, 8.8.8.8 is not; card 4111 1111 1111 1111.", 2),
        (personal, "", 0),
        (personal, "你好，请写一首诗。", 0),
    ],
)
def test_personal_data_is_counted_but_not_what_is_reserved_for_examples(measure, text, count) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("datafog_core")
    pytest.importorskip("detect_secrets")
    assert measure(text) == count


def test_seeds_written_by_hand_have_no_personal_data() -> None:
    pytest.importorskip("datafog_core")
    pytest.importorskip("detect_secrets")
    assert sum(personal(row["response"]) for row in SEEDS) == 0


ENGLISH = "What is the name of the river that runs through the town, and why do people say that it is so very old? "
RIVER = "It is the name that the first families gave to the river, before any house of the town was built."
SPANISH = "El río de la ciudad es muy largo y muy ancho, y la gente dice que ya estaba allí antes de las casas."


def test_an_answer_in_another_language_is_found_where_both_can_be_identified() -> None:
    assert same_language(ENGLISH * 2, RIVER * 2) == 1.0
    assert same_language(ENGLISH * 2, SPANISH * 2) == 0.0 and same_language("42", ENGLISH * 2) is None
    assert same_language("这条河叫什么名字？", ENGLISH * 2) == 0.0


RED_TEAM = Path("data/seeds/red-team.jsonl")


def test_red_team_seeds_measure_a_judge_of_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest.main([
        str(tmp_path / "data/red.parquet"), "--source", str(RED_TEAM.absolute()), "--origin", "red-team",
        *(word for name in ("instruction", "response", "harmful") for word in (f"--columns.{name}", name)),
    ])  # fmt: skip
    monkeypatch.chdir(tmp_path)
    table = list(rows.read(Path("data/red.parquet")))
    labels = [row["harmful"] for row in table]
    assert labels.count("1") == labels.count("0") == len(table) / 2 == 60
    rows.write("judged", [row | {"probability": 0.2 + 0.6 * int(row["harmful"])} for row in table])
    evaluate.main(["eval", "--input", "judged", "--against", "judged", "--mean", "harmful", "--auc", "-probability"])
    assert json.loads(Path("data/eval.json").read_text())["auc"] == {"-probability": 1.0}
