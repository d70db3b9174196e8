"""Draw docs/view.png and docs/report.png from a built project: python -m benchmarks.pictures PROJECT humpback-judge-1

It needs Playwright and Debian's chromium.
"""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.view import server
from stages import report_page

CHROMIUM = "/usr/bin/chromium"
DOCS = Path(__file__).parents[1] / "docs"
SIZE = {"width": 1100, "height": 800}


@contextmanager
def browser_page() -> Iterator[Any]:
    """A page of a browser without a screen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
        browser.close()


def draw(project: Path, table: str, picture: Path = DOCS / "view.png") -> None:
    """The page of the threshold of a table."""
    with chdir(project), server() as address, browser_page() as page:
        page.goto(f"{address.removesuffix('api/')}#/cut?table={table}")
        page.wait_for_selector(".pane .card")
        page.screenshot(path=picture)


def draw_report(project: Path, picture: Path = DOCS / "report.png") -> None:
    """The head of the report of a project."""
    with chdir(project), TemporaryDirectory() as folder, browser_page() as page:
        report_page.write(Path(folder, "report.html"))
        page.goto(Path(folder, "report.html").as_uri())
        page.screenshot(path=picture)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), sys.argv[2])
    draw_report(Path(sys.argv[1]))
