"""baleen asks about every row, in a project of two recipe lines: python baleen_rows.py JOB.json

The job's folder is the project. The rows, the prompt and the pin are written into it, as their user would edit them,
and `dvc repro` does the rest.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from baleen.project.yaml_files import parse_yaml, yaml_text

CHECKOUT = Path(__file__).parents[2]
RULES = ("plan", "ingest", "generate")


def files(job: dict) -> dict[str, str]:
    """The project, by path."""
    rules = parse_yaml((CHECKOUT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    stages = {name: rules[name] for name in RULES}
    stages["plan"]["deps"] = ["requirements.txt", "recipes", "profiles", "prompts"]
    ingest = {"source": "documents.jsonl", "origin": "web", "columns": {"response": "text"}}
    generate = {"input": "documents", "model": "instant", "engine": "openai", "prompt": "ask", **job["sampling"]}
    prompt = yaml_text({"writes": ["instruction"], "system": {"default": job["system"]}})
    pin = {"endpoint": job["endpoint"], "model": "instant"}
    return {
        "dvc.yaml": yaml_text({"vars": ["params.yaml", "recipes/peers.yaml"], "stages": stages}),
        "recipes/peers.yaml": yaml_text({"ingest": {"documents": ingest}, "generate": {"asked": generate}}),
        "prompts/ask.md": f"---\n{prompt}---\n$response\n",
        "models/instant/pin.yaml": yaml_text(pin),
        "profiles/server.yaml": yaml_text({"speed": job["settings"]}),
        "params.yaml": "profile: server\n",
        "requirements.txt": "baleen-build[openai]\n",
    }


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    project = Path(job["state"])
    for name, text in files(job).items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    shutil.copy(job["rows"], project / "documents.jsonl")
    if not (project / ".dvc").exists():
        subprocess.run(["dvc", "init", "-q", "--no-scm"], cwd=project, check=True)
    subprocess.run(["dvc", "repro"], cwd=project, check=True)
    table = pq.read_table(project / "data/asked.parquet", columns=["response", "instruction"]).to_pylist()
    lines = [json.dumps({"text": row["response"], "reply": row["instruction"]}) for row in table]
    Path(job["out"]).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
