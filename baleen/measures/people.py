"""People: the labels that people gave to rows of a table, for a calibration; see docs/labels.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from baleen.measures.agreement import of_labels
from baleen.measures.calibration import Labels
from baleen.tables.labels import Label, latest, text_hash, weights
from baleen.tables.rows import Row


@dataclass(frozen=True)
class Judged:
    """The labels that count, how the labellers agree, and what is wrong with them: counts of labels that do not count,
    and in words why the calibration is stale."""

    labels: Labels
    agreement: Row
    passed_over: dict[str, int]
    stale: list[str]


def judged(table: Sequence[Row], given: Sequence[Label], md5: str) -> Judged:
    """The labels of the rows of a table with this MD5. Labels that were given on it count alone; where there are none,
    those on the same texts of an earlier table count, and the calibration is stale."""
    by_row = {str(row["id"]): row for row in table}
    texts = {name: text_hash(row) for name, row in by_row.items()}
    last = latest(given)
    fitting = [label for label in last if texts.get(label.row) == label.text]
    fresh = [label for label in fitting if label.table == md5]
    used = fresh or fitting
    passed = {"replaced": len(given) - len(last), "of another text": len(last) - len(fitting)}
    passed |= {"of an earlier table": len(fitting) - len(used)}
    stale = [] if fresh else ["the labels were given on another table; label rows of this one"]
    labels, tied = majority(by_row, used)
    return Judged(labels, between(used), passed | {"tied": tied}, stale)


def majority(table: Mapping[str, Row], used: Sequence[Label]) -> tuple[Labels, int]:
    """Each labelled row as most of its labellers see it, with the weight of its first label, and the number of rows on
    which as many say good as bad."""
    votes, first = dict[str, list[bool]](), dict[str, Label]()
    for label in used:
        votes.setdefault(label.row, []).append(label.label == "good")
        first.setdefault(label.row, label)
    decided = {row: 2 * sum(said) > len(said) for row, said in votes.items() if 2 * sum(said) != len(said)}
    weighing = weights([first[row] for row in decided])
    return Labels([table[row] for row in decided], [*decided.values()], weighing, [*decided]), len(votes) - len(decided)


def between(used: Sequence[Label]) -> Row:
    """For each two labellers the agreement on the rows that both labelled, beside how often each says good."""
    own = dict[str, dict[str, bool]]()
    for label in used:
        own.setdefault(label.labeller, {})[label.row] = label.label == "good"
    found = dict[str, Row]()
    for one, other in combinations(sorted(own), 2):
        both = [row for row in own[one] if row in own[other]]
        mine, theirs = ([own[name][row] for row in both] for name in (one, other))
        if both:
            found[f"{one}, {other}"] = of_labels(mine, theirs)
    return found
