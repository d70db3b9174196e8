"""The card of an exported dataset: README.md with the head that the hub reads, and all that is known of its rows."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from baleen.commands import provenance
from baleen.commands.provenance import (
    Lines,
    ModelFacts,
    chosen_settings,
    evaluations,
    papers,
    pin_origin,
    prompts_of,
    stand_ins,
)
from baleen.project.counts import counts_of
from baleen.project.recipes import Line
from baleen.project.yaml_files import yaml_text
from baleen.tables.layouts import Conversation, Layout
from baleen.tables.markdown_text import card, code_block, escaped, table

SHOWN = 3  # rows in the card
LONG = 600  # characters of a text that is shown
SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M", 10_000_000: "1M<n<10M"}
LICENCES = {  # those of the hub's list that texts are published under
    "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "unlicense", "cc0-1.0", "cc-by-2.0", "cc-by-2.5",
    "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "gpl-2.0", "gpl-3.0", "lgpl-3.0",
    "agpl-3.0", "mpl-2.0", "odbl", "odc-by", "pddl", "gfdl", "wtfpl", "isc", "zlib", "ecl-2.0", "epl-2.0",
}  # fmt: skip


@dataclass
class Exported:
    """A dataset as it was written: the table, the layout, the ending of its files, the model that learned it ('' for
    none), the tables and shares of its splits, and what was counted of its rows."""

    target: str
    layout: str
    ending: str
    taught: str
    tables: Mapping[str, str]
    shares: Mapping[str, float]
    rows: dict[str, int] = field(default_factory=dict)
    shards: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, Any]] = field(default_factory=list)

    def show(self, one: Conversation, row: dict[str, Any]) -> None:
        """Remember a row for the card, if its system message is new or few are shown yet."""
        if len(self.samples) < SHOWN or (self.systems[one.system] == 1 and len(self.samples) < 2 * SHOWN):
            self.samples.append(row)

    @property
    def summary(self) -> str:
        """One line for people."""
        parts = [f"{count:,} rows in {name} ({self.shards[name]} files)" for name, count in self.rows.items()]
        gone = [f"{number:,} left out ({reason})" for reason, number in sorted(self.left_out.items())]
        tagged = sum(number for text, number in self.systems.items() if text)
        way = f"as {self.taught} learned them" if self.taught else "as instruction and response"
        return ", ".join([*parts, *gone, f"{tagged:,} with a system message", way])


def text(exported: Exported, lines: Lines, layout: Layout) -> str:
    """The whole card."""
    made_by = lines.upstream(exported.target)
    trained = [lines.by_name[exported.taught]] if exported.taught else []
    sections = [
        ("What it is", about(exported, trained)),
        ("Load it", loading(exported, layout)),
        ("Rows", row_counts(exported)),
        ("System messages", systems(exported)),
        ("From documents to rows", funnel(made_by)),
        ("Models", models(lines, made_by)),
        ("Prompts", prompt_texts([*made_by, *trained])),
        ("Settings", settings(made_by)),
        ("Calibration", calibration(made_by, lines)),
        ("Licences", licences(exported)),
        ("Sample", samples(exported)),
        ("Citation", citation([*made_by, *trained])),
    ]
    return card(head(exported), exported.target, sections)


def head(exported: Exported) -> dict[str, Any]:
    """What the hub reads of the card."""
    whole = sum(exported.rows.values())
    size = next((name for above, name in SIZES.items() if whole < above), "n>10M")
    files = [{"split": name, "path": f"data/{name}/*.{exported.ending}"} for name in exported.rows]
    return {
        "pretty_name": exported.target,
        **licence_head(exported.licences),
        "task_categories": ["text-generation"],
        "size_categories": [size],
        "tags": ["baleen", "instruction-tuning", "synthetic"],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def licence_head(found: Counter[str]) -> dict[str, Any]:
    """The licence for the head: only what every row has inherited; nothing when any row has none."""
    named = sorted({name.strip().lower() for name in found})
    if not named or "" in named:
        return {}
    if {*named} <= LICENCES:
        return {"license": named[0] if len(named) == 1 else named}
    return {"license": "other", "license_name": "-".join(re.sub(r"[^a-z0-9.]+", "-", name) for name in named)[:90]}


def about(exported: Exported, trained: list[Line]) -> str:
    words = f"The table `{exported.target}` of a project of baleen, which turns documents into instruction-tuning data."
    if not trained:
        return f"{words} No model of the project was trained on it: each row is its instruction and its response."
    options = provenance.options(trained[0])
    prompt = f"prompts/{options.prompt}.md" if options.prompt else f"the prompts of prompts/{options.prompts}/"
    tag = f", with the system message of {escaped(options.tag)}" if options.tag else ""
    return (
        f"{words} Every row is the conversation that the model `{exported.taught}` was trained with: the question of "
        f"{prompt}{tag}, and the answer. Instructions or answers were written by models; none is checked by a person "
        "unless it is said below."
    )


def loading(exported: Exported, layout: Layout) -> str:
    load = 'from datasets import load_dataset\n\nrows = load_dataset("organisation/name", split="train")'
    parts = [
        "With the name of this dataset on the hub, or the path of its folder:",
        code_block(load, "python"),
        f"A row has {', '.join(f'`{name}`' for name in layout.schema.names)}. `id` is that of the row in its project, "
        "where `baleen explain` says all that is known of it.",
    ]
    if layout.trl:
        parts.append("TRL's `SFTTrainer(train_dataset=rows, ...)` takes it as it is.")
    if layout.llama_factory:
        parts.append(
            f"LLaMA-Factory: `dataset_dir:` the path of this folder, `dataset: {exported.target}`; it is described in "
            "`dataset_info.json`."
        )
    if layout.axolotl:
        described = {"path": "organisation/name", "split": "train"} | layout.axolotl
        parts += ["axolotl:", code_block(yaml_text({"datasets": [described]}), "yaml")]
    return "\n\n".join(parts)


def row_counts(exported: Exported) -> str:
    cells = []
    for name, number in exported.rows.items():
        source = exported.tables.get(name) or f"{exported.shares[name]:g} of {exported.target}, by hash of the question"
        cells.append((name, f"{number:,}", exported.shards[name], source))
    gone = ", ".join(f"{number:,} with {reason}" for reason, number in sorted(exported.left_out.items()))
    return table(["split", "rows", "files", "from"], cells) + (f"\n\nLeft out: {gone}." if gone else "")


def systems(exported: Exported) -> str:
    """The system messages with the number of their rows; '' where there are none."""
    if not any(exported.systems):
        return ""
    cells = [(words or "(none)", f"{number:,}") for words, number in exported.systems.most_common()]
    told = "They tell the model what kind of answer to give; ask a model that learned these rows with one of them."
    return f"{told}\n\n{table(['system message', 'rows'], cells)}"


def funnel(made_by: list[Line]) -> str:
    """Every step with its rows and the reasons of those that left."""
    cells = list[tuple[object, ...]]()
    for line in made_by:
        numbers = counts_of(line)
        dropped = numbers.get("dropped") or {}
        reasons = "; ".join(f"{number:,} {reason}" for reason, number in sorted(dropped.items(), key=lambda p: -p[1]))
        copies = "; ".join(f"{name} taken {times} times" for name, times in (numbers.get("copies") or {}).items())
        shown = [f"{numbers[name]:,}" if name in numbers else "not here" for name in ("rows_in", "rows_out")]
        cells.append((line.name, line.verb, *shown, reasons or copies))
    return table(["table", "step", "rows in", "rows out", "left, by reason"], cells)


def models(lines: Lines, made_by: list[Line]) -> str:
    facts, own = [ModelFacts(name, lines) for name in lines.models(made_by)], stand_ins(made_by)
    used = {
        one.name: [line.name for line in made_by if line.given.get("model") == one.name and line.name not in own]
        for one in facts
    }
    cells = [
        (one.name, one.origin, one.identity, ", ".join(used[one.name] or ["only to train others"])) for one in facts
    ]
    cells += [(f"of {name}", pin_origin(pin), pin.revision or pin.weights, name) for name, pin in own.items()]
    return table(["model", "what it is", "revision or hash", "asked in"], cells) if cells else "No model was asked."


def prompt_texts(made_by: list[Line]) -> str:
    blocks = [f"`prompts/{name}.md`:\n\n{code_block(words)}" for name, words in prompts_of(made_by).items()]
    return "\n\n".join(blocks)


def settings(made_by: list[Line]) -> str:
    """What each step was set to where that is not the default."""
    whole = {line.name: {"verb": line.verb} | chosen_settings(line) for line in made_by}
    return code_block(yaml_text(whole), "yaml")


def calibration(made_by: list[Line], lines: Lines) -> str:
    """How well the scores tell good rows, where a calibration or an evaluation of these tables says so."""
    cells = [
        (line.name, score, "unknown" if area is None else area)
        for line, figures in evaluations({line.name for line in made_by}, lines)
        for score, area in (figures.get("auc") or {}).items()
    ]
    parts = [table(["evaluation", "score", "area under the curve"], cells)] if cells else []
    found = [(line, counts_of(line)) for line in lines.readers({line.name for line in made_by}, ("calibrate",))]
    known = [(line.name, figures) for line, figures in found if figures.get("scores")]
    scores = [cells for name, figures in known for cells in measured(name, figures)]
    heads = ["calibration", "labels", "score", "rows", "AUC", "threshold in use", "precision there", "recall there"]
    parts += [table(heads, scores)] if scores else []
    gates = {line.name: numbers for line in made_by if (numbers := counts_of(line)).get("calibration")}
    parts += [
        f"`{name}` keeps what `{numbers['calibration']}` gives a precision of {ranged(numbers, 'precision')}."
        for name, numbers in gates.items()
        if numbers.get("precision") is not None
    ]
    doubts = [f"{name}: {escaped(doubt)}." for name, figures in known for doubt in doubts_of(figures)]
    return "\n\n".join([*parts, *dict.fromkeys(doubts)])


def measured(name: str, figures: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """A line of cells for each score of a calibration; figures in brackets are 95 % intervals."""
    labels = "of people" if figures["labels"] == "people" else f"made, {100 * figures['prior']:.0f} % good assumed"
    for score, one in figures["scores"].items():
        at = one.get("in_use") or {}
        used = f"{score} (in use)" if score == figures["in_use"] else score
        there = f"{at['threshold']:.6g}" if at else "-"
        cells = (ranged(one, "auc"), there, ranged(at, "precision"), ranged(at, "recall"))
        yield name, labels, used, f"{one['rows']:,}", *cells


def ranged(figures: Mapping[str, Any], name: str) -> str:
    """'0.912 [0.870, 0.950]', '-' for none."""
    if figures.get(name) is None:
        return "-"
    low, high = figures.get(f"{name}_low"), figures.get(f"{name}_high")
    return f"{figures[name]:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None and high is not None else "")


def doubts_of(figures: Mapping[str, Any]) -> list[str]:
    """Why the score in use of a calibration is to be trusted less."""
    return [*figures["warnings"], *figures["unusable"].get(figures["in_use"], figures["stale"])]


def licences(exported: Exported) -> str:
    """The licences of what the rows were made from, as far as the sources name them."""
    if not any(exported.licences):
        return "No source of these rows names a licence. Find out before you pass them on."
    cells = [(name or "not named by its source", f"{number:,}") for name, number in exported.licences.most_common()]
    return "Of the text that each row was made from, as its source names it:\n\n" + table(["licence", "rows"], cells)


def samples(exported: Exported) -> str:
    return "\n\n".join(json_block(shortened(row)) for row in exported.samples)


def json_block(value: Any) -> str:
    return code_block(json.dumps(value, indent=2, ensure_ascii=False), "json")


def shortened(value: Any) -> Any:
    """A row with its long texts cut."""
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return f"{value[:LONG]} ..." if isinstance(value, str) and len(value) > LONG else value


def citation(made_by: list[Line]) -> str:
    return "\n\n".join(bibtex_blocks(made_by)) or "The recipes of this table name no paper."


def bibtex_blocks(made_by: list[Line]) -> Iterator[str]:
    for paper in papers(made_by):
        yield f"{escaped(paper.title)}, [arXiv:{paper.number}](https://arxiv.org/abs/{paper.number}):"
        yield code_block(paper.bibtex, "bibtex")
