"""Server: the page, and its questions as JSON. It reads tables, and writes nothing but labels."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from baleen.errors import Problem
from baleen.tables import labels
from baleen.tables.labels import BAD, GOOD, Label
from baleen.viewer import agreeing, comparing, cutting, drawing, questions, trusting
from baleen.viewer.drawing import DrawingPlan
from baleen.viewer.engine import Engine, Pending, Work
from baleen.viewer.guard import App, guarded
from baleen.viewer.questions import Condition, View
from baleen.viewer.sources import HIGHER_IS_BETTER, Project, Source, md5_of, planned_settings

STATIC = Path(__file__).with_name("static")
EXACT = 2**53  # a larger whole number is another one in JavaScript
Asked = dict[str, str]
Find = Callable[[Path, str], dict[str, int]]  # where in a file the first row of an id is


def utc_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Viewer:
    """What is served: a project, who labels, how a row is explained, and where labels are written."""

    project: Project
    labeller: str
    explain: Callable[[str, Find], Any]
    start: dict[str, Any] = field(default_factory=dict)  # what the page shows first
    folder: Path = labels.FOLDER
    clock: Callable[[], str] = utc_now
    engine: Engine = field(default_factory=Engine)

    def overview(self, _: Asked) -> Any:
        """The tables of the project."""
        filters = planned_settings("filter")
        tables = [self.project.described(name, filters) for name in self.project.names()]
        return {"tables": tables, "labeller": self.labeller, "start": self.start}

    def rows(self, asked: Asked) -> Any:
        """A page of the rows of a view; while a search goes on, those that it has so far."""
        conditions = tuple(Condition(*map(str, one)) for one in json.loads(asked.get("where", "[]")))
        descending = asked.get("descending") == "1"
        view = View(self.source(asked), asked.get("search", ""), conditions, asked.get("sort", ""), descending)
        at = page_slice(asked)
        try:
            numbers, share = questions.shown_rows(self.engine, view), 1.0
        except Pending as pending:
            numbers, share = pending.rows[: 0 if view.sort else None], pending.share
        rows = questions.page(self.engine, view.source, numbers[at].tolist())
        return {"total": len(numbers), "share": share, "rows": rows}

    def scores(self, asked: Asked) -> Any:
        """What a slider over a score needs."""
        name, column, highest = asked["table"], asked["column"], asked.get("highest") == "1"
        found = cutting.overview(self.engine, self.project.source(name, "all"), column, highest)
        return found | {"threshold": cutting.threshold_of(self.engine, self.project, name, column, highest)}

    def cut(self, asked: Asked) -> Any:
        """How many rows stay at a threshold, and those next to it."""
        source, threshold = self.project.source(asked["table"], "all"), finite(asked["threshold"])
        return cutting.at_threshold(self.engine, source, asked["column"], asked.get("highest") == "1", threshold)

    def calibrations(self, asked: Asked) -> Any:
        """What the calibrations of a table say of a score."""
        name, column, highest = asked["table"], asked["column"], asked.get("highest") == "1"
        return {"calibrations": trusting.calibrations(self.engine, self.project, name, column, highest)}

    def row(self, asked: Asked) -> Any:
        """Everything that is known of a row."""
        here = [name for name in self.project.names() if name not in self.project.others]
        paths = [path for name in here for path in self.project.files(name)]
        self.engine.ready([self.start_ids(path) for path in paths])
        return self.explain(asked["id"], self.find)

    def start_ids(self, path: Path) -> Work:
        """The work that reads the ids of a file."""
        return self.engine.start(
            (path, path.stat().st_mtime_ns, "ids"), lambda _: questions.id_hashes(self.engine, path)
        )

    def find(self, path: Path, own: str) -> dict[str, int]:
        """Where in a file the first row of an id is, if there is one."""
        places = questions.places_of(self.engine, self.start_ids(path.absolute()).future.result(), own)
        return {own: places[0]} if places else {}

    def compare(self, asked: Asked) -> Any:
        """A page of two tables side by side, by id."""
        sides = self.project.source(asked["left"], "all"), self.project.source(asked["right"], "all")
        by_change = asked.get("order") == "change"
        score, group = asked.get("score", ""), asked.get("group", "all")
        found = comparing.compared(self.engine, sides, score, group, by_change, page_slice(asked))
        return found | {
            "agreement": comparing.decisions_agree(self.engine, sides, self.cut_in_use(asked["left"], score))
        }

    def cut_in_use(self, name: str, score: str) -> DrawingPlan:
        """The threshold by which a table's rows are kept now, of a score that it may not have."""
        own = self.project.described(name).get("cut") or {}
        highest = bool(own.get("highest")) if own.get("column") == score else score in HIGHER_IS_BETTER
        has = self.project.source(name, "all").columns.get(score) == "number"
        threshold = cutting.threshold_of(self.engine, self.project, name, score, highest) if has else None
        return DrawingPlan("near", score, 0.0 if threshold is None else threshold, highest)

    def draw(self, asked: Asked) -> Any:
        """The next row to label; without its score and what became of it where the labeller is blind."""
        source, plan = self.project.source(asked["table"], "all"), plan_of(asked)
        order = drawing.sequence(self.engine, source, plan)
        given = labels.read(asked["table"], self.folder)
        known = set[tuple[str, str]]() if asked.get("again") else drawing.texts_labelled(given, self.labeller)
        mine = {"labels": drawing.summary(given), "plan": plan.words, "rows": len(order.rows)}
        for at, n, row in drawing.unlabelled(self.engine, source, order, known, int(asked.get("from", 0))):
            shown = {"place": at, "n": n, "id": row["id"], "text": labels.text_hash(row)}
            shown["texts"] = {name: row[name] for name in labels.TEXTS if row.get(name)}
            seen = questions.page(self.engine, source, [n])[0]
            grade = {"score": seen["numbers"].get(plan.column), "kept": seen["kept"]}
            return mine | {"row": shown | ({} if asked.get("blind", "1") == "1" else grade)}
        return mine | {"row": None}

    def agreement(self, asked: Asked) -> Any:
        """The agreement of labellers, and of the score with people."""
        source = self.project.source(asked["table"], "all")
        cut = plan_of(asked) if asked.get("column") else None
        return {"lines": agreeing.report(self.engine, source, labels.read(asked["table"], self.folder), cut)}

    def label(self, body: dict[str, Any]) -> Any:
        """Write what a labeller says of the row that was drawn; refused when it is another text by now."""
        asked = {key: str(value) for key, value in body.items()}
        name, plan, word = asked["table"], plan_of(asked), asked["label"]
        if word not in (GOOD, BAD) or not isinstance(body["blind"], bool):
            raise Problem(f"label {word!r}, blind {asked['blind']}; write {GOOD} or {BAD}, and true or false")
        source, place = self.project.source(name, "all"), int(asked["place"])
        order = drawing.sequence(self.engine, source, plan)
        if not 0 <= place < len(order.rows):
            raise Problem(f"no row {place} in this order; reload the page")
        row = drawing.text_rows(self.engine, source, [int(order.rows[place])]).popitem()[1]
        if (row["id"], labels.text_hash(row)) != (asked["id"], asked["text"]):
            raise Problem(f"row {asked['id']} is another one by now, the table was built again; reload the page")
        table = source.files[0]
        md5 = self.engine.result((table, table.stat().st_mtime_ns, "md5"), lambda _: md5_of(table))
        given = (row["id"], word, self.labeller, asked["text"], md5, plan.words, *order.stratum(place))
        labels.append(name, Label(*given, body["blind"], self.clock()), self.folder)
        return {"labels": drawing.summary(labels.read(name, self.folder))}

    def source(self, asked: Asked) -> Source:
        """The rows that a page shows, whose files are kept in memory from now on."""
        found = self.project.source(asked["table"], asked.get("part", "kept"))
        for path in found.files:
            self.engine.held.want(path)
        return found


def plan_of(asked: Asked) -> DrawingPlan:
    """The plan that a question names; under `uniform` the score does not decide the order, but may be shown."""
    threshold = finite(asked.get("threshold") or "0")
    return DrawingPlan(asked.get("plan", "uniform"), asked.get("column", ""), threshold, asked.get("highest") == "1")


def finite(text: str) -> float:
    """A number that a page has sent."""
    value = questions.number(text)
    if value is None:
        raise Problem(f"threshold {text!r} is no number")
    return value


def page_slice(asked: Asked) -> slice:
    """The rows of the page that is asked for."""
    first = max(0, int(asked.get("offset", 0)))
    return slice(first, first + min(questions.MOST, max(1, int(asked.get("limit", 25)))))


def sendable(value: Any) -> Any:
    """A value as JSON can say it and JavaScript can read it: no NaN, no whole number that would be rounded."""
    if isinstance(value, dict):
        return {str(key): sendable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [sendable(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def as_response(value: Any, status: int = 200) -> Response:
    content = json.dumps(sendable(value), ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(content, status, media_type="application/json")


def answered(answer: Callable[[Any], Any], asked: Any) -> Response:
    """The answer to a question as JSON: 202 while it is computed, 400 with one line for what cannot be meant."""
    try:
        return as_response(answer(asked))
    except duckdb.CatalogException:  # a table in memory that was dropped meanwhile; its file is still there
        return as_response({"share": 0.0}, 202)
    except Pending as pending:
        return as_response({"share": pending.share}, 202)
    except Problem as problem:
        return as_response({"error": str(problem)}, 400)
    except (duckdb.Error, pa.ArrowException, OSError) as error:  # such as a file that a build has just replaced
        return as_response({"error": f"a table cannot be read ({error}); if it is being built, ask again then"}, 400)
    except KeyError as missing:
        return as_response({"error": f"the question lacks {missing}"}, 400)
    except (ValueError, TypeError) as error:
        return as_response({"error": f"the question cannot be read: {error}"}, 400)


def application(viewer: Viewer, token: str, port: int) -> App:
    """The application behind its guard; every address begins with the token."""

    def get(answer: Callable[[Asked], Any]) -> Callable[[Request], Response]:
        return lambda request: answered(answer, dict(request.query_params))

    async def post_label(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return as_response({"error": "no object of JSON"}, 400)
        return await run_in_threadpool(answered, viewer.label, body)

    tables = (viewer.overview, viewer.rows, viewer.scores, viewer.cut, viewer.row, viewer.compare)
    judging = (viewer.draw, viewer.agreement, viewer.calibrations)
    routes = [Route(f"/api/{one.__name__}", get(one)) for one in (*tables, *judging)]
    routes += [Route("/api/label", post_label, methods=["POST"])]
    site = StaticFiles(directory=STATIC, html=True)
    inside = Mount(f"/{token}", routes=[*routes, Mount("/", site)])
    return guarded(Starlette(routes=[inside]), token, port)
