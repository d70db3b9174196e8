"""Pivots: which languages the next round trips go through, from what became of the last ones."""

from collections import defaultdict
from collections.abc import Iterable
from random import Random

from baleen.counting import common
from baleen.rows import Row, row_id


def worth(table: Iterable[Row]) -> dict[str, float]:
    """What each route has brought: the sum over the kept rows of how far (1 - ROUGE-L) they are from their original.

    Asked equally often, routes rank by this as they do by share kept x mean gain.
    """
    found = defaultdict[str, float](float)
    for row in table:
        found[row["route"]] += 1 - common(row["instruction"], row["original"])
    return dict(sorted(found.items()))


def allotted(table: list[Row]) -> list[tuple[Row, str]]:
    """Each original once more on its way, through a route drawn by worth, those of one language only; the rows that
    are left over leave."""
    routes = {route: value for route, value in worth(table).items() if " " not in route and value > 0}
    seen, made = set[str](), list[tuple[Row, str]]()
    for row in table:
        again = not routes or row["parent"] in seen
        seen.add(row["parent"])
        made.append((row, "same original") if again else (sent(row, routes), ""))
    return made


def sent(row: Row, routes: dict[str, float]) -> Row:
    draw = Random(f"pivot {row['parent']}")
    pivot = draw.choices(list(routes), list(routes.values()))[0]
    again = {"id": row_id(row["parent"], "more", pivot), "pivot": pivot, "route": pivot, "masked": row["sent"]}
    return row | again | {"instruction": row["original"]}
