"""A model is exported as a checkpoint with its card, and TRL trains on what is exported as it is."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import local_models
import project
import pytest

from baleen.commands import export, model_card
from baleen.commands.export import Wanted
from baleen.errors import Problem
from baleen.models.identity import folder_digest
from baleen.project.yaml_files import parse_yaml, yaml_text
from baleen.tables import rows
from baleen.tables.layouts import LAYOUTS

pytestmark = pytest.mark.slow

PAIRS = [
    {"id": f"{n:016x}", "origin": origin, "instruction": f"what is {n} ?", "response": f"it is {n} ."}
    for n in range(8)
    for origin in ("seed", "web")
]
FIGURES = {"rows": 99, "unread": 0, "mean": 0.394, "against": 0.3, "difference": 0.094, "low": 0.02, "high": 0.16}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which one model, as if trained, is there with its numbers, and the origin as a pin of the hub."""
    project.link_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for name in ("humpback-dataset", "humpback-mix-2"):
        rows.write(name, [row | {"id": f"{n:016x}"} for n, row in enumerate(PAIRS)])
    local_models.write_folder(Path("models/humpback"))
    Path("models/origin").mkdir()
    Path("models/origin/pin.yaml").write_text(yaml_text({"hub": "some/base", "revision": "0" * 40}))
    rows.write_json(
        Path("models/humpback.json"), {"rows_in": 16, "examples": 15, "dropped": {"too long": 1}, "steps": 9}
    )
    groups = {"test": {"pocket.ok(truth,answer)": FIGURES}}
    rows.write_json(Path("data/eval-humpback.json"), {"rows": 99, "groups": groups})
    return tmp_path


def test_a_checkpoint_has_a_card_with_base_data_and_numbers(folder: Path) -> None:
    made, summary = export.export("train@humpback", Wanted())
    assert made == Path("exports/humpback") and folder_digest(Path("models/humpback")) in summary
    assert folder_digest(made) == folder_digest(Path("models/humpback"))
    text = (made / "README.md").read_text(encoding="utf-8")
    assert parse_yaml(text.split("---\n")[1])["base_model"] == "some/base" and "license" not in text.split("---\n")[1]
    assert f"some/base at commit {'0' * 40}" in text
    assert sha256(Path("data/humpback-mix-2.parquet").read_bytes()).hexdigest() in text
    assert "| left out\\: too long | 1 |" in text
    assert "| eval-humpback | pocket.ok(truth,answer) | 99 | 39.4 | +9.40 \\[+2.00, +16.00\\] |" in text
    assert (
        "| Answer in the style of an AI Assistant. | 8 |" in text
        and "| Answer with knowledge from web search. | 8 |" in text
    )
    assert "| seed | Answer in the style of an AI Assistant. |" in text and "2308.06259" in text
    assert str(folder) not in text


def test_its_snippet_asks_it_with_a_system_message_that_it_learned(folder: Path) -> None:
    export.export("humpback", Wanted())
    [code] = re.findall(r"^```python\n(.*?)^```$", Path("exports/humpback/README.md").read_text(), re.M | re.S)
    assert "'role': 'system', 'content': 'Answer in the style of an AI Assistant.'" in code
    compile(code, "snippet", "exec")


def test_a_pin_is_no_checkpoint(folder: Path) -> None:
    Path("models/reply").mkdir()
    Path("models/reply/pin.yaml").write_text(yaml_text({"hub": "some/base", "revision": "0" * 40}))
    with pytest.raises(Problem, match="models/reply is a pin of a model elsewhere, no checkpoint"):
        export.export("reply", Wanted())
    assert not [*Path("exports").iterdir()]


@pytest.mark.parametrize(
    ("wanted", "flag"),
    [
        (Wanted("alpaca"), "--to"),
        (Wanted(ending="jsonl"), "--files"),
        (Wanted(splits={"test": "0.1"}), "--split"),
        (Wanted(taught="reply"), "--as"),
        (Wanted(rows_per_shard=5), "--rows-per-shard"),
    ],
)
def test_what_only_a_table_has_is_refused_for_a_model(folder: Path, wanted: Wanted, flag: str) -> None:
    with pytest.raises(Problem, match=f"^{flag} is for tables, and humpback is a model"):
        export.export("humpback", wanted)


def test_a_base_without_weights_elsewhere_is_not_named_as_one(folder: Path) -> None:
    Path("models/origin/pin.yaml").unlink()
    assert "base_model" not in model_card.head("humpback", export.project_lines())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return local_models.write_folder(tmp_path_factory.mktemp("model"))


def train_one_step(made: Path, model: Path, folder: Path) -> tuple[Any, Any]:
    """A trainer of TRL after one step on a dataset as `load_dataset` gives it, and its examples."""
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    table = load_dataset(str(made.absolute()), split="train", cache_dir=str(folder / "cache"))
    config = SFTConfig(
        str(folder / "out"), max_steps=1, per_device_train_batch_size=4, max_length=256, use_cpu=True, bf16=False,
        report_to="none", save_strategy="no", disable_tqdm=True, logging_steps=1, gradient_checkpointing=False,
    )  # fmt: skip
    trainer = SFTTrainer(str(model), args=config, train_dataset=table)
    trainer.train()
    return trainer, table


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", [name for name, one in LAYOUTS.items() if one.trl])
def test_trl_trains_a_step_on_it_as_it_is(folder: Path, model: Path, layout: str) -> None:
    made, _ = export.export("humpback-dataset", Wanted(layout))
    trainer, table = train_one_step(made, model, folder)
    assert trainer.state.global_step == 1 and trainer.state.log_history[0]["loss"] > 0
    assert table.column_names == ["id", *LAYOUTS[layout].columns]
    text = trainer.processing_class.decode(trainer.train_dataset[0]["input_ids"])
    assert "Answer in the style of an AI Assistant." in text and "it is 0 ." in text
