"""The page of the GPU story for LOG.md: what benchmarks/gpu.py measured, one table each, and what was not measured."""

from collections.abc import Iterator

from baleen.tables.rows import Row

WHAT = {  # part: what its figure means
    "overhead": "rows/s of the stage over those of the bare engine, medians over the repeats",
    "prefix": "vLLM judging with the rubric's tokens cached, over judging without a prefix cache",
    "rating": "rows/s of the expected rating over the written-out one",
    "mfu": "tokens/s of a training step, ours and bare TRL",
}


def page(result: Row) -> str:
    """Markdown, ready for LOG.md: machine, a table of speed, one of Humpback, a line for each part that is missing."""
    machine, parts = result["machine"], result["parts"]
    lines = [f"## {result['date']}: one GPU, `benchmarks/gpu.sh{' --rehearse' if result['rehearsal'] else ''}`", ""]
    lines += [
        f"{machine['name']}; {machine['versions']}. {result['minutes']:.1f} minutes in all. Model: {result['model']}."
    ]
    if result["rehearsal"]:
        lines += [
            "",
            f"A rehearsal on a CPU {size(result)}: it shows that every part runs. Its figures are no result.",
        ]
    lines += ["", "| part | figure | what it is |", "|---|---|---|"]
    lines += [
        f"| {name} | {words(name, parts[name])} | {WHAT[name]} |" for name in WHAT if has_figures(parts.get(name))
    ]
    lines += ["", *humpback({n: p for n, p in parts.items() if n.startswith("humpback-")})]
    missing = [f"- **{name}**: {part['missing']}." for name, part in parts.items() if not has_figures(part)]
    return "\n".join([*lines, *(["", "Not measured:", "", *missing] if missing else [])]).rstrip() + "\n"


def size(result: Row) -> str:
    """How big a rehearsal is."""
    return f"at {result['share']:g} of the sizes on a GPU" if result.get("share") else "with small sizes"


def has_figures(part: Row | None) -> bool:
    return bool(part) and "missing" not in (part or {})


def words(name: str, figures: Row) -> str:
    """The figures of a part in one cell."""
    if name == "overhead":
        names = [key for key in figures if key.endswith(("_generate", "_score"))]
        return ", ".join(f"{key} **{figures[key]:.3f}** ({per_second(figures, key)} rows/s)" for key in names)
    if name == "prefix":
        return f"**{figures['speedup']:.2f}** times the rows/s; {figures['cached']:.0%} of the tokens cached"
    if name == "rating":
        names = [key for key in figures if key.endswith("_speedup")]
        return ", ".join(f"{key.removesuffix('_speedup')} **{figures[key]:.1f}** times" for key in names)
    ours, bare = figures["ours"], figures["bare"]
    share = f"; MFU {ours['mfu']:.1%} and {bare['mfu']:.1%} of {figures['peak_tflops']:.3g} TFLOP/s ({figures['peak']})"
    return f"{ours['tokens_s']:,.0f} and {bare['tokens_s']:,.0f}, ratio **{figures['ratio']:.3f}**{share}"


def per_second(figures: Row, key: str) -> str:
    """Rows a second of the stage and of the bare engine."""
    return " and ".join(f"{figures['requests'] / seconds:,.0f}" for seconds in figures[f"{key}_seconds"])


def humpback(seeds: Row) -> Iterator[str]:
    """The held-out losses of every seed, one row an arm, and curated pairs beside as many random ones."""
    ended = {name: part for name, part in seeds.items() if has_figures(part)}
    if not ended:
        return
    first = next(iter(ended.values()))
    texts = f"{first['documents']:,} documents ({first['corpus']}), {first['heldout']} held-out answers"
    yield f"Humpback on {texts}. Loss of these in nats a token, and the difference"
    yield "to the seeds alone with its 95 % interval, by seed of training and sampling:"
    yield from ("", f"| arm | {' | '.join(ended)} |", f"|---|{'---|' * len(ended)}")
    for arm in first["arms"]:
        yield f"| {arm} | {' | '.join(cell(part['arms'].get(arm)) for part in ended.values())} |"
    yield f"| humpback-1 - random | {' | '.join(paired(part.get('curated - random')) for part in ended.values())} |"
    kept = ", ".join(f"{part['candidates']:,} candidates, {part['curated']:,} kept" for part in ended.values())
    yield from ("", f"By seed: {kept}. humpback-1 - random: as many pairs of the same candidates, paired by answer.")


def cell(figures: Row | None) -> str:
    if not figures:
        return "-"
    interval = f" ({paired(figures)})" if any(figures.get(key) for key in ("difference", "low", "high")) else ""
    return f"{figures['mean']:.3f}{interval}"


def paired(figures: Row | None) -> str:
    """A difference with its 95 % interval; '-' where it was not measured."""
    if not figures:
        return "-"
    difference, low, high = (figures.get(key) or 0.0 for key in ("difference", "low", "high"))
    return f"{difference:+.4f} [{low:+.4f}, {high:+.4f}]"
