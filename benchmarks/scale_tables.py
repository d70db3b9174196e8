"""What the tables of 100 million documents take, which need no model: computed for docs/scale.md from measured rates.

Rates are microseconds of one processor a row of 120 words, and bytes a row. With workers on Ray, what they do is
divided by their number, and what the process that writes the table does is not; as if it began when they have ended,
so that hours are at most these. `python -m benchmarks.tables --only ray` prints such rates too, with Ray's own time in
them.
"""

from dataclasses import dataclass

from baleen.project import bills
from baleen.tables.duplicates import bands_and_rows

ROWS, WORDS = 100_000_000, 120
WORKERS = (2, 8, 64)
KEY = 24.0  # bytes of a band key with its place and its partition


@dataclass(frozen=True)
class Rate:
    """A verb: processor time of a row in one process alone, in workers, and in the process that writes beside them;
    bytes a row of scratch files, of the table, and of memory in the process that writes."""

    verb: str
    what: str
    alone: float
    workers: float
    writer: float
    scratch: float
    table: float
    memory: float

    def hours(self, workers: int) -> float:
        """With so many workers; 0 is one process alone."""
        each = self.workers / workers + self.writer if workers else self.alone
        return ROWS * each * 1e-6 / bills.HOUR


RATES = (  # measured on 2026-11-28: 20,000 rows, the parts one after the other without Ray, beside much other work
    Rate("ingest", "near duplicates leave", 110.0, 127.0, 18.0, 1993.0, 322.0, 35.0),
    Rate("filter", "three measures and a rank", 33.0, 21.0, 4.0, 834.0, 354.0, 40.0),
    Rate("mix", "two tables as one", 11.0, 9.0, 4.0, 802.0, 354.0, 0.0),
)


def rates() -> str:
    """Every rate in Markdown."""
    heads = ["| verb | what | alone | workers | writer | scratch | table | memory of the writer |", f"|{'---|' * 8}"]
    lines = [
        f"| {one.verb} | {one.what} | {one.alone:.0f} µs | {one.workers:.0f} µs | {one.writer:.0f} µs "
        f"| {one.scratch:,.0f} bytes | {one.table:,.0f} bytes | {one.memory:.0f} bytes |"
        for one in RATES
    ]
    return "\n".join([*heads, *lines])


def needs() -> str:
    """Hours, disk and memory in Markdown."""
    heads = " | ".join(["hours alone", *(f"on {n} workers" for n in WORKERS)])
    lines = [f"| verb | {heads} | scratch | table | memory of the writer |", f"|---|{'---|' * (len(WORKERS) + 4)}"]
    for one in RATES:
        hours = " | ".join(bills.hours(one.hours(n)) for n in (0, *WORKERS))
        disk = " | ".join(bills.size(ROWS * each) if each else "-" for each in (one.scratch, one.table, one.memory))
        lines.append(f"| {one.verb} | {hours} | {disk} |")
    return "\n".join(lines)


def key_bytes() -> float:
    """Bytes of all band keys of near duplicates at the usual threshold."""
    return ROWS * bands_and_rows(0.8)[0] * KEY


def blocks() -> dict[str, str]:
    """What stands between the markers of the page, by their names."""
    return {"table rates": rates(), "tables": f"{ROWS // 10**6} million documents of {WORDS} words:\n\n{needs()}"}
