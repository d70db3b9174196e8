"""score: grade the answer that is already in every row.

A prompt with marks is a rating: the probabilities of the marks after the cue, and their mean. Any other prompt is a
likelihood: mean and worst negative log-likelihood of the answer's tokens, in nats.

python -m stages.score humpback-judge-1 --input humpback-pool --model reply --prompt reply --tag seed --profile pocket
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from baleen import answers, prompts, rows, settings
from baleen.answers import Answered, Pair
from baleen.engines import Request
from baleen.problems import Problem, run
from baleen.prompts import Prompt
from baleen.rows import NUMBER, Row
from baleen.settings import REQUIRED, setting


@dataclass
class ScoreOptions:
    input: str = setting(REQUIRED, "table to read")
    model: str = setting(REQUIRED, "model that grades")
    prompt: str = setting(REQUIRED, "prompt whose answer is in the table, or that asks for a mark")
    tag: str = setting("", "use the system message of this origin instead of the row's own")
    engine: str = setting("hf", "engine that answers")
    min_mass: float = setting(0.5, "a rating is unreadable when the marks together have less probability than this")
    min_readable: float = setting(0.5, "stop the build when a smaller share of the rows has a readable score")


def request(row: Row, prompt: Prompt, options: ScoreOptions) -> Request:
    messages = answers.conversation(prompt, row, options.tag)
    if prompt.marks:
        return Request(messages, prefill=prompt.cue, marks=prompt.marks)
    start = prompt.start(row)
    return Request(messages, prefill=start, answer=prompt.show(row).removeprefix(start))


def rated(answered: Answered, options: ScoreOptions) -> Row:
    """Expected rating: the mean mark, 1 for the first, under the marks' probabilities; NULL when they have too little
    together."""
    mass = sum(answered.reply.values)
    mean = sum(i * p for i, p in enumerate(answered.reply.values, 1)) / mass if mass else None
    return {"rating": mean if mass >= options.min_mass else None, "probability": mass}


def graded(answered: Answered, options: ScoreOptions) -> Row:
    mean, worst, tokens = answered.reply.values or (None, None, None)  # none when it is longer than the model reads
    return {"loss": mean, "worst": worst, "tokens": tokens}


def scored(replies: Iterable[Answered], prompt: Prompt, options: ScoreOptions, source: Row) -> Iterator[Row]:
    """Every row with its score and lineage."""
    grade = rated if prompt.marks else graded
    for answered in replies:
        yield answered.row | grade(answered, options) | {"lineage": answered.history(source)}


def gate(name: str, output: rows.Output, unread: int, options: ScoreOptions) -> None:
    """A Problem when too few scores could be read: a selection on the rest would be chance."""
    readable = 1 - unread / output.kept.rows
    output.notes["readable"] = round(readable, 4)
    if readable < options.min_readable:
        raise Problem(
            f"score {name}: only {readable:.0%} of {output.kept.rows} scores could be read, min_readable is "
            f"{options.min_readable:.0%}; the model gives prompts/{options.prompt}.md no mark: use another scorer"
        )


def check(options: ScoreOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    settings.within(options, where, {"min_mass": (0, 1), "min_readable": (0, 1)})


def main(argv: list[str]) -> None:
    argv, once = settings.once(argv)
    name, options = settings.from_command_line(ScoreOptions, argv, "score")
    check(options, f"score {name}")
    prompt, path = prompts.load(options.prompt), rows.table_path(options.input)
    written = ["rating", "probability"] if prompt.marks else ["loss", "worst", "tokens"]
    table = rows.schema(path, [*prompt.reads, *(() if prompt.marks else prompt.writes)])
    columns = rows.extended(table, dict.fromkeys(written, NUMBER) | {"lineage": rows.LINEAGE})
    asked = answers.asked(options.engine, options.model, "choose" if prompt.marks else "loss", None, once)
    pairs: Iterator[Pair] = ((row, request(row, prompt, options)) for row in answers.limited(path, once))
    if once.dry_run:
        return answers.tell(f"score {name}", options.model, asked, pairs)
    source = {"target": name, "columns": ",".join(written), "prompt": prompt.digest, "model": asked.identity}
    with rows.Output(answers.target(name, once), columns) as output:
        unread = 0
        replies = answers.answers(asked, pairs, output, rows.size(path), once)
        for row in scored(replies, prompt, options, source | {"sampling": json.dumps({"tag": options.tag})}):
            unread += row[written[0]] is None
            output.keep(row)
        output.some(f"score {name}", "the input table is empty")
        gate(name, output, unread, options)


if __name__ == "__main__":
    run(main)
