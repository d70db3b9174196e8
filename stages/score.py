"""score: grade the answer that is already in every row, rate a row by the choices of a prompt, or give a vector.
baleen/memo/scores.py says what each kind writes: python -m stages.score x --input pool --model reply --prompt reply
"""

from dataclasses import dataclass, replace
from typing import Any

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import Sampling
from baleen.errors import Problem, unknown
from baleen.memo import queries, scores
from baleen.memo.dry_run import Estimate
from baleen.memo.score_runs import ScoreRun
from baleen.memo.scores import BOUNDS, RATINGS, Chat, Scorer
from baleen.models import stand_ins
from baleen.project import settings
from baleen.project.command_line import run
from baleen.project.options import options_of_run, run_flags
from baleen.project.settings import REQUIRED, Once, setting
from baleen.training import requirements


@dataclass
class ScoreOptions:
    input: str = setting(REQUIRED, "table to read")
    model: str = setting(REQUIRED, "model that grades")
    prompt: str = setting(REQUIRED, "prompt whose answer is in the table, or that has choices")
    instead: dict[str, Any] = setting({}, "pin of a model to query in place of `model`, such as a larger judge")
    tag: str = setting("", "use the system message of this origin instead of the row's own")
    engine: str = setting("hf", "engine that answers")
    template: dict[str, Any] = setting({}, queries.TEMPLATE)
    gain: bool = setting(False, "grade the answer without the question too: gain is what the question adds, in nats")
    rating: str = setting("expected", "expected (from the probabilities of the choices) or written (after reasons)")
    temperature: float = setting(0.7, "of a written rating; 0 is greedy")
    top_p: float = setting(0.9, "of a written rating; 1 is off")
    max_tokens: int = setting(512, "of a written rating, reasons included")
    seed: int = setting(0, "seed of written ratings; each row has its own, derived from it")
    embed: bool = setting(False, "write the answer as a vector instead of grading it")
    writes: str = setting("vector", "column of the vector")
    min_mass: float = setting(0.5, "an expected rating is unreadable when the choices together have less probability")
    min_readable: float = setting(0.5, "stop the build when a smaller share of the rows has a readable score")


def scorer(options: ScoreOptions) -> Scorer:
    """How the settings score a row."""
    chat = Chat(prompts.load(options.prompt), options.tag, options.template)
    if options.embed:
        return scores.vector(chat, options.writes)
    if not chat.prompt.choices:
        return scores.gain(chat) if options.gain else scores.likelihood(chat)
    drawn, way = Sampling(options.temperature, options.top_p, max_tokens=options.max_tokens), options.rating
    return scores.written(chat, drawn, options.seed) if way == "written" else scores.expected(chat, options.min_mass)


def check(options: ScoreOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    settings.within(options, where, BOUNDS)
    stand_ins.check(options.instead, where)
    if options.rating not in RATINGS:
        raise Problem(f"{where}: {unknown('rating', options.rating, RATINGS)}")
    if options.embed:
        table.require(options.engine, "embed", where, "gives no vectors")
    if options.template:
        queries.check_template(options.engine, options.prompt, where)
    if options.gain and (options.embed or (prompt := prompts.load(options.prompt)).choices or not prompt.body):
        raise Problem(f"{where}: gain compares an answer with and without its question; name a prompt such as reply")


def names(options: ScoreOptions) -> list[tuple[str, str]]:
    """The engine and the prompt that the settings name."""
    return [("engine", options.engine), ("prompt", options.prompt)]


def estimate(options: ScoreOptions) -> Estimate:
    """What would be queried of the table that is there."""
    options = stand_ins.with_own_model(options, "score")
    return ScoreRun("", options, scorer(options), Once(dry_run=True)).estimate()


def main(argv: list[str]) -> None:
    argv, once = run_flags(argv)
    name, options = options_of_run(ScoreOptions, argv, "score", once)
    check(options, f"score {name}")
    requirements.check_stage("score", options)
    options = stand_ins.with_own_model(options, f"score {name}")
    one = ScoreRun(name, options, scorer(options), once)
    if not once.dry_run:
        return one.write(options.min_readable)
    others = [way for way in RATINGS if way != options.rating and one.scorer.rates]  # its cost is why a way is chosen
    one.print_dry_run({f"with rating: {way}": scorer(replace(options, rating=way)) for way in others})


if __name__ == "__main__":
    run(main)
