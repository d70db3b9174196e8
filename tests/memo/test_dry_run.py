"""An estimate is the cost and the duration of a run, from earlier replies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from baleen.engines.protocol import Reply, Request, Sampling
from baleen.memo import dry_run, throughput
from baleen.memo.ask import EngineQuery, ask
from baleen.memo.dry_run import Estimate, duration, estimate
from baleen.memo.keys import query_settings
from baleen.memo.store import Memo
from baleen.memo.throughput import Rate
from baleen.project.settings import Speed

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


PROFILE = f"""origin: {{hub: a/b, revision: {"a" * 40}, parameters: 2.0e9}}
chat: {{instead: {{hub: a/c, revision: {"b" * 40}, parameters: 7.0e9}}}}
speed: {{device: cpu, dollars_per_gpu_hour: 3.0}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("profiles").mkdir()
    Path("profiles/p.yaml").write_text(PROFILE)
    Path("params.yaml").write_text("profile: p\n")


def planned(missing: int, read: int, written: int | None) -> Estimate:
    return Estimate(missing, missing, read, written, 10 * missing, 4.0, 0, Rate())


def test_a_model_that_is_not_built_has_the_weights_of_the_teacher_or_of_the_origin(project: None) -> None:
    assert dry_run.parameters("chat") == 7e9 and dry_run.parameters("humpback-1") == 2e9


def test_an_estimate_has_gpu_hours_disk_and_dollars_by_counting_operations(project: None) -> None:
    bill = planned(1_000_000, 500_000_000, 80_000_000).bill("ask", Speed(device="cpu", dollars_per_gpu_hour=3.0))
    assert bill.gpu_hours == pytest.approx(2e9 * 2 * (5e8 / 395.6e12 + 8e7 / 98.9e12) / 3600)
    assert bill.disk == pytest.approx(1e6 * 541 + 4 * 5.8e8) and bill.dollars == pytest.approx(3 * bill.gpu_hours)
    longest = planned(1_000_000, 500_000_000, None).bill("ask", Speed(device="cpu"))
    assert longest.gpu_hours and longest.gpu_hours < bill.gpu_hours and longest.dollars is None
    words = dry_run.bill_words("chat", planned(1_000_000, 500_000_000, 80_000_000))
    assert words.startswith("8.06 GPU hours (of an H100, assumed to train")
    assert "peak), wall time 8.06 h on 1 GPU, 1.05 h on 8, 0.13 h on 64, 2.9 GB of disk at most" in words
    assert words.endswith(", $24.18 at $3.00 an hour")
    assert dry_run.bill_words("chat", planned(0, 0, 0)) == ""


def test_a_dry_run_tells_the_time_on_the_gpus_of_its_profile(project: None) -> None:
    speed = Speed(device="cuda", gpu_gb=12, tensor_parallel=0, ray_workers=3)
    bill = planned(1_000_000, 500_000_000, 80_000_000).bill("chat", speed)
    assert bill.own_gpus == 6  # 14 GB of weights, of which a GPU takes 8.1
    assert bill.own_wall == pytest.approx((bill.gpu_hours or 0) / (6 * 0.96))


def test_nobody_opens_a_model_or_fails_to_say_what_a_run_costs(project: None) -> None:
    for name, pin in {"quantized": "gguf: m.gguf", "server": "{endpoint: 'http://h', model: m}"}.items():
        Path("models", name).mkdir(parents=True)
        Path("models", name, "pin.yaml").write_text(f"{pin}\n")
        assert dry_run.parameters_if_known(name) == 0
        assert dry_run.bill_words(name, planned(5, 5, 5)).startswith("GPU hours unknown, as the size of the model is")
    Path("profiles/p.yaml").write_text("speed: {device: cpu}\n")
    assert dry_run.parameters_if_known("ask") == 0
