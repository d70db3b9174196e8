"""polars does the table work of benchmarks.tables: python polars_tables.py WORK FOLDER

Lazy queries, written to Parquet as they come. Prints the seconds of reading, working and writing; imports are not
counted.
"""

import sys
import time
from pathlib import Path

import polars as pl


def filtered(data: Path) -> pl.LazyFrame:
    """Three conditions, then the half of the rows with the lowest loss, in their order."""
    length = {name: pl.col(name).str.len_chars() for name in ("instruction", "response")}
    words = pl.col("response").str.count_matches(r"\S+")
    ratio = length["response"] / length["instruction"]
    kept = pl.scan_parquet(data / "documents.parquet").filter(
        (length["instruction"] >= 10) & (words >= 100) & (ratio >= 2)
    )
    return kept.filter(pl.col("loss").rank("ordinal") <= (pl.len() * 0.5).floor())


def unique(data: Path) -> pl.LazyFrame:
    """The first row of every response."""
    return pl.scan_parquet(data / "documents.parquet").unique("response", keep="first", maintain_order=True)


def mixed(data: Path) -> pl.LazyFrame:
    """The first table, repeated whole until it has 0.4 of the rows, and the second."""
    first, second = (pl.scan_parquet(data / f"{name}.parquet") for name in ("first", "second"))
    few, many = (table.select(pl.len()).collect().item() for table in (first, second))
    return pl.concat([first] * max(1, round(0.4 * many / 0.6 / few)) + [second])


def main() -> None:
    work, data = {"filter": filtered, "exact": unique, "mix": mixed}[sys.argv[1]], Path(sys.argv[2])
    start = time.perf_counter()
    work(data).sink_parquet(data / "polars.parquet", compression="zstd")
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
