"""baleen: begin projects, and look at their targets before DVC builds them.

\b
baleen new my-data --corpus DOCS --seeds PAIRS    a project of your own; baleen add NAME adds a method to it
baleen show                                every target in build order, with what it reads
baleen show humpback-augment               every setting with its value and where it comes from
baleen run humpback-augment --dry-run      what it would query and cost; --limit 20 makes a preview
baleen plan                                what dvc repro will run, why, and what it takes
baleen check                               is everything well wired?
baleen report                              did curation help? the figures of the models; --html writes a page to send
baleen explain 3f2a                        where a row came from, and why it stayed or left
baleen diff HEAD humpback-curate-1         which rows came, went and changed, and why
baleen view                                a page of the tables: look, choose a threshold, compare rounds, label rows
baleen harness humpback arc_easy           tasks of lm-evaluation-harness, run on a model
baleen export humpback-dataset             a dataset or a model with its card, for the hub and for trainers
baleen doctor                              what this machine can do, and which profiles it can run
baleen memo stats                          the replies that are cached; verify, prune, push, pull
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from baleen.commands import (
    add,
    diff,
    diff_page,
    doctor,
    explain,
    export,
    harness,
    memo,
    new,
    own_data,
    own_requests,
    own_utterances,
    placing,
    plan,
    publish,
    report_page,
    show,
    view,
)
from baleen.commands import check as checks
from baleen.errors import Problem
from baleen.measures import numbers, numbers_text
from baleen.project import assemble, builds, recipes
from baleen.project.command_line import report_problems
from baleen.project.settings import ONCE
from stages import report, verbs

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
app.callback(help=__doc__)(doctor.options)
app.add_typer(memo.app, name="memo")
app.command("harness")(harness.command)
FLAGS = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command("show")
def show_command(
    target: Annotated[str, typer.Argument(help="without it every target in build order, with what it reads")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
) -> None:
    """Print every setting of a target with its value and the place that it comes from, or the targets of the project.

    Example: baleen show humpback-augment
    """
    found = show.settings_of(target) if target else show.pipeline()
    print(found.as_json() if as_json else found.text())


@app.command(context_settings=FLAGS)
def run(
    context: typer.Context,
    target: str,
    dry_run: Annotated[bool, typer.Option(help="say what would be queried and what it would cost, and stop")] = False,
    limit: Annotated[int, typer.Option(help="preview: only the first rows, written to <target>-preview")] = 0,
    budget: Annotated[int, typer.Option(help="query until so many tokens are paid; the same command goes on")] = 0,
) -> None:
    """Preview a target, say what it would cost, or query it up to a budget. Settings are flags too: --temperature 0.

    Example: baleen run humpback-augment --dry-run
    """
    line = recipes.named(target)
    once = {"dry_run": dry_run, "limit": limit, "budget": budget}
    if not any(once.values()):
        raise Problem(f"dvc repro {line.rule}@{line.name} builds it; for a look add --limit 20, or --dry-run")
    if odd := next((name for name, value in once.items() if value and line.verb not in ONCE[name]), ""):
        raise Problem(f"{line.verb} has no --{odd.replace('_', '-')}; dvc repro {line.rule}@{line.name} builds it")
    flags = [f"--{name}={value}" for name, value in {"limit": limit, "budget": budget}.items() if value]
    flags += ["--dry-run"] * dry_run
    if dry_run:
        verbs.print_memory(line.name)
    import_module(f"stages.{line.verb}").main([line.name, *flags, *context.args])


@app.command("plan")
def plan_command(
    targets: Annotated[list[str] | None, typer.Argument(help="only these and what they are built from")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
) -> None:
    """Say what the next dvc repro will run and what not, why, and what it takes.

    Example: baleen plan train@humpback
    """
    found = plan.with_costs(targets or [])
    print(plan.as_json(found) if as_json else plan.text(found))


@app.command("report")
def report_command(
    html: Annotated[Path | None, typer.Option(help="write it as one HTML file that needs nothing else")] = None,
    experiments: Annotated[bool, typer.Option("--experiments", help="compare those of dvc exp show too")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
) -> None:
    """Print the figures of the models with intervals, whether curation helped, and what the last build ran and cost; or
    write a page to send.

    Example: baleen report --html report.html
    """
    if report_page.is_wanted(html, as_json, experiments):
        return print(report_page.write(html or Path("report.html"), experiments))
    if as_json:
        return print(numbers_text.as_json(numbers.of_project()))
    recipes.check_here()
    if report.METRICS.is_file():
        report.main(["--look"])
    runs = builds.last_build()
    print(f"\nlast build\n{builds.table(runs)}" if runs else "no build is recorded yet; dvc repro makes one")


@app.command("new")
def new_command(
    folder: Path,
    method: Annotated[list[str], typer.Option(help="method to build; name several by repeating it")] = ["humpback"],  # noqa: B006
    corpus: Annotated[str, typer.Option(help="file or folder of documents, or python:docs")] = "",
    seeds: Annotated[str, typer.Option(help="file or folder of question-answer pairs")] = "",
    requests: Annotated[str, typer.Option(help="file of requests for long texts, for Self-Lengthen alone")] = "",
    corpus_columns: Annotated[str, typer.Option(help="such as response=text; without it by looking")] = "",
    seed_columns: Annotated[str, typer.Option(help="such as instruction=question,response=answer")] = "",
    documents: Annotated[int, typer.Option(help="draw so many documents of 300 to 1200 characters")] = 0,
    profile: Annotated[str, typer.Option(help="how big; without it the best that this machine can run")] = "",
    cache: Annotated[Path | None, typer.Option(help="folder of another project's DVC cache, to share it")] = None,
    verifiable: Annotated[str, typer.Option(help="prompts in the form of IFEval, whose answers a program checks")] = "",
    judge: Annotated[str, typer.Option(help="section of the profile whose model compares answers, such as chat")] = "",
    replace: Annotated[bool, typer.Option(help="write the files of a project anew; what was built stays")] = False,
) -> None:
    """Begin a project on your own corpus and seeds, or without them on the generated world.

    Example: baleen new my-data --corpus ~/documents --seeds ~/seeds.jsonl
    """
    methods, chosen = list(dict.fromkeys(method)), new.known_profile(profile) if profile else ""
    wanted = new.Wanted(placing.place(folder, replace), methods, chosen, cache, verifiable, judge)
    if assemble.UTTERANCES_ALONE in methods and corpus:
        raise Problem(f"{assemble.UTTERANCES_ALONE} reads labelled utterances and no corpus; leave --corpus out")
    if assemble.UTTERANCES_ALONE in methods and seeds:
        return print(f"{folder}: {own_utterances.on_utterances(wanted, seeds)}\nNext: cd {folder} && dvc repro")
    if bool(corpus) != bool(seeds):
        why = " (some are held out to measure every model on)" if corpus else ""
        lacking = "seeds" if corpus else "corpus"
        raise Problem(f"--{lacking} is missing{why}; name both, or neither for the generated world")
    if not corpus and (verifiable or judge):
        raise Problem("--verifiable and --judge are for your own data; name --corpus and --seeds too")
    if requests and corpus:
        raise Problem("--requests needs no --corpus and no --seeds; take them out")
    if requests:
        summary = own_requests.on_request_files(wanted, requests, own_data.mapping(seed_columns))
    elif corpus:
        mine = own_data.Corpus(corpus, own_data.mapping(corpus_columns), documents)
        summary = new.on_files(wanted, mine, seeds, own_data.mapping(seed_columns))
    else:
        summary = new.in_world(wanted)
    print(f"{folder}: {summary}\nNext: cd {folder} && dvc repro")


@app.command("add")
def add_command(names: list[str]) -> None:
    """Add methods, recipes of recipes/more or your own recipes to the project in the current folder; lines that are
    there stay as they are.

    Example: baleen add kun
    """
    with add.undone_by_a_problem():
        built = add.add(list(dict.fromkeys(names)))
        checks.check([])
    print(f"dvc repro now builds {', '.join(built)}")


@app.command("explain")
def explain_command(
    row: Annotated[str, typer.Argument(help="an id of any table, kept or dropped; its beginning is enough")],
    as_json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
) -> None:
    """Say where a row came from: source, every model step with prompt and reply, and why it stayed or left.

    Example: baleen explain 3f2a
    """
    found = explain.explain(row)
    print(explain.as_json(found) if as_json else explain.text(found))


@app.command("diff")
def diff_command(
    revisions: Annotated[list[str], typer.Argument(help="REV [REV] TARGET; one alone is compared with the work tree")],
    as_json: Annotated[bool, typer.Option("--json", help="for a program")] = False,
    html: Annotated[Path | None, typer.Option(help="write it as one HTML file that needs nothing else")] = None,
    was: Annotated[str, typer.Option(help="the name of the table at the first revision, where it was another")] = "",
) -> None:
    """Compare two versions of a table row by row: added, removed and changed rows, with the reason of those that left.

    Example: baleen diff HEAD humpback-curate-1
    """
    if not 2 <= len(revisions) <= 3:
        raise Problem("write one or two revisions and a target, such as baleen diff HEAD humpback-curate-1")
    *sides, target = revisions
    with diff.difference(target, sides[0], [*sides, diff.WORK_TREE][1], was) as found:
        if html and report_page.is_wanted(html, as_json):
            return print(diff_page.write(html, found))
        print(diff.as_json(found) if as_json else diff.text(found))


@app.command("view")
def view_command(
    table: Annotated[str, typer.Argument(help="table to begin with")] = "",
    label: Annotated[bool, typer.Option("--label", help="begin with labelling its rows")] = False,
    labeller: Annotated[str, typer.Option(help="who labels; without it user.name of git")] = "",
    revision: Annotated[list[str], typer.Option(help="show the tables of a commit, branch or experiment too")] = [],  # noqa: B006
    port: Annotated[int, typer.Option(help="port on this machine; 0 for any that is free")] = 0,
    browser: Annotated[bool, typer.Option("--open", help="open it in the browser")] = False,
) -> None:
    """Serve a page of the tables on this machine: look at rows, choose a threshold, compare rounds, label rows.

    Example: baleen view humpback-judge-1 --label
    """
    if label and not table:
        raise Problem("name the table whose rows are labelled, such as baleen view humpback-judge-1 --label")
    view.serve(view.Wanted(table, "label" if label else "table", tuple(revision), labeller, port), browser)


@app.command("export")
def export_command(
    target: Annotated[str, typer.Argument(help="a table, or a model that the project trains")],
    to: Annotated[str, typer.Option(help="messages, prompt-completion, alpaca or sharegpt")] = "messages",
    files: Annotated[str, typer.Option(help="parquet or jsonl")] = "parquet",
    split: Annotated[list[str], typer.Option(help="another split: test=heldout is a table, test=0.05 a share")] = [],  # noqa: B006
    rows_per_shard: Annotated[int, typer.Option(help="most rows of a file")] = 100_000,
    taught: Annotated[str, typer.Option("--as", help="model whose training says how a row is asked")] = "",
    out: Annotated[Path | None, typer.Option(help="folder; without it exports/<target>-<layout>")] = None,
    replace: Annotated[bool, typer.Option(help="write an export that is there anew")] = False,
    push: Annotated[str, typer.Option(help="publish it on the Hugging Face hub as organisation/name")] = "",
    public: Annotated[bool, typer.Option(help="with --push: a repository that everybody sees")] = False,
    dry_run: Annotated[bool, typer.Option(help="with --push: say what would be sent, and send nothing")] = False,
) -> None:
    """Write a table as a dataset, or a model as a checkpoint, with its card, for the hub and for trainers.

    Example: baleen export humpback-dataset --to sharegpt --split test=0.05
    """
    if push:
        publish.check_name(push)
    elif public or dry_run:
        raise Problem("--public and --dry-run say how --push publishes; name where, such as --push my-lab/my-data")
    wanted = export.Wanted(to, files, rows_per_shard, export.splits_of(split), taught, out)
    folder, summary = export.export(target, wanted, replace)
    print(f"{folder}: {summary}")
    if push:
        print(publish.describe(folder, push, public) if dry_run else publish.push(folder, push, public))


@app.command()
def check(targets: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Is all well wired, can this machine run it, can the first records be read? Answers in seconds, without a model.

    Example: baleen check train@humpback
    """
    print(checks.check_here(targets or []))


@app.command("doctor")
def doctor_command(as_json: Annotated[bool, typer.Option("--json", help="for a program")] = False) -> None:
    """Say what this machine can do (GPU, bf16, memory, disk, hub, extras) and which profiles it can run.

    Example: baleen doctor --json
    """
    found = doctor.report()
    print(doctor.as_json(found) if as_json else doctor.text(found))


def main() -> None:
    """The command `baleen`; it finds the dvc beside its Python even where the environment is not activated."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with report_problems():
        app()


if __name__ == "__main__":
    main()
