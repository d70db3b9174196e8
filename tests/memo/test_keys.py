from dataclasses import replace
from typing import Any

import pytest

from baleen.engines.protocol import Request, Sampling
from baleen.memo.keys import fits, query_settings

SAMPLING = Sampling()
BASE = Request((("user", "hi"),), prefill="So", seed=1, answer="a", choices=("1", "2"))
KNOWN = query_settings("e/1", "m", "generate", SAMPLING)


@pytest.mark.parametrize(
    ("request_", "sampling", "identity", "engine_kind", "kind"),
    [
        (replace(BASE, messages=(("system", "hi"),)), SAMPLING, "m", "e/1", "generate"),
        (replace(BASE, messages=(("user", "hi "),)), SAMPLING, "m", "e/1", "generate"),
        (replace(BASE, messages=(("user", "hi"), ("user", ""))), SAMPLING, "m", "e/1", "generate"),
        (replace(BASE, prefill=""), SAMPLING, "m", "e/1", "generate"),
        (replace(BASE, seed=2), SAMPLING, "m", "e/1", "generate"),
        (replace(BASE, answer="b"), SAMPLING, "m", "e/1", "generate"),
        (replace(BASE, choices=("12",)), SAMPLING, "m", "e/1", "generate"),
        (BASE, replace(SAMPLING, temperature=0.71), "m", "e/1", "generate"),
        (BASE, replace(SAMPLING, top_p=1.0), "m", "e/1", "generate"),
        (BASE, replace(SAMPLING, top_k=1), "m", "e/1", "generate"),
        (BASE, replace(SAMPLING, repetition_penalty=1.1), "m", "e/1", "generate"),
        (BASE, replace(SAMPLING, shape="a+"), "m", "e/1", "generate"),
        (BASE, replace(SAMPLING, stop=("Text:",)), "m", "e/1", "generate"),
        (BASE, SAMPLING, "another model", "e/1", "generate"),
        (BASE, SAMPLING, "m", "e/2", "generate"),
        (BASE, SAMPLING, "m", "e/1", "loss"),
        (BASE, SAMPLING, "m", "e/1", "choose"),
    ],
)
def test_whatever_shapes_the_answer_changes_the_key(
    request_: Request, sampling: Sampling, identity: str, engine_kind: str, kind: str
) -> None:
    assert KNOWN.key(BASE) != query_settings(engine_kind, identity, kind, sampling).key(request_)


def test_the_key_is_pinned_so_that_an_upgrade_does_not_cost_every_reply() -> None:
    assert KNOWN.key(BASE) == "c39ae8aa4e593db3d5b1e0754e09925c"


def test_numbers_written_differently_are_the_same_settings() -> None:
    whole = Sampling(temperature=0, top_p=1, top_k=0, repetition_penalty=1)
    broken = Sampling(temperature=0.0, top_p=1.0, top_k=0, repetition_penalty=1.0)
    assert query_settings("e", "m", "generate", whole).key(BASE) == query_settings("e", "m", "generate", broken).key(
        BASE
    )


@pytest.mark.parametrize("kind", ["loss", "choose"])
def test_sampling_is_no_part_of_a_question_that_draws_nothing(kind: str) -> None:
    assert query_settings("e", "m", kind, SAMPLING).key(BASE) == query_settings("e", "m", kind, None).key(BASE)


def test_lone_surrogates_have_a_key() -> None:
    assert query_settings("e", "m", "loss", None).key(Request((("user", "\ud800"),)))


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"completion_tokens": 5}, True),
        ({"completion_tokens": 20}, False),
        ({"completion_tokens": 5, "estimated": True}, False),
        ({}, False),  # an older record, of a server that did not count
        ({"text": ""}, True),
    ],
)
def test_a_finished_reply_serves_another_limit_when_it_is_known_to_be_shorter(
    more: dict[str, Any], wanted: bool
) -> None:
    value = {"text": "yes", "max_tokens": 9} | more
    assert (fits(value, 9), fits(value, 20)) == (True, wanted)
