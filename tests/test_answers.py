import pytest

from baleen.memo.answers import closing
from baleen.memo.ask import Totals

CLOSINGS = [
    (Totals(), 0.2, "0 rows, 0 paid, 0 memo hits, 0 s"),
    (Totals(rows=2065, hits=2065, unread=62), 3, "2,065 rows, 0 paid, 2,065 memo hits, 3% unreadable, 3 s"),
    (
        Totals(rows=2065, hits=65, prompt_tokens=100_000, completion_tokens=2000, cached_tokens=71_000),
        41,
        "2,065 rows, 2,000 paid, 65 memo hits, 0% unreadable, 102,000 tokens, prefix cache 71%, 41 s",
    ),
]


@pytest.mark.parametrize(("totals", "seconds", "words"), CLOSINGS)
def test_the_last_line_of_a_run_tells_what_was_paid(totals: Totals, seconds: float, words: str) -> None:
    assert closing(totals, seconds) == words
