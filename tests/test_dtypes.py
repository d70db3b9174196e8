"""The dtype of a profile on a CPU follows what was measured there."""

from pathlib import Path

import pytest

from benchmarks import dtypes

PROFILE = """origin: {gguf: m.gguf, dtype: bfloat16}
train: {steps: 3, bf16: true}  # dtype
chat: {instead: {dtype: bfloat16}}
"""


@pytest.mark.parametrize(
    ("bfloat16", "float32", "dtype"),
    [
        (80, 135, "float32"),
        (200, 100, "bfloat16"),
        (100, 100, "bfloat16"),
        (100, 115, "bfloat16"),
        (100, 121, "float32"),
    ],
)
def test_float32_is_chosen_only_where_it_is_clearly_faster(bfloat16: float, float32: float, dtype: str) -> None:
    assert dtypes.faster({"bfloat16": bfloat16, "float32": float32}) == dtype


def test_a_profile_is_written_with_a_dtype_and_nothing_else_in_it_changes() -> None:
    written = dtypes.with_dtype(PROFILE, "float32")
    assert written == PROFILE.replace("bfloat16", "float32").replace("bf16: true", "bf16: false")
    assert dtypes.with_dtype(written, "bfloat16") == PROFILE


def test_a_dtype_that_was_noted_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Near the border another choice would build everything anew."""
    rates = iter([{"bfloat16": 100.0, "float32": 121.0}, {"bfloat16": 100.0, "float32": 119.0}])
    monkeypatch.setattr(dtypes, "rates", lambda: next(rates))
    assert [dtypes.known(tmp_path / "build/dtype") for _ in range(2)] == ["float32", "float32"]


@pytest.mark.slow
def test_both_dtypes_are_measured() -> None:
    measured = dtypes.rates()
    assert set(measured) == {"bfloat16", "float32"} and min(measured.values()) > 0
