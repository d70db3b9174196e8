"""The memo of replies. Nothing here is needed to build: the memo grows and answers by itself, and deleting it only
costs the replies again.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from baleen.memo import exchange, report
from baleen.memo.prune import Pruned, prune_empty, prune_replies
from baleen.memo.store import Memo
from baleen.project import recipes
from baleen.project.dvc_storage import memo_at_remote
from baleen.project.locks import memo_folder
from baleen.training import checkpoints

ABANDONED = 7.0  # days after which nobody will go on with an interrupted stage
Remote = Annotated[str | None, typer.Option(help="a DVC remote, else the default one")]
app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help=__doc__)


@contextmanager
def opened() -> Iterator[Memo]:
    """The memo of the project, closed at the end; a Problem where there is neither."""
    if not memo_folder().is_dir():
        recipes.check_here()
    with closing(Memo(memo_folder())) as memo:
        yield memo


@app.command()
def stats() -> None:
    """Records and bytes, by space, with the rate measured on this machine; trainings that wait to go on.

    Example: baleen memo stats
    """
    with opened() as memo:
        unfinished = checkpoints.describe_runs(memo.root, memo.clock())
        print("\n".join([*report.contents(memo), *unfinished, *report.moved_aside(memo)]))


@app.command()
def verify(repair: Annotated[bool, typer.Option(help="delete damaged records")] = False) -> None:
    """Check every record; a damaged one is a Problem, or is deleted so that it is pulled or queried again.

    Example: baleen memo verify --repair
    """
    with opened() as memo:
        number = report.check_records(memo, repair)
        print(f"{memo.path}: {number} damaged records{' deleted' if number else ''}")


@app.command()
def prune(
    older_than: Annotated[float, typer.Option(metavar="DAYS", help="keep what is younger")] = ABANDONED,
    dry_run: Annotated[bool, typer.Option(help="count only")] = False,
    forget_missing: Annotated[
        bool, typer.Option(help="prune although tables are not in the cache, as if they were gone")
    ] = False,
    empty: Annotated[
        bool, typer.Option(help="delete the replies without a word instead, of any age and whatever names them")
    ] = False,
) -> None:
    """Delete replies that no table of a kept revision (work tree, branches, tags, experiments) names in its lineage,
    and the checkpoints of interrupted trainings; what is younger than some days stays, for a stage that was stopped
    has no table yet. After a server gave empty replies, --empty deletes those, and dvc repro -f asks for them again.

    Example: baleen memo prune --dry-run
    """
    with opened() as memo:
        if empty:
            print_pruned(memo, prune_empty(memo, dry_run), dry_run, "which were empty")
            return
        before = memo.clock() - older_than * checkpoints.DAY
        pruned = prune_replies(memo, Path("data"), int(before), dry_run, forget_missing)
        sizes = checkpoints.delete_abandoned(memo.root, before, dry_run)
        done = "would be deleted" if dry_run else "deleted"
        print_pruned(memo, pruned, dry_run, f"named by none of {pruned.tables} tables of the kept revisions")
        print(f"{memo.root / 'checkpoints'}: {len(sizes)} interrupted trainings {done}, {sum(sizes) / 1e6:.1f} MB")


def print_pruned(memo: Memo, pruned: Pruned, dry: bool, which: str) -> None:
    """Print how many replies were deleted, which these are, and the spaces that were left alone."""
    print(f"{memo.path}: {pruned.replies:,} replies {'would be deleted' if dry else 'deleted'}, {which}")
    for name in pruned.busy:
        print(f"{name}: kept, another process queries it now")


@app.command()
def push(remote: Remote = None) -> None:
    """Send the records that the remote has not, in new segments; a segment is never changed.

    Example: baleen memo push
    """
    with opened() as memo:
        fs, folder = memo_at_remote(remote)
        print(f"{folder}: {exchange.push(memo, fs, folder):,} replies pushed")


@app.command()
def pull(
    remote: Remote = None,
    again: Annotated[bool, typer.Option(help="fetch all of them, also what was pruned here since")] = False,
) -> None:
    """Fetch the segments that were neither made here nor fetched before; a reply that is here already stays.

    Example: baleen memo pull
    """
    with opened() as memo:
        fs, folder = memo_at_remote(remote)
        replies, number = exchange.pull(memo, fs, folder, again)
        print(f"{folder}: {replies:,} replies pulled in {number} segments")
