"""Headless Chromium for a test, with what a page did wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks.chromium import CHROMIUM, launched

# The contrast of every element that has a text of its own, by WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)
CONTRASTS = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = (colour) => (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parts(getComputedStyle(at).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility() || node.disabled || node.closest("noscript, script, option")) continue;
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    found.push([node.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return found;
}"""


@dataclass
class Screen:
    """A page of a browser, and the errors of its console."""

    page: Any
    errors: list[str] = field(default_factory=list)

    def low_contrasts(self) -> list[tuple[str, float]]:
        """Texts of a contrast below 4.5, which WCAG asks for at level AA."""
        found = self.page.evaluate(CONTRASTS)
        assert found
        return [(text, ratio) for text, ratio in found if ratio < 4.5]

    def until(self, expression: str) -> None:
        """Wait until an expression of JavaScript is true; Playwright's own way evaluates it in the page, which the
        page's policy forbids."""
        for _ in range(300):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never true: {expression}")

    def fits(self) -> bool:
        """Whether nothing has to be scrolled sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    def focus_and_press(self, selector: str, limit: int = 60) -> None:
        """Go to an element with the tabulator alone."""
        for _ in range(limit):
            if self.page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{limit} tabulators do not reach {selector}")


def need_chromium() -> None:
    """Skip the test where there is no browser."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not there (apt-get install chromium)")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    need_chromium()
    with launched() as browser:
        yield browser


@contextmanager
def screen(browser: Any, width: int = 1280, height: int = 900, scheme: str = "light") -> Iterator[Screen]:
    """A fresh page; errors of its console and uncaught exceptions end in `errors`."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    shown = Screen(context.new_page())
    shown.page.set_default_timeout(15_000)
    shown.page.on("console", lambda one: shown.errors.append(one.text) if one.type in ("error", "warning") else None)
    shown.page.on("pageerror", lambda error: shown.errors.append(str(error)))
    shown.page.on("dialog", lambda dialog: (shown.errors.append(f"dialog {dialog.message}"), dialog.dismiss()))
    try:
        yield shown
    finally:
        context.close()
