"""The sentence that a project ends in: whether curation helped, in plain words, by the rule of docs/evaluation.md."""

from collections.abc import Mapping, Sequence

from baleen.measures.figures import FEWEST, Arm, Comparison, Figure

NATS = ("loss", "worst", "gain")  # nats a token, which need three decimals
RESULTS = {"better": "helped", "worse": "hurt", "open": "made no difference that shows"}
CLAUSES = {"better": "is better", "worse": "is worse", "open": "shows no difference"}


def sentence(arms: Sequence[Arm], primary: str, compared: Sequence[Comparison], finals: Sequence[str] = ()) -> str:
    """What the comparisons by the primary measure say; the one that decides is chosen by what the models were trained
    on, never by a figure. `finals` are the models that the methods end in."""
    named = {arm.name: arm for arm in arms}
    if not (first := deciding(named, compared, finals)):
        return f"Whether curation helped is unknown: no two models are compared by {primary} on the same held-out rows."
    if first.figure.n < FEWEST:
        return (
            f"Whether curation helped is unknown: {first.figure.n} held-out rows are too few to say, "
            f"{FEWEST} are the least."
        )
    others = "".join(f"; {clause(one, named)}" for one in further(first, named, compared, finals))
    training = differently(named[first.arm], named.get(first.than))
    return f"{opening(first, named)}: {facts(first, named)}{training}{others}."


def deciding(named: Mapping[str, Arm], compared: Sequence[Comparison], finals: Sequence[str]) -> Comparison | None:
    """The first curated round beside as many random pairs; without such arms what a method ends in, beside seeds alone
    or else what its recipe names first; without one the first comparison of the recipes."""
    curated = [one for one in compared if is_curation(one, named)]
    return next(iter([*curated, *over_seeds(named, compared, finals), *of(compared, finals), *compared]), None)


def of(compared: Sequence[Comparison], finals: Sequence[str]) -> list[Comparison]:
    return [one for one in compared if one.arm in finals]


def over_seeds(named: Mapping[str, Arm], compared: Sequence[Comparison], finals: Sequence[str]) -> list[Comparison]:
    return [one for one in of(compared, finals) if label(one.than, named) == "seeds alone"]


def is_curation(one: Comparison, named: Mapping[str, Arm]) -> bool:
    return label(one.arm, named).startswith("curated") and label(one.than, named) == "random pairs"


def further(
    first: Comparison, named: Mapping[str, Arm], compared: Sequence[Comparison], finals: Sequence[str]
) -> list[Comparison]:
    """What else the sentence says: the deciding model beside seeds alone, later rounds beside earlier ones, and what
    other methods end in beside seeds alone; without curated arms the next two comparisons of arms."""
    if not is_curation(first, named):
        others = [one for one in compared if one is not first and label(one.than, named) != "seeds alone"]
        return [*(one for one in over_seeds(named, compared, finals) if one is not first), *others[:2]]
    seeds = [one for one in compared if one.arm == first.arm and label(one.than, named) == "seeds alone"]
    rounds = [one for one in compared if all(label(name, named).startswith("curated") for name in (one.arm, one.than))]
    others = [one for one in over_seeds(named, compared, finals) if not label(one.arm, named).startswith("curated")]
    return [*seeds, *rounds, *others]


def label(name: str, named: Mapping[str, Arm]) -> str:
    return named[name].label if name in named else name


def in_words(name: str, named: Mapping[str, Arm]) -> str:
    """A model by what it was trained on, with its name."""
    own = label(name, named)
    return own if own == name else f"{own} ({name})"


def opening(first: Comparison, named: Mapping[str, Arm]) -> str:
    if is_curation(first, named):
        return f"Curation {RESULTS[first.figure.better]}"
    one, other = in_words(first.arm, named), in_words(first.than, named)
    return {
        "better": f"{one} beats {other}",
        "worse": f"{one} is worse than {other}",
        "open": f"Between {one} and {other} no difference shows",
    }[first.figure.better]


def facts(one: Comparison, named: Mapping[str, Arm]) -> str:
    """Both figures, the difference with its interval, and the number of rows."""
    made = one.figure
    pair = f"{made.measure} is {amount(made, made.value)} with {in_words(one.arm, named)}"
    if made.value is not None and made.difference is not None:
        pair += f" and {amount(made, made.value - made.difference)} with {in_words(one.than, named)}"
    return f"{pair}, difference {interval(made)} over {made.n} held-out rows"


def clause(one: Comparison, named: Mapping[str, Arm]) -> str:
    better = CLAUSES[one.figure.better]
    return f"{label(one.arm, named)} over {label(one.than, named)} {better}, {interval(one.figure)}"


def differently(one: Arm, other: Arm | None) -> str:
    """That two models were not trained for as many steps, which may be why they differ."""
    pairs = [(key, getattr(one, key), getattr(other, key, None)) for key in ("steps", "batch")]
    odd = [f"{a} and {b} {key}" for key, a, b in pairs if a and b and a != b]
    return f" (trained differently, with {' and '.join(odd)}, which may be why)" if odd else ""


def amount(figure: Figure, value: float | None) -> str:
    """A value of a measure in its unit."""
    if value is None:
        return "-"
    unit = " nats a token" if figure.measure in NATS else ""
    return f"{100 * value:.1f} %" if figure.share else f"{value:.{3 if unit else 1}f}{unit}"


def interval(figure: Figure) -> str:
    """The difference with its 95 % interval, in points where it is of shares."""
    scale, places = (100, 1) if figure.share else (1, 3 if figure.measure in NATS else 1)
    ends = (figure.difference, figure.difference_low, figure.difference_high)
    middle, low, high = (f"{scale * (end or 0):+.{places}f}" for end in ends)
    return f"{middle} [{low}, {high}]"
