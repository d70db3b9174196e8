"""Figures of the models of a project: what is compared, with its uncertainty; plain values."""

from dataclasses import dataclass

LOWER = ("loss", "worst", "refused", "repeated", "disagreement")  # the lower the better
DEV, TEST = "dev", "test"  # the rows that choices are made by, and those that the result is measured on
FEWEST = 20  # held-out rows below which nothing is concluded: an interval of fewer is too narrow


@dataclass(frozen=True)
class Figure:
    """One measure of one model over `n` held-out rows: mean, standard error and 95 % interval, and the difference from
    the model `against`, paired by row, with its 95 % bootstrap interval. What is unknown is None. `share` is whether
    it lies between 0 and 1, `unread` how many rows more have no value."""

    measure: str
    text: str
    n: int
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    share: bool
    against: str = ""
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    unread: int = 0

    @property
    def better(self) -> str:
        """Whether the model is 'better', 'worse', 'open' (the interval holds 0) or '' (nothing to compare with)."""
        if self.difference_low is None or self.difference_high is None:
            return ""
        sign = -1 if self.measure in LOWER else 1
        ends = sorted((sign * self.difference_low, sign * self.difference_high))
        return "better" if ends[0] > 0 else "worse" if ends[1] < 0 else "open"


@dataclass(frozen=True)
class Arm:
    """A model that is compared: what it was trained on, in words; examples, steps and batch of its training; and its
    figures by measure."""

    name: str
    label: str
    rows: int | None
    steps: int | None
    batch: int | None
    figures: dict[str, Figure]


@dataclass(frozen=True)
class Comparison:
    """The primary measure of a model beside another model."""

    arm: str
    than: str
    figure: Figure
