"""generate: ask a model the prompt about every row, and write the columns of its reply.

With `again` a row is queried until a transform is content with what was written: baleen/memo/turns.py.

Reasoning that the model writes before its answer is no part of a column; the memo keeps it. With `template` the model's
chat template gets arguments, such as {enable_thinking: false}.

python -m stages.generate humpback-augment --input web --model ask --prompt ask --profile pocket
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial

from baleen import prompts
from baleen.memo import queries, replies, turns
from baleen.memo.ask import EngineQuery
from baleen.memo.dry_run import Estimate
from baleen.memo.generation import (
    GenerateOptions,
    added,
    check,
    is_queried,
    lineage,
    needed,
    passed,
    questions,
    sampling_of,
    table_of,
)
from baleen.models import stand_ins
from baleen.project.command_line import run
from baleen.project.options import options_of_run, run_flags
from baleen.project.settings import Once
from baleen.prompts import Prompt
from baleen.tables import rows
from baleen.tables.rows import Output
from baleen.training import requirements

__all__ = ["GenerateOptions", "added", "check", "main", "names", "needed"]


def names(options: GenerateOptions) -> list[tuple[str, str]]:
    """The engine, the prompt and the transform that the settings name."""
    again = [("transform", options.again.partition("(")[0].strip())] * bool(options.again)
    return [("engine", options.engine), ("prompt", options.prompt), *again]


def estimate(options: GenerateOptions) -> Estimate:
    """What would be queried of the table that is there."""
    options = stand_ins.with_own_model(options, "generate")
    once, prompt = Once(dry_run=True), prompts.load(options.prompt, options.writes)
    query = queries.engine_query(options.engine, options.model, "generate", sampling_of(options, prompt), once)
    return queries.estimated(query, questions(rows.read(rows.table_path(options.input)), prompt, options))


def taken_in_turns(
    name: str, options: GenerateOptions, prompt: Prompt, query: EngineQuery, output: Output, columns: list[str],
    once: Once,
) -> None:  # fmt: skip
    """Query the model about every row until the transform `again` is content; the engine is loaded once."""
    query, spent, unread = (
        replace(query, load=cache(query.load)),
        replies.Spent(),
        partial(replies.unread, prompt=prompt),
    )

    def ask(pairs: list[queries.Pair]) -> Iterator[replies.Answered]:
        return replies.answers(query, pairs, output, len(pairs), once, unread, spent)

    table = (row for row in queries.input_rows(rows.table_path(options.input), once) if is_queried(row, options))
    turns.finish(output, table, turns.Turns(ask, prompt, options, lineage(name, prompt, query, options)), columns)
    output.require_rows(f"generate {name}", "raise turns, or look at the dropped rows")


def main(argv: list[str]) -> None:
    argv, once = run_flags(argv)
    name, options = options_of_run(GenerateOptions, argv, "generate", once)
    check(options, f"generate {name}")
    requirements.check_stage("generate", options)
    options = stand_ins.with_own_model(options, f"generate {name}")
    prompt, path = prompts.load(options.prompt, options.writes), rows.table_path(options.input)
    columns = rows.extend_schema(table_of(path, prompt, options), added(prompt, options.again))
    query = queries.engine_query(options.engine, options.model, "generate", sampling_of(options, prompt), once)
    pairs = questions(queries.input_rows(path, once), prompt, options)
    if once.dry_run:
        first = f" (the first of at most {options.turns} turns)" if options.again else ""
        return queries.print_dry_run(f"generate {name}{first}", options.model, query, pairs)
    with rows.Output(queries.output_path(name, once), columns) as output:
        if options.only:
            output.notes["passed"] = passed(output, queries.input_rows(path, once), prompt, options)
        if options.again:
            return taken_in_turns(name, options, prompt, query, output, columns.names, once)
        total = (rows.size(path) - output.notes.get("passed", 0)) * options.n
        answered = replies.answers(query, pairs, output, total, once, partial(replies.unread, prompt=prompt))
        example, texts = replies.finish(output, answered, prompt, lineage(name, prompt, query, options), options)
        replies.gate(name, output, example, options)
        replies.variety(name, output, texts, options)
        output.require_rows(f"generate {name}", replies.advice(name, example, prompt))


if __name__ == "__main__":
    run(main)
