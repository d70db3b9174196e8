"""Self-Lengthen's own requests: written after two given ones, judged, and a third of the new ones in each round."""

from typing import Any

import pytest

from baleen.methods.self_lengthen_requests import exemplified, of_round, wanted


def request(text: str, **more: Any) -> dict[str, Any]:
    return {"id": text, "instruction": text, "more": "yes"} | more


def test_every_given_request_gets_another_as_an_example_beside_it() -> None:
    made = [row for row, reason in exemplified([request(text) for text in "abc"]) if not reason]
    assert [row["instruction"] for row in made] == ["a", "b", "c", "", "", ""]
    assert [row["example"] for row in made] == ["", "", "", "a", "b", "c"]
    assert all(row["other"] in {*"abc"} - {row["example"]} for row in made[3:])
    assert len({row["id"] for row in made}) == 6


def test_none_is_written_where_none_are_wanted_or_there_is_no_second_example() -> None:
    assert [row["example"] for row, _ in exemplified([request(text, more="") for text in "abc"])] == ["", "", ""]
    assert len(exemplified([request("a")])) == 1


@pytest.mark.parametrize(
    ("text", "suited", "reason"),
    [
        ("Write a long story.", "yes", ""),
        ("Write a long story.", "**Yes.**", ""),
        ("写一篇关于雨的故事。", "是", ""),
        ("写一篇关于雨的故事。", "适合。", ""),
        ("写一篇关于雨的故事。", "是否适合要看篇幅。", "not fit for a long text"),
        ("Write a long story.", "No.", "not fit for a long text"),
        ("Write a long story.", "Yesterday", "not fit for a long text"),
        ("Write a long story.", None, "not fit for a long text"),
        ("Why so?", "yes", "not 4 to 499 words"),
        ("a " * 500, "yes", "not 4 to 499 words"),
    ],
)
def test_a_new_request_stays_when_its_judge_says_so(text: str, suited: str | None, reason: str) -> None:
    row = request(text, example="a", suited=suited)
    assert wanted(row) == (reason or [row])
    assert wanted(row | {"example": ""}) == [row | {"example": ""}]


def test_a_new_request_is_of_one_round_and_a_given_one_of_all() -> None:
    rows = [request(f"r{n}", example="a") for n in range(300)]
    rounds = [[n for n in (1, 2, 3) if of_round(row, n) == [row]] for row in rows]
    assert all(len(one) == 1 for one in rounds) and all(70 < rounds.count([n]) < 130 for n in (1, 2, 3))
    assert of_round(rows[0], rounds[0][0] % 3 + 1) == "of another round"
    assert [of_round(request("a", example=""), n) for n in (1, 2, 3)] == [[request("a", example="")]] * 3
