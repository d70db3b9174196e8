"""export: a table of the project as a dataset, or a model as a checkpoint, in a folder that the hub and trainers read.

A row says what a model of the project has learned from it: the question of the prompt that it was trained with, the
system message of the row's origin, and the answer.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from baleen.commands import dataset_card, model_card
from baleen.commands.dataset_card import Exported
from baleen.commands.provenance import Lines, options, project_lines
from baleen.errors import Problem, unknown
from baleen.measures.words import chance
from baleen.models import pins
from baleen.project.recipes import Line
from baleen.tables import rows
from baleen.tables.layouts import LAYOUTS, Conversation
from baleen.tables.rows import Row
from baleen.tables.shards import ENDINGS, Split, write_splits
from baleen.training.examples import Lessons, has_answer, read_lessons

MARK = ".baleen-export"  # a file in every folder that `export` has written, and may write anew
NO_ANSWER, NO_QUESTION = "no answer", "no question"
PAIR = ("instruction", "response")
NO_TABLE = {  # what the targets of verbs are that make no table
    "train": "a model, which has weights, not rows",
    "evaluate": "an evaluation, which has numbers, not rows",
    "calibrate": "a calibration, which has numbers, not rows",
}


@dataclass(frozen=True)
class Wanted:
    """What to export: the layout, the ending of the files, the rows of a shard, the splits beside train (a table, or a
    share of the rows), the model whose training says how rows are asked ('' to look for it), and the folder."""

    layout: str = "messages"
    ending: str = "parquet"
    rows_per_shard: int = 100_000
    splits: Mapping[str, str] = field(default_factory=dict)
    taught: str = ""
    folder: Path | None = None


def check(wanted: Wanted) -> None:
    """A Problem for what cannot be meant."""
    if wanted.layout not in LAYOUTS:
        raise Problem(f"--to: {unknown('layout', wanted.layout, list(LAYOUTS))}")
    if wanted.ending not in ENDINGS:
        raise Problem(f"--files: {unknown('kind of file', wanted.ending, list(ENDINGS))}")
    if wanted.rows_per_shard < 1:
        raise Problem(f"--rows-per-shard is {wanted.rows_per_shard}; write a number of rows from 1")
    shares = [share for text in wanted.splits.values() if (share := share_of(text)) is not None]
    if not all(0 < share < 1 for share in shares) or sum(shares) >= 1:
        raise Problem("--split: shares lie between 0 and 1 and are less than 1 together, such as --split test=0.05")
    for name in wanted.splits:
        if not name.isidentifier() or name == "train":
            raise Problem(f"--split: {name!r} is no name of a further split; write one such as validation=0.05")


def check_model(name: str, wanted: Wanted) -> None:
    """A Problem for what only a table has."""
    usual = Wanted()
    flags = {"--to": "layout", "--files": "ending", "--split": "splits", "--as": "taught"}
    flags |= {"--rows-per-shard": "rows_per_shard"}
    if odd := next((flag for flag, own in flags.items() if getattr(wanted, own) != getattr(usual, own)), ""):
        raise Problem(f"{odd} is for tables, and {name} is a model, which is written as it is; take {odd} out")


def check_tables(tables: Mapping[str, str], lines: Lines) -> None:
    """A Problem for a split that names the table of another one, and for what is no table."""
    seen = dict[Path, str]()
    for split, table in tables.items():
        if other := seen.get(path := rows.table_path(table).absolute()):
            other_way = f"a share of its rows, such as --split {split}=0.05"
            raise Problem(f"--split {split}={table}: {other} has the rows of this table; name another, or {other_way}")
        seen[path] = split
        if (line := lines.by_name.get(table)) and line.verb in NO_TABLE:
            raise Problem(f"{table} is {NO_TABLE[line.verb]}; name a table, such as {line.given['input']}")


def share_of(text: str) -> float | None:
    """The share that a split is written with; None for a table."""
    try:
        return float(text)
    except ValueError:
        return None


def splits_of(texts: Sequence[str]) -> dict[str, str]:
    """{test: heldout} of ['test=heldout']."""
    if odd := next((text for text in texts if "=" not in text), ""):
        raise Problem(f"--split {odd}: write a name and a table or a share, such as test=heldout or test=0.05")
    found = [(name.strip(), value.strip()) for name, _, value in (text.partition("=") for text in texts)]
    if twice := next((name for name, count in Counter(name for name, _ in found).items() if count > 1), ""):
        raise Problem(f"--split {twice} is given twice; give each split another name, such as {twice}2")
    return dict(found)


def trainer(lines: Lines, target: str, taught: str) -> Line | None:
    """The train line that says how the rows of a table are asked; a Problem when several say it differently."""
    found = lines.trainers(target)
    if taught:
        line = lines.of(taught)
        if line.verb != "train":
            raise Problem(f"--as {taught}: this is a target of {line.verb}; name a model that the project trains")
        return line
    ways = {ask_of(line): line for line in reversed(found)}
    if len(ways) > 1:
        some = ", ".join(f"{line.name} ({ask[0] or ask[1]})" for ask, line in sorted(ways.items()))
        raise Problem(f"{target} is learned in several ways: {some}; choose a model, such as --as {found[0].name}")
    return next(iter(ways.values()), None)


def ask_of(line: Line) -> tuple[str, str, str, str]:
    """What of a train line shapes its conversations."""
    chosen = options(line)
    return chosen.prompt, chosen.prompts, chosen.writes, chosen.tag


def asker(table: str, line: Line | None) -> Callable[[Row], Conversation | str]:
    """A function that gives the conversation of a row, or why it has none."""
    if line is None:
        rows.schema(rows.table_path(table), PAIR)
        return pair_of
    chosen = options(line)
    lessons = read_lessons(replace(chosen, input=table))
    if odd := next((prompt.name for prompt in lessons.prompts.values() if not prompt.body), ""):
        raise Problem(
            f"{line.name} learned {table} with prompts/{odd}.md, which has no question: its rows are plain texts, no "
            "conversations; export what it was made from"
        )
    return lambda row: taught_conversation(row, lessons, chosen.tag)


def pair_of(row: Row) -> Conversation | str:
    """The instruction and the response, of a row that no model has learned."""
    if not str(row["instruction"] or "").strip():
        return NO_QUESTION
    if not str(row["response"] or "").strip():
        return NO_ANSWER
    return Conversation(str(row["id"]), "", row["instruction"], row["response"])


def taught_conversation(row: Row, lessons: Lessons, tag: str) -> Conversation | str:
    prompt = lessons.prompt(row)
    if not has_answer(row, prompt):
        return NO_ANSWER
    if any(row.get(column) is None for column in prompt.reads):
        return NO_QUESTION
    *before, question = prompt.messages(row, tag)
    system = before[0][1] if before else ""
    return Conversation(str(row["id"]), system, question[1], prompt.format_reply(row))


def drawn_split(question: str, shares: Mapping[str, float]) -> str:
    """The split of a question, by its hash: equal questions are in the same one, whatever else is in the table."""
    place, above = chance(f"split {question}"), 0.0
    for name, share in shares.items():
        above += share
        if place < above:
            return name
    return "train"


def read_table(
    table: str, line: Line | None, name: Callable[[str], str], exported: Exported
) -> Iterator[tuple[str, Conversation]]:
    """The conversations of a table with the split of each; what has none is counted."""
    conversation_of = asker(table, line)
    for row in rows.read(rows.table_path(table)):
        one = conversation_of(row)
        if isinstance(one, str):
            exported.left_out[one] += 1
            continue
        exported.licences[(row.get("source") or {}).get("licence") or ""] += 1
        exported.systems[one.system] += 1
        yield name(one.question), one


def write_dataset(target: str, wanted: Wanted, folder: Path) -> Exported:
    """Write the shards of a table, its card, and what LLaMA-Factory reads, into a new folder."""
    check(wanted)
    lines = project_lines()
    line, layout = trainer(lines, target, wanted.taught), LAYOUTS[wanted.layout]
    shares = {name: share for name, text in wanted.splits.items() if (share := share_of(text)) is not None}
    names = ["train", *wanted.splits]
    splits = {name: Split(folder, name, wanted.ending, layout.schema, wanted.rows_per_shard) for name in names}
    tables = {"train": target} | {name: text for name, text in wanted.splits.items() if name not in shares}
    check_tables(tables, lines)
    exported = Exported(target, wanted.layout, wanted.ending, line.name if line else "", tables, shares)

    def placed() -> Iterator[tuple[Split, dict[str, Any]]]:
        for name, table in tables.items():
            own = (lambda question: drawn_split(question, shares)) if name == "train" else (lambda _, name=name: name)
            for split, one in read_table(table, line, own, exported):
                exported.show(one, layout.row(one))
                yield splits[split], layout.row(one)

    write_splits(splits.values(), placed())
    exported.rows |= {name: split.rows for name, split in splits.items()}
    if empty := next((name for name, split in splits.items() if not split.rows), ""):
        raise Problem(f"export {target}: split {empty} has no rows ({dict(exported.left_out) or 'the table is empty'})")
    exported.shards |= {name: len(split.shards) for name, split in splits.items()}
    if layout.llama_factory:
        described = {
            target if name == "train" else f"{target}-{name}": {"file_name": f"data/{name}"} | layout.llama_factory
            for name in names
        }
        (folder / "dataset_info.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(dataset_card.text(exported, lines, layout), encoding="utf-8")
    return exported


def export(target: str, wanted: Wanted, replaced: bool = False) -> tuple[Path, str]:
    """Write a table or a model into its folder, which is returned with what was written in one line."""
    name = target.rpartition("@")[2]
    line = project_lines().of(name)
    is_model = line.verb == "train"
    if is_model and not pins.is_there(name):
        raise Problem(f"model {name} is not built yet; dvc repro {line.rule}@{name} builds it, or dvc pull fetches it")
    if is_model:
        check_model(name, wanted)
    final = wanted.folder or Path("exports", name if is_model else f"{name}-{wanted.layout}")
    if final.exists() and not (replaced and (final / MARK).is_file()):
        advice = "add --replace to write it anew" if (final / MARK).is_file() else "name another with --out"
        raise Problem(f"{final} is there already; {advice}")
    part = final.with_name(f".{final.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        (part / MARK).touch()
        said = model_card.write(name, part) if is_model else write_dataset(name, wanted, part).summary
        shutil.rmtree(final, ignore_errors=True)
        part.rename(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return final, said


def left_out(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {reason}" for reason, number in sorted(counts.items()))
