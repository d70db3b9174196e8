"""score: grade the answer that is already in every row, or give it as a vector.

A prompt with choices is a rating: the mean number of the choices under their probabilities after the cue. Two choices,
such as no and yes, give the probability of the second. Any other prompt is a likelihood: mean and worst negative
log-likelihood of the answer's tokens, in nats. With --embed the answer becomes the mean of the model's last hidden
states over it. Where a likelihood or a vector has no answer to read, one that is NULL, it is NULL too and nothing is
asked.

python -m stages.score humpback-judge-1 --input humpback-pool --model reply --prompt reply --tag seed --profile pocket
"""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import TOO_LONG, Reply, Request
from baleen.errors import Problem
from baleen.memo import answers
from baleen.memo.answers import Answered, Pair
from baleen.memo.dry_run import Estimate
from baleen.project import settings
from baleen.project.command_line import run
from baleen.project.options import options_of_run, run_flags
from baleen.project.settings import REQUIRED, Once, setting
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import NUMBER, Row
from baleen.training import requirements


@dataclass
class ScoreOptions:
    input: str = setting(REQUIRED, "table to read")
    model: str = setting(REQUIRED, "model that grades")
    prompt: str = setting(REQUIRED, "prompt whose answer is in the table, or that has choices")
    tag: str = setting("", "use the system message of this origin instead of the row's own")
    engine: str = setting("hf", "engine that answers")
    template: dict[str, Any] = setting({}, answers.TEMPLATE)
    embed: bool = setting(False, "write the answer as a vector instead of grading it")
    writes: str = setting("vector", "column of the vector")
    min_mass: float = setting(0.5, "a rating is unreadable when the choices together have less probability than this")
    min_readable: float = setting(0.5, "stop the build when a smaller share of the rows has a readable score")


def request(row: Row, prompt: Prompt, options: ScoreOptions) -> Request:
    messages, template = answers.conversation(prompt, row, options.tag), answers.template_text(options.template)
    if prompt.choices and not options.embed:
        return Request(messages, prefill=prompt.cue, choices=prompt.choices, opening=prompt.opening, template=template)
    start = prompt.start(row)
    answer = prompt.format_reply(row).removeprefix(start)
    return Request(messages, prefill=start, answer=answer, template=template)


def rated(reply: Reply, prompt: Prompt, options: ScoreOptions) -> Row:
    """The mean number of the choices under their probabilities, counted from 1, or from 0 where the first is 0; of
    two choices the probability of the second, given that it is one of them. NULL when they have too little probability
    (`mass`)."""
    lowest = 0 if len(prompt.choices) == 2 or prompt.choices[0].strip() == "0" else 1
    mass = sum(reply.values)
    mean = sum(i * p for i, p in enumerate(reply.values, lowest)) / mass if mass else None
    return dict(zip(prompt.scores, (mean if mass >= options.min_mass else None, mass), strict=True))


def graded(reply: Reply, prompt: Prompt) -> Row:
    """The likelihood; NULL when the row is too long for the model or has no token to grade, and where not finite."""
    values = [x if isfinite(x) else None for x in reply.values]
    return dict(zip(prompt.scores, values or (None, None, None), strict=True))


def embedded(reply: Reply, options: ScoreOptions) -> Row:
    """The vector; NULL when the row is longer than the model reads."""
    return {options.writes: list(reply.values) or None}


def asking(prompt: Prompt, options: ScoreOptions) -> tuple[str, tuple[str, ...]]:
    """The kind of question, and the columns that its reply becomes; the first is NULL when it cannot be read."""
    if options.embed:
        return "embed", (options.writes,)
    return "choose" if prompt.choices else "loss", tuple(prompt.scores)


def grade(reply: Reply, prompt: Prompt, options: ScoreOptions) -> Row:
    """The columns of a reply."""
    if options.embed:
        return embedded(reply, options)
    return rated(reply, prompt, options) if prompt.choices else graded(reply, prompt)


def unread(_: Request, reply: Reply, prompt: Prompt, options: ScoreOptions) -> bool:
    return grade(reply, prompt, options)[asking(prompt, options)[1][0]] is None


def gradable(row: Row, prompt: Prompt, options: ScoreOptions) -> bool:
    """Whether what is graded is there; choices need no answer."""
    return asking(prompt, options)[0] == "choose" or all(row[column] is not None for column in prompt.writes)


def questions(table: Iterable[Row], prompt: Prompt, options: ScoreOptions, aside: deque[Row | None]) -> Iterator[Pair]:
    """Every row that can be graded, with its request; `aside` gets the others, and None for each of these."""
    for row in table:
        asked = gradable(row, prompt, options)
        aside.append(None if asked else row)
        if asked:
            yield row, request(row, prompt, options)


def in_order(replies: Iterable[Answered], aside: deque[Row | None]) -> Iterator[Answered | Row]:
    """The replies, and the rows put aside in their places among them."""
    for answered in replies:
        while (row := aside.popleft()) is not None:
            yield row
        yield answered
    yield from (row for row in aside if row is not None)


def flaw(one: Answered | Row, prompt: Prompt, options: ScoreOptions) -> str:
    """What is wrong with a row that has no score, and what to do about it."""
    if not isinstance(one, Answered):
        return f"without {', '.join(prompt.writes)}, which is NULL (take them out with a filter)"
    if one.reply.finish == TOO_LONG.finish:
        return "longer than the model reads (take them out with a filter)"
    if asking(prompt, options)[0] == "choose":
        return f"without a choice from the model (use another scorer than prompts/{prompt.name}.md)"
    return "without a token to grade or a finite likelihood"


def finish(
    output: rows.Output, found: Iterable[Answered | Row], prompt: Prompt, source: Row, options: ScoreOptions
) -> Counter[str]:
    """Keep every row with its score and lineage; what is wrong where one could not be read comes back, counted."""
    flaws, written = Counter[str](), asking(prompt, options)[1]
    for one in found:
        if isinstance(one, Answered):
            row = one.row | grade(one.reply, prompt, options) | {"lineage": one.history(source)}
        else:
            row = one | dict.fromkeys(written) | {"lineage": one.get("lineage") or []}
        if row[written[0]] is None:
            flaws[flaw(one, prompt, options)] += 1
        output.keep(row)
    return flaws


def gate(name: str, output: rows.Output, flaws: Counter[str], options: ScoreOptions) -> None:
    """A Problem when too few scores could be read: a selection on the rest would be chance."""
    readable = 1 - flaws.total() / output.kept.rows
    output.notes["readable"] = round(readable, 4)
    if readable < options.min_readable:
        told = ", ".join(f"{n} {wrong}" for wrong, n in flaws.most_common())
        raise Problem(
            f"score {name}: only {readable:.0%} of {output.kept.rows} scores could be read, min_readable is "
            f"{options.min_readable:.0%}; {told}"
        )


def check(options: ScoreOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    settings.within(options, where, {"min_mass": (0, 1), "min_readable": (0, 1)})
    if options.embed:
        table.require(options.engine, "embed", where, "gives no vectors")
    if options.template:
        answers.check_template(options.engine, options.prompt, where)


def names(options: ScoreOptions) -> list[tuple[str, str]]:
    """The engine and the prompt that the settings name."""
    return [("engine", options.engine), ("prompt", options.prompt)]


def estimate(options: ScoreOptions) -> Estimate:
    """What would be queried of the table that is there."""
    prompt, aside = prompts.load(options.prompt), deque[Row | None]()
    asked = answers.engine_query(options.engine, options.model, asking(prompt, options)[0], None, Once(dry_run=True))
    return answers.estimated(asked, questions(rows.read(rows.table_path(options.input)), prompt, options, aside))


def main(argv: list[str]) -> None:
    argv, once = run_flags(argv)
    name, options = options_of_run(ScoreOptions, argv, "score", once)
    check(options, f"score {name}")
    requirements.check_stage("score", options)
    prompt, path = prompts.load(options.prompt), rows.table_path(options.input)
    kind, written = asking(prompt, options)
    table = rows.schema(path, [*prompt.reads, *(() if kind == "choose" else prompt.writes)])
    types = dict.fromkeys(written, rows.TYPES["vector"] if options.embed else NUMBER)
    columns = rows.extend_schema(table, types | {"lineage": rows.LINEAGE})
    asked = answers.engine_query(options.engine, options.model, kind, None, once)
    aside = deque[Row | None]()
    pairs = questions(answers.input_rows(path, once), prompt, options, aside)
    if once.dry_run:
        return answers.print_dry_run(f"score {name}", options.model, asked, pairs)
    source = {"target": name, "columns": ",".join(written), "prompt": prompt.digest, "model": asked.identity}
    template = {"template": options.template} if options.template else {}
    source |= {"sampling": json.dumps({"tag": options.tag} | template)}
    with rows.Output(answers.output_path(name, once), columns) as output:
        unreadable = partial(unread, prompt=prompt, options=options)
        replies = answers.answers(asked, pairs, output, rows.size(path), once, unreadable)
        flaws = finish(output, in_order(replies, aside), prompt, source, options)
        output.require_rows(f"score {name}", "the input table is empty")
        gate(name, output, flaws, options)


if __name__ == "__main__":
    run(main)
