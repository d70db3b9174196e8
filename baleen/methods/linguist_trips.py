"""LINGUIST: the baseline of round-trip translation with slots that are not translated.

Each slot value of a labelled utterance is hidden behind a mark, which translators copy; what comes back gets the values
in place of the marks, so that its slots are known without word alignment.
"""

import re
from collections.abc import Sequence
from random import Random

from baleen.methods.linguist import LABELLED, by_intent, labelled, slots_of, tagged_text
from baleen.methods.linguist_tags import SPAN, Span
from baleen.tables.exports import transform
from baleen.tables.rows import TEXT, Row, row_id

__all__ = ["hidden", "refilled", "restored"]

REFILLED = 12  # copies of each labelled utterance, as many as there are specifications of it
MARK = re.compile(r"⟦\s*(\d+)\s*⟧")  # translators may set spaces inside


@transform(tuple(LABELLED), LABELLED | {"parent": TEXT}, "whole")
def refilled(table: list[Row]) -> list[tuple[Row, str]]:
    """Copies of each labelled utterance with slot values of the same labels from this table, as `linguist.asked` draws
    them: the first copy has its own values."""
    made = list[tuple[Row, str]]()
    for own in by_intent(table).values():
        values = dict[str, list[str]]()
        for label, value in (slot for row in own for slot in slots_of(row)):
            values.setdefault(label, []).append(value)
        for row in own:
            made += [(row | copied(row, values, copy), "") for copy in range(REFILLED)]
    return made


def copied(row: Row, values: dict[str, list[str]], copy: int) -> Row:
    """The columns of a copy of a labelled utterance; of the first the values are its own."""
    draw = Random(f"refill {row['id']} {copy}")
    drawn = [span if not copy else Span(span.mark, draw.choice(values[span.mark])) for span in slots_of(row)]
    made = labelled(row["language"], row["intent"], with_slots(SPAN.sub("⟦0⟧", tagged_text(row)), drawn))
    return made | {"id": row_id(str(row["id"]), "refilled", str(copy)), "parent": row["id"]}


def with_slots(text: str, slots: Sequence[Span]) -> str:
    """The text with the slots, in order, in place of its marks."""
    left = iter(slots)
    return MARK.sub(lambda _: f"[{(slot := next(left)).mark} {slot.value} ]", text)


@transform(tuple(LABELLED), {"masked": TEXT})
def hidden(row: Row) -> list[Row]:
    """The row with its utterance in `masked`, each slot value hidden behind its number."""
    numbers = iter(range(1, len(row["slots"]) + 1))
    return [row | {"masked": SPAN.sub(lambda _: f"⟦{next(numbers)}⟧", tagged_text(row))}]


@transform((*LABELLED, "masked", "back"), LABELLED)
def restored(row: Row) -> list[Row] | str:
    """The labelled utterance in the words of `back`, its values in place of their marks, or why it leaves."""
    back, slots = " ".join(row["back"].split()), slots_of(row)
    if back.lower() == " ".join(row["masked"].split()).lower():
        return "came back unchanged"
    numbers = [int(number) for number in MARK.findall(back)]
    if sorted(numbers) != [*range(1, len(slots) + 1)] or set("[]") & set(back):
        return "a slot is lost"
    tagged = with_slots(back, [slots[number - 1] for number in numbers])
    return [row | labelled(row["language"], row["intent"], tagged)]
