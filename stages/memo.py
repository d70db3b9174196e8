"""The reply memo from the command line: python -m stages.memo stats | verify | prune | push | pull

Nothing here is needed to build: the memo grows and answers by itself, and deleting it only costs the replies again.
"""

import argparse
from contextlib import closing
from pathlib import Path

from baleen.memo import exchange, report
from baleen.memo.prune import prune_replies
from baleen.memo.store import Memo
from baleen.project.command_line import run
from baleen.project.dvc_storage import memo_at_remote
from baleen.project.locks import memo_folder
from baleen.training import checkpoints

ABANDONED = 7.0  # days after which nobody will go on with an interrupted stage


def stats(memo: Memo, given: argparse.Namespace) -> None:
    """Records and bytes, by space, with the rate measured on this machine; trainings that wait to go on."""
    unfinished = checkpoints.describe_runs(memo.root, memo.clock())
    print("\n".join([*report.contents(memo), *unfinished, *report.moved_aside(memo)]))


def verify(memo: Memo, given: argparse.Namespace) -> None:
    """Check every record; a damaged one is a Problem, or is deleted so that it is pulled or queried again."""
    number = report.check_records(memo, given.repair)
    print(f"{memo.path}: {number} damaged records{' deleted' if number else ''}")


def prune(memo: Memo, given: argparse.Namespace) -> None:
    """Delete replies that no table of a kept revision (work tree, branches, tags, experiments) names in its lineage,
    and the checkpoints of interrupted trainings; what is younger than some days stays, for a stage that was stopped
    has no table yet."""
    before = memo.clock() - given.older_than * checkpoints.DAY
    pruned = prune_replies(memo, Path("data"), int(before), given.dry_run, given.forget_missing)
    sizes = checkpoints.delete_abandoned(memo.root, before, given.dry_run)
    done = "would be deleted" if given.dry_run else "deleted"
    print(
        f"{memo.path}: {pruned.replies:,} replies {done}, named by none of {pruned.tables} tables of the kept revisions"
    )
    print(f"{memo.root / 'checkpoints'}: {len(sizes)} interrupted trainings {done}, {sum(sizes) / 1e6:.1f} MB")
    for name in pruned.busy:
        print(f"{name}: kept, another process queries it now")


def push(memo: Memo, given: argparse.Namespace) -> None:
    """Send the records that the remote has not, in new segments; a segment is never changed."""
    fs, folder = memo_at_remote(given.remote)
    print(f"{folder}: {exchange.push(memo, fs, folder):,} replies pushed")


def pull(memo: Memo, given: argparse.Namespace) -> None:
    """Fetch the segments that were neither made here nor fetched before; a reply that is here already stays."""
    fs, folder = memo_at_remote(given.remote)
    replies, number = exchange.pull(memo, fs, folder, given.again)
    print(f"{folder}: {replies:,} replies pulled in {number} segments")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.memo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    flags = {}
    for verb in (stats, verify, prune, push, pull):
        flags[verb] = verbs.add_parser(verb.__name__, help=verb.__doc__)
        flags[verb].set_defaults(verb=verb)
    flags[verify].add_argument("--repair", action="store_true")
    young = f"keep what is younger ({ABANDONED:g})"
    flags[prune].add_argument("--older-than", type=float, metavar="DAYS", default=ABANDONED, help=young)
    flags[prune].add_argument("--dry-run", action="store_true", help="count only")
    missing = "prune although tables are not in the cache, as if they were gone"
    flags[prune].add_argument("--forget-missing", action="store_true", help=missing)
    for verb in (push, pull):
        flags[verb].add_argument("--remote", help="a DVC remote (the default one)")
    flags[pull].add_argument("--again", action="store_true", help="fetch all of them, also what was pruned here since")
    return parser


def main(argv: list[str]) -> None:
    given = arguments().parse_args(argv)
    with closing(Memo(memo_folder())) as memo:
        given.verb(memo, given)


if __name__ == "__main__":
    run(main)
