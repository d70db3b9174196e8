"""The lines that docs/methods.md gives for public data read them, each on a record or two in the published form."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from baleen.project.yaml_files import parse_yaml
from stages.ingest import main

PAGE = (Path(__file__).parents[2] / "docs/methods.md").read_text(encoding="utf-8")
LINES = [parse_yaml(line) for line in re.findall(r"`(\{source: [^`]+\})`", PAGE)]
TURNS = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]
REPLY = {"text": "So.", "role": "assistant", "lang": "en", "rank": 0, "replies": []}
FILES: dict[str, Any] = {
    "oasst1.trees.jsonl.gz": [{"prompt": {"text": "Why?", "role": "prompter", "lang": "en", "replies": [REPLY]}}],
    "seed_tasks.jsonl": [{"id": "a", "instruction": "Why?", "instances": [{"input": "", "output": "So."}]}],
    "alpaca_data.json": [{"instruction": "Why?", "input": "", "output": "So."}],
    "sharegpt.json": [{"id": "a", "conversations": [*TURNS, *TURNS]}],
    "paragraphs.jsonl": [{"text": "So."}],
    "code": {"a.py": "So.", "b.txt": "No.", "c.py": ""},
    "pairs.tsv": "en\tes\nWhy?\tSo.\n",
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["source"])
def test_a_line_reads_its_data(line: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path(line["source"]), FILES[line["source"]])
    columns = [word for name, field in line.get("columns", {}).items() for word in (f"--columns.{name}", field)]
    others = [word for name, value in line.items() if name != "columns" for word in (f"--{name}", value)]
    main(["out", *others, *columns])
    [row] = pq.read_table("data/out.parquet").to_pylist()
    assert row["response"] == "So." and row.get("instruction", "Why?") == "Why?"


def test_every_form_has_its_line() -> None:
    assert [line["source"] for line in LINES] == [*FILES]


def write(path: Path, content: Any) -> None:
    if isinstance(content, str):
        path.write_text(content)
    elif isinstance(content, dict):
        path.mkdir()
        for name, text in content.items():
            write(path / name, text)
    elif path.suffix == ".json":
        path.write_text(json.dumps(content))
    else:
        lines = "".join(json.dumps(record) + "\n" for record in content).encode()
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
