"""Own numbers: the lines of recipes/numbers.yaml, with which a project on a user's own data measures every model that
its methods teach to answer: on held-out seeds, on verifiable instructions, and by a judge that compares.

Lines that the shipped arms have already are not made again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from baleen.errors import Problem
from baleen.project.recipes import Line
from baleen.project.settings import Settings

FILE = "recipes/numbers.yaml"
HEAD = """# What every project ends in: how each model does on what none was trained on (docs/evaluation.md).
# loss-X = score(X, reply, heldout); answers-X = generate(X, reply, heldout); eval-* compare, paired by row
"""
HELD_OUT, SEEDS, VERIFIABLE, ALONE, JUDGE = "heldout", "seed", "verifiable", "seeds-alone", "judge"
TEACHERS = ("chat", "guide", "utter", "brief", "translator")  # settings of what stands for an instruct model
Lines = dict[str, Line]


@dataclass(frozen=True)
class Measures:
    """What is measured beside losses and answers: verifiable instructions, where there is such a table, and wins by a
    judge, the section of the profile that names an instruct model ('' for none)."""

    verifiable: bool = False
    judge: str = ""


def measures_of(lines: Lines) -> Measures | None:
    """What a project measures of its models, by the lines that it has; None where they are those of the world's."""
    if not any(line.file == FILE for line in lines.values()):
        return None
    return Measures(VERIFIABLE in lines, str(lines[JUDGE].given.get("settings", "")) if JUDGE in lines else "")


def students(lines: Lines, profile: Settings) -> list[Line]:
    """The models that are taught to answer, those trained on seeds alone first; teachers are none."""
    answered = {str(line.given["model"]) for line in lines.values() if line.rule == "answer"}
    trained = [line for line in lines.values() if line.verb == "train" and not teaches(line, profile)]
    found = [line for line in trained if line.given.get("prompt") == "reply" or line.name in answered]
    return sorted(found, key=lambda line: line.given["input"] != SEEDS)


def teaches(line: Line, profile: Settings) -> bool:
    """Whether a model stands for an instruct model that is taken as it is."""
    group = str(line.given.get("settings", ""))
    return group in TEACHERS or "instead" in (profile.get(group) or {})


def number_lines(lines: Lines, methods: Iterable[str], profile: Settings, more: Measures) -> dict[str, Line]:
    """The lines that a project needs beside these; a Problem when a judge is named that is not there."""
    known, made = students(lines, profile), dict[str, Line]()
    final = next((lines[name] for name in methods if name in lines), None)
    if not known or final is None or HELD_OUT not in lines:
        return {}
    if ALONE in lines:
        known = [lines[ALONE], *(line for line in known if line.name != ALONE)]
    elif known[0].given["input"] != SEEDS or not has_fixed_steps(profile):
        made[ALONE] = seeds_alone(lines, final)
        known = [made[ALONE], *known]
    lines = beside_seeds_alone(lines, made)
    names = [line.name for line in known]
    tables = answer_tables(names, lines)
    if more.judge:
        made[JUDGE] = judge(more.judge, str(final.given["base"]), profile)
    compared = wins(names, tables) if more.judge else ()
    for line in [*losses(names, lines), *answers(names, tables, lines), *compared]:
        if line.name not in lines:
            made[line.name] = line
    if more.verifiable:
        made |= {line.name: line for line in verified(names)}
    return made


def has_fixed_steps(profile: Settings) -> bool:
    """Whether a profile trains every arm for equally many steps; otherwise they go by the number of rows."""
    return int((profile.get("train") or {}).get("steps", -1)) >= 0


def seeds_alone(lines: Lines, final: Line) -> Line:
    """A model trained on seeds alone for as many steps as the first curated round, or as what the method ends in."""
    first = f"{final.name}-1" if f"{final.name}-1" in lines else final.name
    given = {"input": SEEDS, "base": final.given["base"], "prompt": "reply", "steps_of": first}
    return Line(ALONE, "arm", given, FILE)


def beside_seeds_alone(lines: Lines, made: Lines) -> Lines:
    """Lines whose evaluations are beside seeds alone at equal steps, where that is made, instead of the first forward
    model."""
    tables = {"loss-reply": f"loss-{ALONE}", "answers-reply": f"answers-{ALONE}"} if ALONE in made else {}
    return {
        name: replace(line, given=line.given | {"against": tables[str(line.given["against"])]})
        if line.verb == "evaluate" and line.given["against"] in tables
        else line
        for name, line in lines.items()
    }


def answer_tables(names: Iterable[str], lines: Lines) -> dict[str, str]:
    """The table of each model's answers to the held-out instructions: one that is there already, or a new name."""
    there = {
        str(line.given["model"]): line.name
        for line in reversed(lines.values())
        if line.rule == "answer" and line.given["input"] == HELD_OUT and "prompt" not in line.given
    }
    free = {name: f"heldout-{name}" if f"answers-{name}" in lines else f"answers-{name}" for name in names}
    return {name: there.get(name, free[name]) for name in names}


def losses(names: list[str], lines: Lines) -> Iterator[Line]:
    """How likely each model finds the held-out answers, beside seeds alone and beside what its recipe compares with."""
    for name in names:
        yield Line(f"loss-{name}", "score", {"input": HELD_OUT, "model": name, "prompt": "reply"}, FILE)
    for name in names:
        yield evaluation(f"eval-loss-{name}", f"loss-{name}", f"loss-{names[0]}", "losses")
    for name, than in pairs(names, lines):
        yield evaluation(f"eval-loss-{name}-over-{than}", f"loss-{name}", f"loss-{than}", "losses")


def pairs(names: list[str], lines: Lines) -> Iterator[tuple[str, str]]:
    """The models that the recipes compare with each other, beside the one trained on seeds alone."""
    answered = {line.name: str(line.given["model"]) for line in lines.values() if line.rule == "answer"}
    sides = (
        [answered.get(str(line.given[side]), "") for side in ("input", "against")]
        for line in lines.values()
        if line.verb == "evaluate"
    )
    found = ((a, b) for a, b in sides if a in names and b in names and a != b and b != names[0])
    yield from dict.fromkeys(found)


def answers(names: list[str], tables: Mapping[str, str], lines: Lines) -> Iterator[Line]:
    """What each model answers to the held-out instructions, and measures of it."""
    measured = {
        (str(line.given["input"]), str(line.given["against"]))
        for line in lines.values()
        if line.verb == "evaluate" and "settings" not in line.given
    }
    for name in names:
        yield Line(tables[name], "answer", {"input": HELD_OUT, "model": name}, FILE)
    for name in names:
        if (sides := (tables[name], tables[names[0]])) not in measured:
            yield evaluation(f"eval-answers-{name}", *sides, "")


def verified(names: list[str]) -> Iterator[Line]:
    """What each model answers to verifiable instructions, and how many it follows."""
    for name in names:
        given = {"input": VERIFIABLE, "model": name, "tag": SEEDS}
        yield Line(f"verifiable-{name}", "answer", given, FILE)
    for name in names:
        yield evaluation(f"eval-verifiable-{name}", f"verifiable-{name}", f"verifiable-{names[0]}", VERIFIABLE)


def judge(section: str, base: str, profile: Settings) -> Line:
    """The model that compares answers: the instruct model that a section of the profile names."""
    if not (profile.get(section) or {}).get("instead"):
        pins = {name: own for name, own in profile.items() if isinstance(own, dict) and own.get("instead")}
        there = [name for name, own in pins.items() if own.get("engine") != "encoder"]
        wanted = f"write one of {', '.join(there)}" if there else "choose a profile with one, such as --profile small"
        raise Problem(f"judge {section!r} is no section of the profile that names an instruct model; {wanted}")
    return Line(JUDGE, "train", {"input": SEEDS, "base": base, "prompt": "reply", "settings": section}, FILE)


def wins(names: list[str], tables: Mapping[str, str]) -> Iterator[Line]:
    """Which of two answers the judge prefers, in both orders: each model's and that of seeds alone."""
    for name in names[1:]:
        given = {
            "input": tables[names[0]],
            "model": name,
            "prompt": "reply",
            "writes": "rival",
            "keep_unreadable": True,
        }
        yield Line(f"beside-{name}", "generate", given, FILE)
        yield Line(f"orders-{name}", "map", {"input": f"beside-{name}", "apply": "both_orders"}, FILE)
        given = {"input": f"orders-{name}", "model": JUDGE, "prompt": "compare", "min_readable": 0.0}
        yield Line(f"judged-{name}", "score", given, FILE)
    for name in names[1:]:
        yield evaluation(f"eval-wins-{name}", f"judged-{name}", f"judged-{name}", "wins")


def evaluation(name: str, table: str, against: str, settings: str) -> Line:
    given = {"input": table, "against": against} | ({"settings": settings} if settings else {})
    return Line(name, "evaluate", given, FILE)
