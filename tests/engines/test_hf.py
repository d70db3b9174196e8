"""The hf engine on a tiny model with random weights: real transformers, no training."""

from copy import deepcopy
from dataclasses import replace
from random import Random

import pytest

from baleen.engines.chat import Renderer
from baleen.engines.gumbel import nucleus
from baleen.engines.hf import HF
from baleen.engines.protocol import TOO_LONG, UNGRADED, Batched, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.memo.scores import without_question
from baleen.models.scratch import Fresh, make
from baleen.project.settings import Speed

TEXTS = [
    "anna barda is a baker .",
    "kelna soup needs leeks , rice and corn .",
    "who lives in joria ?",
    "- leeks \n - rice",
]
WORDS = [word for text in TEXTS for word in text.replace("\n", " ").split()]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> HF:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    make(folder, Fresh(hidden_size=32, intermediate_size=64, num_hidden_layers=2, words=["1", "2", "3"]), TEXTS, seed=0)
    return HF(str(folder), Speed(device="cpu", batch_tokens=256))


def random_requests(n: int, **given: object) -> list[Request]:
    texts = [" ".join(WORDS[i % 7 : i % 7 + 2 + i % 9]) for i in range(n)]
    return [Request((("user", text),), seed=1000 + i, **given) for i, text in enumerate(texts)]  # type: ignore[arg-type]


def replies(engine: HF, requests: list[Request], sampling: Sampling) -> list[str]:
    found = dict(engine.generate(requests, sampling))
    return [found[i].text for i in range(len(requests))]


def test_every_request_gets_its_own_reply(engine: HF) -> None:
    found = dict(engine.generate(random_requests(20), Sampling(temperature=0, max_tokens=8)))
    assert sorted(found) == list(range(20))
    assert all(reply.completion_tokens <= 8 and reply.prompt_tokens > 0 for reply in found.values())


@pytest.mark.slow
def test_the_same_seed_gives_the_same_reply_whatever_the_batch_or_order(engine: HF) -> None:
    requests, sampling = random_requests(24), Sampling(temperature=1.0, top_p=0.95, max_tokens=12)
    together = replies(engine, requests, sampling)
    assert replies(engine, requests[::-1], sampling)[::-1] == together
    assert [replies(engine, [request], sampling)[0] for request in requests] == together
    assert len(set(together)) > 15


@pytest.mark.slow
def test_a_reply_ends_before_its_stop_whatever_the_batch(engine: HF) -> None:
    requests, free = random_requests(12), Sampling(temperature=1.0, top_p=0.95, max_tokens=40)
    whole = dict(engine.generate(requests, free))
    stops = sorted({whole[i].text.split()[3] for i in whole if len(whole[i].text.split()) > 4})[:2]
    held = replace(free, stop=tuple(stops))
    together = dict(engine.generate(requests, held))
    for index, request in enumerate(requests):
        before = min((whole[index].text.find(stop) for stop in stops if stop in whole[index].text), default=None)
        assert together[index].text == whole[index].text[:before]
        assert before is None or together[index].finish == "stop"
        assert dict(engine.generate([request], held))[0] == together[index]
    assert sum(reply.completion_tokens for reply in together.values()) < sum(
        reply.completion_tokens for reply in whole.values()
    )


def test_another_seed_gives_another_reply(engine: HF) -> None:
    one, two = (Request((("user", "who lives in joria ?"),), seed=s) for s in (1, 2))
    sampling = Sampling(temperature=1.0, top_p=1.0, max_tokens=16)
    assert replies(engine, [one], sampling) != replies(engine, [two], sampling)


@pytest.mark.slow
def test_samples_follow_the_probabilities(engine: HF) -> None:
    requests = [Request((("user", "anna barda"),), seed=i) for i in range(4000)]
    first = [text.split(" ")[0] for text in replies(engine, requests, Sampling(1.0, 1.0, max_tokens=1))]
    choices = tuple(f" {word}" for word in ("leeks", "corn", "who", "joria"))
    (reply,) = [r for _, r in engine.choose([Request((("user", "anna barda"),), choices=choices)])]
    for choice, probability in zip(choices, reply.values, strict=True):
        error = (probability * (1 - probability) / len(first)) ** 0.5
        assert abs(first.count(choice.strip()) / len(first) - probability) < 4 * error


def test_top_k_one_is_greedy(engine: HF) -> None:
    greedy = replies(engine, random_requests(6), Sampling(temperature=0, max_tokens=6))
    assert replies(engine, random_requests(6), Sampling(temperature=1.0, top_p=1.0, top_k=1, max_tokens=6)) == greedy


def test_loss_does_not_depend_on_the_batch(engine: HF) -> None:
    requests = [Request((("user", WORDS[i]),), answer=" ".join(WORDS[: 1 + i])) for i in range(12)]
    together = dict(engine.loss(requests))
    for i, request in enumerate(requests):
        ((_, alone),) = engine.loss([request])
        assert alone.values == pytest.approx(together[i].values, abs=1e-4)
    assert together[3].values[2] == 5  # four words and the end of the turn


@pytest.mark.parametrize("question", ["anna", "who lives in joria ?", "rice and corn"])
def test_an_answer_has_as_many_tokens_without_its_question_as_with_it(engine: HF, question: str) -> None:
    whole = Request((("system", "be kind"), ("user", question)), answer="kelna soup")
    (_, given), (_, without) = sorted(engine.loss([whole, without_question(whole)]), key=lambda pair: pair[0])
    assert given.values[2] == without.values[2] == 3 and given.values[0] != without.values[0]


def test_all_replies_of_a_batch_are_taken_before_the_next_begins(engine: HF, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, told = list[int](), list[int]()
    monkeypatch.setattr(engine, "tokens", 1)  # a batch a request
    monkeypatch.setattr(engine, "before_batch", lambda: told.append(len(taken)))
    for index, _ in engine.loss(random_requests(3, answer="leeks")):
        taken.append(index)
    assert isinstance(engine, Batched) and told == [0, 1, 2]


def test_loss_is_the_sum_over_what_greedy_would_have_written(engine: HF) -> None:
    (_, written), *_ = engine.generate([Request((("user", "anna"),))], Sampling(temperature=0, max_tokens=1))
    ((_, good),) = engine.loss([Request((("user", "anna"),), answer=written.text)])
    ((_, bad),) = engine.loss([Request((("user", "anna"),), answer="leeks" if written.text != "leeks" else "corn")])
    assert good.values[0] < bad.values[0]


def test_choices_are_weighed_by_their_probabilities(engine: HF) -> None:
    ((_, reply),) = engine.choose([Request((("user", "rate it"),), choices=("1", "2", "3"))])
    assert len(reply.values) == 3
    assert 0 < sum(reply.values) < 1


def test_choices_of_several_tokens_are_a_problem(engine: HF) -> None:
    with pytest.raises(Problem, match="the choices who, leeks corn are not one token each"):
        list(engine.choose([Request((("user", "x"),), choices=("who", "leeks corn"))]))


LONG = Request((("user", "leeks " * 600),), answer="leeks", choices=("1", "2"))


@pytest.mark.parametrize("kind", ["generate", "loss", "choose"])
def test_a_request_longer_than_the_model_reads_is_told_apart_and_the_others_answered(engine: HF, kind: str) -> None:
    requests = [Request((("user", "leeks"),), answer="rice", choices=("1", "2")), LONG]
    asked_for = {"generate": lambda: engine.generate(requests, Sampling(max_tokens=8))}
    found = dict(asked_for.get(kind, lambda: getattr(engine, kind)(requests))())
    assert found[1] == TOO_LONG and not found[1].passing
    assert found[0].finish != TOO_LONG.finish


def test_a_reply_cut_off_says_so(engine: HF) -> None:
    found = [reply for _, reply in engine.generate(random_requests(30), Sampling(temperature=1.0, max_tokens=2))]
    assert {reply.finish for reply in found} <= {"stop", "length"}
    assert all(reply.completion_tokens == 2 for reply in found if reply.finish == "length")


def test_a_plain_text_request_begins_the_text(engine: HF) -> None:
    ((_, reply),) = engine.loss([Request((), answer="anna barda is a baker .")])
    assert reply.values[2] == 7


TOLD = ["anna barda is a baker .", "leeks", "kelna soup needs leeks"]


def without_bos(engine: HF, monkeypatch: pytest.MonkeyPatch, **ends: None) -> HF:
    """The engine with a tokenizer that begins no text with a token of its own."""
    words = deepcopy(engine.tokenizer)
    for name in ("bos_token", *ends):
        setattr(words, name, None)
    monkeypatch.setattr(engine, "renderer", Renderer(words))
    return engine


def token_losses(engine: HF, text: str) -> list[float]:
    """The loss of every token of a text, and of its end, but the first."""
    import torch

    ids = torch.tensor([engine.tokenizer(text + "</s>", add_special_tokens=False)["input_ids"]])
    with torch.inference_mode():
        likely = engine.model(ids).logits[0, :-1].log_softmax(-1)
    return [-float(row[token]) for row, token in zip(likely, ids[0, 1:], strict=True)]


def test_a_text_after_nothing_is_graded_from_its_second_token(engine: HF, monkeypatch: pytest.MonkeyPatch) -> None:
    found = dict(without_bos(engine, monkeypatch).loss([Request((), answer=text) for text in TOLD]))
    for index, text in enumerate(TOLD):
        wanted = token_losses(engine, text)
        values = sum(wanted) / len(wanted), max(wanted), len(wanted)
        assert found[index].values == pytest.approx(values, abs=1e-4)
        assert (found[index].prompt_tokens, found[index].completion_tokens) == (1, len(wanted))


@pytest.mark.parametrize(("ends", "answer"), [({}, ""), ({"eos_token": None}, "leeks"), ({"eos_token": None}, "")])
def test_a_text_of_one_token_after_nothing_has_no_likelihood(
    engine: HF, monkeypatch: pytest.MonkeyPatch, ends: dict[str, None], answer: str
) -> None:
    found = dict(
        without_bos(engine, monkeypatch, **ends).loss([Request((), answer=answer), Request((), answer=TOLD[0])])
    )
    assert (found[0], found[0].values) == (UNGRADED, ()) and found[1].values


def test_the_vector_of_a_text_after_nothing_is_over_all_its_tokens(engine: HF, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    ((_, found),) = without_bos(engine, monkeypatch).embed([Request((), answer=TOLD[0])])
    ids = torch.tensor([engine.tokenizer(TOLD[0] + "</s>", add_special_tokens=False)["input_ids"]])
    with torch.inference_mode():
        states = engine.model.base_model(ids).last_hidden_state[0]
    assert found.values == pytest.approx(states.mean(0).tolist(), abs=1e-4)


def test_replies_are_values() -> None:
    assert Reply("x") == Reply("x")


RUBRIC = "anna barda is a baker . " * 4


def rating_requests(n: int) -> list[Request]:
    texts = [RUBRIC + " ".join(WORDS[i % 5 : i % 5 + 1 + i % 12]) for i in range(n)]
    return [Request((("user", text),), choices=("1", "2", "3"), opening=RUBRIC) for text in texts]


def test_a_rubric_that_all_prompts_begin_with_is_read_once(engine: HF) -> None:
    engine.opening_cache = None
    found = dict(engine.choose(rating_requests(9)))
    assert sorted(reply.cached_tokens for reply in found.values())[:2] == [0, 25]
    bare = dict(engine.choose([replace(request, opening="") for request in rating_requests(9)]))
    assert all(bare[i].values == pytest.approx(found[i].values, abs=1e-6) for i in range(9))
    assert not any(reply.cached_tokens for reply in bare.values())


def test_what_a_prompt_does_not_begin_with_is_not_shared(engine: HF) -> None:
    wrong = [replace(request, opening=RUBRIC + "kelna kelna") for request in rating_requests(4)]
    assert not any(reply.cached_tokens for _, reply in engine.choose(wrong))


@pytest.mark.parametrize("kind", ["loss", "choose", "embed"])
def test_what_is_graded_is_the_same_to_the_last_bit_whatever_the_batch_or_order(engine: HF, kind: str) -> None:
    graded = [
        replace(request, answer=" ".join(WORDS[i % 6 : i % 6 + i % 9])) for i, request in enumerate(rating_requests(90))
    ]
    whole, chance = dict(getattr(engine, kind)(graded)), Random(0)
    for size in (1, 1, 1, 2, 3, 4, 9, 40, 89):
        some = chance.sample(range(90), size)
        found = dict(getattr(engine, kind)([graded[i] for i in some]))
        assert [found[at].values for at in range(size)] == [whole[i].values for i in some]


def test_the_vector_of_an_answer_does_not_depend_on_the_batch(engine: HF) -> None:
    requests = [
        Request(request.messages, answer=f"anna barda is {i} .") for i, request in enumerate(random_requests(9))
    ]
    together = dict(engine.embed(requests))
    for i, request in enumerate(requests):
        ((_, alone),) = engine.embed([request])
        assert alone.values == pytest.approx(together[i].values, abs=1e-5)
    assert len(together[0].values) == 32 and len(set(together[i].values for i in together)) == 9


@pytest.mark.parametrize(
    ("scores", "top_p", "kept"),
    [
        ([0.5, 0.3, 0.2], 0.5, [1, 0, 0]),
        ([0.2, 0.3, 0.5], 0.51, [0, 1, 1]),
        ([0.25, 0.25, 0.25, 0.25], 0.5, [1, 1, 0, 0]),
        ([0.1, 0.4, 0.1, 0.4], 0.85, [1, 1, 0, 1]),
        ([0.0, 1.0, 0.0], 0.99, [0, 1, 0]),
        ([0.7, 0.3], 1e-6, [1, 0]),
    ],
)
def test_the_nucleus_is_the_fewest_likeliest_tokens_and_the_first_of_equals(
    scores: list[float], top_p: float, kept: list[int]
) -> None:
    import torch

    assert nucleus(torch.tensor([scores], dtype=torch.float64).log(), top_p).int().tolist() == [kept]
