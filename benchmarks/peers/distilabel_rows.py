"""distilabel asks about every row: python distilabel_rows.py JOB.json

The cache of the pipeline is on, which is its default, and lies in the job's folder; rows come as a list of
dictionaries, as in its documentation.
"""

import json
import sys
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in Path(job["rows"]).read_text(encoding="utf-8").splitlines()]
    batch = job["settings"]["input_batch_size"]
    drawn = {"temperature": job["sampling"]["temperature"], "max_new_tokens": job["sampling"]["max_tokens"]}
    with Pipeline("peers", cache_dir=job["state"]) as pipeline:
        load = LoadDataFromDicts(name="load", data=[{"instruction": row["text"]} for row in rows], batch_size=batch)
        ask = TextGeneration(
            name="ask",
            llm=OpenAILLM(model="instant", base_url=job["endpoint"], api_key="none", generation_kwargs=drawn),
            system_prompt=job["system"],
            input_batch_size=batch,
            add_raw_output=False,
            add_raw_input=False,
        )
        load >> ask
    table = pipeline.run(use_cache=True)["default"]["train"]
    lines = [json.dumps({"text": row["instruction"], "reply": row["generation"]}) for row in table]
    Path(job["out"]).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
