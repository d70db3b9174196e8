"""Sections of the page: figures of models, the funnel of rows, learning curves, rounds, texts, and cost."""

from collections.abc import Iterable
from statistics import median

import pyarrow.parquet as pq

from baleen.measures import numbers_text
from baleen.measures.model_report import gain, shown, tested
from baleen.measures.numbers import Numbers
from baleen.measures.words import ngrams, words
from baleen.project import builds
from baleen.project.progress import duration
from baleen.reporting import charts
from baleen.reporting.built import Built, method_models
from baleen.reporting.page import Chart, Section, Table
from baleen.tables import rows
from baleen.tables.rows import Row

LOOKED_AT = 5000  # rows of a table whose texts are measured
BINS = 24


def number(value: object) -> str:
    """A number as people read it; '-' for none."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else spelled(value) if isinstance(value, float) else str(value)


def spelled(value: float) -> str:
    """Three decimals, or three digits of what would be 0.000 or 1.000 with them and is not."""
    short = f"{value:.3f}"
    return short if value in (0, 1) or float(short) not in (0, 1) else f"{value:.3g}" if value < 0.5 else f"{value:.9g}"


def compared(numbers: Numbers) -> Section:
    """The table of all arms with intervals, which the sentence at the head of the page is drawn from."""
    others = numbers.measures()[1:]
    head = ["trained on", numbers.primary, "difference, 95 % interval", *others, "rows", "steps"]
    lines = [
        [
            numbers_text.name_of(arm),
            numbers_text.cell(arm.figures.get(numbers.primary)),
            numbers_text.difference(arm.figures.get(numbers.primary), numbers.arms[0].name),
            *(numbers_text.cell(arm.figures.get(name)) for name in others),
            number(arm.rows),
            number(arm.steps),
        ]
        for arm in numbers.arms
    ]
    words_ = f"± is half of a 95 % interval; n = {numbers_text.counted(numbers)}."
    unequal = [f"Trained differently: {numbers.unequal}."] if numbers.unequal else []
    unequal += [f"{numbers.undivided}."] if numbers.undivided else []
    unequal += numbers_text.doubts(numbers)
    return Section("Did curation help?", [words_], unequal, [Table(head, lines)])


def models(built: Built) -> Iterable[Section]:
    """The figures of each evaluation that compares, and what the guard says."""
    found = [(name, counts) for name, _, counts in built.of("evaluate") if counts.get("groups")]
    tables, drawn = list[Table](), list[Chart]()
    for measures in dict.fromkeys(tuple(tested(counts)) for _, counts in found):
        some = [(name.removeprefix("eval-"), tested(c)) for name, c in found if tuple(tested(c)) == measures]
        tables.append(figures_table(measures, some))
        points = [point for name, block in some if (point := difference(name, measures[0], block[measures[0]]))]
        if points:
            title = f"difference in {measures[0].partition('(')[0]}"
            words_ = f"Paired differences in {measures[0]} with 95 % intervals, of the rows named in the table."
            drawn.append(Chart(charts.intervals(points, "model", words_, title), words_))
    guards = [(name, c["guard"]) for name, c in found if "guard" in c]
    warnings = [
        f"{name}: worse than the model before it: {g['words']}" for name, g in guards if g["verdict"] == "worse"
    ]
    told = [f"{name}: {g['verdict']}; {g['words']}" for name, g in guards if g["verdict"] != "worse"]
    if found:
        yield Section("Models", told, warnings, tables, drawn)


def figures_table(measures: tuple[str, ...], some: list[tuple[str, Row]]) -> Table:
    names = [text.partition("(")[0].rpartition(".")[2] for text in measures]
    lines = [
        [
            name,
            str(block[measures[0]]["rows"]),
            *(str(shown(m, block[m]["mean"])) for m in measures),
            gain(measures[0], block[measures[0]]).strip(),
        ]
        for name, block in some
    ]
    return Table(["model", "rows", *names, "difference, 95 % interval"], lines)


def difference(name: str, measure: str, figures: Row) -> Row:
    """A point of a drawing; {} where a model stands beside itself."""
    if not gain(measure, figures):
        return {}
    value, low, high = (shown(measure, figures[key]) for key in ("difference", "low", "high"))
    return {"model": name, "value": value, "low": low, "high": high}


def funnel(built: Built) -> Iterable[Section]:
    """From documents to the rows that a model learns, with every reason."""
    for model in method_models(built):
        chain = [name for name in built.chain(str(built.lines[model].given["input"])) if name in built.counts]
        points = [
            {"table": name, "rows": built.counts[name]["rows_out"]}
            for name in chain
            if "rows_out" in built.counts[name]
        ]
        if not points:
            continue
        lines = [
            [name, number(c.get("rows_in")), number(c.get("rows_out")), reasons(c)]
            for name in chain
            if (c := built.counts[name])
        ]
        words_ = f"Rows that each table of {model} has, from the first to the one it learns."
        yield Section(
            f"From documents to rows: {model}",
            tables=[Table(["table", "rows in", "rows out", "why rows left"], lines)],
            charts=[Chart(charts.steps(points, "table", "rows", words_), words_)],
        )


def reasons(counts: Row) -> str:
    gone = sorted((counts.get("dropped") or {}).items(), key=lambda pair: -pair[1])
    return ", ".join(f"{n:,} {why}" for why, n in gone[:8]) + (", …" if len(gone) > 8 else "")


def training(built: Built) -> Iterable[Section]:
    """Loss by step of every model that has a curve."""
    found = [(name, counts) for name, _, counts in built.of("train")]
    lines = [
        [name, *(number(c.get(key)) for key in ("examples", "steps", "batch", "tokens", "loss", "parameters"))]
        for name, c in found
    ]
    drawn = list[Chart]()
    for name, counts in found:
        points = [{"step": step, "loss": loss} for step, loss in counts.get("curve", [])]
        if len(points) > 1:
            drawn.append(Chart(charts.lines(points, "step", "loss", f"Training loss of {name} by step"), name))
    if found:
        head = ["model", "examples", "steps", "batch", "tokens", "loss", "parameters"]
        yield Section("Training", tables=[Table(head, lines)], charts=drawn)


def texts(built: Built) -> Iterable[Section]:
    """Lengths and diversity of what each method's model learns and of each round."""
    wanted = [str(built.lines[name].given["input"]) for name in method_models(built)]
    rounds = [name for name, line, _ in built.of("filter") if line.given.get("knobs") == "curate"]
    lines, drawn = list[list[str]](), list[Chart]()
    for name in dict.fromkeys([*rounds, *wanted]):
        path = rows.table_path(name)
        columns = [c for c in ("instruction", "response") if path.is_file() and c in pq.read_schema(path).names]
        for column in columns:
            some = [row[column] for row, _ in zip(rows.read(path, columns=[column]), range(LOOKED_AT), strict=False)]
            known = [text for text in some if text is not None]
            if known:
                lengths = [words(text) for text in known]
                lines.append(
                    [
                        f"{name}: {column}",
                        number(len(known)),
                        number(float(median(lengths))),
                        number(max(lengths)),
                        number(distinct(known)),
                    ]
                )
                if column == "response":
                    told = f"Words of a response in {name}."
                    drawn.append(Chart(charts.bars(counted(lengths), "words", "rows", "table", told), told))
    if lines:
        head = ["table", "texts", "median words", "most words", "different word pairs, share"]
        note = f"Rounds and what models learn, side by side; of at most {LOOKED_AT:,} rows a table."
        yield Section("Lengths, diversity and rounds", [note], tables=[Table(head, lines)], charts=drawn)


def counted(lengths: list[float]) -> list[Row]:
    """A histogram of lengths; the last step holds all longer ones."""
    top = sorted(lengths)[int(0.98 * (len(lengths) - 1))] + 1
    width = max(1, -(-int(top) // BINS))
    places = [min(int(n // width), BINS - 1) for n in lengths]
    return [
        {"low": n * width, "high": (n + 1) * width, "rows": places.count(n), "table": "rows"} for n in sorted({*places})
    ]


def distinct(known: list[str]) -> float:
    """The share of different word pairs among all (distinct-2, Li et al., arXiv:1510.03055)."""
    pairs = [pair for text in known for pair in ngrams(text, 2)]
    return len({*pairs}) / len(pairs) if pairs else 0.0


def cost() -> Iterable[Section]:
    """Time, replies and tokens of the last build."""
    runs = builds.last_build()
    if runs:
        lines = [[run.stage, builds.cost(run), duration(run.seconds)] for run in runs]
        yield Section("Time and tokens", [builds.summary(runs)], tables=[Table(["stage", "what", "time"], lines)])
