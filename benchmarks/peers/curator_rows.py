"""curator asks about every row: python curator_rows.py JOB.json

Its cache is on, which is its default, and lies in the job's folder. Limits per minute are set so high that none waits.
"""

import json
import sys
from pathlib import Path

from bespokelabs import curator
from datasets import Dataset

FREE = 1_000_000_000  # a minute: no limit


class Ask(curator.LLM):
    """The row's text is the user's turn."""

    def prompt(self, row: dict) -> str:
        return row["text"]

    def parse(self, row: dict, response: str) -> dict:
        return {"text": row["text"], "reply": response}


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in Path(job["rows"]).read_text(encoding="utf-8").splitlines()]
    ask = Ask(
        model_name="instant",
        backend=job["settings"]["backend"],
        system_prompt=job["system"],
        generation_params=job["sampling"],
        backend_params={
            "base_url": job["endpoint"],
            "api_key": "none",
            "max_requests_per_minute": FREE // 100,
            "max_tokens_per_minute": FREE,
            "max_concurrent_requests": job["settings"]["max_concurrent_requests"],
        },
    )
    table = ask(Dataset.from_list(rows), working_dir=job["state"]).dataset
    lines = [json.dumps({"text": row["text"], "reply": row["reply"]}) for row in table]
    Path(job["out"]).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
