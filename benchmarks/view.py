"""Seconds that `baleen view` takes to answer each action on a large table: python -m benchmarks.view [--rows 1000000]

A table of texts of 120 words and a filter that keeps a third of it, asked over HTTP on loopback from an empty cache.
`first` is the time of the first answer, which may say how far a search or sort is and have the rows found so far;
`whole` is the time until it is complete; `again` that of the same action once more, or of the next page. `held` is the
time until it is complete when the tables are in memory, some seconds after they were opened, and `cpu` the processor
time of that; `read` is how long they take to be read, and `held_mb` what they take there.
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import pyarrow as pa

from baleen.project import plan
from baleen.project.plan import Planned
from baleen.tables import rows
from benchmarks.tables import documents

if TYPE_CHECKING:
    from baleen.viewer.server import Viewer

TOKEN = "benchmark"
Figures = dict[str, dict[str, float]]
Action = tuple[str, dict[str, object]]  # a question of the server, or a page, and what it is given
ACTIONS: dict[str, Action] = {
    "overview": ("overview", {}),
    "first page": ("rows", {"table": "judge"}),
    "last page": ("rows", {"table": "judge", "offset": -25}),
    "dropped rows": ("rows", {"table": "curate", "part": "dropped"}),
    "sort by a score": ("rows", {"table": "judge", "sort": "loss", "descending": 1}),
    "sort by a text": ("rows", {"table": "judge", "sort": "response"}),
    "sort by length": ("rows", {"table": "judge", "sort": "length of response"}),
    "filter by a score": ("rows", {"table": "judge", "where": '[["loss", "<=", "0.001"]]'}),
    "search a word that is there": ("rows", {"table": "judge", "search": "tion"}),
    "search a word that is not": ("rows", {"table": "judge", "search": "zzzzqq"}),
    "search, filter and sort": (
        "rows",
        {"table": "judge", "search": "ab", "where": '[["loss", ">", "0.5"]]', "sort": "id"},
    ),
    "slider": ("scores", {"table": "judge", "column": "loss"}),
    "rows next to a threshold": ("cut", {"table": "judge", "column": "loss", "threshold": 0.25}),
    "compare two tables": ("compare", {"left": "judge", "right": "curate", "score": "loss", "order": "change"}),
    "draw a row to label": ("draw", {"table": "judge", "plan": "near", "column": "loss", "threshold": 0.25}),
    "one row": ("row", {"id": ""}),
}  # fmt: skip


def write_project(number: int) -> str:
    """The tables in the current folder; the id of a row in the middle."""
    filters = [rows.Output(rows.table_path(name)) for name in ("judge", "curate")]
    own = ""
    with filters[0] as judge, filters[1] as curate:
        for batch in documents(number):
            stay = pa.array(np.asarray(batch.column("loss")) < 1 / 3)
            judge.keep_batch(batch)
            curate.keep_batch(batch.filter(stay))
            gone = batch.filter(pa.compute.invert(stay))
            reasons = ["not best loss"] * len(gone)
            curate.drop_batch(gone, pa.array(reasons), reasons)
            own = own if own and judge.kept.rows > number / 2 else str(batch.column("id")[0])
    plan.FOLDER.mkdir(parents=True)
    plan.path_of("curate").write_text(plan.text_of(Planned("filter", {"input": "judge", "best": "loss"})))
    return own


@contextmanager
def server(viewer: "Viewer | None" = None) -> Iterator[str]:
    """The address of a server of the current folder."""
    import uvicorn

    from baleen.commands import view
    from baleen.viewer.server import application

    viewer = viewer or new_viewer()
    with view.bound(0) as place:
        port = place.getsockname()[1]
        app = application(viewer, TOKEN, port)
        running = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [place]})
        thread.start()
        try:
            yield f"http://{view.LOOPBACK}:{port}/{TOKEN}/api/"
        finally:
            running.should_exit = True
            thread.join()
            viewer.engine.close()


def new_viewer() -> "Viewer":
    """What is served of the current folder."""
    from baleen.commands import view
    from baleen.viewer.server import Viewer
    from baleen.viewer.sources import Project

    return Viewer(Project(), "benchmark", view.row)


def answer(address: str) -> tuple[float, bool]:
    """Seconds of an answer, and whether it is complete."""
    begun = time.perf_counter()
    with urlopen(address) as response:
        found: dict[str, Any] = json.loads(response.read())
    return time.perf_counter() - begun, found.get("share", 1.0) >= 1


def timed(address: str) -> dict[str, float]:
    """Seconds of the first answer of an action, until it is complete, and once more."""
    begun = time.perf_counter()
    first, complete = answer(address)
    while not complete:
        time.sleep(0.05)
        _, complete = answer(address)
    whole = time.perf_counter() - begun
    return {"first": first, "whole": whole, "again": answer(address)[0]}


def address(action: Action, number: int, own: str) -> str:
    """What follows the base in the address of an action."""
    question, given = action
    place = ({"offset": number - 25} if "offset" in given else {}) | ({"id": own} if "id" in given else {})
    return f"{question}?{urlencode(given | place)}"


def measured(number: int) -> Figures:
    """The figures of every action."""
    with TemporaryDirectory(prefix="baleen-view-") as folder, chdir(folder):
        own = write_project(number)
        with server() as base:
            found = {name: timed(base + address(action, number, own)) for name, action in ACTIONS.items()}
        size = sum(path.stat().st_size for path in Path("data").glob("*.parquet"))
        return held(found, number, own) | {"tables": {"rows": number, "megabytes": size / 1e6}}


def held(found: Figures, number: int, own: str) -> Figures:
    """These figures, with those of a server that has the tables in memory."""
    viewer = new_viewer()
    with server(viewer) as base:
        begun = time.perf_counter()
        hold_tables(viewer, base)
        memory = {"read": time.perf_counter() - begun, "held_mb": viewer.engine.held.bytes() / 1e6}
        for name, action in ACTIONS.items():
            cpu = time.process_time()
            figures = timed(base + address(action, number, own))
            found[name] |= {"held": figures["whole"], "cpu": time.process_time() - cpu}
    return found | {"memory": memory}


def hold_tables(viewer: "Viewer", base: str) -> None:
    """Open both tables and wait until they are in memory."""
    for query in ("table=judge", "table=curate&part=all"):
        answer(f"{base}rows?{query}")
    viewer.engine.held.wait()


def show(found: Figures, as_json: bool) -> None:
    """Print the figures: one object, or a line for each action."""
    if as_json:
        return print(json.dumps(found))
    for name, figures in found.items():
        print(f"{name:<30}" + "".join(f"{key} {value:8.2f}   " for key, value in figures.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    show(measured(options.rows), options.json)


if __name__ == "__main__":
    main()
