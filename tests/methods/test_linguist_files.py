"""LINGUIST reads labelled utterances as benchmarks publish them: SNIPS, BIO files, and tables of tokens and tags."""

import json
import tarfile
from pathlib import Path

import pytest

from baleen.methods.linguist import parsed
from baleen.methods.linguist_files import bio, snips, tokens
from baleen.tables.rows import Row

SHARED = Path(__file__).parents[3] / "shared/data/snips.tar.gz"
PARTS = {  # the parts of an utterance of SNIPS, and the tagged utterance
    "one value": ([("play ", ""), ("jazz", "genre")], "play [genre jazz ]"),
    "two values side by side": (
        [("in ", ""), ("rome", "city"), (" ", ""), ("today", "date")],
        "in [city rome ] [date today ]",
    ),
    "a value at the start": ([("jazz", "genre"), (" please", "")], "[genre jazz ] please"),
    "no value": ([("stop it", "")], "stop it"),
    "the same value twice": ([("a", "x"), (" and ", ""), ("a", "y")], "[x a ] and [y a ]"),
    "white space round a value": ([("play", ""), (" jazz ", "genre"), ("now", "")], "play [genre jazz ] now"),
    "a line break": ([("play\n", ""), ("free\njazz", "genre")], "play [genre free jazz ]"),
    "another script": ([("播放", ""), ("爵士乐", "genre")], "播放[genre 爵士乐 ]"),
    "a label of two words": ([("play ", ""), ("jazz", "music genre")], "play [music_genre jazz ]"),
    "an empty part": ([("play ", ""), ("", "genre"), ("jazz", "")], "play jazz"),
}


def file_row(text: str) -> Row:
    return {"id": "f", "response": text, "language": "English"}


def snips_file(**intents: list[list[tuple[str, str]]]) -> str:
    def one(parts: list[tuple[str, str]]) -> Row:
        return {"data": [{"text": text} | ({"entity": label} if label else {}) for text, label in parts]}

    return json.dumps({intent: [one(parts) for parts in own] for intent, own in intents.items()})


@pytest.mark.parametrize("name", PARTS)
def test_an_utterance_of_snips_has_its_values_in_brackets(name: str) -> None:
    parts, tagged = PARTS[name]
    ((row, reason),) = snips([file_row(snips_file(PlayMusic=[parts]))])
    assert (row["parse"], row["intent"], reason) == (f"PlayMusic\n{tagged}", "PlayMusic", "")
    intent, spans = parsed(row["parse"]) or ("", [])
    assert intent == "PlayMusic" and [f"{label}={value}" for label, value in spans] == row["slots"]
    assert row["response"] == row["utterance"] and not set("[]") & set(row["utterance"])


def test_every_utterance_of_a_file_is_a_row_of_its_own_or_leaves_with_a_reason() -> None:
    file = snips_file(A=[[("x", "")], [("a [b]", "")], [("x", "")]], B=[[("  ", "")], [("y", "l")]])
    made = snips([*map(file_row, [file, "[]", "play O", '{"A": [{"text": "x"}]}', "3", "{}"])])
    assert [(row["intent"], reason) for row, reason in made[:5]] == [
        ("A", ""),
        (None, "without a text, or with brackets in it"),
        ("A", ""),
        (None, "without a text, or with brackets in it"),
        ("B", ""),
    ]
    assert [reason for _, reason in made[5:]] == ["not a file of SNIPS"] * 4 + ["no utterance"]
    assert len({row["id"] for row, _ in made[:5]}) == 5


def test_the_published_files_are_read_whole() -> None:
    if not SHARED.is_file():
        pytest.skip("the files of SNIPS are not here")
    with tarfile.open(SHARED) as packed:
        files = [one for one in packed if one.name.endswith(".json")]
        texts = [packed.extractfile(one).read().decode("utf-8", "replace") for one in files]  # type: ignore[union-attr]
    made = snips([file_row(text) | {"id": str(n)} for n, text in enumerate(texts)])
    assert len(made) == 2800 and {reason for _, reason in made} == {""} and len({row["id"] for row, _ in made}) == 2800
    assert all(len((parsed(row["parse"]) or ("", []))[1]) == len(row["slots"]) for row, _ in made)


TAGS = {  # tags of "go to new york city today now", and the tagged utterance
    "BIO": ("O O B-c I-c I-c B-d O", "go to [c new york city ] [d today ] now"),
    "IOB, a span begins with I": ("O O I-c I-c I-c I-d O", "go to [c new york city ] [d today ] now"),
    "BIOES": ("O O B-c I-c E-c S-d O", "go to [c new york city ] [d today ] now"),
    "BILOU": ("O O B-c I-c L-c U-d O", "go to [c new york city ] [d today ] now"),
    "two spans of a label": ("O O B-c B-c I-c O O", "go to [c new ] [c york city ] today now"),
    "a span to the end": ("O O O O O B-d I-d", "go to new york city [d today now ]"),
    "none": ("O O O O O O O", "go to new york city today now"),
    "a label with a dash": ("O O B-to-c I-to-c I-to-c O O", "go to [to-c new york city ] today now"),
}
WORDS = "go to new york city today now".split()


@pytest.mark.parametrize("name", TAGS)
def test_tags_of_every_scheme_become_brackets(name: str) -> None:
    tags, tagged = TAGS[name]
    row = {"id": "1", "language": "en", "intent": "Fly", "words": WORDS, "tags": tags.split()}
    lines = [f"{word}\t{tag}" for word, tag in zip(WORDS, tags.split(), strict=True)]
    numbered = [f"{n}\t{line.replace(chr(9), f'{chr(9)}Fly{chr(9)}')}" for n, line in enumerate(lines, 1)]
    (from_lists,) = tokens(row)
    (from_texts,) = tokens(row | {"words": " ".join(WORDS), "tags": tags})
    files = ["# intent: Fly\n" + "\n".join(own) for own in (lines, numbered)]
    (from_bio, _), (from_conll, _) = bio([file_row("# text: x\n\n".join(files[:1])), file_row(files[1])])
    found = {one["parse"] for one in (from_lists, from_texts, from_bio, from_conll) if isinstance(one, dict)}
    assert found == {f"Fly\n{tagged}"}


def test_a_bio_file_has_blank_lines_between_its_utterances() -> None:
    made = bio([file_row("# intent: A\nx O\n\n#intent=B\ny B-l\n\n\n# id: 3\n# intent: A\nz O\n")])
    assert [(row["intent"], row["utterance"], reason) for row, reason in made] == [
        ("A", "x", ""),
        ("B", "y", ""),
        ("A", "z", ""),
    ]


@pytest.mark.parametrize("text", ["x O\n", "# intent: A\nx\n", "", "# intent: A\nx O\n\ny O\n", "{}"])
def test_a_file_that_is_no_bio_file_leaves_whole(text: str) -> None:
    ((_, reason),) = bio([file_row(text)])
    assert reason == "a block without '# intent: NAME', or a line without a token and a tag"


def test_tokens_and_tags_of_unequal_number_leave() -> None:
    row = {"id": "1", "language": "en", "intent": "Fly", "words": WORDS, "tags": ["O"]}
    assert tokens(row) == "words and tags differ in number"
    assert tokens(row | {"words": ["a", "[b]"], "tags": "O O"}) == "without a text, or with brackets in it"
