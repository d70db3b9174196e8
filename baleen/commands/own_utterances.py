"""Own utterances: a LINGUIST project on utterances of a user's own that are labelled with intent and slots.

Files of SNIPS' form (JSON), BIO files (text), or a table with the columns tokens, tags and intent. The intent with the
fewest utterances is the new one: up to ten of them are the examples, the other intents are those that are known.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from baleen.commands import new, own_data
from baleen.errors import Problem
from baleen.methods import linguist_files
from baleen.project import assemble, shipped
from baleen.project.recipes import Line
from baleen.project.settings import Settings, load_yaml
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.rows import Row
from baleen.tables.sources import kept_rows

METHOD, UTTERANCES = assemble.UTTERANCES_ALONE, "utterances"
SHOTS, HELD_OUT = 10, 0.2  # examples of the new intent (arXiv:2209.09900, abstract); share that no model is trained on
TEXT: Settings = {"kind": "text", "passage_chars": 0}  # one row a file, whole
TABLE: Settings = {"columns": {"words": "tokens", "tags": "tags", "intent": "intent"}}
LANGUAGES = {
    "language": "English",
    "into": "Spanish",
}  # of the utterances, and of their round trips
READERS: dict[str, Callable[[list[Row]], list[tuple[Row, str]]]] = {
    "linguist_files.snips": linguist_files.snips,
    "linguist_files.bio": linguist_files.bio,
}
SHAPES = "SNIPS' JSON files, BIO files with lines '# intent: NAME', or a table with columns tokens, tags and intent"


@dataclass(frozen=True)
class Labelled:
    """How labelled utterances are read: the settings of the files, the transform of their rows, and the utterances of
    each intent."""

    settings: Settings
    reader: str
    intents: Counter[str]

    @property
    def new_intent(self) -> str:
        """The intent with the fewest utterances, the first by name of several."""
        return min(self.intents, key=lambda name: (self.intents[name], name))


def labelled_files(path: Path) -> Labelled:
    """How files of labelled utterances are read; a Problem when they are of none of the forms, or have no intent that
    could be new beside a known one."""
    if not path.exists():
        raise Problem(f"no file or folder {path}; correct the path")
    labelled = in_files(path) or in_table(path)
    if len(labelled.intents) < 2 or labelled.intents[labelled.new_intent] < 3:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(labelled.intents.items()))
        raise Problem(f"{path}: LINGUIST needs an intent with 3 utterances or more beside others; there are {counts}")
    return labelled


def in_files(path: Path) -> Labelled | None:
    """How files of SNIPS' or of BIO form are read; None where they are neither."""
    try:
        files = list(kept_rows(IngestOptions(str(path), origin="seed", **TEXT)))
    except Problem:
        return None
    for name, reader in READERS.items():
        pairs = reader([row | LANGUAGES for row in files])
        if intents := Counter(str(row["intent"]) for row, reason in pairs if not reason):
            return Labelled(TEXT, name, intents)
    return None


def in_table(path: Path) -> Labelled:
    """How a table of tokens and tags is read; a Problem where it is none."""
    try:
        rows = list(kept_rows(IngestOptions(str(path), origin="seed", **TABLE)))
        return Labelled(TABLE, "linguist_files.tokens", Counter(str(row["intent"]) for row in rows))
    except Problem as problem:
        raise Problem(f"{path}: LINGUIST reads utterances with intents and slots: {SHAPES} ({problem})") from None


def tables(path: str, labelled: Labelled) -> list[Line]:
    """The lines of the utterances: read, those of the new intent, of the known ones, and held out of both."""
    named, rest = "linguist_files.of_intent(intent,new)", f"chance(id)>={HELD_OUT}"
    set_columns = {**LANGUAGES, "new": labelled.new_intent}
    lines = {
        "labelled-files": ("ingest", {"source": path, **labelled.settings, "origin": "seed"}),
        UTTERANCES: ("map", {"input": "labelled-files", "apply": labelled.reader, "set": set_columns}),
        "linguist-known": ("filter", {"input": UTTERANCES, "keep": [f"{named}==0", rest]}),
        "linguist-few": (
            "filter",
            {"input": UTTERANCES, "keep": [f"{named}==1", rest], "best": "chance(id)", "count": SHOTS},
        ),
        "linguist-heldout": ("filter", {"input": UTTERANCES, "keep": [f"chance(id)<{HELD_OUT}"]}),
    }
    return [Line(name, rule, given, new.SOURCES) for name, (rule, given) in lines.items()]


def write(to: Path, profile: str, path: str, labelled: Labelled) -> None:
    """Write a project of LINGUIST on labelled utterances, which lie there in it."""
    own = {line.name: line for line in tables(path, labelled)}
    selection = assemble.on_own_data([METHOD], own, load_yaml(shipped.profile(profile)), texts=UTTERANCES)
    new.write(to, selection, [METHOD], profile)


def on_utterances(wanted: new.Wanted, seeds: str) -> str:
    """Look at labelled utterances, print how they are read, and write a project on them; what check says of it."""
    if wanted.methods != [METHOD] or wanted.verifiable or wanted.judge:
        raise Problem("linguist reads labelled utterances, other methods pairs; begin a project for it alone")
    labelled = labelled_files(Path(seeds))
    counts = ", ".join(f"{name} {count}" for name, count in sorted(labelled.intents.items()))
    print(f"seeds: {seeds} ({labelled.reader})\n  utterances: {counts}\n  the new intent: {labelled.new_intent}")
    with wanted.place() as part:
        path = own_data.bring(Path(seeds), part)
        profile = wanted.profile or new.chosen_profile(lambda to, name: write(to, name, path, labelled))
        write(part, profile, path, labelled)
        new.write_readme(part, wanted)
        return new.begun(part, wanted, [path])
