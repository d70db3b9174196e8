"""Selectors see the whole table: the spread choice covers it, and filter says of every other row why it left."""

import numpy as np
import pytest
from test_filter import build

from baleen.errors import Problem
from baleen.measures.selectors import balanced, k_means, parse_selection, spread, varied

TABLE = [
    {"id": "a", "vector": [1.0, 0.0]},
    {"id": "b", "vector": [1.0, 0.1]},
    {"id": "c", "vector": None},
    {"id": "d", "vector": [0.0, 1.0]},
    {"id": "e", "vector": [-1.0, 0.0]},
]


def test_the_spread_choice_takes_the_far_ones_first() -> None:
    vectors = [[1.0, 0.0], [1.0, 0.01], [0.99, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    chosen = spread(vectors, 3)
    assert len(set(chosen)) == 3 and {3, 4} < set(chosen)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 9])
def test_no_more_are_chosen_than_there_are(count: int) -> None:
    assert len(spread([[1.0, 0.0], [0.0, 1.0]], count)) <= 2


def test_equal_vectors_are_chosen_in_order() -> None:
    assert spread([[1.0, 1.0]] * 4, 3) == [0, 1, 2]


def test_filter_keeps_what_the_selector_chose(tmp_path: object) -> None:
    kept, dropped, _ = build(tmp_path, "--select", "spread(vector)", "--count", "3", table=TABLE)  # type: ignore[arg-type]
    assert len(kept) == 3 and {"d", "e"} < set(kept)
    assert dropped["c"] == "spread(vector) unreadable" and set(dropped.values()) > {"not best spread(vector)"}


@pytest.mark.parametrize(("text", "words"), [("spraed(v)", "unknown selector 'spraed'"), ("spread", "cannot read")])
def test_a_selector_that_is_none_is_a_problem(text: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        parse_selection(text)


def test_clusters_find_the_directions_that_vectors_have() -> None:
    draw = np.random.default_rng(1)
    directions = np.eye(4)
    truth = draw.integers(0, 4, 200)
    vectors = directions[truth] * draw.uniform(0.5, 3, (200, 1)) + draw.normal(0, 0.05, (200, 4))
    labels = k_means(vectors.tolist(), 4)
    assert len({*zip(labels, truth.tolist(), strict=True)}) == len({*labels}) == 4
    assert labels == k_means(vectors.tolist(), 4)


@pytest.mark.parametrize(("vectors", "k", "number"), [([[1.0, 0.0]], 5, 1), ([[0.0, 0.0]] * 6, 3, 1)])
def test_there_are_never_more_clusters_than_different_vectors(vectors: list[list[float]], k: int, number: int) -> None:
    assert len({*k_means(vectors, k)}) == number


def test_the_varied_choice_takes_texts_that_differ_and_none_twice() -> None:
    texts = ["a b c d", "a b c e", "x y z w", "a b c d", "a b x y"]
    assert varied(texts, 3) == [0, 2, 4] and varied(texts, 1) == [0] and varied(texts, 0) == varied([], 2) == []
    assert varied(["a b", "A  b", "a b"], 3) == [0] and varied(["", "", "a"], 3) == [0, 2]


def test_a_selector_chooses_in_each_group_alone(tmp_path: object) -> None:
    table = [
        {"id": name, "parent": parent, "said": said}
        for name, parent, said in [("a", "1", "x y"), ("b", "2", "x y"), ("c", "1", "x y"), ("d", "1", "w z")]
    ]
    flags = ("--select", "varied(said)", "--within", "parent", "--count", "2")
    kept, dropped, _ = build(tmp_path, *flags, table=table)  # type: ignore[arg-type]
    assert kept == ["a", "b", "d"] and dropped == {"c": "not best varied(said)"}


def test_balanced_takes_as_many_of_a_rare_kind_as_of_a_frequent_one() -> None:
    frequent = [[1.0, 0.001 * n] for n in range(90)]
    rare = [[-1.0, 0.001 * n] for n in range(10)]
    chosen = balanced([*frequent, *rare], 10)
    assert len(chosen) == len({*chosen}) == 10 and sum(at >= 90 for at in chosen) == 5
    assert len(balanced(rare, 50)) == 10 and balanced(rare, 0) == []
