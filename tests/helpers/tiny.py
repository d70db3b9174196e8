"""A tiny workspace to train in: people with a job and a town, in prose and as answers to questions."""

from pathlib import Path
from typing import Any

from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from stages import origin

NAMES = ("anna", "ben", "carl", "dora", "emil")
JOBS = ("baker", "pilot", "nurse", "judge")
TOWNS = ("rome", "oslo", "bern")
FACTS = [(name, job, town) for name in NAMES for job in JOBS for town in TOWNS]
PROSE = [f"{name} is a {job} from {town} ." for name, job, town in FACTS]
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "words": ["what", "does", "do", "?"],
}
SECTIONS = {
    "origin": SIZES,
    "pretrain": {"steps": 40, "batch": 8, "lr": 0.01, "max_length": 16, "packing": True},
    "sft": {"steps": 40, "batch": 8, "lr": 0.01, "max_length": 32, "warmup": 0.1, "lr_floor": 0.1, "dropout": 0.1},
    "short": {"steps": 10, "batch": 8, "lr": 0.01, "max_length": 32},
    "lora": {"steps": 10, "batch": 8, "lr": 0.01, "max_length": 32, "lora_rank": 2, "dropout": 0.1},
    "tight": {"steps": 10, "batch": 8, "lr": 0.01, "max_length": 4},
    "wild": {"steps": 20, "batch": 8, "lr": 1.0, "max_length": 32, "max_grad_norm": 0.0},
    "dpo": {"steps": 30, "batch": 8, "lr": 0.003, "max_length": 32},
    "lora-dpo": {"steps": 10, "batch": 8, "lr": 0.003, "max_length": 32, "lora_rank": 2},
    "none": {"steps": 0},
}


def write_speed(**more: Any) -> None:
    """Change the speed settings of the workspace."""
    whole = SECTIONS | {"speed": {"device": "cpu", "train_rows": 8, "checkpoint_seconds": 3600} | more}
    Path("profiles/tiny.yaml").write_text(yaml_text(whole))


def populate(home: Path) -> None:
    """A workspace with prompts, a profile, two tables and the pin of a model to be made."""
    for folder in ("prompts", "profiles", "data", "models"):
        (home / folder).mkdir()
    (home / "params.yaml").write_text("profile: tiny\n")
    (home / "prompts/text.md").write_text("---\nwrites: [response]\n---\n")
    (home / "prompts/reply.md").write_text("---\nwrites: [response]\n---\n$instruction\n")
    write_speed()
    rows.write("prose", [{"id": str(i), "origin": "prose", "response": text} for i, text in enumerate(PROSE)])
    asked = [(f"what does {name} do ?", text) for (name, _, _), text in zip(FACTS, PROSE, strict=True)]
    seed = [{"id": str(i), "origin": "seed", "instruction": q, "response": a} for i, (q, a) in enumerate(asked)]
    rows.write("seed", seed)
    rows.write("broken", [row | {"response": None} if row["id"] < "2" else row for row in seed])
    origin.main(["origin", "--profile", "tiny"])
