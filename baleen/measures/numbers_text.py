"""The numbers of a project as text of at most 120 columns, and as JSON."""

import json
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from textwrap import fill

from baleen.measures.figures import Arm, Figure
from baleen.measures.numbers import ORDER, Numbers
from baleen.measures.verdict import NATS, interval

WIDTH = 120
HABIT = 0.1  # how far from half the preference for a place is, at the least, to be told


def text(numbers: Numbers) -> str:
    """The table, a line for each model, and below it the sentence."""
    notes = [f"Trained differently: {numbers.unequal}."] if numbers.unequal else []
    notes += [
        f"± is half of a 95 % interval; n = {counted(numbers)}; the difference is in {numbers.primary}, "
        "from the first model where no other is named."
    ]
    if numbers.undivided:
        notes.append(f"{numbers.undivided}.")
    notes += doubts(numbers)
    if others := [name for name in numbers.measures()[1:] if name not in ORDER]:
        notes.append(f"Also in --json: {', '.join(others)}.")
    return "\n".join([table(numbers), *(fill(note, WIDTH) for note in notes), "", fill(numbers.sentence, WIDTH)])


def doubts(numbers: Numbers) -> list[str]:
    """What there is to say against figures: most rows have none, or a judge looks at the place of an answer."""
    blank, habits = list[str](), list[str]()
    for arm in numbers.arms:
        for rows, some in groupby(arm.figures.values(), lambda one: (one.unread, one.n)):
            if rows[0] > rows[1]:
                names = ", ".join(one.measure for one in some)
                blank.append(f"No value that can be read in {rows[0]} of {sum(rows)} rows of {arm.name}: {names}.")
        second = arm.figures.get("second")
        habits += [place_habit(arm.name, second)] if second and is_habit(second) else []
    return blank + habits


def is_habit(second: Figure) -> bool:
    """Whether the answer that stands second is surely preferred far from half of the time."""
    if second.low is None or second.high is None:
        return False
    return second.high < 0.5 - HABIT or second.low > 0.5 + HABIT


def place_habit(name: str, second: Figure) -> str:
    value, low, high = (f"{100 * (one or 0.0):.1f}" for one in (second.value, second.low, second.high))
    return (
        f"The judge of {name} looks at the place: it prefers the answer that stands second in {value} % "
        f"[{low}, {high}]; 50 would be no habit."
    )


def table(numbers: Numbers) -> str:
    """Each model with its primary measure, the difference from the model it is compared with, and the measures of
    ORDER; those that do not fit stand in a block of their own."""
    primary, others = numbers.primary, [name for name in numbers.measures()[1:] if name in ORDER]
    firsts = [arm.figures.get(primary) for arm in numbers.arms]
    columns = [
        column("trained on", [name_of(arm) for arm in numbers.arms], str.ljust),
        column(primary, [cell(one) for one in firsts]),
        column("difference, 95 % interval", [difference(one, numbers.arms[0].name) for one in firsts]),
        *(column(other, [cell(arm.figures.get(other)) for arm in numbers.arms]) for other in others),
    ]
    return "\n\n".join("\n".join(map(str.rstrip, map("".join, zip(*block, strict=True)))) for block in blocks(columns))


def blocks(columns: list[list[str]]) -> list[list[list[str]]]:
    """Columns side by side as far as they fit, each block with the names of the models."""
    names, *others = columns
    found = [[names]]
    for one in others:
        if sum(len(other[0]) for other in found[-1]) + len(one[0]) > WIDTH:
            found.append([names])
        found[-1].append(one)
    return found


def column(head: str, cells: list[str], side: Callable[[str, int], str] = str.rjust) -> list[str]:
    """A head and its cells, all equally wide."""
    width = max(len(text) for text in (head, *cells)) + 2
    return [side(text, width) for text in (head, *cells)]


def name_of(arm: Arm) -> str:
    return arm.label if arm.label == arm.name else f"{arm.label} ({arm.name})"


def difference(figure: Figure | None, first: str) -> str:
    """The difference with its interval, and from which model where it is not the first."""
    if figure is None or not figure.better:
        return ""
    return interval(figure) if figure.against == first else f"{interval(figure)} from {figure.against}"


def cell(figure: Figure | None) -> str:
    """A value with half of its 95 % interval, shares in percent."""
    if figure is None or figure.value is None:
        return "-"
    scale, places = (100, 1) if figure.share else (1, 3 if figure.measure in NATS else 1)
    half = None if figure.low is None or figure.high is None else scale * (figure.high - figure.low) / 2
    spread = "" if half is None else f" ±{half:.{places}f}"
    return f"{scale * figure.value:.{places}f}{spread}"


def counted(numbers: Numbers) -> str:
    """The numbers of rows of the primary measure."""
    found = {arm.figures[numbers.primary].n for arm in numbers.arms if numbers.primary in arm.figures}
    return " or ".join(f"{n:,}" for n in sorted(found))


def as_json(numbers: Numbers | None) -> str:
    """All figures, for a program; null before an evaluation is built."""
    if numbers is None:
        return "null"
    return json.dumps(asdict(numbers) | {"arms": [of_arm(arm) for arm in numbers.arms]}, indent=2, ensure_ascii=False)


def of_arm(arm: Arm) -> dict[str, object]:
    figures = {name: asdict(one) | {"better": one.better} for name, one in arm.figures.items()}
    return asdict(arm) | {"figures": figures}
