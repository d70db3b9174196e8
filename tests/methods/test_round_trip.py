"""Round trips: their prompts, their recipe, and trips through real programmes and through the verbs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted import Script, read_outputs, scripted_project

from baleen import prompts
from baleen.engines import apertium
from baleen.engines.apertium import Apertium
from baleen.engines.protocol import Request, Sampling
from baleen.errors import Problem
from baleen.measures.evaluation import Design, evaluation
from baleen.measures.expressions import parse_value
from baleen.measures.languages import speaks
from baleen.methods import round_trip
from baleen.models import identity, pins
from baleen.project.settings import Speed
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from baleen.tables.rows import Row
from benchmarks.claims.round_trip import CLAIM
from stages import filter, generate, map

ODD = ["你好，写一首诗", 'say {"a": [1, "x"]}', "costs $5 or $$", "${name} $name", "word " * 20_000, "¿qué tal?\nbien"]
NAMES = ["to", "from", "text-to", "text-from", "again", "abroad"]
GREEDY = Sampling(temperature=0)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_holds_any_text_as_it_is_and_its_answer_reads_back(name: str, odd: str) -> None:
    prompt = prompts.load(f"round-trip/{name}")
    given = {"pivot": "es", "masked": odd, "abroad": odd, "back": odd, "reworded": odd, "again": odd, "origin": "x"}
    assert all(
        prompts.column_text(given[column]).rstrip("\n") in prompt.messages(given)[-1][1] for column in prompt.reads
    )
    assert prompt.parse_reply(prompt.format_reply(given)) == {column: given[column].strip() for column in prompt.writes}


@pytest.mark.parametrize("name", [*NAMES, "before", "after"])
def test_a_prompt_tells_where_it_comes_from(name: str) -> None:
    assert Path(f"prompts/round-trip/{name}.md").read_text().split("---")[1].startswith("\n# ")


@pytest.mark.parametrize("name", ["again", "abroad"])
def test_the_question_again_is_asked_as_the_first_time(name: str) -> None:
    assert prompts.load(f"round-trip/{name}").system == prompts.load("reply").system


@pytest.mark.parametrize(
    ("abroad", "made"), [("mok ⟦1⟧ nar", "mok in json nar"), ("mok nar", ""), ("⟦1⟧ mok ⟦1⟧", ""), ("", "")]
)
def test_what_was_said_abroad_becomes_the_instruction_with_its_spans(abroad: str, made: str) -> None:
    row = {"instruction": "say it in json", "abroad": abroad, "sent": "say it ⟦1⟧", "spans": ["in json"]}
    found = round_trip.stay(row)
    assert found == ([row | {"instruction": made}] if made else "a protected span is lost")


def lines() -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for name in ("round-trip", "round-trip-arms", "more/round-trip-across"):
        for rule, own in parse_yaml(Path(f"recipes/{name}.yaml").read_text()).items():
            found.setdefault(rule, {}).update(own)
    return found


def test_all_arms_are_as_large_and_learn_as_long_from_the_same_base() -> None:
    found = lines()
    students = [line for line in found["train"].values() if line.get("prompt") == "reply"]
    assert {(line["base"], line.get("settings")) for line in students} == {("round-trip-base", None)}
    assert len(students) == 8
    assert {found["filter"][name]["count"] for name in ("rt-kept", "rt-any", "rt-outputs-kept", "rt-abroad")} == {300}
    assert {table for pair in CLAIM.pairs.values() for table in (pair.better, pair.other)} <= {
        name for own in found.values() for name in own
    }


TRIP = [  # what was sent, what a model said of it, and why it leaves
    ("what is the job of your mother ?", "what is the profession of your mother ?", ""),
    ("write a poem in json .", "compose a poem ⟦1⟧ .", ""),
    ("what is the hobby of ben dorra ?", "what is the hobby of ben dorra ?", "not bleu(instruction,original)<=95"),
    ("give me the pet of emma corba .", "qwx zzt", "not chrf(instruction,original)>=30"),
    (
        "where does it live ?",
        "where where does it live does it live does it live ?",
        "not ratio(instruction,original)<=2",
    ),
    (
        "tell me about the hotel and the restaurant",
        "háblame del hotel y del restaurante",
        "not speaks(instruction,language)==1",
    ),
]


@pytest.mark.slow
def test_a_trip_through_the_verbs_keeps_what_is_reworded_and_tells_why_the_rest_leaves(tmp_path: Path) -> None:
    seeds = [{"id": str(i), "instruction": text, "response": "yes"} for i, (text, _, _) in enumerate(TRIP)]
    tables = {name: str(tmp_path / f"{name}.parquet") for name in ("seed", "out", "back", "words", "good")}
    rows.write(tables["seed"], seeds)
    map.main(
        [
            tables["out"],
            "--input",
            tables["seed"],
            "--apply",
            "round_trip.mask",
            "--set.pivot",
            "es",
            "--set.language",
            "en",
        ]
    )
    sent = list(rows.read(Path(tables["out"])))
    assert {(row["pivot"], row["language"]) for row in sent} == {("es", "en")}
    rows.write(tables["back"], [row | {"back": TRIP[i][1]} for i, row in enumerate(sent)])
    map.main([tables["words"], "--input", tables["back"], "--apply", "round_trip.unmask"])
    keep = ["bleu(instruction,original)<=95", "chrf(instruction,original)>=30", "ratio(instruction,original)<=2"]
    keep += ["speaks(instruction,language)==1"]
    filter.main([tables["good"], "--input", tables["words"], "--keep", *keep])
    told = [reason for _, _, reason in TRIP if reason]
    assert [row["reason"] for row in rows.read(tmp_path / "good.dropped.parquet")] == told
    kept = [row["instruction"] for row in rows.read(tmp_path / "good.parquet")]
    assert kept == ["what is the profession of your mother ?", "compose a poem in json ."]
    assert set(json.loads((tmp_path / "good.json").read_text())["signatures"]) == {"bleu", "chrf"}


def test_an_evaluation_by_bleu_tells_its_signature() -> None:
    design = Design([parse_value("bleu(x,y)"), parse_value("words(x)")], by="", cluster="id", scores=[], seed=0)
    found = evaluation([{"id": "1", "x": "a b", "y": "a b"}], [], design)
    assert list(found["signatures"]) == ["bleu"] and found["groups"]["all"]["bleu(x,y)"]["mean"] == 100


needs_apertium = pytest.mark.skipif(not shutil.which("apertium"), reason="the program apertium is not installed")


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    if not {"eng-spa", "spa-eng"} <= set(apertium.installed_pairs()):
        pytest.skip("the pair eng-spa of Apertium is not installed")
    for name in ("eng-spa", "spa-eng"):
        write_pin(name, apertium.package_version(name) or "1")
    yield "eng-spa"


def write_pin(name: str, version: str) -> None:
    folder = Path("models", name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pin.yaml").write_text(f"apertium: {name}\nversion: {version}\n")


def translations(name: str, *texts: str) -> list[str]:
    asked = [Request((("user", text),)) for text in texts]
    return [reply.text for _, reply in sorted(Apertium(name, Speed()).generate(asked, GREEDY))]


@pytest.mark.slow
@needs_apertium
def test_a_real_translator_rewords_and_leaves_marks_and_lines_alone(pair: str) -> None:
    texts = ["The teacher asked ⟦1⟧ questions.\n\n  Write it ⟦2⟧.", "", "How is the weather?"]
    there = translations(pair, *texts)
    assert there[1] == "" and "⟦1⟧" in there[0] and there[0].count("\n") == 2 and "tiempo" in there[2]
    back = translations("spa-eng", *there)
    assert back[0] != texts[0] and "⟦2⟧" in back[0] and "\n\n  " in back[0]


@needs_apertium
def test_identity_is_pair_and_version_and_another_version_is_a_problem(pair: str) -> None:
    assert identity.identity(pair).startswith("apertium:eng-spa@")
    if apertium.package_version(pair):
        write_pin(pair, "0.0.0")
        with pytest.raises(Problem, match=r"write version: .* in the pin of eng-spa"):
            Apertium(pair, Speed())


@needs_apertium
def test_sampling_and_grading_are_beyond_it(pair: str) -> None:
    engine = Apertium(pair, Speed())
    with pytest.raises(Problem, match="write temperature: 0"):
        list(engine.generate([], Sampling()))
    with pytest.raises(Problem, match="cannot compute losses"):
        engine.loss([])
    with pytest.raises(Problem, match="a prompt with a body and no prefill"):
        list(engine.generate([Request((), prefill="x")], GREEDY))


@pytest.mark.slow
@needs_apertium
def test_a_round_trip_goes_through_the_memo_like_any_engine(pair: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path.cwd()
    scripted_project(home, monkeypatch, Script())
    for name in ("text-to", "text-from"):
        target = Path("prompts/round-trip") / f"{name}.md"
        target.parent.mkdir(exist_ok=True, parents=True)
        target.write_text((Path(__file__).parents[2] / "prompts/round-trip" / f"{name}.md").read_text())
    texts = ["The teacher asked how to cook.", "Write 3 lines in json about https://a.b/c."]
    rows.write("seed", [{"id": str(i), "instruction": text} for i, text in enumerate(texts)])
    map.main(["out", "--input", "seed", "--apply", "round_trip.mask", "--set.pivot", "es"])
    for made, told, name, model in [("there", "out", "text-to", pair), ("back", "there", "text-from", "spa-eng")]:
        flags = ["--engine", "apertium", "--temperature", "0", "--model", model, "--prompt", f"round-trip/{name}"]
        generate.main([made, "--input", told, *flags])
    map.main(["words", "--input", "back", "--apply", "round_trip.unmask"])
    found = read_outputs("words")
    assert speaks(found.column("abroad")[0], "es") == 1.0
    assert found.column("instruction")[0] != texts[0]
    assert all(span in found.column("instruction")[1] for span in ("3", "in json", "https://a.b/c"))
    models_asked = [one["model"].partition("@")[0] for one in found.rows[0]["lineage"]]
    assert models_asked == ["apertium:eng-spa", "apertium:spa-eng"]
    monkeypatch.setenv("PATH", "")  # nothing is asked again
    generate.main(["back", "--input", "there", *flags])


def test_without_the_programme_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_pin("eng-spa", "1")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Problem, match="needs the program apertium; install it"):
        Apertium("eng-spa", Speed())


def test_a_model_that_is_no_pair_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("models/x")
    folder.mkdir(parents=True)
    (folder / "pin.yaml").write_text("endpoint: http://a\nmodel: b\n")
    with pytest.raises(Problem, match="is no pair of Apertium"):
        Apertium("x", Speed())
    (folder / "pin.yaml").write_text("apertium: eng-spa\n")
    with pytest.raises(Problem, match="add the version of the package"):
        pins.pin("x")
