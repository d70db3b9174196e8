"""DVC's storage: where its local cache keeps a file, and the memo's place at a remote; only here is its API used."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from baleen.errors import Problem
from baleen.project.command_line import is_full_disk


def cache_paths(hashes: list[str]) -> dict[str, Path]:
    """Where DVC's local cache keeps, or would keep, files by their MD5."""
    from dvc.repo import Repo

    local = Repo().cache.local
    return {md5: Path(local.oid_to_path(md5)) for md5 in hashes}


def fetched(path: Path, revision: str, folder: Path) -> Path:
    """A copy in `folder` of a file at a revision, from Git or from DVC's cache or remote; the path of nothing where the
    revision has no such file. A Problem for an unknown revision, and for a file that neither cache nor remote has."""
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    target = folder / path.name
    try:
        DVCFileSystem(url=".", rev=revision).get_file(str(path), str(target))
    except FileNotFoundError:
        target.unlink(missing_ok=True)
    except (DvcException, SCMError) as error:
        raise Problem(
            f"{path} of {revision!r} cannot be read ({error}); name a commit, branch, tag or experiment"
        ) from None
    return target


def memo_at_remote(name: str | None) -> tuple[Any, str]:
    """File system (of fsspec) and folder of the memo at a DVC remote, the default one for None."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        remote = Repo().cloud.get_remote(name)
    except DvcException as error:
        raise Problem(f"{error}; add a remote with dvc remote add -d <name> <url>") from None
    return remote.fs, remote.fs.join(remote.path, "memo")


@contextmanager
def reached(place: str) -> Iterator[None]:
    """A Problem for what goes wrong at a remote; a full disk is told as everywhere."""
    try:
        yield
    except Exception as error:  # every kind of remote has errors of its own
        if isinstance(error, Problem) or is_full_disk(error):
            raise
        said = str(error) or type(error).__name__
        advice = "see its address with dvc remote list; credentials are those of dvc pull"
        raise Problem(f"{place} cannot be reached ({said}); {advice}") from None


def files_at_remote(fs: Any, folder: str) -> list[str]:
    """The paths in a folder of a remote, none where it has no such folder yet; a Problem for a bucket that is not
    there, which looks like an empty folder to all who only ask whether the folder is there."""
    from dvc_objects.fs.base import ObjectFileSystem

    with reached(folder):
        try:
            has_bucket = isinstance(fs, ObjectFileSystem)
            return list(fs.find(folder)) if has_bucket or fs.exists(folder) else []
        except FileNotFoundError:
            if has_bucket and not fs.exists(bucket := fs.parts(folder)[0]):
                raise Problem(f"no bucket {bucket} for {folder}; make it, or correct the remote's address") from None
            return []
