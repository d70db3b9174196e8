"""What an edit costs: requests that go to a real model after it, beside those of the first build.

python -m benchmarks.rebuild --json

`dvc repro` asks a tiny Llama with random weights about documents of the pocket world, grades what it said and keeps the
best. Every request is written down when it goes to the model, one that was paid before as well. Each edit is measured
where it could cost something: a threshold without the memo at hand, so that a stage that runs again pays for all; a
speed knob with every stage run again, so that all hangs on the memo; another system message for the seeds, every fifth
document, of which `prompt_extra_calls` are the requests beyond the rows whose rendered prompt it changed. The keys are
shares and counts, so the figures do not depend on the machine.
"""

import json
import re
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from baleen import prompts
from baleen.project.yaml_files import parse_yaml, yaml_text
from baleen.tables import rows
from baleen.tables.rows import Row
from benchmarks import small_project
from benchmarks.small_project import FILES, PROMPT, paid

ASK = PROMPT.replace("---\nWhich", "system: {seed: Be kind., default: Be brief.}\n---\nWhich")
PARSER = """
FORMATS["text"] = Format(lambda reply, columns: {columns[0]: reply.strip(" .") or "none"}, show_text)
"""
OWN: dict[str, dict[str, Any]] = {
    "params.yaml": FILES["params.yaml"] | {"curate": {"best": "worst", "share": 0.5}},
    "recipes/small.yaml": FILES["recipes/small.yaml"] | {"filter": {"kept": {"input": "graded", "knobs": "curate"}}},
}


RUN = re.compile(r"^Running stage '([^']+)':", re.MULTILINE)


def documents(count: int) -> list[Row]:
    """Documents, every fifth of them a seed."""
    numbered = enumerate(small_project.documents(count))
    return [row | {"origin": "web" if n % 5 else "seed"} for n, row in numbered]


def create(folder: Path, table: list[Row]) -> None:
    """The small project with a filter after its two stages, and with seeds that are asked in other words."""
    small_project.create(folder, len(table), FILES | OWN)
    (folder / "prompts/ask.md").write_text(ASK, encoding="utf-8")
    put(folder, table)


def put(folder: Path, table: list[Row]) -> None:
    rows.write(str(folder / "data/web.parquet"), table)


def edit(path: Path, **sections: dict[str, Any]) -> None:
    """Change settings of a YAML file."""
    whole = parse_yaml(path.read_text(encoding="utf-8"))
    changed = {name: whole[name] | settings for name, settings in sections.items()}
    path.write_text(yaml_text(whole | changed), encoding="utf-8")


def rephrase(folder: Path, table: list[Row]) -> int:
    """Another system message for seeds; the number of rows whose rendered prompt is another now."""
    path, before = folder / "prompts/ask.md", rendered_prompts(folder, table)
    path.write_text(path.read_text(encoding="utf-8").replace("Be kind.", "Be kind and short."), encoding="utf-8")
    return sum(old != new for old, new in zip(before, rendered_prompts(folder, table), strict=True))


def rendered_prompts(folder: Path, table: list[Row]) -> list[tuple[tuple[str, str], ...]]:
    """The rendered prompt of each row."""
    prompt = prompts.load("ask", folder=folder / "prompts")
    return [prompt.messages(row) for row in table]


@contextmanager
def forgotten(folder: Path) -> Iterator[None]:
    """The memo out of reach: whatever asks a model has to pay."""
    memo, aside = folder / ".memo", folder / ".memo-aside"
    memo.rename(aside)
    yield
    shutil.rmtree(memo, ignore_errors=True)
    aside.rename(memo)


def build(folder: Path, *flags: str) -> tuple[int, list[str]]:
    """Build the project again: requests that went to the model, and the stages that ran beside the plan."""
    before = paid(folder).total()
    output = small_project.run(folder, "dvc", "repro", *flags).stdout
    return paid(folder).total() - before, [name for name in RUN.findall(output) if name != "plan"]


def measured(folder: Path, count: int) -> Row:
    """The figures of one project of `count` documents."""
    table = documents(count + max(1, count // 100))
    create(folder, table[:count])
    first, _ = build(folder)
    put(folder, table)
    appended, _ = build(folder)
    result: Row = {"documents": count, "first_calls": first, "append_share": round(appended / first, 4)}
    edit(folder / "params.yaml", curate={"share": 0.2})
    with forgotten(folder):
        calls, ran = build(folder)
    result |= {"threshold_calls": calls, "threshold_runs": ran}
    edit(folder / "profiles/pocket.yaml", speed={"batch_tokens": 512})
    result |= {"knob_calls": build(folder, "--force")[0]}
    changed = rephrase(folder, table)
    calls, _ = build(folder)
    result |= {"prompt_rows": changed, "prompt_calls": calls, "prompt_extra_calls": calls - 2 * changed}
    with (folder / "baleen/formats.py").open("a", encoding="utf-8") as file:
        file.write(PARSER)
    # scoring is left out: a better parser may read other instructions, and those are new questions
    return result | {"parser_calls": build(folder, "generate@asked")[0]}


def main() -> None:
    cli = ArgumentParser(description=__doc__)
    cli.add_argument("--documents", type=int, default=1000)
    cli.add_argument("--json", action="store_true", help="print one JSON object")
    args = cli.parse_args()
    with TemporaryDirectory() as folder:
        result = measured(Path(folder), args.documents)
    print(json.dumps(result) if args.json else json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
