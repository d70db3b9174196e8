"""Models: what a folder or a pin stands for, and the error when it cannot be opened."""

import shutil
from pathlib import Path

import pytest

from baleen.errors import Problem
from baleen.models import identity, load, pins
from baleen.project.settings import Speed

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    return tmp_path


def model_folder(name: str, **files: str) -> Path:
    found = Path("models", name)
    found.mkdir(parents=True)
    for file, text in files.items():
        (found / file.replace("__", ".")).write_text(text)
    return found


def pinned_model(text: str) -> str:
    model_folder("pinned", pin__yaml=text)
    return "pinned"


WHOLE = {"model__safetensors": "1234", "config__json": "{}", "tokenizer__json": "{}", "chat_template__jinja": "{{ x }}"}


@pytest.mark.parametrize("file", [name.replace("__", ".") for name in WHOLE])
def test_identity_changes_with_every_file_that_shapes_an_answer(file: str) -> None:
    before = identity.identity(model_folder("m", **WHOLE).name)
    Path("models/m", file).write_text("other")
    assert identity.identity("m") != before


@pytest.mark.parametrize("file", ["README.md", "training_args.bin", ".hidden"])
def test_identity_ignores_cards_and_pickles(file: str) -> None:
    before = identity.identity(model_folder("m", **WHOLE).name)
    Path("models/m", file).write_text("other")
    assert identity.identity("m") == before


def test_identity_does_not_depend_on_the_name() -> None:
    shutil.copytree(model_folder("m", **WHOLE), "elsewhere")
    assert identity.identity("m") == identity.identity("./elsewhere")


def test_the_identity_of_an_adapter_depends_on_its_base() -> None:
    model_folder("base", **WHOLE)
    model_folder("m", adapter_config__json='{"base_model_name_or_path": "models/base"}')
    before = identity.identity("m")
    Path("models/base/model.safetensors").write_text("other")
    assert identity.identity("m") != before


def test_the_hash_of_a_big_file_follows_its_content(home: Path) -> None:
    big = home / "big"
    hashes = []
    for letter in (b"a", b"a", b"b"):
        big.write_bytes(letter * (identity.BIG + 1))
        hashes.append(identity.file_hash(big))
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_hash_of_a_big_file_is_computed_once(home: Path) -> None:
    big = home / "big"
    big.write_bytes(b"a" * (identity.BIG + 1))
    identity.file_hash(big)
    (note,) = (home / "memo" / "file-hashes").iterdir()
    note.write_text("remembered")
    assert identity.file_hash(big) == "remembered"


@pytest.mark.parametrize(
    ("pin", "wanted"),
    [
        (f"{{hub: a/b, revision: {COMMIT}}}", f"a/b@{COMMIT}"),
        (f"{{hub: a/b, revision: {COMMIT}, chat_template: chatml}}", f"a/b@{COMMIT}+chatml"),
        ("{endpoint: 'http://127.0.0.1:1/v1', model: m}", "http://127.0.0.1:1/v1#m"),
        (f"{{endpoint: 'http://127.0.0.1:1/v1', model: m, weights: a/b@{COMMIT}}}", f"a/b@{COMMIT}#m"),
    ],
)
def test_the_identity_of_a_pin_says_where_the_model_is(pin: str, wanted: str) -> None:
    assert identity.identity(pinned_model(f"{pin}  # a comment")) == wanted


def test_the_identity_of_a_model_to_be_made_depends_on_its_sizes() -> None:
    model_folder("a", pin__yaml="fresh: {hidden_size: 64}")
    model_folder("b", pin__yaml="fresh: {hidden_size: 128}")
    assert identity.identity("a") != identity.identity("b")


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("{hub: a/b, revision: main}", "revision 'main' of a/b must be the commit"),
        ("{hub: a/b}", "must be the commit"),
        (
            f"{{hub: a/b, revision: {COMMIT}, endpoint: x}}",
            "must hold one of 'hub', 'endpoint', 'apertium', 'path', 'gguf' and 'fresh'",
        ),
        ("{trust_remote_code: true}", "must hold one of"),
        ("{endpoint: 'http://x'}", "add the name of the model at http://x"),
        ("{endpoint: 'http://x', model: m, weights: a/b}", "weights 'a/b' must name what an endpoint serves"),
        ("{endpoint: 'http://x', model: m, weights: a/b@main}", "as organisation/name@commit with 40 hex digits"),
        (f"{{hub: a/b, revision: {COMMIT}, weights: a/b@{COMMIT}}}", "must name what an endpoint serves"),
        (f"{{hub: a/b, revison: {COMMIT}}}", "unknown setting 'revison'; did you mean 'revision'?"),
        ("fresh: {hiden_size: 3}", "hiden_size"),
        (f"{{hub: a/b, revision: {COMMIT}, chat_template: chatm}}", "did you mean 'chatml'?"),
    ],
)
def test_a_pin_that_cannot_be_meant_is_named(pin: str, words: str) -> None:
    with pytest.raises(Problem, match="pin.yaml") as caught:
        pins.pin(pinned_model(pin))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"hub": "a/b", "revision": COMMIT},
        {"endpoint": "http://127.0.0.1:1/v1", "model": "m"},
        {"apertium": "eng-spa", "version": "0.8.1-2"},
    ],
)
def test_a_profile_may_name_whatever_a_pin_may(given: dict[str, str]) -> None:
    assert pins.declared(given, "profiles/p.yaml: chat") == given


def test_an_unknown_model_is_answered_with_the_closest_name() -> None:
    model_folder("humpback-1", **WHOLE)
    with pytest.raises(Problem, match="unknown model 'humpback1'; did you mean 'humpback-1'?"):
        identity.identity("humpback1")


@pytest.mark.parametrize(
    ("pin", "words"),
    [("{endpoint: 'http://x', model: m}", "can be queried"), ("fresh: {hidden_size: 8}", "when it is first trained")],
)
def test_a_model_without_weights_here_cannot_be_loaded(pin: str, words: str) -> None:
    with pytest.raises(Problem, match=words):
        load.load(pinned_model(pin), Speed(device="cpu"))


def test_weights_in_pickle_are_not_opened() -> None:
    model_folder("m", config__json="{}", pytorch_model__bin="x")
    with pytest.raises(Problem, match=r"no weights in safetensors, only config.json, pytorch_model.bin"):
        load.weights("m", "float32")


def test_a_folder_without_a_tokenizer_is_named() -> None:
    model_folder("m", model__safetensors="x", config__json="{}")
    with pytest.raises(Problem, match="models/m has no tokenizer"):
        load.tokenizer("m")
