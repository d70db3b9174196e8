"""Lessons: the rows of a table that a model learns from, each with the prompt that it answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from baleen import prompts
from baleen.errors import Problem, unknown
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import Row
from baleen.training.options import TrainOptions

GENERAL = ("ask", "reply", "text")  # the prompts outside of the folder `prompts` that rows may name


@dataclass(frozen=True)
class Lessons:
    """The table to learn from, and the prompt that its rows answer: one for all (''), or each the one it names."""

    path: Path
    prompts: dict[str, Prompt]

    def prompt(self, row: Row) -> Prompt:
        return self.prompts[str(row["prompt"]) if "" not in self.prompts else ""]

    def texts(self, tag: str) -> Iterator[str]:
        """All that is said to the model and by it."""
        for row in rows.read(self.path):
            yield from texts_of(row, self.prompt(row), tag)


def read_lessons(options: TrainOptions) -> Lessons:
    """The table and its prompts, checked against each other and the settings."""
    path = rows.table_path(options.input)
    found = (
        prompts_named(path, options.prompts) if options.prompts else {"": prompts.load(options.prompt, options.writes)}
    )
    for prompt in found.values():
        rows.schema(path, [*prompt.reads, *prompt.writes, *[options.rejected] * bool(options.rejected)])
        if options.packing and prompt.body:
            raise Problem(f"packing is for prompts without a question, and prompts/{prompt.name}.md has one; drop it")
    return Lessons(path, found)


def prompts_named(path: Path, folder: str) -> dict[str, Prompt]:
    """The prompts that rows name: files of the folder, else of prompts/ itself."""
    names = sorted({str(row["prompt"]) for row in rows.read(path, ["prompt"], ["prompt"])})
    inside = [file.stem for file in Path("prompts", folder).glob("*.md")]
    if odd := next((name for name in names if name not in (*inside, *GENERAL)), ""):
        raise Problem(f"{path} names a prompt: {unknown('prompt', odd, [*inside, *GENERAL])}")
    own = {name: f"{folder}/{name}" for name in names if Path("prompts", folder, f"{name}.md").is_file()}
    return {name: prompts.load(own.get(name, name)) for name in names}


def constant_lines_of(folder: str) -> list[str]:
    """The lines that prompts of a folder say whatever the row."""
    names = sorted(f"{folder}/{path.stem}" for path in Path("prompts", folder).glob("*.md"))
    return [line for name in names for line in prompts.constant_lines(prompts.load(name))]


def texts_of(row: Row, prompt: Prompt, tag: str) -> list[str]:
    """What is said to the model of a row and by it."""
    asked = prompt.messages(row, tag) if prompt.body else []
    return [*(message["content"] for message in asked), prompt.format_reply(row)]
