"""A project to look at: two rounds of a filter over one judge, with rows that no page should trip over."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from baleen.commands import view
from baleen.project import plan
from baleen.project.plan import Planned
from baleen.tables import rows
from baleen.tables.rows import Row, row_id
from baleen.viewer.engine import Engine
from baleen.viewer.server import Viewer, application
from baleen.viewer.sources import Project
from stages import calibrate

TOKEN, PORT = "secret", 8765
SCRIPT = '<script>document.title="owned"</script><img src=x onerror="document.title=1">'
BROKEN = "</div></main><!-- <style>*{display:none}</style> &lt;b&gt; ]]> <svg onload=alert(1)>"
OVERRIDE = "safe \u202egnp.exe\u202c end\u200b\ufeff \x1b[31mred\x07 \U000e0041\U000e0042"
MEGABYTE = "x" * (1 << 20)
STRANGE = {"script": SCRIPT, "broken": BROKEN, "override": OVERRIDE, "megabyte": MEGABYTE}
COUNT = 60
KEPT = 20  # of a round


def documents() -> list[Row]:
    """60 pairs with a score each, but the last, and those with strange answers."""
    texts = [f"The answer of number {n} is {n * n}." for n in range(COUNT - len(STRANGE))] + [*STRANGE.values()]
    scored = [
        {
            "id": row_id(text),
            "origin": "web",
            "source": {"file": "docs.jsonl", "position": n + 1, "span": None, "licence": None},
            "instruction": f"What is {n} squared?",
            "response": text,
            "worst": None if n == 5 else float(n % 30) + n / 100,
            "lineage": [],
        }
        for n, text in enumerate(texts)
    ]
    return scored


def write_round(name: str, table: list[Row], kept: int) -> None:
    """A filter's table: the rows with the lowest score, and the others with a reason."""
    ranked = sorted((row for row in table if row["worst"] is not None), key=lambda row: row["worst"])
    stay = {row["id"] for row in ranked[:kept]}
    with rows.Output(rows.table_path(name)) as output:
        for row in table:
            if row["id"] in stay:
                output.keep(row)
            else:
                output.drop(row, "worst unreadable" if row["worst"] is None else "not best worst")


def write_project(folder: Path) -> None:
    """judge-1 and judge-2 with curate-1 and curate-2, and their plans, in the current folder."""
    first = documents()
    second = [row | {"worst": None if row["worst"] is None else 30 - row["worst"]} for row in first]
    plan.FOLDER.mkdir(parents=True)
    for number, table in enumerate((first, second), 1):
        rows.write(f"judge-{number}", table)
        write_round(f"curate-{number}", table, KEPT)
        planned = Planned("filter", {"input": f"judge-{number}", "best": "worst", "highest": False, "share": 0.3})
        plan.path_of(f"curate-{number}").write_text(plan.text_of(planned), encoding="utf-8")
    write_calibration()


def write_calibration() -> None:
    """trusted-1: every third row of judge-1 is good, as its score has it but for some."""
    known = [
        row | {"good": float(row["worst"] < 10) if n % 7 else float(n % 2), "kind": "", "pair": str(n)}
        for n, row in enumerate(documents())
        if row["worst"] is not None
    ]
    rows.write("known-1", known)
    own = {"input": "known-1", "against": "judge-1", "best": "worst", "share": 0.3}
    plan.path_of("trusted-1").write_text(plan.text_of(Planned("calibrate", own)), encoding="utf-8")
    calibrate.main(["trusted-1", "--input", "known-1", "--against", "judge-1", "--best", "worst", "--share", "0.3"])
    for path in Path("data").glob("known-1*"):
        path.unlink()


@dataclass
class Asker:
    """Asks the server without a browser and without a network."""

    viewer: Viewer
    client: TestClient

    def get(self, name: str, **given: object) -> Any:
        """The answer to a question, which must be one."""
        response = self.client.get(f"/{TOKEN}/api/{name}", params={key: str(value) for key, value in given.items()})
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, name: str, **given: object) -> str:
        """The line with which a question is refused."""
        response = self.client.get(f"/{TOKEN}/api/{name}", params={key: str(value) for key, value in given.items()})
        assert response.status_code == 400, response.text
        return str(response.json()["error"])

    def post(self, **body: object) -> Any:
        return self.client.post(f"/{TOKEN}/api/label", json=body)

    def label(self, word: str, **asked: object) -> Row:
        """Label the next row of a plan; the row that was drawn."""
        row = self.get("draw", **asked)["row"]
        response = self.post(**asked, id=row["id"], text=row["text"], place=row["place"], label=word, blind=True)
        assert response.status_code == 200, response.text
        return dict(row)

    def ids(self, **given: object) -> list[str]:
        """The ids on a page of rows."""
        return [row["texts"]["id"][0] for row in self.get("rows", limit=200, **given)["rows"]]


def asker(labeller: str = "Ada", wait: float = 30.0, room: int | None = None) -> Asker:
    """A server of the project in the current folder; `room` is the bytes of tables that it may hold in memory."""
    engine = Engine(wait, room)
    viewer = Viewer(Project(), labeller, view.row, clock=lambda: "2026-11-28T12:00:00Z", engine=engine)
    return Asker(viewer, TestClient(application(viewer, TOKEN, PORT), base_url=f"http://127.0.0.1:{PORT}"))  # type: ignore[arg-type]
