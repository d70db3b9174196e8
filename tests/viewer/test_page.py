"""The page in headless Chromium: it is used with a mouse and with a keyboard alone, on a phone and in the dark."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb", reason="the extra view is not installed")
pytest.importorskip("uvicorn", reason="the extra view is not installed")

import browser
import project
import viewer_project
from browser import Screen
from viewer_project import BROKEN, COUNT, KEPT, MEGABYTE, OVERRIDE, SCRIPT

from baleen.tables import labels, rows

pytestmark = pytest.mark.slow
PAGES = {
    "rows": "table=curate-1&part=both",
    "cut": "table=judge-1",
    "compare": "table=curate-1&right=curate-2&order=change",
    "label": "table=judge-1&plan=near&blind=0",
    "row": f"table=judge-1&id={rows.row_id(OVERRIDE)}",
}
UNNAMED = """[...document.querySelectorAll("button, input, select, a")]
  .filter((one) => one.checkVisibility() && !(one.innerText || one.ariaLabel || one.labels?.length))
  .map((one) => one.outerHTML)"""
READY = {"rows": ".card", "cut": ".pane .card", "compare": ".pair .card", "label": ".answers", "row": ".places li"}


@dataclass
class Served:
    """`baleen view` at work, and a browser beside it."""

    folder: Path
    address: str
    chromium: Any

    def open(self, shown: Screen, page: str, query: str = "") -> Any:
        """Open a page and wait until it is filled."""
        shown.page.goto(f"{self.address}#/{page}?{query or PAGES[page]}")
        shown.page.wait_for_selector(READY[page])
        return shown.page


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    with browser.chromium() as chromium, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        viewer_project.write_project(folder)
        command = [sys.executable, "-m", "baleen", "view", "curate-1", "--labeller", "Ada"]
        environment = project.environment(folder) | {"PYTHONPATH": str(project.CHECKOUT)}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout and server.stderr
            yield Served(folder, server.stdout.readline().strip(), chromium)
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == 0 and server.stderr.read() == ""


@pytest.fixture
def shown(served: Served) -> Iterator[Screen]:
    with browser.screen(served.chromium) as found:
        yield found
        assert found.errors == []


def totals(page: Any) -> list[str]:
    return [one.inner_text() for one in page.query_selector_all(".position")]


def test_the_address_alone_shows_the_table_that_was_named(served: Served, shown: Screen) -> None:
    shown.page.goto(served.address)
    shown.page.wait_for_selector(".card")
    assert shown.page.inner_text("h1") == "curate-1" and totals(shown.page) == [f"1 to {KEPT} of {KEPT}"]


def test_a_table_that_is_not_there_is_one_line(served: Served, shown: Screen) -> None:
    shown.page.goto(f"{served.address}#/rows?table=judge-3")
    shown.page.wait_for_selector("text=There is no table judge-3; choose one above.")


def test_rows_are_searched_filtered_sorted_and_paged_side_by_side(served: Served, shown: Screen) -> None:
    page = served.open(shown, "rows", "table=curate-1")
    page.get_by_label("Rows", exact=True).select_option("both")
    page.wait_for_selector(".panes.two .card")
    shown.until(f"document.body.innerText.includes('1 to 25 of {COUNT - KEPT}')")
    page.select_option("select[aria-label=Column]", "worst")
    page.select_option("select[aria-label=Test]", ">=")
    page.fill("input[aria-label=Value]", "9")
    page.click("text=Add")
    page.wait_for_selector(".chip")
    shown.until("!document.body.innerText.includes('…')")
    wanted = [row for row in viewer_project.documents() if row["worst"] is not None and row["worst"] >= 9]
    counts = [int(words.rpartition(" ")[2]) if "of" in words else 0 for words in totals(page)]
    assert sum(counts) == len(wanted)
    page.click(".chip")
    page.wait_for_selector(".chip", state="detached")
    page.get_by_label("Sort", exact=True).select_option("worst")
    page.click("text=Lowest first")
    page.wait_for_selector("text=Highest first")
    page.wait_for_selector(".pane:first-child .card")
    scores = [
        float(one.inner_text().split()[1]) for one in page.query_selector_all(".pane:first-child .marks span:has(b)")
    ]
    assert scores == sorted(scores, reverse=True) and len(scores) == KEPT
    page.fill("input[type=search]", "number 7 ")
    page.keyboard.press("Enter")
    shown.until("document.querySelectorAll('.card').length === 1")
    assert page.inner_text(".card .response") == "The answer of number 7 is 49."
    page.go_back()
    shown.until("document.querySelectorAll('.card').length > 20")


def test_the_slider_says_at_once_how_many_rows_stay(served: Served, shown: Screen) -> None:
    page = served.open(shown, "cut")
    assert re.match(rf"{KEPT}\sof\s{COUNT} rows stay", page.inner_text("output"))
    page.focus("input[type=range]")
    before = page.inner_text("output")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("output") != before  # without waiting for an answer
    shown.until("location.hash.includes('threshold=')")
    page.keyboard.press("End")
    assert page.inner_text("output").startswith(f"{COUNT - 1} of {COUNT} rows stay")
    page.fill("input[type=number]", "3")
    wanted = sum(row["worst"] is not None and row["worst"] <= 3 for row in viewer_project.documents())
    shown.until(f"document.querySelector('output').innerText.startsWith('{wanted} of')")
    shown.until("document.querySelector('.calibration .at')?.innerText.startsWith('Precision')")
    there = page.inner_text(".calibration .at")
    page.fill("input[type=number]", "25")
    shown.until(f"document.querySelector('.calibration .at').innerText !== {there!r}")
    page.fill("input[type=number]", "3")
    shown.until(f"document.querySelector('output').innerText.startsWith('{wanted} of')")
    last = page.query_selector_all(".pane:first-child .card")[-1].inner_text()
    assert float(re.search(r"worst\s+([\d.]+)", last)[1]) <= 3  # type: ignore[index]


def test_two_rounds_stand_side_by_side(served: Served, shown: Screen) -> None:
    page = served.open(shown, "compare")
    page.get_by_label("Rows", exact=True).select_option("only left kept")
    shown.until("location.hash.includes('only+left')")
    page.wait_for_selector(".pair .card .dropped")
    pair = page.query_selector_all(".pair:not(.heads)")[0].query_selector_all(".card")
    assert pair[0].get_attribute("href").split("&")[0] == pair[1].get_attribute("href").split("&")[0]
    assert not pair[0].query_selector(".dropped") and pair[1].query_selector(".dropped")


def test_rows_are_labelled_with_the_keyboard_alone(served: Served, shown: Screen) -> None:
    page = shown.page
    page.goto(served.address)
    page.wait_for_selector(".card")
    page.keyboard.press("4")
    page.wait_for_selector(".answers")
    texts = list[str]()
    for key, word in {"g": "good", "b": "bad", "u": "bad"}.items():
        texts.append(page.inner_text(".whole.instruction .text"))
        page.keyboard.press(key)
        page.wait_for_selector(f"#status:has-text('{word}')" if key != "u" else "#status:has-text('replaces')")
    page.keyboard.press("g")
    page.wait_for_selector("#status:has-text('good: written')")
    written = labels.read("curate-1", served.folder / "labels")
    assert [label.label for label in written] == ["good", "bad", "good"]
    assert [label.label for label in labels.latest(written)] == ["good", "good"]
    assert {label.labeller for label in written} == {"Ada"} and all(label.blind for label in written)
    assert {label.plan for label in written} == {"uniform"} and texts[0] != texts[1] != texts[2]
    page.wait_for_selector("td:has-text('2')")


def test_the_next_row_can_be_labelled_while_the_last_label_is_written(served: Served, shown: Screen) -> None:
    page, held_back, released = shown.page, list[Any](), list[bool]()
    page.route("**/api/label", lambda route: route.continue_() if released else held_back.append(route))
    served.open(shown, "label", "table=judge-2")
    texts = list[str]()
    for key, place in {"g": 2, "b": 3}.items():
        texts.append(page.inner_text(".whole.response .text"))
        page.keyboard.press(key)
        page.wait_for_selector(f"text=Row {place} of")
    assert len({*texts}) == 2 and labels.read("judge-2", served.folder / "labels") == []
    released.append(True)
    held_back[0].continue_()
    page.wait_for_selector("#status:has-text('bad: written')")
    known = {row["id"]: row["response"] for row in viewer_project.documents()}
    written = labels.read("judge-2", served.folder / "labels")
    assert [(label.label, known[label.row]) for label in written] == [("good", texts[0]), ("bad", texts[1])]


def test_a_row_whose_label_was_not_written_is_shown_again(served: Served, shown: Screen) -> None:
    page = served.open(shown, "label", "table=judge-2")
    place = page.inner_text("p:has-text('in the order of this plan')")
    page.route("**/api/label", lambda route: route.fulfill(status=400, json={"error": "the disk is full"}))
    page.keyboard.press("g")
    page.wait_for_selector("#status:has-text('the disk is full')")
    page.wait_for_selector(f"text={place}")
    shown.errors.clear()  # the browser's own line about the answer 400


def test_everything_is_reached_with_the_keyboard_alone(served: Served, shown: Screen) -> None:
    page = served.open(shown, "rows")
    page.keyboard.press("/")
    page.keyboard.type("number 7 ")
    page.keyboard.press("Enter")
    shown.until("document.querySelectorAll('.card').length === 1")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".places li")
    assert "number 7 is 49" in page.inner_text(".whole.response")
    page.keyboard.press("2")
    page.wait_for_selector("input[type=range]")
    shown.focus_and_press("input[type=range]")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    served.open(shown, "rows")
    shown.focus_and_press("#field-sort")
    page.keyboard.press("ArrowDown")
    shown.until("location.hash.includes('sort=id')")
    shown.until("document.activeElement.id === 'field-sort'")
    page.keyboard.press("1")  # a select takes keys for itself
    served.open(shown, "rows")
    for selector in ("#table", "nav a", "input[type=search]", "select[aria-label=Column]", ".card"):
        shown.focus_and_press(selector)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_is_readable_in_light_and_dark(page: str, scheme: str, served: Served) -> None:
    with browser.screen(served.chromium, 375, 740, scheme) as shown:
        served.open(shown, page)
        assert shown.fits()
        assert shown.low_contrasts() == []
        ground = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground))) < 200) == (scheme == "dark")
        assert shown.page.evaluate(UNNAMED) == []
        assert shown.errors == []


@pytest.mark.parametrize("text", [SCRIPT, BROKEN, OVERRIDE, MEGABYTE], ids=["script", "broken", "override", "megabyte"])
def test_a_malicious_document_is_text(text: str, served: Served, shown: Screen) -> None:
    query = f"table=judge-1&search={'number' if text == MEGABYTE else ''}"
    page = served.open(shown, "rows", query)
    page.goto(f"{served.address}#/row?table=judge-1&id={rows.row_id(text)}")
    page.wait_for_selector(".places li")
    if text == MEGABYTE:
        page.click("text=Show all 1,048,576 characters")
    there = page.text_content(".whole.response .text")
    assert there == re.sub(browser_hidden(), lambda match: browser_mark(match[0]), text)
    assert page.title().endswith("baleen view") and page.query_selector("main script, main img, main style") is None
    assert "\u202e" not in page.content() and shown.fits()


def browser_hidden() -> str:
    return "[\u202e\u202c\u200b\ufeff\x1b\x07\U000e0041\U000e0042]"


def browser_mark(character: str) -> str:
    return "ESC" if character == "\x1b" else f"U+{ord(character):04X}"


def test_a_page_without_the_token_says_which_address_to_open(served: Served) -> None:
    with browser.screen(served.chromium) as shown:
        shown.page.goto(served.address.rsplit("/", 2)[0] + "/wrong/")
        assert "wrong token: open the address" in shown.page.inner_text("body")


def test_the_picture_of_the_guide_can_be_drawn_and_is_small(served: Served, tmp_path: Path) -> None:
    with browser.screen(served.chromium, 1100, 620) as shown:
        page = served.open(shown, "cut")
        page.screenshot(path=tmp_path / "view.png")
    pictures = [tmp_path / "view.png", *(project.CHECKOUT / f"docs/{name}.png" for name in ("view", "report"))]
    assert all(10_000 < path.stat().st_size < 150_000 for path in pictures)
