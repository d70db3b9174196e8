"""The engine of translators with an encoder and a decoder, with tiny ones made on the spot."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import translators

from baleen.engines import table
from baleen.engines.protocol import Reply, Request, Sampling
from baleen.errors import Problem
from baleen.models import identity
from baleen.project.settings import Speed

pytestmark = pytest.mark.slow

if not (find_spec("sentencepiece") and find_spec("sacremoses")):  # to import them takes a second
    pytest.skip("the extra translators is not installed", allow_module_level=True)
GREEDY = Sampling(temperature=0.0, max_tokens=40)
CPU = Speed(device="cpu", threads=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models/: marian, and three pins of an M2M-100 model."""
    folder = tmp_path_factory.mktemp("translators")
    translators.write_marian(folder / "models/marian")
    place = translators.write_m2m(folder / "m2m")
    for name, languages in {"en-es": "en-es", "en-fr": "en-fr", "none": "", "klingon": "en-tlh"}.items():
        (folder / "models" / name).mkdir()
        written = f"path: {place}\n" + (f"languages: {languages}\n" if languages else "")
        (folder / "models" / name / "pin.yaml").write_text(written)
    return folder


@pytest.fixture(autouse=True)
def inside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


def requests_of(*texts: str) -> list[Request]:
    return [Request((("user", text),), seed=n) for n, text in enumerate(texts)]


def replies(model: str, requests: list[Request], sampling: Sampling = GREEDY) -> list[Reply]:
    kind, _, load = table.loader("seq2seq", model, CPU)
    engine = load()
    assert kind == engine.kind == "seq2seq-1"
    found = dict(engine.generate(requests, sampling))
    return [found[at] for at in range(len(requests))]


def test_it_is_found_by_its_name_with_what_it_can_do() -> None:
    assert "seq2seq" in table.ENGINES
    assert table.can("seq2seq", "embed") and table.can("seq2seq", "workers") and not table.can("seq2seq", "template")


def test_a_marian_model_translates_what_it_has_learned() -> None:
    found = replies("marian", requests_of(*translators.SENTENCES))
    assert [reply.text for reply in found] == list(translators.SENTENCES.values())
    assert {reply.finish for reply in found} == {"stop"} and all(reply.prompt_tokens for reply in found)


def test_lines_are_translated_one_by_one_and_what_is_between_them_stays() -> None:
    (reply,) = replies("marian", requests_of("write a poem\n\n  the sea is big\n"))
    assert reply.text == "escribe un poema\n\n  el mar es grande\n"


def test_a_reply_is_the_same_alone_and_among_others_greedy_and_sampled() -> None:
    requests = requests_of("write a poem", "the sea is big and the list is big", "", "write a list\nadd the sea")
    for sampling in (GREEDY, Sampling(temperature=1.5, top_p=1.0, max_tokens=20)):
        together = replies("en-es", requests, sampling)
        assert together == [replies("en-es", [request], sampling)[0] for request in requests]
    again = [replies("en-es", [Request((("user", "write a poem"),), seed=n)], sampling)[0].text for n in (5, 6)]
    assert len(set(again)) == 2


def test_what_is_cut_off_and_what_is_too_long_says_so() -> None:
    short, long = replies("marian", requests_of("write a poem", "a " * 100), Sampling(temperature=0.0, max_tokens=3))
    assert (short.finish, long.finish) == ("length", "too long")


def test_the_target_language_decides_what_is_written_and_is_part_of_the_identity() -> None:
    spanish, french = (replies(name, requests_of("write a poem"))[0].text for name in ("en-es", "en-fr"))
    assert spanish != french
    assert identity.identity("en-es") == identity.identity("none") + "+en-es" != identity.identity("en-fr")


@pytest.mark.parametrize(
    ("model", "words"),
    [("none", "write languages: SOURCE-TARGET in its pin"), ("klingon", "unknown language 'tlh'")],
)
def test_a_language_that_lacks_or_that_the_model_does_not_know_is_one_line(model: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        replies(model, requests_of("write a poem"))


def test_embeddings_are_alike_for_the_same_text_in_any_batch() -> None:
    engine = table.loader("seq2seq", "en-es", CPU)[2]()
    texts = ["write a poem", "the sea is big and long", "write a poem"]
    vectors = dict(engine.embed([Request((), answer=text) for text in texts]))
    first, other, again = (vectors[at].values for at in range(3))
    assert len(first) == 48 and first == pytest.approx(again, abs=1e-5) and first != pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize("query", ["loss", "choose"])
def test_it_says_which_engine_grades(query: str) -> None:
    engine = table.loader("seq2seq", "marian", CPU)[2]()
    with pytest.raises(Problem, match="engine: hf"):
        getattr(engine, query)(requests_of("a"))


def test_a_prompt_with_more_than_a_text_is_refused() -> None:
    with pytest.raises(Problem, match="use a prompt with a body and no prefill"):
        replies("marian", [Request((), prefill="x")])
