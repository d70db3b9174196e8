"""Data sets of the library `datasets`: folders that it saved, and what it loads from the Hugging Face hub.

Rows come as record batches of the fields that are asked for, so that no picture is decoded that nobody wants.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from baleen.errors import Problem
from baleen.tables.arrow_rows import ROWS, arrow_records
from baleen.tables.files import check_pointer, display_path
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.records import Record
from baleen.tables.splits import chosen_split


def is_saved(path: Path) -> bool:
    """Whether a folder was written by `save_to_disk`, which leaves a state beside the description."""
    return (path / "dataset_dict.json").is_file() or all(
        (path / name).is_file() for name in ("state.json", "dataset_info.json")
    )


def saved_records(path: Path, o: IngestOptions, wanted: frozenset[str] | None) -> Iterator[Record]:
    """Rows of a folder written by `save_to_disk`; of several splits the chosen one."""
    from datasets import load_from_disk

    name = display_path(path)
    check_files(path, name)
    try:
        dataset = load_from_disk(str(path))
    except Exception as error:  # each part of a broken folder fails in its own way
        raise Problem(f"{name} cannot be read as a saved data set ({first_line(error)}); save it again") from None
    yield from dataset_records(dataset, o, name, wanted)


def check_files(path: Path, name: str) -> None:
    """A Problem for the first file of a saved data set that is a pointer, no JSON or no whole Arrow file."""
    for file in sorted(path.rglob("*")):
        if file.suffix not in (".json", ".arrow"):
            continue
        with file.open("rb") as opened:
            check_pointer(opened, display_path(file))
            try:
                json.load(opened) if file.suffix == ".json" else read_to_end(opened)
            except (ValueError, pa.ArrowException, OSError) as error:
                what = f"{display_path(file)} is damaged ({first_line(error)})"
                raise Problem(f"{what}; download it again, or save the data set {name} again") from None


def read_to_end(opened: Any) -> None:
    """Read all batches of an Arrow stream, one at a time."""
    with pa.ipc.open_stream(opened) as stream:
        for _ in stream:
            pass


def hub_records(o: IngestOptions, wanted: frozenset[str] | None) -> Iterator[Record]:
    """Rows of a data set of the Hugging Face hub (or of a folder that `load_dataset` can read), streamed."""
    from datasets import load_dataset

    try:
        dataset = load_dataset(o.hub, o.config or None, revision=o.revision or None, streaming=True)
    except Exception as error:  # as many kinds as there are hubs, formats and versions
        hint = "check the name, config, revision and the connection"
        if "script" in str(error).lower():
            hint = "its own code is not run; use a revision without it, or name its files with --source"
        raise Problem(f"cannot load the data set {o.hub!r} ({first_line(error)}); {hint}") from None
    yield from dataset_records(dataset, o, o.hub, wanted)


def dataset_records(dataset: Any, o: IngestOptions, name: str, wanted: frozenset[str] | None) -> Iterator[Record]:
    """Rows of the chosen split, or of a data set without splits, only the fields that are asked for."""
    splits = dict(dataset) if isinstance(dataset, dict) else {"": dataset}
    parts = [*splits]
    if o.split or len(splits) > 1:
        parts = chosen_split({split: [split] for split in splits if split}, o.split, name)
    for part in parts:
        try:
            yield from batches_of(splits[part], name, wanted)
        except Problem:
            raise
        except Exception as error:  # a reader of datasets, pandas or Arrow met what it does not know
            raise Problem(
                f"{name}: a row of split {part!r} cannot be read ({first_line(error)}); correct the file"
            ) from None


def batches_of(dataset: Any, name: str, wanted: frozenset[str] | None) -> Iterator[Record]:
    names = tuple(dataset.column_names or ())
    roots = names and [column for column in names if wanted is None or wants(column, wanted)]
    chosen = dataset.select_columns([*roots]) if roots else dataset
    batches = chosen.with_format("arrow").iter(batch_size=ROWS)
    return arrow_records(name, batches, names)


def wants(column: str, wanted: frozenset[str]) -> bool:
    """Whether a column lies on one of the paths asked for."""
    return any(path == column or path.startswith(f"{column}.") for path in wanted)


def first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
