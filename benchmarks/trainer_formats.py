"""What axolotl and LLaMA-Factory read of our exports: python -m benchmarks.trainer_formats FOLDER [--json]

Both read by their own code. FOLDER holds them without what they depend on:
`uv pip install --no-deps --target FOLDER axolotl llamafactory addict`. A table with and one without system messages is
exported in each layout and kind of file that these trainers read. LLaMA-Factory loads it by dataset_info.json with its
data/loader.py; axolotl takes the lines of the card through its schemas and its prompt strategies. Each conversation
must be what was exported, in axolotl with the answer alone learned, and each key that we write one that they know.
"""

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from baleen.commands import export
from baleen.errors import Problem
from baleen.models.scratch import Fresh, new_tokenizer
from baleen.project.command_line import report_problems
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from baleen.tables.layouts import LAYOUTS
from baleen.tables.shards import ENDINGS

CHECKOUT = Path(__file__).parents[1]
READ = [name for name, layout in LAYOUTS.items() if layout.llama_factory]
TEXTS = [
    ("What is two and two?", "It is four."),
    ("Write two lines.", "One line\nand\n\nanother."),
    ("What do {instruction}, {{ messages }} and {% if x %} mean?", "Braces: {input} {{ eos_token }} %s $name \\n."),
    ("这条河叫什么名字？", "叫长江。 <b>Yes</b> é \u200b😀"),
]
TABLES = {"humpback-dataset": True, "heldout": False}  # whether its rows have a system message
Exchange = tuple[str, str, str]  # system message, question, answer


def require(folder: Path) -> None:
    """A Problem unless the trainers can be imported; those of `folder` come after what is installed."""
    os.environ |= {"AXOLOTL_DO_NOT_TRACK": "1"}
    sys.path.append(str(folder))
    for name in ("axolotl", "llamafactory", "addict"):
        if not find_spec(name):
            install = f"uv pip install --no-deps --target {folder} axolotl llamafactory addict"
            raise Problem(f"{folder} has no {name}; {install}")
    for name in ("transformers.image_utils", "transformers.video_utils"):  # before they could find torchaudio
        import_module(name)
    if not find_spec("torchaudio"):  # which LLaMA-Factory imports for recordings alone
        sys.modules["torchaudio"] = module_from_spec(ModuleSpec("torchaudio", None))


def require_known(keys: Iterable[str], known: Iterable[str], where: str) -> None:
    """A Problem for a key that a trainer would pass over."""
    if odd := {*keys} - {*known}:
        raise Problem(f"{where} has {', '.join(sorted(odd))}, which the trainer does not know")


def write_project(folder: Path) -> None:
    """The recipes of this checkout and the two tables, of which no model was built."""
    for name in ("methods", "recipes", "profiles", "prompts"):
        shutil.copytree(CHECKOUT / name, folder / name)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(CHECKOUT / name, folder / name)
    with chdir(folder):
        for name in TABLES:
            table = [{"instruction": question, "response": answer} for question, answer in TEXTS]
            rows.write(name, [{"id": f"{n:016x}", "origin": "seed", **row} for n, row in enumerate(table)])


def exported(table: str) -> list[Exchange]:
    """What is learned from a table: Humpback's tag of seeds, or no system message."""
    system = "Answer in the style of an AI Assistant." if TABLES[table] else ""
    return [(system, question, answer) for question, answer in TEXTS]


def exchange(turns: list[dict[str, str]], system: str = "") -> Exchange:
    """System message, question and answer of turns with role and content."""
    texts = {turn["role"]: turn["content"] for turn in turns}
    return texts.get("system", system), texts["user"], texts["assistant"]


def llama_factory(folder: Path, table: str, layout: str) -> list[Exchange]:
    """The conversations that LLaMA-Factory trains on."""
    parser, loader = import_module("llamafactory.data.parser"), import_module("llamafactory.data.loader")
    [described] = parser.get_dataset_list([table], str(folder))
    written = json.loads((folder / "dataset_info.json").read_text())[table]
    known = {*vars(described), "file_name", "columns", "tags"}
    require_known([*written, *written["columns"], *written.get("tags", {})], known, "dataset_info.json")
    model = SimpleNamespace(cache_dir=str(folder.parent / "cache"), hf_hub_token=None)
    data = SimpleNamespace(
        dataset_dir=str(folder),
        media_dir=str(folder),
        streaming=False,
        preprocessing_num_workers=None,
        max_samples=None,
        overwrite_cache=True,
    )
    found = loader._load_single_dataset(described, model, data, SimpleNamespace(local_process_index=0))
    return [exchange([*row["_prompt"], *row["_response"]], row["_system"]) for row in found]


def axolotl_lines(folder: Path) -> dict[str, Any]:
    """What the card of an export says to write under `datasets:`."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^axolotl:\n\n```yaml\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    [lines] = parse_yaml(block)["datasets"]
    return dict(lines)


def axolotl_settings(lines: dict[str, Any]) -> Any:
    """The settings after axolotl's whole schema; keys that it does not know, which it would pass over, are an error."""
    schemas = import_module("axolotl.utils.schemas.datasets")
    own = lines["type"] if isinstance(lines["type"], dict) else {}
    require_known(lines, schemas.SFTDataset.model_fields, "the card")
    require_known(own, schemas.UserDefinedPrompterType.model_fields, "the card")
    whole = {
        "base_model": "x",
        "datasets": [lines],
        "micro_batch_size": 1,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-4,
        "sequence_len": 2048,
    }
    config = import_module("axolotl.utils.config")
    return config.validate_config(import_module("axolotl.utils.dict").DictDefault(whole))


def axolotl(folder: Path, table: str, layout: str) -> list[Exchange]:
    """The conversations that axolotl trains on: what its strategy has tokenized, read back."""
    from datasets import load_dataset

    given = axolotl_settings(axolotl_lines(folder))
    [lines] = given.datasets
    table_read = load_dataset(str(folder), split=lines.split, cache_dir=str(folder.parent / "cache"))
    tokenizer = new_tokenizer([text for pair in TEXTS for text in pair], Fresh(tokenizer="bpe", vocab_size=600))
    kind = lines.type if isinstance(lines.type, str) else "user_defined"
    strategies = import_module(f"axolotl.prompt_strategies.{kind}")
    strategy = strategies.load(tokenizer, given, lines if kind == "chat_template" else lines.type)
    return [read_back(strategy.tokenize_prompt(row), tokenizer, kind) for row in table_read]


def read_back(tokens: Any, tokenizer: Any, kind: str) -> Exchange:
    """System message, question and answer from tokens of which the answer alone has labels."""
    pairs = list(zip(tokens["input_ids"], tokens["labels"], strict=True))
    answer = tokenizer.decode([token for token, label in pairs if label >= 0], skip_special_tokens=True)
    asked = tokenizer.decode([token for token, label in pairs if label < 0])
    if kind == "user_defined":
        *system, question = asked.removeprefix(tokenizer.bos_token).removesuffix("\n").split("\n")
        return "".join(system), question, answer
    parts = re.split(r"<\|(system|user|assistant)\|>", asked)[1:]
    texts = dict(zip(parts[::2], parts[1::2], strict=True))
    return texts.get("system", ""), texts["user"], answer


READERS: dict[str, Callable[[Path, str, str], list[Exchange]]] = {"LLaMA-Factory": llama_factory, "axolotl": axolotl}


def measured() -> Iterator[dict[str, Any]]:
    """For each trainer, layout, kind of file and table: the conversations that it read, and those exported."""
    with TemporaryDirectory() as name, chdir(name):
        write_project(Path())
        for layout, ending, table in ((a, b, c) for a in READ for b in ENDINGS for c in TABLES):
            folder, _ = export.export(table, export.Wanted(layout, ending))
            for trainer, reads in READERS.items():
                found, expected = reads(folder.absolute(), table, layout), exported(table)
                case = {"trainer": trainer, "layout": layout, "files": ending, "system": TABLES[table]}
                yield case | {"read": found, "expected": expected}
            shutil.rmtree(folder)


def as_text(versions: dict[str, str], cases: list[dict[str, Any]]) -> str:
    """The versions, and a line for each case with the number of conversations that are as exported."""
    lines = [", ".join(f"{name} {number}" for name, number in versions.items())]
    for case in cases:
        equal = sum(mine == theirs for mine, theirs in zip(case["expected"], case["read"], strict=False))
        system = "system message" if case["system"] else "no system message"
        names = f"{case['trainer']:<15}{case['layout']:<10}{case['files']:<9}{system:<19}"
        lines.append(f"{names}{equal} of {len(case['expected'])} as exported")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one object, for a program")
    options = parser.parse_args()
    with report_problems():
        require(options.folder)
        cases = list(measured())
        versions = {name: version(name) for name in ("axolotl", "llamafactory")}
        print(json.dumps({"versions": versions, "cases": cases}) if options.json else as_text(versions, cases))
        if odd := next((case for case in cases if case["read"] != case["expected"]), None):
            raise Problem(f"{odd['trainer']} read {odd['read']} of {odd['layout']}, and not {odd['expected']}")


if __name__ == "__main__":
    main()
