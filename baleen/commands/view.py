"""view: a page on this machine to look at tables, choose thresholds, compare rounds and label rows."""

import json
import secrets
import socket
import webbrowser
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Any

from baleen.commands import explain
from baleen.errors import Problem
from baleen.project import dvc_lock, dvc_storage, recipes

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Wanted:
    """What to serve: the table and page to begin with, other revisions, who labels, and the port (0 for any)."""

    table: str = ""
    page: str = "table"
    revisions: tuple[str, ...] = ()
    labeller: str = ""
    port: int = 0


def labeller(name: str) -> str:
    """The name that labels are given under: the one given, that of git, or the login."""
    return name.strip() or dvc_lock.git("config", "user.name").strip() or getuser()


def row(own: str, find: explain.Find = explain.ids_in) -> Any:
    """What `baleen explain` knows of a row, for a page."""
    return json.loads(explain.as_json(explain.explain(own, find)))


def tables_of(revisions: Iterable[str]) -> dict[str, tuple[Path, ...]]:
    """The tables of other revisions as DVC's cache has them, by names such as humpback-curate-1@main."""
    found = dict[str, tuple[Path, ...]]()
    for revision in revisions:
        recorded = dvc_lock.tables_of_lock(revision, lock_of(revision))
        cached = dvc_storage.cache_paths([table.md5 for table in recorded])
        paths = {Path(table.path).stem: cached[table.md5] for table in recorded if cached[table.md5].is_file()}
        if not paths:
            raise Problem(f"DVC's cache has no table of {revision}; git checkout it and dvc pull, or name another")
        for name in (name for name in paths if not name.endswith(explain.DROPPED)):
            parts = (paths[name], paths.get(name + explain.DROPPED))
            found[f"{name}@{revision}"] = tuple(path.absolute() for path in parts if path)
    return found


def lock_of(revision: str) -> str:
    """The dvc.lock of a branch, tag, commit or experiment."""
    known = (dvc_lock.git("show", f"{name}:./{dvc_lock.LOCK}") for name in (revision, *named_so(revision)))
    text = next(filter(None, known), "")
    if not text:
        raise Problem(f"{revision!r} has no {dvc_lock.LOCK}; name a commit, branch, tag or experiment")
    return text


def named_so(revision: str) -> list[str]:
    """Experiments of a name."""
    return [name for name in dvc_lock.references() if name.startswith("refs/exps/") and name.endswith(f"/{revision}")]


def bound(port: int) -> socket.socket:
    """A socket on loopback; nothing outside this machine reaches it."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOOPBACK, port))
        found.listen(128)  # from here on a browser waits for its answer and is not refused
    except (OSError, OverflowError) as error:
        found.close()
        raise Problem(f"port {port} cannot be used ({error}); name another, or leave --port out") from None
    return found


def serve(wanted: Wanted, browser: bool = False) -> None:
    """Serve the project in the current folder until Ctrl-C."""
    import uvicorn

    from baleen.viewer.server import Viewer, application
    from baleen.viewer.sources import Project

    project = Project(Path("data"), tables_of(wanted.revisions))
    if not project.names():
        recipes.check_here()
        raise Problem("no table in data/; build some with dvc repro, or fetch them with dvc pull")
    if wanted.table:
        project.files(wanted.table)
    start = {"table": wanted.table, "page": wanted.page}
    viewer = Viewer(project, labeller(wanted.labeller), row, start)
    with bound(wanted.port) as place, suppress(KeyboardInterrupt), closing(viewer.engine):
        port, token = place.getsockname()[1], secrets.token_urlsafe(16)
        address = f"http://{LOOPBACK}:{port}/{token}/"
        print(f"{address}\nOnly this machine can open it. Ctrl-C ends it.", flush=True)
        if browser:
            webbrowser.open(address)
        settings = uvicorn.Config(
            application(viewer, token, port),
            log_config=None,  # the logging of this process stays as it is: an empty one shows warnings on stderr
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
        )
        uvicorn.Server(settings).run(sockets=[place])
