"""filter: keep the rows that meet every condition and rank best; every other row leaves with a counted reason.

python -m stages.filter humpback-curate-1 --input humpback-judge-1 --best worst --share 0.3
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from baleen.errors import Problem
from baleen.measures.expressions import Condition, metric_signatures, parse_condition, parse_value
from baleen.measures.selectors import Selection, k_means, parse_selection
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables import rows
from baleen.tables.rows import Row


@dataclass
class FilterOptions:
    input: str = setting(REQUIRED, "table to read")
    keep: list[str] = setting([], "conditions, such as 'rating>=4.5'; a row must meet all")
    unique: str = setting("", "keep the first row for each value of this column, or of these, as in a,b")
    best: str = setting("", "rank the rows that are left by this column or measure, lowest first")
    highest: bool = setting(False, "rank highest first")
    select: str = setting("", "choose among the rows that are left by a selector, such as spread(vector), not by rank")
    share: float = setting(1.0, "share of the ranked rows to keep, 0 to 1; rounded to the nearest row")
    within: str = setting(
        "", "rank inside k-means clusters of this column of vectors; with select: choose for each value of it alone"
    )
    clusters: int = setting(200, "number of these clusters; source: 200 for 20,000 rows in Cycle-Instruct")
    count: int = setting(0, "number of ranked rows to keep, instead of a share; 0 uses the share")


def judged(table: Iterable[Row], conditions: list[Condition], unique: str) -> Iterator[tuple[Row, str | None]]:
    """Each row with the reason why it leaves, or None; the first condition that fails is charged."""
    seen, columns = dict[object, str](), columns_in(unique)
    for row in table:
        reason = next((why for c in conditions if (why := c.reason(row))), None)
        if reason is None and columns:
            key = hashable([row[column] for column in columns])
            reason = f"duplicate of {seen[key]}" if key in seen else None
            seen.setdefault(key, row["id"])
        yield row, reason


def columns_in(listed: str) -> list[str]:
    """The columns of 'a, b'."""
    return [name.strip() for name in listed.split(",") if name.strip()]


def hashable(value: Any) -> Any:
    """The value of a column, tuples standing for its lists and structs."""
    if isinstance(value, dict):
        return hashable(list(value.items()))
    return tuple(map(hashable, value)) if isinstance(value, list | tuple) else value


def ranked(values: list[float | None], options: FilterOptions) -> set[int]:
    """Positions of the rows to keep: the best `count`, or `share` of those with a value; ties keep input order."""
    known = [i for i, x in enumerate(values) if x is not None]
    known.sort(key=lambda i: values[i] or 0.0, reverse=options.highest)
    return set(known[: options.count or round(options.share * len(known))])


def ranked_within(pairs: Iterable[tuple[float | None, Any]], options: FilterOptions) -> set[int]:
    """Positions of the best `share` inside each cluster; rounding is carried from cluster to cluster, so that all of
    them together keep that share too."""
    known, values, vectors = list[int](), list[float](), list[Any]()
    for i, (number, vector) in enumerate(pairs):
        if number is not None and vector is not None:
            known.append(i)
            values.append(-number if options.highest else number)
            vectors.append(np.asarray(vector, dtype=np.float32))
    groups = dict[int, list[int]]()
    for place, label in enumerate(k_means(vectors, options.clusters) if vectors else []):
        groups.setdefault(label, []).append(place)
    chosen, seen = set[int](), 0
    for _, places in sorted(groups.items()):
        quota = round(options.share * (seen + len(places))) - round(options.share * seen)
        chosen |= {known[place] for place in sorted(places, key=lambda p: values[p])[:quota]}
        seen += len(places)
    return chosen


def picked(pairs: Iterable[tuple[Any, Any]], choice: Selection, options: FilterOptions) -> set[int]:
    """Positions of the rows that a selector keeps, of those with a value; each group of rows on its own."""
    groups = dict[Any, dict[int, Any]]()
    for i, (found, group) in enumerate(pairs):
        if found is not None:
            groups.setdefault(group, {})[i] = found
    chosen = set[int]()
    for known in groups.values():
        count, places = options.count or round(options.share * len(known)), list(known)
        chosen |= {places[i] for i in choice.selector(list(known.values()), count)}
    return chosen


def selected(
    table: Iterable[tuple[Row, str | None]], read: Callable[[Row], Any], text: str, chosen: set[int]
) -> Iterator[tuple[Row, str | None]]:
    """The judged rows again, those that are not chosen leaving with the rank or the selector as reason."""
    position = 0
    for row, reason in table:
        if reason is None:
            unread = read(row) is None
            reason = f"{text} unreadable" if unread else None if position in chosen else f"not best {text}"
            position += 1
        yield row, reason


def decided(options: FilterOptions, table: list[Row] | rows.Table) -> Iterator[tuple[Row, str | None]]:
    """Every row of the table with its fate; the table is read twice when rows are ranked."""
    conditions = [parse_condition(text) for text in options.keep]
    if not options.best and not options.select:
        return judged(table, conditions, options.unique)
    left = (row for row, reason in judged(table, conditions, options.unique) if reason is None)
    again = judged(table, conditions, options.unique)
    if options.best:
        best = parse_value(options.best)
        if options.within:
            chosen = ranked_within(((best.of(row), row[options.within]) for row in left), options)
        else:
            chosen = ranked([best.of(row) for row in left], options)
        return selected(again, best.of, best.text, chosen)
    choice = parse_selection(options.select)
    group = options.within
    pairs = ((row[choice.column], row[group] if group else "") for row in left)
    chosen = picked(pairs, choice, options)
    return selected(again, itemgetter(choice.column), choice.text, chosen)


def needed(options: FilterOptions) -> list[str]:
    """Columns that the settings mention."""
    mentioned = [c for text in options.keep for c in parse_condition(text).value.columns]
    mentioned += [parse_selection(options.select).column] if options.select else []
    mentioned += parse_value(options.best).columns if options.best else ()
    return [*mentioned, *columns_in(options.unique), *filter(None, [options.within])]


def check(options: FilterOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if not 0 < options.share <= 1 or options.count < 0:
        raise Problem(f"{where}: share {options.share} must lie in (0, 1] and count {options.count} not below 0")
    if options.best and options.select:
        raise Problem(f"{where}: best ranks and select chooses; write one of them")
    if not options.best and not options.select and (options.share < 1 or options.count):
        raise Problem(f"{where}: a share or count needs a rank; write best, such as best: worst or best: chance(id)")
    if options.within and not options.select and (not options.best or options.count or options.clusters < 1):
        raise Problem(f"{where}: within ranks inside clusters; write best, a share and no count, and clusters >= 1")
    needed(options)


def names(options: FilterOptions) -> list[tuple[str, str]]:
    """The measures and the selector that the settings name."""
    values = [parse_condition(text).value for text in options.keep] + [
        parse_value(options.best) for _ in options.best[:1]
    ]
    chosen = [("selector", options.select.partition("(")[0])] * bool(options.select)
    return [*(("measure", one.measure) for one in values if one.measure), *chosen]


def main(argv: list[str]) -> None:
    name, options = options_of_run(FilterOptions, argv, "filter")
    check(options, f"filter {name}")
    path = rows.table_path(options.input)
    columns = rows.schema(path, needed(options))
    with rows.Output(rows.table_path(name), columns) as output:
        for row, reason in decided(options, rows.Table(path)):
            if reason is None:
                output.keep(row)
            else:
                output.drop(row, reason, counted=reason.partition(" of ")[0])
        output.notes |= metric_signatures(parse_condition(text).value for text in options.keep)
        output.require_rows(f"filter {name}", "loosen the conditions or the share")


if __name__ == "__main__":
    run(main)
