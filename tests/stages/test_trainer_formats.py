"""The keys by which trainers are told how to read an export, and what the trainers' own code reads of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import project
import pytest

from baleen.tables.layouts import LAYOUTS

# axolotl 0.19.0, utils/schemas/datasets.py: those of SFTDataset and UserDefinedPrompterType that a card may write
AXOLOTL = {
    "chat_template", "data_files", "ds_type", "field_messages", "message_property_mappings", "name", "path", "revision",
    "roles", "split", "type",
}  # fmt: skip
AXOLOTL_TYPE = {
    "field_input", "field_instruction", "field_output", "field_system", "format", "no_input_format", "system_format",
    "system_prompt",
}  # fmt: skip
# LLaMA-Factory 0.9.5, data/parser.py: what DatasetAttr.join reads beside the name of the file
LLAMA_FACTORY = {"columns", "file_name", "folder", "formatting", "num_samples", "ranking", "split", "subset", "tags"}
COLUMNS = {"history", "messages", "prompt", "query", "response", "system", "tools"}
TAGS = {f"{name}_tag" for name in ("assistant", "content", "function", "observation", "role", "system", "user")}
# nobody's defaults: where a layout names any columns, a column that it leaves out is none; tags likewise
NEEDED_TAGS = {f"{name}_tag" for name in ("assistant", "content", "role", "system", "user")}
PACKAGES = os.environ.get("TRAINER_PACKAGES", "")


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS.values() if layout.llama_factory])
def test_a_layout_is_described_by_keys_that_llama_factory_knows(layout: Any) -> None:
    described = layout.llama_factory
    assert {*described} <= LLAMA_FACTORY and {*described["columns"]} <= COLUMNS
    assert {*described["columns"].values()} == {*layout.columns}
    assert described.get("formatting", "alpaca") in ("alpaca", "sharegpt", "openai")
    assert NEEDED_TAGS <= {*described.get("tags", NEEDED_TAGS)} <= TAGS


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS.values() if layout.axolotl])
def test_a_layout_is_described_by_keys_that_axolotl_knows(layout: Any) -> None:
    own = layout.axolotl["type"] if isinstance(layout.axolotl["type"], dict) else {}
    assert {*layout.axolotl} <= AXOLOTL and {*own} <= AXOLOTL_TYPE
    named = {value for name, value in {**layout.axolotl, **own}.items() if name.startswith("field_")}
    assert named == {*layout.columns}


@pytest.mark.slow
@pytest.mark.skipif(not PACKAGES, reason="$TRAINER_PACKAGES names no folder with axolotl and LLaMA-Factory")
def test_trainers_read_what_was_exported(tmp_path: Path) -> None:
    env = project.environment(tmp_path) | {"HF_DATASETS_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "benchmarks.trainer_formats", PACKAGES, "--json"]
    ended = subprocess.run(command, cwd=project.CHECKOUT, env=env, text=True, capture_output=True)
    assert not ended.returncode, ended.stderr
    cases = json.loads(ended.stdout.splitlines()[-1])["cases"]
    assert len(cases) == 24 and all(case["read"] == case["expected"] for case in cases)
