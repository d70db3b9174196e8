"""The card of an exported checkpoint, and its files: what it was trained from, on which rows, how it is asked, and how
it did."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from baleen import prompts
from baleen.commands.dataset_card import citation, models
from baleen.commands.provenance import Lines, ModelFacts, chosen_settings, options, project_lines, prompts_of
from baleen.errors import Problem
from baleen.measures.expressions import is_share
from baleen.measures.model_report import shown, tested
from baleen.models import identity, pins, places
from baleen.project.counts import counts_of
from baleen.project.recipes import Line
from baleen.project.settings import Settings
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from baleen.tables.markdown_text import card, code_block, escaped, table

LOAD = """from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("organisation/name")
tokenizer = AutoTokenizer.from_pretrained("organisation/name")
messages = {messages}
inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
print(tokenizer.decode(model.generate(**inputs, max_new_tokens=200)[0]))"""


def write(name: str, folder: Path) -> str:
    """Copy a model that the project trained into a folder, with its card; what was written, in one line."""
    lines = project_lines()
    source = pins.model_folder(name)
    if pins.pin(name):
        raise Problem(f"models/{name} is a pin of a model elsewhere, no checkpoint; export one that the project trains")
    places.check(source)
    files = places.files(source)
    for own, path in files.items():
        (folder / own).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / own)
    (folder / "README.md").write_text(text(name, lines), encoding="utf-8")
    size = sum(path.stat().st_size for path in files.values())
    return f"{len(files)} files, {size / 1e6:,.1f} MB, identity {identity.identity(name)}"


def text(name: str, lines: Lines) -> str:
    """The whole card."""
    line = lines.of(name)
    made_by = lines.upstream(str(line.given["input"]))
    sections = [
        ("What it is", about(line, lines)),
        ("Load it", loading(line)),
        ("System messages", systems(line)),
        ("Training data", data(line)),
        ("Training", training(line)),
        ("Numbers", numbers(name, lines)),
        ("Models that made its data", models(lines, made_by)),
        ("Prompts", "\n\n".join(code_block(words) for words in prompts_of([line]).values())),
        ("Licence", licence(line, lines)),
        ("Citation", citation([*made_by, line])),
    ]
    return card(head(name, lines), name, sections)


def root(name: str, lines: Lines) -> ModelFacts:
    """The model that a model was trained from in the end."""
    while (line := lines.by_name.get(name)) and line.verb == "train":
        name = str(line.given["base"])
    return ModelFacts(name, lines)


def head(name: str, lines: Lines) -> dict[str, Any]:
    """What the hub reads of the card; a licence is the author's to add."""
    base = root(name, lines).pin
    known = {"base_model": base.hub} if base and base.hub else {}
    return known | {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["baleen", "instruction-tuning"],
    }


def about(line: Line, lines: Lines) -> str:
    base, first = ModelFacts(str(line.given["base"]), lines), root(line.name, lines)
    words = f"A model that a project of baleen trained from `{base.name}` ({escaped(base.origin)})"
    deeper = f"; the first model of that line is {escaped(first.origin)}" if first.name != base.name else ""
    return f"{words}{deeper}. Identity of its files: `{identity.identity(line.name)}`."


def loading(line: Line) -> str:
    chosen = options(line)
    turns = [{"role": "user", "content": "..."}]
    if chosen.prompt and (known := system_of(chosen)):
        turns.insert(0, {"role": "system", "content": next(iter(known.values()))})
    return code_block(LOAD.format(messages=turns), "python")


def system_of(chosen: Any) -> dict[str, str]:
    """The system messages by origin that the model was trained with."""
    loaded = prompts.load(chosen.prompt).system if chosen.prompt else {}
    return {chosen.tag: loaded[chosen.tag]} if chosen.tag in loaded else {k: v for k, v in loaded.items() if v}


def systems(line: Line) -> str:
    """The system messages of its rows with their number, and what a question of another origin is asked with."""
    chosen = options(line)
    known, path = system_of(chosen), rows.table_path(str(line.given["input"]))
    if not known:
        return ""
    prompt, taught = prompts.load(chosen.prompt), Counter[str]()
    has_origins = path.is_file() and "origin" in rows.schema(path).names
    for row in rows.read(path, columns=["origin"]) if has_origins else ():
        taught[prompt.system.get(chosen.tag or str(row["origin"]), prompt.system.get("default", ""))] += 1
    cells = [(words or "(none)", f"{number:,}") for words, number in taught.most_common()]
    counted = (
        table(["system message it was trained with", "rows"], cells)
        if cells
        else "The origins of its rows are not here."
    )
    every = table(["origin", "system message of prompts/" + f"{chosen.prompt}.md"], known.items())
    told = "Ask it with a system message that it was trained with. An evaluation asks with that of the row's origin."
    return f"{told}\n\n{counted}\n\n{every}"


def data(line: Line) -> str:
    """The table it was trained on, with the hash of its file and its counts."""
    table_name, path, numbers = str(line.given["input"]), rows.table_path(str(line.given["input"])), counts_of(line)
    digest = identity.file_hash(path) if path.is_file() else "not here"
    cells = [("table", table_name), ("SHA-256 of its file", digest)]
    cells += [(name, f"{numbers[name]:,}") for name in ("rows_in", "examples", "tokens", "steps") if name in numbers]
    cells += [(f"left out: {reason}", f"{number:,}") for reason, number in (numbers.get("dropped") or {}).items()]
    return table(["what", "value"], cells)


def training(line: Line) -> str:
    numbers = {name: value for name, value in counts_of(line).items() if isinstance(value, int | float | str)}
    return code_block(yaml_text({"settings": chosen_settings(line), "counts": numbers}), "yaml")


def numbers(name: str, lines: Lines) -> str:
    """The figures of every evaluation of what the model answered."""
    asked = [one.name for one in lines.by_name.values() if one.given.get("model") == name]
    found = [one for one in lines.readers(asked, ("evaluate",)) if one.given["input"] in asked]
    cells = [row for one in found for row in figures(one, counts_of(one))]
    if not cells:
        return "No evaluation of this model is here."
    said = "Shares in percent; the difference is to the table that the evaluation names, with its 95 % interval."
    return f"{said}\n\n{table(['evaluation', 'measure', 'rows', 'mean', 'difference'], cells)}"


def figures(line: Line, evaluation: Settings) -> list[tuple[object, ...]]:
    if not evaluation.get("groups"):
        return []
    return [
        (line.name, measure, block.get("rows", ""), shown(measure, block.get("mean")), difference(measure, block))
        for measure, block in tested(evaluation).items()
    ]


def difference(measure: str, block: Settings) -> str:
    if block.get("difference") is None:
        return ""
    factor = 100 if is_share(measure) else 1
    middle, low, high = (factor * block[key] for key in ("difference", "low", "high"))
    return f"{middle:+.2f} [{low:+.2f}, {high:+.2f}]"


def licence(line: Line, lines: Lines) -> str:
    """Whose terms hold; none is invented."""
    return (
        f"The terms of the model it was trained from ({escaped(root(line.name, lines).origin)}) and of the documents "
        "and seeds in its data hold for it. This card names no licence of its own."
    )
