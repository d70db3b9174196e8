"""DVC's storage: where its local cache keeps a file, and the memo's place at a remote; only here is its API used."""

from pathlib import Path
from typing import Any

from baleen.errors import Problem


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
