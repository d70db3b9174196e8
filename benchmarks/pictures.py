"""Draw docs/view.png and docs/report.png from a built project: python -m benchmarks.pictures PROJECT humpback-judge-1

A third argument names another folder than docs. It needs Playwright and Debian's chromium.
"""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from baleen.commands import report_page
from benchmarks import chromium
from benchmarks.view import server

DOCS = Path(__file__).parents[1] / "docs"
SIZE = {"width": 1100, "height": 800}


@contextmanager
def browser_page() -> Iterator[Any]:
    """A page of a browser without a screen."""
    with chromium.launched() as browser:
        yield browser.new_page(viewport=SIZE, color_scheme="light")


def draw(project: Path, table: str, picture: Path) -> None:
    """The page of the threshold of a table."""
    with chdir(project), server() as address, browser_page() as page:
        page.goto(f"{address.removesuffix('api/')}#/cut?table={table}")
        page.wait_for_selector(".pane .card")
        page.screenshot(path=picture)


def draw_report(project: Path, picture: Path) -> None:
    """The head of the report of a project."""
    with chdir(project), TemporaryDirectory() as folder, browser_page() as page:
        report_page.write(Path(folder, "report.html"))
        page.goto(Path(folder, "report.html").as_uri())
        page.screenshot(path=picture)


if __name__ == "__main__":
    project, table, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3] if sys.argv[3:] else DOCS).absolute()
    draw(project, table, folder / "view.png")
    draw_report(project, folder / "report.png")
