"""The parts of the pocket world, a generated closed world in which alignment methods can be tested on a CPU.

The world has made-up persons, dishes, towns and clubs, 21 tasks about them, documents that are right responses or
noise, and an exact checker. The split is by (entity, task) cell: no seed and no document is drawn from a held-out cell,
but its facts are in the prose and in other tasks about the entity. So a test prompt is a new combination, not a new
entity.
"""

from collections.abc import Iterator
from importlib import import_module

from baleen.errors import Problem, unknown
from baleen.project.lookup import module_of, named
from baleen.tables.rows import Row


def records(part: str, world: int, rows: int, noise: float = 0.6) -> Iterator[Row]:
    """The first `rows` rows of a part of the world ('heldout' gives all); `noise` is the share of useless documents.

    `crab.pages` is `pages` in pocket/crab.py; a part without a dot stands in pocket/parts.py. More rows append, and a
    higher `noise` leaves the documents that stay clean as they are.
    """
    module, name = module_of("part", part), part.rpartition(".")[2]
    if not module:
        raise Problem(unknown("pocket part", part, [known for known, _ in named("part")]))
    if not 0 <= noise <= 1:
        raise Problem(f"pocket noise {noise} is not a share; write a number from 0 to 1, like noise: 0.6")
    if rows < 1 and not name.startswith("heldout"):
        raise Problem(f"pocket part {part!r} cannot have {rows} rows; write how many, like rows: 3000")
    made: Iterator[Row] = getattr(import_module(module), name)(import_module("pocket.world").build(world), rows, noise)
    return made
