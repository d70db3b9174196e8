"""An estimate is the cost and the duration of a run, from earlier replies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from baleen.engines.protocol import Reply, Request, Sampling
from baleen.memo import throughput
from baleen.memo.ask import EngineQuery, ask
from baleen.memo.dry_run import Estimate, duration, estimate
from baleen.memo.keys import query_settings
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate

SAMPLING = Sampling(max_tokens=10)


@dataclass
class Model:
    """Reads a token for two characters, writes `says` tokens, and takes no part in time."""

    says: int = 3
    identity: str = "m"
    kind: str = "e"

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        for index, request in enumerate(requests):
            read = len(request.messages[0][1]) // 2
            yield index, Reply("x", prompt_tokens=read, completion_tokens=self.says)

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        for index, request in enumerate(requests):
            answer = len(request.answer) // 2
            yield index, Reply(values=(1.0, 1.0, 1.0), prompt_tokens=1, completion_tokens=answer)

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        for index, _ in enumerate(requests):
            yield index, Reply(values=(1.0,))


def texts(*words: str, answer: str = "") -> list[Request]:
    return [Request((("user", word),), answer=answer) for word in words]


def query_model(memo: Memo, kind: str, requests: list[Request], model: Model) -> None:
    list(ask(memo, EngineQuery(model.kind, model.identity, lambda: model, kind, SAMPLING), requests))


def estimate_of(memo: Memo, requests: list[Request], kind: str = "generate", identity: str = "m") -> Estimate:
    return estimate(memo, query_settings("e", identity, kind, SAMPLING), requests)


def test_each_missing_question_counts_once_and_a_token_has_four_characters_as_long_as_none_is_known(
    tmp_path: Path,
) -> None:
    told = estimate_of(Memo(tmp_path), texts("new!", "new!", "other..."))
    assert (told.rows, told.cached, told.missing) == (3, 1, 2)
    assert (told.prompt_tokens, told.completion_tokens, told.max_completion_tokens, told.seconds) == (3, None, 20, None)
    assert str(told) == (
        "2 to query; about 3 tokens to read (4.0 characters each), at most 20 to write; no rate measured yet"
    )


def test_replies_of_this_table_tell_how_long_tokens_and_replies_are(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    query_model(memo, "generate", texts("known word"), Model(says=3))
    query_model(memo, "generate", texts("of another table"), Model(says=9))
    told = estimate_of(memo, texts("known word", "new words "))
    assert (told.cached, told.missing, told.prompt_tokens, told.completion_tokens, told.characters_per_token) == (
        1,
        1,
        5,
        3,
        2.0,
    )
    assert "2.0 characters each, as in 1 replies" in str(told)


def test_other_replies_of_the_model_tell_how_long_replies_are_while_the_table_has_none(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    query_model(memo, "generate", texts("a", "b", "c"), Model(says=4))
    assert estimate_of(memo, texts("new", "newer")).completion_tokens == 8
    assert estimate_of(memo, texts("new", "newer"), identity="another model").completion_tokens is None


def test_a_likelihood_reads_its_answer_and_writes_nothing(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    query_model(memo, "loss", texts("ab", answer="cdef"), Model())
    told = estimate_of(memo, texts("ab", "gh", answer="cdef"), "loss")
    assert (told.characters_per_token, told.prompt_tokens, told.completion_tokens, told.max_completion_tokens) == (
        2.0,
        3,
        0,
        0,
    )
    assert "write" not in str(told)


def test_the_time_follows_the_rate_measured_for_this_model_and_kind_of_question(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    throughput.add(memo, "generate e m", Rate(1000, 10.0, 6200, 3000))
    throughput.add(memo, "generate e m", Rate(1000, 10.0, 6600, 9000))
    told = estimate_of(memo, texts(*(f"{n:0400}" for n in range(1000))))
    assert (told.prompt_tokens, told.completion_tokens, told.seconds) == (100_000, 6000, pytest.approx(106_000 / 1240))
    assert str(told).endswith("at most 10,000; about 85 s at 1,240 tokens/s measured on 2,000 replies")
    assert "no rate measured yet" in str(estimate_of(memo, texts("a"), "choose"))
    assert str(estimate_of(memo, [])).endswith("nothing to wait for")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (99, "99 s"), (170, "3 min"), (9000, "2.5 h"), (345_600, "4 days")]
)
def test_times_are_spoken_as_people_do(seconds: float, words: str) -> None:
    assert duration(seconds) == words
