"""Rows of a rehearsal: real requests, answers and pages in whatever column a prompt reads or writes."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from baleen.prompts import Prompt
from baleen.tables.python_docs import python_docs
from baleen.tables.rows import Row

SEEDS = Path("data/seeds/assistant.jsonl")
Text = Callable[[str, str], object]  # the value of a column, of a request and its answer


def pairs(count: int, file: Path | None = None) -> list[tuple[str, str]]:
    """(request, answer) of a file of JSON lines; without one of the project's seeds, then of Python's documentation
    under the same requests."""
    lines = (file or SEEDS).read_text(encoding="utf-8").splitlines()
    seeds = [json.loads(line) for line in lines if line.strip()]
    own = [(str(seed["instruction"]), str(seed["response"])) for seed in seeds][:count]
    return own if file else [*own, *islice(pages(own), count - len(own))]


def pages(own: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    texts = (str(record.fields["text"]) for record in python_docs("docs"))
    usable = (text for text in texts if 200 <= len(text) <= 3000)  # as section 2.1 of Humpback has its segments
    return ((own[at % len(own)][0], text) for at, text in enumerate(usable))


def half(request: str, answer: str) -> str:
    return answer[: len(answer) // 2]


CONSTRAINTS = ["Use at most 200 words.", "Write it for somebody who has never programmed."]
ANSWERS = ("response", "document", "draft", "reference", "answer", "gold", "longer", "page")
COLUMNS: dict[str, Text] = {
    **dict.fromkeys(ANSWERS, lambda request, answer: answer),
    **dict.fromkeys(("outline", "opening"), half),
    "input": half,
    "constraints": lambda request, answer: CONSTRAINTS,
    **dict.fromkeys(("constraint", "addition", "repaired"), lambda request, answer: CONSTRAINTS[0]),
    "kinds": lambda request, answer: "- Length\n- Tone\n- Format\n- Audience",
    "dose": lambda request, answer: "2",
    "kind": lambda request, answer: "Length",
    "language": lambda request, answer: "English",
    **dict.fromkeys(("pivot", "into"), lambda request, answer: "Spanish"),
    "intent": lambda request, answer: "PlayMusic",
    **dict.fromkeys(("include", "labels"), lambda request, answer: ["1 = genre", "2 = day"]),
    "examples": lambda request, answer: ["play [1 jazz ] on [2 monday ]", "[1 rock ] please"],
    "tagged": lambda request, answer: "play [1 jazz ] on [2 monday ]",
    "parse": lambda request, answer: "PlayMusic\nplay [genre jazz ] on [day monday ]",
    "utterance": lambda request, answer: "play jazz on monday",
}


def row(at: int, pair: tuple[str, str], prompt: Prompt, origin: str = "seed") -> Row:
    """A row with every column that the prompt reads or writes; a column of no other name holds the request."""
    names = (*prompt.reads, *prompt.writes)
    values: Row = {name: COLUMNS[name](*pair) if name in COLUMNS else pair[0] for name in names}
    if prompt.choices:
        values[prompt.writes[0]] = f"{prompt.cue}{prompt.choices[-1]}"
    return {"id": f"{at:04}", "origin": origin} | values
