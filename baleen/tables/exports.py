"""What a module exports for recipes and prompts: transforms, which name their columns, and formats of replies.

A recipe or a prompt may name a function of a module's `__all__`: `crab.verify` is `verify` in baleen/methods/crab.py.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, TypeVar

import pyarrow as pa

from baleen.tables.rows import Row

AMOUNT = "an amount, not a share from 0 to 1"
Amount = Annotated[float, AMOUNT]  # what a measure returns that counts or weighs; tables show others in percent
F = TypeVar("F", bound=Callable[..., Any])


Batch = Callable[[Mapping[str, pa.Array]], dict[str, pa.Array]]


class Transform(NamedTuple):
    """A function of rows with the columns it reads and writes. `function` takes a row and returns the rows it becomes
    or the reason why it leaves; `whole` takes all rows; `number` takes a row and the number it is written with. One
    that gives every row its columns and lets all stay can have `batch` too, which makes them of the columns of many
    rows."""

    function: Callable[[Row], list[Row] | str] | None
    reads: tuple[str, ...]
    writes: dict[str, pa.DataType]
    whole: Callable[[list[Row]], list[tuple[Row, str]]] | None = None
    number: Callable[[Row, float], list[Row] | str] | None = None
    batch: Batch | None = None


class Format(NamedTuple):
    """Two inverse functions, and a regular expression for engines with structured output."""

    read: Callable[[str, list[str]], Row | None]
    show: Callable[[Row, list[str]], str]
    shape: Callable[[list[str]], str] | None = None


def transform(
    reads: tuple[str, ...], writes: dict[str, pa.DataType], takes: str = "function", batch: Batch | None = None
) -> Callable[[F], F]:
    """A decorator that makes a function a transform; `takes` is function (a row), whole (a table) or number."""

    def declare(function: F) -> F:
        taken: dict[str, Any] = {"function": None} | {takes: function}
        function.transform = Transform(reads=reads, writes=writes, batch=batch, **taken)  # type: ignore[attr-defined]
        return function

    return declare
