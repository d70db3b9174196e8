"""Agreement is corrected for chance: who always says good agrees often and knows nothing."""

import pytest

from baleen.measures.kappa import agreement, in_words


def answers(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    pairs = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_kappa_of_a_published_example() -> None:
    """20 yes and yes, 5 and 10 split, 15 no and no: observed 0.70, expected 0.50, kappa 0.40."""
    found = agreement(*answers(20, 5, 10, 15))
    assert found and found.same == pytest.approx(0.7) and found.by_chance == pytest.approx(0.5)
    assert found.kappa == pytest.approx(0.4) and found.rates == pytest.approx((0.5, 0.6)) and found.n == 50
    assert found.interval and found.interval[0] < 0.4 < found.interval[1]


def test_high_raw_agreement_with_a_high_base_rate_is_no_agreement() -> None:
    found = agreement(*answers(90, 5, 5, 0))
    assert found and found.same == pytest.approx(0.9) and found.kappa is not None and found.kappa < 0


def test_two_who_agree_have_kappa_one_and_two_who_contradict_minus_one() -> None:
    assert getattr(agreement([True, False], [True, False]), "kappa", None) == 1.0
    assert getattr(agreement([True, False], [False, True]), "kappa", None) == -1.0


def test_where_both_use_one_label_there_is_no_kappa() -> None:
    found = agreement([True] * 5, [True] * 5)
    assert found and found.same == 1.0 and found.kappa is None and found.interval is None
    assert "kappa is not defined" in in_words(found)
    assert agreement([], []) is None


def test_weights_are_rows_that_a_row_stands_for() -> None:
    first, second = answers(2, 1, 1, 2)
    weighted = agreement(first, second, [3, 3, 1, 1, 1, 1])
    repeated = agreement(*answers(6, 1, 1, 2))
    assert weighted and repeated and weighted.kappa == pytest.approx(repeated.kappa)


def test_the_line_never_gives_raw_agreement_alone() -> None:
    found = agreement(*answers(20, 5, 10, 15))
    assert found and "good 50 % and 60 %); kappa 0.40 [" in in_words(found)
