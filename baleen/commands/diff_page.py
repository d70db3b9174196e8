"""diff_page: two versions of a table as one HTML file, for `baleen diff --html`."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from baleen.commands.diff import Difference, columns
from baleen.commands.report_page import save
from baleen.reporting import page
from baleen.reporting.page import Sample, Section, Table
from baleen.reporting.samples import as_sample

SHOWN = 500  # rows of each kind
DETAILS = re.compile(r"(: | of ).*", re.DOTALL)  # what a reason says of its row alone


def page_text(found: Difference) -> str:
    """The page: counts, reasons, drift of lengths and scores, and the rows that came, went and changed."""
    before, after = found.before.revision, found.after.revision
    lead = f"{len(found.added):,} rows added, {len(found.removed):,} removed, {len(found.changed):,} changed, "
    parts = [Section("Rows", tables=[Table(["", before, after], [*sizes(found)])])]
    parts += [Section("Why rows left", tables=[Table(["reason", "rows"], lines)])] if (lines := reasons(found)) else []
    parts += [Section("Lengths and scores", tables=[Table(["mean of", before, after], [*drift(found)])])]
    about = f"Rows added, removed and changed, at most {SHOWN} of each."
    title = f"{found.target}: {before} to {after}"
    return page.rendered(title, f"{lead}{found.same:,} the same.", parts, [*samples(found)], about)


def sizes(found: Difference) -> Iterable[list[str]]:
    sides = (found.before, found.after)
    yield ["kept", *(f"{side.kept:,}" for side in sides)]
    yield ["dropped", *(f"{side.left:,}" for side in sides)]


def reasons(found: Difference) -> list[list[str]]:
    """Why the rows left that one side has and the other has not, the details of a reason left out."""
    counted = Counter(DETAILS.sub("", found.why(own)) for own in (*found.added, *found.removed))
    return [[reason or "not there before this step", f"{count:,}"] for reason, count in counted.most_common()]


def drift(found: Difference) -> Iterable[list[str]]:
    for name in columns(found):
        means = [side.prints.means.get(name) for side in (found.before, found.after)]
        yield [name, *("-" if one is None else f"{one:.4g}" for one in means)]


def samples(found: Difference) -> Iterable[Sample]:
    for fate, ids, side in (("added", found.added, found.after), ("removed", found.removed, found.before)):
        some = side.rows(ids[:SHOWN])
        yield from (as_sample(some[own], fate, found.why(own)) for own in ids[:SHOWN])
    changed = dict(islice(found.changed.items(), SHOWN))
    before, after = found.before.rows(changed), found.after.rows(changed)
    for own, names in changed.items():
        sides = (("before", before[own]), ("after", after[own]))
        texts = {f"{name}, {word}": str(row.get(name)) for name in names for word, row in sides}
        yield Sample("changed", f"{own}, {', '.join(names)}", texts)


def write(path: Path, found: Difference) -> str:
    """Write the page; returns what to say of it."""
    return save(path, page_text(found))
