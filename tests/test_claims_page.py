"""README's column of real text is made of docs/real.json, which a claim on real text writes."""

import json
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.tables.rows import Row
from benchmarks.claims import real
from benchmarks.claims.real import page

ROOT = Path(__file__).parents[1]
ROW = "| Humpback, arXiv:1 | [humpback.yaml](recipes/humpback.yaml), 19 | seeds | +15.4 | holds | not measured |"
HEADLINE = "curated by gain beats as many random pairs"
FOUND = {
    "measure": "loss", "difference": -0.00613, "low": -0.014, "high": 0.00204, "rows": 80, "seeds": [0, 1, 2],
    "verdict": "does not hold",
}  # fmt: skip


def result_of(**projects: dict[str, object]) -> Row:
    made = {name: {"arms": {}, "differences": {HEADLINE: one}} for name, one in projects.items()}
    return {"claim": "humpback", "seeds": [0, 1, 2], "projects": made}


def test_the_column_of_readme_is_what_was_recorded() -> None:
    text = (ROOT / page.README).read_text(encoding="utf-8")
    assert page.with_cells(text, json.loads((ROOT / page.RECORD).read_text(encoding="utf-8"))) == text
    told = {row["method"] for line in text.splitlines() if (row := page.ROW.match(line))}
    assert told == {name for name in real.METHODS if (ROOT / f"recipes/{name}.yaml").is_file()} | {"evol-instruct"}


@pytest.mark.parametrize("method", real.METHODS)
def test_the_headline_of_a_claim_is_one_of_its_pairs(method: str) -> None:
    made = real.claim(method)
    assert made.main_pair in made.pairs


def test_a_claim_is_recorded_and_told_in_its_row_alone(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    readme = tmp_path / "README.md"
    readme.write_text(f"# a\n{ROW}\n{ROW.replace('humpback', 'kun')}\n")
    page.record("humpback", result_of(tldr=FOUND, python={"verdict": "not built", "seeds": []}), tmp_path)
    kept = json.loads((tmp_path / page.RECORD).read_text())
    assert list(kept) == ["humpback"] and list(kept["humpback"]) == ["tldr"]
    first, changed, same, _ = readme.read_text().split("\n")
    assert (first, same) == ("# a", ROW.replace("humpback", "kun"))
    words = f"{HEADLINE} -0.0061 nats a token [-0.0140, +0.0020]: does not hold"
    assert changed == ROW.replace("not measured", words)
    before = (tmp_path / page.RECORD).read_text()
    with pytest.raises(Problem, match="nothing of humpback is built here; build it, or name with --folder where it is"):
        page.record("humpback", result_of(tldr={"verdict": "not built", "seeds": []}), tmp_path)
    assert (tmp_path / page.RECORD).read_text() == before
    page.record("humpback", result_of(python=FOUND), tmp_path)  # another project stands beside the first
    assert list(json.loads((tmp_path / page.RECORD).read_text())["humpback"]) == ["tldr", "python"]


def test_of_two_projects_one_has_the_figure_and_another_verdict_is_told_and_shares_are_in_points() -> None:
    share = FOUND | {"measure": "follows_all(x)", "difference": 0.0512, "low": 0.01, "high": 0.09, "verdict": "holds"}
    alone = f"{HEADLINE} -0.0061 nats a token [-0.0140, +0.0020]: does not hold"
    results = [result_of(python=second, tldr=FOUND)["projects"] for second in (share, FOUND)]
    cells = [page.cell("humpback", {"humpback": result}) for result in results]
    assert cells == [f"{alone}; python: holds", alone]
    of_all = share | {"measure": "instructions_followed(x) / count(x)"}
    assert page.figure(of_all) == "+5.1 points [+1.0, +9.0]: holds"
    assert page.figure(share | {"seeds": [0]}) == "+5.1 points [+1.0, +9.0]: holds (1 seed alone)"
    assert page.cell("evol-instruct", {}) == page.NOTHING
