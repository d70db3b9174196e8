"""Parsing the `truth` column of the pocket rows: the world of a row and, for held-out rows, its spec."""

import json
from typing import Any

from baleen.errors import Problem
from pocket.phrasing import Spec
from pocket.world import KIND_OF, World, build


def unreadable(truth: str) -> Problem:
    return Problem(f"cannot read truth {truth[:80]!r}; use the truth column that came with the pocket rows")


def read_world(truth: str) -> tuple[World, dict[str, Any]]:
    """(the world of a truth column, its other fields)."""
    try:
        fields = json.loads(truth)
        return build(int(fields.pop("world"))), fields
    except (ValueError, KeyError, TypeError, AttributeError):
        raise unreadable(truth) from None


def read_truth(truth: str) -> tuple[World, Spec]:
    """The world and the spec in the truth of a held-out row."""
    world, fields = read_world(truth)
    try:
        spec = Spec(**fields)
    except TypeError:
        raise unreadable(truth) from None
    if spec.task not in KIND_OF or not {spec.entity, spec.partner or spec.entity} <= world.entities.keys():
        raise unreadable(truth)
    return world, spec
