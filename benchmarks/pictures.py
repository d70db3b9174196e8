"""Draw docs/view.png from a built project: python -m benchmarks.pictures PROJECT humpback-judge-1

It needs Playwright and Debian's chromium.
"""

import sys
from contextlib import chdir
from pathlib import Path

from benchmarks.view import server

CHROMIUM = "/usr/bin/chromium"
PICTURE = Path(__file__).parents[1] / "docs" / "view.png"
SIZE = {"width": 1100, "height": 800}


def draw(project: Path, table: str, picture: Path = PICTURE) -> None:
    """The page of the threshold of a table."""
    from playwright.sync_api import sync_playwright

    with chdir(project), server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
        page.goto(f"{address.removesuffix('api/')}#/cut?table={table}")
        page.wait_for_selector(".pane .card")
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1]), sys.argv[2])
