"""train: teach a model to answer a prompt as the rows of a table do.

python -m stages.train reply --input seed --base base --prompt reply --profile pocket --settings sft
"""

from pathlib import Path

from baleen.errors import Problem
from baleen.project import settings
from baleen.project.command_line import run
from baleen.project.options import options_of_run, run_flags
from baleen.training import dry_run, requirements
from baleen.training.examples import GENERAL
from baleen.training.options import TrainOptions, check
from baleen.training.run import train_model


def names(options: TrainOptions) -> list[tuple[str, str]]:
    """The prompts that the settings, or rows of the table, name."""
    folder = sorted(f"{options.prompts}/{path.stem}" for path in Path("prompts", options.prompts).glob("*.md"))
    known = [*folder, *GENERAL] if options.prompts else [options.prompt]
    return [("prompt", name) for name in known if Path("prompts", f"{name}.md").is_file() or name not in GENERAL]


def main(argv: list[str]) -> None:
    argv, once = run_flags(argv)
    if once.limit or once.budget:
        raise Problem("train has no --limit and no --budget; shorten a run with --steps")
    name, options = options_of_run(TrainOptions, argv, "train", once)
    check(options, f"train {name}")
    requirements.check_stage("train", options)
    if once.dry_run:
        return print(dry_run.describe(name, options))
    if seconds := train_model(name, options, settings.speed()):
        dry_run.remember_speed(options, seconds)


if __name__ == "__main__":
    run(main)
