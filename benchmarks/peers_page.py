"""docs/peers.md from what benchmarks.peers measured."""

from collections.abc import Iterator, Mapping
from typing import Any

Figures = dict[str, Any]
CALLS = {
    "baleen": "a recipe of two lines and `dvc repro`",
    "DataDesigner": "`DataDesigner.create` on a seed file, in order, with `resume=ResumeMode.IF_POSSIBLE`",
    "curator": "`curator.LLM` on a `Dataset`, its cache in `working_dir`",
    "distilabel": "`LoadDataFromDicts >> TextGeneration`, `use_cache=True`",
}
CHANGES = {
    "first": "from nothing",
    "nothing": "nothing changed",
    "appended": "1 % more rows at the end",
    "edited": "one row in the middle edited",
    "system": "another system message",
    "killed": "killed with -9, and run again",
}
TABLES = {
    "filter": "filter: three conditions and a rank",
    "exact": "exact duplicates",
    "mix": "mix: one table repeated, and another",
}
START = """# The peers beside us

What each of four tools asks a model again when something changes, whether its rows are then right, and how fast it
asks. `python -m benchmarks.peers --page docs/peers.md` writes this page and [peers.json](peers.json), which has
every figure; it installs each peer into an environment of its own below `build/`."""
HOW = """Every tool asks one chat server on this machine, which answers at once and counts, about the same texts of
120 words under one system message. A run is a process of its own, from its first import to its rows in a file, and
the tools take turns. Every tool remembers in the way that its documentation names, with the settings below. The
runs after a change begin with what the last first run left behind. The killed run lost its whole process group when
the server had given 35 % of the replies. A row is right when it has the reply to what should have been asked about
the text that it should have; an old reply to another text, or under another system message, is wrong."""
READ = """The second column is the least that has to be asked. After a kill that is what no reply had come for, a
number that differs with what was under way; replies that were paid for twice are counted. A run hangs when it has
used next to no processor for 20 s and has not ended."""
WHY = """## Why

- baleen stores every reply under a hash of all that shaped it (the rendered messages with the system message, model,
  sampling settings) and looks rows up by content. Before each look DVC decides whether the stage runs at all, and its
  start is most of a short run.
- DataDesigner resumes by position: a group of rows that is on disk is kept if the configuration is the same, and the
  content of the seed file is not part of it. Rows go to disk when their group is complete.
- curator's key is of the whole data set, so that one row more or other asks about all of them; its documentation
  lists what belongs to the key, and `system_prompt` is not in it (in the source of the prompt method a message would
  be). Replies are appended one by one, so that a killed run goes on.
- distilabel's key is of a step's own settings; the rows of `LoadDataFromDicts` are not part of it. With
  `use_cache=False` it asks about all rows, and they are right.

## What this does not show

The server answers at once, so that only the tools' own work is measured; behind a real model all of them wait for
it. The peers do much that baleen does not, such as the batch interfaces of providers (curator, distilabel),
samplers, judges and code columns (DataDesigner), and have many more tasks ready."""


def page(result: Figures) -> str:
    """Markdown: what was asked again, the speed, the work on tables, the settings, and what could not be measured."""
    tools = {name: one for name, one in result["tools"].items() if "missing" not in one}
    parts = [START, "\n".join(machine(result)), HOW, "\n".join(changes(tools, result["rows"])), READ]
    parts += ["## Speed", "\n".join(speed(tools, result))]
    work = result.get("tables", {"missing": "left out"})
    parts += ["## Tables", "\n".join(table_work(work))] if "missing" not in work else []
    parts += ["## How each was asked", "\n".join(settings(tools, result.get("tried", {})))]
    missing = [f"- {name}: not measured: {one['missing']}"
               for name, one in (result["tools"] | {"polars": work}).items() if "missing" in one]  # fmt: skip
    return "\n\n".join([*parts, *(["\n".join(missing)] if missing else []), WHY]) + "\n"


def machine(result: Figures) -> Iterator[str]:
    measured = (
        f"{result['date']}, {result['cores']} processor cores, Python {result['python']}, {result['rows']:,} rows"
    )
    yield f"{measured}; {result['minutes']:.0f} minutes without installing."


def changes(tools: Mapping[str, Figures], rows: int) -> Iterator[str]:
    """A row for every run: what each tool asked, and whether its rows are right."""
    heads = [f"{name} {one['version']}" for name, one in tools.items()]
    yield f"| {rows:,} rows | must ask | {' | '.join(heads)} |"
    yield f"|---|---|{'---|' * len(tools)}"
    for name, words in CHANGES.items():
        ran = [one["changes"][name] for one in tools.values()]
        needed = "the rest" if name == "killed" else f"{ran[0]['needed']:,}"
        yield f"| {words} | {needed} | {' | '.join(map(change, ran))} |"


def change(ran: Figures) -> str:
    """One cell: how much was asked, and what is wrong with the rows."""
    asked = f"{ran['asked']:,} asked"
    if "answered" in ran:
        asked += f" after {ran['answered']:,}"
        asked += f", {ran['twice']:,} twice" if ran["twice"] else ""
    return f"{asked}; {verdict(ran)}"


def verdict(ran: Figures) -> str:
    """Whether the rows are complete and right, in a few words."""
    if ran["ended"] == "hung":
        return "**hangs**"
    if ran["ended"] != "well":
        return "**failed**"
    lacking, wrong = max(0, ran["of"] - ran["rows"]), min(ran["rows"], ran["of"]) - ran["right"]
    flaws = [f"{count:,} {word}" for count, word in ((lacking, "missing"), (wrong, "wrong")) if count > 0]
    more = ran["rows"] - ran["of"]
    flaws += [f"{more:,} too many"] if more > 0 else []
    return f"**{', '.join(flaws)}**" if flaws else "all right"


def speed(tools: Mapping[str, Figures], result: Figures) -> Iterator[str]:
    """Rows a second and what a run takes, of every tool."""
    many = f"Medians of {result['repeats']} first runs" if result["repeats"] > 1 else "One first run"
    yield f"{many} of {result['rows']:,} rows. `while asking` is between the first reply and the last; the whole"
    yield "run and the processor's time have the imports in them too. The ratio is to baleen, which took its turns too."
    yield from ("", "| | rows/s while asking | ratio | whole run, s | processor, ms a row |", "|---|---|---|---|---|")
    own = tools.get("baleen", {}).get("rows_s", 0.0)
    for name, one in tools.items():
        if "rows_s" in one:
            ratio = f"{one['rows_s'] / own:.2f}" if own else "-"
            yield f"| {name} | {one['rows_s']:,.0f} | {ratio} | {one['seconds']:.1f} | {one['cpu_ms']:.1f} |"


def table_work(tables: Figures) -> Iterator[str]:
    """baleen's stages beside polars."""
    yield f"{tables['rows']:,} rows of 120 words from Parquet to Parquet, as in `benchmarks.tables`, without imports."
    yield f"baleen also writes every row that leaves, with its reason; polars {tables['version']} does not."
    yield from ("", "| work | baleen, rows/s | polars, rows/s | ratio | rows left |", "|---|---|---|---|---|")
    for name, words in TABLES.items():
        (ours, theirs), left = tables[name]["rows_s"], tables[name]["left"]
        same = f"{left[0]:,}, the same" if tables[name]["same"] else f"**{left[0]:,} and {left[1]:,}, others**"
        yield f"| {words} | {ours:,} | {theirs:,} | {ours / theirs:.2f} | {same} |"


def settings(tools: Mapping[str, Figures], tried: Mapping[str, list[Figures]]) -> Iterator[str]:
    """How each tool was called, its settings, and the others that were tried."""
    yield "Other settings that were tried (`--tune`) have their rows/s as a multiple of those of the settings used."
    yield from ("", "| tool | called as | settings | others tried |", "|---|---|---|---|")
    for name, one in tools.items():
        rates = {words(each["settings"]): each.get("rows_s", 0.0) for each in tried.get(name, [])}
        own = rates.pop(used := words(one["settings"]), 0.0)
        others = [f"{other}: {rate / own:.2f}" for other, rate in rates.items() if own]
        yield f"| {name} | {CALLS[name]} | {used} | {'; '.join(others) or '-'} |"


def words(settings: Figures) -> str:
    return ", ".join(f"`{name}` {value}" for name, value in settings.items())
