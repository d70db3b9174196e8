"""Training: when a reply ends, which loss is reported, and how the rate falls."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from baleen.project.settings import Speed
from baleen.training import library_settings
from baleen.training.options import Job, TrainOptions
from baleen.training.trainer import CURVE, end_tokens, learning_curve, mean_last_loss, settings_of


@pytest.mark.parametrize(
    ("known", "own", "all_of_them"),
    [(None, 2, 2), (2, 2, 2), ([7, 8], 8, [8, 7]), (7, 2, [2, 7]), ([2], 2, 2)],
)
def test_a_reply_ends_at_the_tokenizers_own_end_too(known: Any, own: int, all_of_them: Any) -> None:
    assert end_tokens(known, own) == all_of_them


def test_the_reported_loss_is_the_mean_of_the_last_fifty_steps() -> None:
    history = [{"step": 10 * k, "loss": float(k)} for k in range(1, 8)] + [{"step": 75, "loss": 10.0}, {"runtime": 3.0}]
    assert mean_last_loss(history) == round((10 * (3 + 4 + 5 + 6 + 7) + 5 * 10) / 55, 6)


def test_a_learning_curve_has_the_logs_of_the_whole_training_thinned() -> None:
    history = [{"step": 10 * k, "loss": 3 - k / 1000} for k in range(1, 1001)] + [{"runtime": 3.0}]
    curve = learning_curve(history)
    assert curve[0] == [10.0, 2.999] and CURVE <= len(curve) <= 2 * CURVE and curve[-1][0] > 9800
    assert learning_curve(history[:3]) == [[10.0, 2.999], [20.0, 2.998], [30.0, 2.997]]


def rates(schedule: str, floor: float, steps: int = 20) -> list[float]:
    """The learning rate before each step and after the last, from a highest of 1e-3."""
    import torch
    from transformers import get_scheduler

    options = TrainOptions("t", "b", "p", schedule=schedule, lr_floor=floor, lr=1e-3)
    job = Job("m", "b", "folder", "out", steps, 8, 1, options, Speed(device="cpu"))
    settings = SimpleNamespace(**settings_of(job, 1000))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=settings.learning_rate)
    rule = get_scheduler(
        settings.lr_scheduler_type, optimizer, settings.warmup_steps, steps, settings.lr_scheduler_kwargs
    )
    found = [rule.get_last_lr()[0]]
    for _ in range(steps):
        optimizer.step()
        rule.step()
        found.append(rule.get_last_lr()[0])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schedule", "floor", "middle", "last"),
    [
        ("linear", 0.9, 0.95e-3, 0.9e-3),
        ("linear", 0.0, 0.5e-3, 0.0),
        ("cosine", 0.1, 0.55e-3, 0.1e-3),
        ("cosine", 0.0, 0.5e-3, 0.0),
        ("constant", 0.5, 1e-3, 1e-3),
    ],
)
def test_the_rate_falls_to_its_floor_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str, floor: float, middle: float, last: float
) -> None:
    """Humpback's rate falls from 1e-5 to 9e-6; a floor that multiplies a schedule ending in 0 would end at 0."""
    monkeypatch.chdir(tmp_path)
    found = rates(schedule, floor)
    assert (found[0], found[10], found[20]) == pytest.approx((1e-3, middle, last))


def head_gradients(columns: int) -> list[bytes]:
    """Loss and gradients of TRL's head over a vocabulary of 454, with a buffer of so many columns."""
    import torch
    from trl.trainer.utils import _ChunkedLogProbFunction

    draw = torch.Generator().manual_seed(0)
    states, words = (torch.randn(size, 128, generator=draw).requires_grad_() for size in (252, 454))
    asked = torch.randint(454, (252,), generator=draw)
    found = _ChunkedLogProbFunction.apply(states, words, None, asked, 1.0, columns)[0]
    found.sum().backward()
    return [tensor.detach().numpy().tobytes() for tensor in (found, states.grad, words.grad)]


@pytest.mark.slow
def test_logits_have_room_for_the_vocabulary_alone_and_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    from trl.trainer import utils

    monkeypatch.setattr(utils, "_CHUNKED_LOGPROB_CHUNK_SIZE", library_settings.HEAD)
    for vocabulary, columns in [(454, 454), (100_000, library_settings.HEAD)]:
        library_settings.fit_head(vocabulary)
        assert columns == utils._CHUNKED_LOGPROB_CHUNK_SIZE
    assert head_gradients(454) == head_gradients(library_settings.HEAD)


def labelled_step(unlabelled: int) -> tuple[list[int], float, list[Any]]:
    """The tokens that the head scored, the loss and the gradients of a step in which so many tokens have no label."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl.trainer import utils

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=40, num_key_value_heads=2, **sizes))
    utils.add_fused_lm_head(model)
    scored, apply = list[int](), utils._ChunkedLogProbFunction.apply
    with pytest.MonkeyPatch.context() as patch:
        count = SimpleNamespace(apply=lambda states, *rest: scored.append(len(states)) or apply(states, *rest))
        patch.setattr(utils, "_ChunkedLogProbFunction", count)
        ids = torch.randint(40, (3, 9), generator=torch.Generator().manual_seed(1))
        labels = ids.clone()
        labels[:, :unlabelled] = -100
        loss = -model(input_ids=ids, labels=labels, fused_lm_head=True).log_probs.sum()
        loss.backward()
    return scored, loss.item(), [part.grad for part in model.parameters()]


@pytest.mark.slow
@pytest.mark.parametrize("unlabelled", [1, 4, 8, 9])
def test_tokens_without_a_label_are_not_scored_and_nothing_else_is_learned(
    unlabelled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

    # the library's own, whatever was trained in this process before
    monkeypatch.setattr(utils, "_use_triton", chunked_logprob._use_triton)
    scored, loss, gradients = labelled_step(unlabelled)
    assert scored == [3 * 8]
    library_settings.score_labels_alone()
    alone, same, equal = labelled_step(unlabelled)
    assert alone == [3 * (9 - unlabelled)] and same == pytest.approx(loss, abs=1e-5)
    for one, other in zip(gradients, equal, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("before", ["", "from transformers.utils import is_peft_available; is_peft_available(); "])
def test_trl_is_imported_whether_or_not_transformers_has_looked_for_peft(before: str) -> None:
    script = f"{before}from baleen.training import library_settings, options; library_settings.load.is_adapter = bool"
    script += "; library_settings.import_trl(options.TrainOptions('pairs', '', 'reply')); from trl import SFTTrainer"
    subprocess.run([sys.executable, "-c", script], check=True)
