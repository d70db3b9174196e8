"""Measures: numbers computed from the columns of a row, for `filter` to test or rank by and `evaluate` to average.

A value is written as a column (`worst`) or as a measure of columns (`words(response)`); a condition compares a value
with a number (`chars(instruction)<=800`). A NULL column gives NULL: unreadable, never 0; so does a number that is not
finite, which no bound or rank can place.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable
from functools import cache
from inspect import signature
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from baleen.errors import Problem, unknown
from baleen.measures.columnar import Numbers, columnar, is_number, numbers
from baleen.measures.translation import signatures
from baleen.project.inputs import OWN
from baleen.project.lookup import Named
from baleen.tables.exports import AMOUNT
from baleen.tables.rows import Row

Measure = Callable[..., float | None]


MEASURES = Named[Measure]("measure", lambda function: function)
TESTS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq}
VALUE = r"[\w.]+(?:\(\s*\w+(?:\s*,\s*\w+)*\s*\))?"
CONDITION = re.compile(
    rf"\s*(?P<value>{VALUE})\s*(?P<test>>=|<=|==|>|<)\s*(?P<bound>-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*"
)


class Value(NamedTuple):
    """A column, or a measure of columns. `text` is how it was written."""

    text: str
    measure: str
    columns: tuple[str, ...]

    @property
    def of_columns(self) -> bool:
        """Whether whole columns are measured at once, not row by row."""
        return not self.measure or hasattr(MEASURES[self.measure], "columnar")

    def of(self, row: Row) -> float | None:
        """The number for this row; None if a column it needs is NULL, the measure returns None, or the number is
        not finite."""
        values = [row[column] for column in self.columns]
        if any(x is None for x in values):
            return None
        try:
            result = MEASURES[self.measure](*values) if self.measure else values[0]
        except (TypeError, ValueError, AttributeError):
            if self.is_own:  # its author is told the line of it
                raise
            raise Problem(f"{self.text.strip()} needs texts; {self.shown(row)}") from None
        try:
            number = math.nan if result is None else float(result)
        except (TypeError, ValueError):
            gave = f"must give a number or None; it gave {str(result)[:60]!r}, and"
            why = gave if self.measure else "needs a number;"
            raise Problem(f"{self.text.strip()} {why} {self.shown(row)}") from None
        return number if math.isfinite(number) else None

    @property
    def is_own(self) -> bool:
        """Whether the measure stands in a module of the user's own."""
        return MEASURES[self.measure].__module__.startswith(f"{OWN}.")

    def shown(self, row: Row) -> str:
        """The row and what its columns hold, for a message."""
        return f"row {row.get('id')} has {', '.join(f'{name} = {str(row[name])[:60]!r}' for name in self.columns)}"

    def of_batch(self, batch: pa.RecordBatch) -> Numbers:
        """The numbers of all rows of a batch, float64; NaN where `of` gives None."""
        names = [name for name in dict.fromkeys((*self.columns, "id")) if name in batch.schema.names]
        some, found = batch.select(names), np.full(len(batch), np.nan)
        known = np.logical_and.reduce([some.column(name).is_valid().to_numpy(False) for name in self.columns])
        found[known] = self._of_known(some if known.all() else some.filter(pa.array(known)))
        found[~np.isfinite(found)] = np.nan
        return found

    def _of_known(self, batch: pa.RecordBatch) -> Numbers:
        """The numbers of rows without a NULL: by columns where the measure has a function for them, else row by row."""
        columns = [batch.column(name) for name in self.columns]
        whole, takes = columnar(MEASURES[self.measure]) if self.measure else (numbers, is_number)
        if all(takes(column.type) for column in columns):
            return whole(*columns)
        values = [self.of(row) for row in batch.to_pylist()]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def parse_value(text: str) -> Value:
    """Parse 'worst' or 'copied(instruction,response)'; an unknown measure is a Problem."""
    if not re.fullmatch(VALUE, text.strip()):
        raise Problem(f"cannot read value {text!r}; write a column like 'worst' or a measure like 'words(response)'")
    name, _, inside = text.strip().rstrip(")").partition("(")
    if not inside:
        return Value(text, "", (name,))
    if name not in MEASURES:
        raise Problem(unknown("measure", name, list(MEASURES)))
    columns = tuple(column.strip() for column in inside.split(","))
    wanted = parameters(MEASURES[name])
    if len(columns) != len(wanted):
        raise Problem(f"measure {text.strip()!r} has {len(columns)} columns; write {name}({','.join(wanted)})")
    return Value(text, name, columns)


@cache
def parameters(measure: Measure) -> list[str]:
    """The names of the columns that a measure takes."""
    return list(signature(measure).parameters)


def is_share(text: str) -> bool:
    """Whether a value is a measure from 0 to 1 (a cosine from -1), shown in percent; False for a column, whose range is
    unknown."""
    name, inside, _ = (part.strip() for part in text.partition("("))
    return bool(inside) and not (name in MEASURES and AMOUNT in str(signature(MEASURES[name]).return_annotation))


def metric_signatures(values: Iterable[Value]) -> dict[str, dict[str, str]]:
    """The signatures of the metrics among some values, for the counts; nothing when there are none."""
    found = signatures(one.measure for one in values)
    return {"signatures": found} if found else {}


class Condition(NamedTuple):
    """A value compared with a number."""

    text: str
    value: Value
    test: str
    bound: float

    @property
    def reasons(self) -> tuple[str, str]:
        """Why a row leaves: the value cannot be read, or the condition fails."""
        return f"{self.value.text} unreadable", f"not {self.text}"

    def reason(self, row: Row) -> str | None:
        """Why the row must leave, None when the condition holds."""
        number, (unreadable, failed) = self.value.of(row), self.reasons
        if number is None:
            return unreadable
        return None if TESTS[self.test](number, self.bound) else failed


def parse_condition(text: str) -> Condition:
    """Parse 'rating>=4.5' or 'chars(response)<2000'; anything else is a Problem."""
    if not (match := CONDITION.fullmatch(text)):
        raise Problem(f"cannot read condition {text!r}; write it like 'rating>=4.5' or 'chars(response)<2000'")
    return Condition(text, parse_value(match["value"]), match["test"], float(match["bound"]))
