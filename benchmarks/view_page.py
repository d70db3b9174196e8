"""Seconds that the page of `baleen view` takes in a browser: python -m benchmarks.view_page [--rows 1000000] [--json]

From the moment an address is opened to the last change of the page, in headless Chromium, with the tables of
benchmarks.view in memory. `first` is the first change, which may say that the server is at work.
"""

import argparse
from contextlib import chdir
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import chromium, view

START = "rows?table=judge&offset=25"
ROWS = ("first page", "last page", "sort by a score", "sort by a text", "sort by length")
SEARCHES = ("search a word that is there", "search a word that is not")
ACTIONS: dict[str, view.Action] = {
    **{name: view.ACTIONS[name] for name in (*ROWS, *SEARCHES)},  # the page takes what its server takes
    "kept and dropped rows": ("rows", {"table": "curate", "part": "both"}),
    "slider": ("cut", {"table": "judge", "column": "loss"}),
    "compare two tables": ("compare", {"table": "judge", "right": "curate", "score": "loss", "order": "change"}),
    "draw a row to label": ("label", {"table": "judge", "plan": "near", "column": "loss", "threshold": 0.25}),
    "one row": ("row", {"table": "judge", "id": ""}),
}
# The page changes while rows come in; it is taken to be done when it has not changed for so long after its last answer
CHANGES = """async ([hash, quiet]) => {
  const begun = performance.now(), changes = [];
  const watch = new MutationObserver(() => changes.push(performance.now() - begun));
  watch.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  location.hash = hash;
  const answers = () => performance.getEntriesByType("resource").map((one) => one.responseEnd - begun);
  while (performance.now() - begun - Math.max(0, changes.at(-1) ?? 0, ...answers()) < quiet)
    await new Promise((resolve) => setTimeout(resolve, 20));
  watch.disconnect();
  return [changes[0] / 1000, changes.at(-1) / 1000];
}"""


def measured(number: int, quiet: int) -> dict[str, dict[str, float]]:
    """The figures of every action; a page that has not changed for `quiet` milliseconds is done."""
    with TemporaryDirectory(prefix="baleen-view-") as folder, chdir(folder):
        own, viewer = view.write_project(number), view.new_viewer()
        with view.server(viewer) as base, chromium.launched() as browser:
            page = browser.new_page()
            page.goto(f"{base.removesuffix('api/')}#/{START}")
            view.hold_tables(viewer, base)
            addresses = {name: view.address(action, number, own) for name, action in ACTIONS.items()}
            return {name: timed(page, one, quiet) for name, one in addresses.items()}


def timed(page: Any, address: str, quiet: int) -> dict[str, float]:
    """The figures of an address that is opened from another page."""
    page.evaluate(CHANGES, [f"/{START}", quiet])
    first, drawn = page.evaluate(CHANGES, [f"/{address}", quiet])
    return {"first": first, "drawn": drawn}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--quiet", type=int, default=1200, help="milliseconds without a change after which a page is done"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    view.show(measured(options.rows, options.quiet), options.json)


if __name__ == "__main__":
    main()
