"""filter: keep the rows that meet every condition and rank best; every other row leaves with a counted reason. A line
under `screen:` compares rows with those of another table, too.

python -m stages.filter humpback-curate-1 --input humpback-judge-1 --best worst --share 0.3
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from baleen.measures import filters, gates, screening
from baleen.measures.expressions import metric_signatures, parse_condition, parse_value
from baleen.measures.filters import CHANCE, Rules, filter_table, require_sense
from baleen.project.command_line import run
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, made_alone, setting, speed_of_tables
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
    against: str = setting("", "table to compare with, of a line under `screen:`: rows that repeat one of its leave")
    as_many: bool = setting(False, "keep no more rows than `against` has, those that `best` ranks first")
    duplicates: str = setting("", "rows that repeat one before, or one of `against`, leave: exact, near or semantic")
    similarity: float = setting(0.0, "Jaccard index (near) or cosine (semantic) of a duplicate; 0 takes 0.8 or 0.95")
    overlap: int = setting(
        0, "rows that share a run of so many words with `against` leave, such as test questions; 13 in GPT-3; 0 is off"
    )
    nearest: str = setting("", "keep the rows that are nearest to those of `against`: bm25 (words) or vector")
    each: int = setting(10, "how many are nearest to each row of `against`")
    text: list[str] = setting(["instruction", "response"], "columns whose text is compared; of `against` those it has")
    against_text: list[str] = setting([], "columns of `against` that are compared, where they are others")
    vector: str = setting("vector", "column of the embeddings that are compared")
    precision: float = setting(0.0, "instead of a share: keep what scores better than the threshold of this precision")
    calibration: str = setting("", "calibration that has the threshold; such a line stands under the rule gate")
    control: bool = setting(False, "keep as many rows as these settings would, by chance: an arm to compare with")


def needed(options: FilterOptions) -> list[str]:
    """The columns that the settings mention."""
    return [*filters.needed(options), *screening.columns_compared(options)]


def check(options: FilterOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    gates.require_sense(options, where)
    require_sense(options, where)
    screening.require_sense(options, where)


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
    rules, notes = gates.with_threshold(options, path, f"filter {name}")
    rules = screening.as_many_as(rules, f"filter {name}")
    with rows.Output(rows.table_path(name), columns) as output:
        if not filtered_on_ray(f"filter {name}", path, options, rules, output):
            keep = screening.screen_table if screening.screens(options) else filter_table
            keep(path, rules, output)
        output.notes |= notes
        output.notes |= metric_signatures(parse_condition(text).value for text in options.keep)
        output.require_rows(f"filter {name}", "loosen the conditions or the share")


def filtered_on_ray(where: str, path: Path, options: FilterOptions, rules: Rules, output: rows.Output) -> bool:
    """Whether workers have judged the rows, each on its own or by rank, where the profile's `speed` wants them."""
    speed = speed_of_tables()
    if not speed.ray_tables:
        return False
    shards = None if screening.screens(options) else import_module("baleen.engines.ray.filter_shards")
    if not shards or not shards.filter_table(path, rules, output, speed):
        made_alone(where, "select, within, control and lines under screen: look at all rows at once")
        return False
    return True


if __name__ == "__main__":
    run(main)
