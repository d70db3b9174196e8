"""DataDesigner asks about every row of a seed file: python datadesigner_rows.py JOB.json

It resumes what is on disk if the configuration is the same (ResumeMode.IF_POSSIBLE). Rows are taken in order.
"""

import json
import os
import sys
from pathlib import Path

import data_designer.config as dd
from data_designer.interface import DataDesigner, ResumeMode


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    settings = job["settings"]
    os.environ["PEERS_KEY"] = "none"
    provider = dd.ModelProvider(name="here", endpoint=job["endpoint"], provider_type="openai", api_key="PEERS_KEY")
    model = dd.ModelConfig(
        alias="instant",
        model="instant",
        provider="here",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(
            max_parallel_requests=settings["max_parallel_requests"], **job["sampling"]
        ),
    )
    config = dd.DataDesignerConfigBuilder(model_configs=[model])
    config.with_seed_dataset(dd.LocalFileSeedSource(path=job["rows"]), sampling_strategy=dd.SamplingStrategy.ORDERED)
    config.add_column(
        dd.LLMTextColumnConfig(name="reply", model_alias="instant", prompt="{{ text }}", system_prompt=job["system"])
    )
    designer = DataDesigner(artifact_path=job["state"], model_providers=[provider])
    designer.set_run_config(dd.RunConfig(buffer_size=settings["buffer_size"], otel_metrics_port=None))
    number = len(Path(job["rows"]).read_text(encoding="utf-8").splitlines())
    result = designer.create(config, num_records=number, dataset_name="peers", resume=ResumeMode.IF_POSSIBLE)
    table = result.load_dataset()
    lines = [json.dumps({"text": t, "reply": r}) for t, r in zip(table["text"], table["reply"], strict=True)]
    Path(job["out"]).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
