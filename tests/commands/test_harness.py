"""baleen harness: a task of lm-evaluation-harness, from a folder and without a network, run on a checkpoint."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import local_models
import pytest
from project import CHECKOUT

from baleen.commands import command, harness
from baleen.errors import Problem
from baleen.project import command_line

TOWNS = ["rome", "oslo"]


def test_each_figure_has_its_standard_error_and_n() -> None:
    results: dict[str, Any] = {
        "results": {
            "t": {"alias": "t", "acc,none": 0.5, "acc_stderr,none": 0.1, "f1,strict": 0.25, "f1_stderr,strict": "N/A"},
            "group": {"acc,none": 1, "sample_len": 40},
        },
        "n-samples": {"t": {"original": 100, "effective": 25}},
        "higher_is_better": {"t": {"acc": True}},
    }
    assert harness.figures(results) == [
        harness.Figure("t", "acc", 0.5, 0.1, 25, True),
        harness.Figure("t", "f1 (strict)", 0.25, None, 25, None),
        harness.Figure("group", "acc", 1.0, None, 40, None),
    ]


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("lm_eval", "lm_eval.tasks"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SystemExit), command_line.report_problems():
        harness.measured("small", ["towns"], harness.Run())
    assert capsys.readouterr().err == "baleen: lm_eval is not installed; pip install 'baleen-build[harness]'\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model of random weights, and the task of docs/evaluation.md with twelve questions."""
    pytest.importorskip("lm_eval", reason="the extra harness is not installed")
    monkeypatch.chdir(tmp_path)
    for name, value in {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    for name in ("models", "profiles", "tasks"):
        Path(name).mkdir()
    Path("params.yaml").write_text("profile: tiny\n")
    Path("profiles/tiny.yaml").write_text("speed: {device: cpu}\n")
    local_models.write_folder(tmp_path / "models/small")
    questions = [{"question": f"where does anna {n} live ?", "answer": n % 2} for n in range(12)]
    Path("tasks/towns.jsonl").write_text("\n".join(map(json.dumps, questions)))
    page = (CHECKOUT / "docs/evaluation.md").read_text(encoding="utf-8")
    [task] = re.findall(r"^```\n(task: towns\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    Path("tasks/towns.yaml").write_text(task)
    return tmp_path


def answers_of_the_model(system: str) -> list[str]:
    """The town that the checkpoint finds likelier after each question, by transformers alone."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = (kind.from_pretrained("models/small") for kind in (AutoModelForCausalLM, AutoTokenizer))

    def likelihood(prompt: str, answer: str) -> float:
        before = tokenizer(prompt, add_special_tokens=False).input_ids
        both = torch.tensor([before + tokenizer(answer, add_special_tokens=False).input_ids])
        with torch.no_grad():
            logits = model(both).logits[0].log_softmax(-1)
        return float(sum(logits[at - 1, both[0, at]] for at in range(len(before), both.shape[1])))

    before = [{"role": "system", "content": system}] if system else []
    prompts = [
        tokenizer.apply_chat_template(
            [*before, {"role": "user", "content": json.loads(line)["question"]}],
            tokenize=False, add_generation_prompt=True,
        )
        for line in Path("tasks/towns.jsonl").read_text().splitlines()
    ]  # fmt: skip
    return [max(TOWNS, key=lambda town: likelihood(prompt, town)) for prompt in prompts]


@pytest.mark.slow
def test_a_local_task_is_run_on_a_checkpoint_without_a_network(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.app(
        ["harness", "small", "towns", "--include", "tasks", "--json", "--system", "answer ."], standalone_mode=False
    )
    [accuracy] = json.loads(capsys.readouterr().out)
    right = [town == TOWNS[n % 2] for n, town in enumerate(answers_of_the_model("answer ."))]
    share = sum(right) / len(right)
    error = (share * (1 - share) / (len(right) - 1)) ** 0.5
    assert accuracy == {
        "task": "towns", "metric": "acc", "value": pytest.approx(share), "standard_error": pytest.approx(error),
        "n": 12, "higher_is_better": True,
    }  # fmt: skip
    with pytest.raises(Problem, match="the harness has no task 'nowhere'; `lm-eval ls tasks`"):
        harness.measured("small", ["nowhere"], harness.Run())
    with pytest.raises(Problem, match="--include none: no such folder"):
        harness.measured("small", ["towns"], harness.Run(Path("none")))
