"""Judges: which prompt and which model gave the scores of a table, by the lineage of its rows."""

from collections.abc import Iterable, Mapping
from hashlib import file_digest
from itertools import islice
from pathlib import Path

from baleen.project import inputs
from baleen.tables import rows

LOOKED_AT = 1000  # rows; all rows of a table are scored by one step
Judge = tuple[str, str]  # hash of a prompt, identity of a model


def md5_of(path: Path) -> str:
    """The MD5 of a file, as dvc.lock has it."""
    with inputs.reads(path).open("rb") as file:
        return file_digest(file, "md5").hexdigest()


def other_table(path: Path, tables: Mapping[str, str]) -> list[str]:
    """In words that a table has changed since its MD5 was noted; nothing when it is not among those noted."""
    noted = tables.get(path.stem)
    if noted is None or (now := md5_of(path)) == noted:
        return []
    return [f"{path} is another table by now ({now}, not {noted})"]


def judges(path: Path, columns: Iterable[str]) -> dict[str, Judge]:
    """The prompt and the model that gave each of these columns of a table; columns that no model gave are left out."""
    there, found = rows.schema(path).names, dict[str, Judge]()
    if "lineage" not in there:
        return {}
    for row in islice(rows.read(path, columns=["lineage"]), LOOKED_AT):
        for step in row["lineage"] or []:  # the last step counts
            for column in str(step["columns"]).split(","):
                found[column] = (str(step["prompt"]), str(step["model"]))
    return {column: found[column] for column in columns if column in found}


def different(mine: Mapping[str, Judge], other: Mapping[str, Judge]) -> list[str]:
    """In words what makes the judge of some columns another one than that of the same columns elsewhere."""
    told = list[str]()
    for column in sorted(mine.keys() & other.keys()):
        prompts, models = zip(mine[column], other[column], strict=True)
        told += [f"{column} was given by another prompt ({prompts[0]}, not {prompts[1]})"] * (len({*prompts}) > 1)
        told += [f"{column} was given by another model ({models[0]}, not {models[1]})"] * (len({*models}) > 1)
    return told
