"""filter: keep the rows that meet every condition and rank best; every other row leaves with a counted reason.

python -m stages.filter humpback-curate-1 --input humpback-judge-1 --best worst --share 0.3
"""

from dataclasses import dataclass

from baleen.measures.expressions import metric_signatures, parse_condition, parse_value
from baleen.measures.filters import CHANCE, filter_table, needed, require_sense
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables import rows


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
    control: bool = setting(False, "keep as many rows as these settings would, by chance: an arm to compare with")


def check(options: FilterOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    require_sense(options, where)


def names(options: FilterOptions) -> list[tuple[str, str]]:
    """The measures and the selector that the settings name."""
    ranks = filter(None, [options.best, CHANCE if options.control else ""])
    values = [*(parse_condition(text).value for text in options.keep), *map(parse_value, ranks)]
    chosen = [("selector", options.select.partition("(")[0])] * bool(options.select)
    return [*(("measure", one.measure) for one in values if one.measure), *chosen]


def main(argv: list[str]) -> None:
    name, options = options_of_run(FilterOptions, argv, "filter")
    check(options, f"filter {name}")
    path = rows.table_path(options.input)
    columns = rows.schema(path, needed(options))
    with rows.Output(rows.table_path(name), columns) as output:
        filter_table(path, options, output)
        output.notes |= metric_signatures(parse_condition(text).value for text in options.keep)
        output.require_rows(f"filter {name}", "loosen the conditions or the share")


if __name__ == "__main__":
    run(main)
