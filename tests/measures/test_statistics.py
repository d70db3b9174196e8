import pytest

from baleen.measures.statistics import auc, bootstrap_interval


def test_auc_counts_ties_as_half() -> None:
    assert auc([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert auc([1, 1], [False, True]) == 0.5
    assert auc([4, 3, 2, 1], [False, False, True, True]) == 0.0
    assert auc([1, 2], [True, True]) is None


def test_auc_equals_the_share_of_ordered_pairs() -> None:
    scores, labels = [0.1, 0.4, 0.4, 0.8, 0.9, 0.2], [False, True, False, True, False, True]
    pairs = [
        (s, t) for s, p in zip(scores, labels, strict=True) if p for t, q in zip(scores, labels, strict=True) if not q
    ]
    assert auc(scores, labels) == pytest.approx(sum((s > t) + 0.5 * (s == t) for s, t in pairs) / len(pairs))


def test_an_interval_holds_the_mean_and_repeats() -> None:
    values = [float(i % 2) for i in range(200)]
    clusters = [str(i) for i in range(200)]
    low, high = bootstrap_interval(values, clusters)
    assert 0.4 < low < 0.5 < high < 0.6
    assert bootstrap_interval(values, clusters) == (low, high)


def test_rows_of_one_cluster_count_as_one_observation() -> None:
    values = [float(i // 10 % 2) for i in range(200)]
    alone = bootstrap_interval(values, [str(i) for i in range(200)])
    together = bootstrap_interval(values, [str(i // 10) for i in range(200)])
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
