"""report_page: one HTML file of what is built here, for `baleen report --html`."""

from pathlib import Path

from baleen.errors import Problem
from baleen.measures import numbers
from baleen.project import dvc_lock
from baleen.reporting import built, calibrated, charts, experiments, page, sections
from baleen.reporting.samples import samples

WORDS = "Figures of the models, what became of every row, and how far the scores can be trusted."
SAMPLED = "Rows that stayed and rows that left, drawn by chance."


def revision() -> str:
    """The commit of the project, in short; '' outside of git."""
    return dvc_lock.git("describe", "--always", "--dirty").strip()


def page_text(compare: bool = False) -> str:
    """The page of the current project, which begins with the sentence of its numbers; with `compare` its experiments
    too."""
    charts.library()
    now = built.current()
    if not now.counts:
        raise Problem("nothing is built that could be reported; run: dvc repro")
    found = numbers.of_project()
    parts = [*([sections.compared(found)] if found else []), *sections.models(now)]
    parts += experiments.compared(experiments.listed()) if compare else []
    parts += [*sections.funnel(now), *calibrated.calibrations(now), *sections.texts(now), *sections.training(now)]
    title = " ".join(filter(None, [Path.cwd().name, revision()]))
    return page.rendered(title, found.sentence if found else WORDS, [*parts, *sections.cost()], samples(now), SAMPLED)


def is_wanted(html: Path | None, as_json: bool, experiments: bool = False) -> bool:
    """Whether a command is to write a page; a Problem when it is asked for JSON too."""
    if as_json and (html or experiments):
        flag = "--html" if html else "--experiments"
        raise Problem(f"--json and {flag} exclude each other: {flag} writes a page; leave one out")
    return bool(html or experiments)


def write(path: Path, compare: bool = False) -> str:
    """Write the page; returns what to say of it."""
    return save(path, page_text(compare))


def save(path: Path, text: str) -> str:
    """Write a page; returns what to say of it, a Problem when its folder is not there, or it is one."""
    if path.is_dir():
        raise Problem(f"{path} is a folder; name a file in it, such as {path / 'page.html'}")
    if not path.parent.is_dir():
        raise Problem(f"no folder {path.parent}; make it, or name another file")
    path.write_text(text, encoding="utf-8")
    return f"{path}: {len(text.encode()) / 1e6:.1f} MB, one file that needs nothing else"
