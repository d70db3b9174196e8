"""A claim on real text: lines for every seed, a project that takes them, paired differences over rows and seeds."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import local_models
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baleen.errors import Problem
from baleen.measures.expressions import parse_condition
from baleen.project import recipes, shipped
from baleen.project.yaml_files import parse_yaml
from baleen.tables import rows
from benchmarks import ifeval
from benchmarks.claims import real
from benchmarks.claims.real import Pair, Project, Real, figures, page, projects

LINES = """filter:
  web:         {input: corpus, best: "chance(id)", count: $documents}
  half-s$seed: {input: seed, best: "$draw", count: 10}
train:
  few-s$seed: {input: half-s$seed, base: base, prompt: reply, seed: $seed}
  all-s$seed: {input: seed, base: base, prompt: reply, seed: $seed}
score:
  loss-few-s$seed: {input: heldout, model: few-s$seed, prompt: reply}
  loss-all-s$seed: {input: heldout, model: all-s$seed, prompt: reply}
"""
PAIR = Pair("loss-all-s$seed", "loss-few-s$seed")
CORPUS = ("--corpus", "$data/corpus.jsonl", "--seeds", "$here/data/seeds/assistant.jsonl", "--documents", "5")
TINY = {
    "train": {"steps": 1, "batch": 4, "lr": 1e-3, "max_length": 1024},
    "speed": {"device": "cpu", "threads": 1, "train_rows": 4},
}


def test_published_answers_are_joined_with_the_prompts_whose_key_they_have(tmp_path: Path) -> None:
    asked, answered = tmp_path / ifeval.PROMPTS, tmp_path / ifeval.GRADED
    asked.write_text('{"key": 1, "prompt": "a\u2028?"}\n{"key": 2, "prompt": "b?"}\n', encoding="utf-8")
    answered.write_bytes(gzip.compress(b'{"key": 1, "response": "A"}\n\n{"key": 2, "response": "B"}\n'))
    made = list(ifeval.graded(tmp_path))
    assert made == [{"key": 1, "prompt": "a\u2028?", "response": "A"}, {"key": 2, "prompt": "b?", "response": "B"}]


def test_a_published_answer_without_its_prompt_is_refused(tmp_path: Path) -> None:
    (tmp_path / ifeval.PROMPTS).write_text('{"key": 1, "prompt": "a?"}\n', encoding="utf-8")
    (tmp_path / ifeval.GRADED).write_bytes(gzip.compress(b'{"key": 3, "response": "A"}\n'))
    with pytest.raises(KeyError):
        list(ifeval.graded(tmp_path))


@pytest.mark.parametrize("method", real.METHODS)
def test_what_a_claim_compares_has_a_line(method: str, tmp_path: Path) -> None:
    made = real.claim(method)
    for project in made.projects.values():
        (tmp_path / "real.yaml").write_text(real.lines(made.lines, (0, 1, 2), project.names))
        known = {line.name for line in recipes.lines([tmp_path / "real.yaml"])} | {*shipped.lines()}
        compared = [side for pair in (*made.pairs.values(), *made.later.values()) for side in (pair.better, pair.other)]
        files = [Path(file).name for file, *_ in made.figures.values()]
        assert {real.for_seed(name, seed) for name in [*compared, *files] for seed in (0, 1, 2)} <= known


@pytest.mark.parametrize("method", real.METHODS)
def test_a_figure_of_a_group_names_one_that_its_line_has(method: str, tmp_path: Path) -> None:
    made, own = real.claim(method), lines_of(method, tmp_path)
    files = [*(shipped.folder() / "recipes").glob("*.yaml"), tmp_path / "real.yaml"]
    texts = [path.read_text(encoding="utf-8") for path in files]
    sections = {name: section for text in texts for name, section in parse_yaml(text).get("settings", {}).items()}
    for file, *keys in made.figures.values():
        if keys[0] == "groups" and (line := own.get(real.for_seed(file, 1))):
            given = sections[str(line.given.get("settings", "answers"))] | dict(line.given)
            assert (keys[1] == "all") == (not given.get("by") and not given.get("dev")), file
            asked = {*given["mean"], *given.get("ratio", ())}
            assert keys[2] in asked, file


def lines_of(method: str, folder: Path) -> dict[str, recipes.Line]:
    """The lines that a claim adds to its first project, for two seeds."""
    made = real.claim(method)
    project = next(iter(made.projects.values()))
    (folder / "real.yaml").write_text(real.lines(made.lines, (0, 1), project.names))
    return {line.name: line for line in recipes.lines([folder / "real.yaml"])}


@pytest.mark.parametrize("method", real.METHODS)
def test_the_trainings_that_a_claim_compares_differ_in_what_they_learn_alone(method: str, tmp_path: Path) -> None:
    made, known = real.claim(method), lines_of(method, tmp_path)
    for name, pair in {**made.pairs, **made.later}.items():
        models = [figures.model_of(real.for_seed(side, 1), known) for side in (pair.better, pair.other)]
        mine, other = ({**known[m].given} if m in known else {} for m in models)
        if not mine or not other or "instead" in mine:
            continue
        assert mine["seed"] == other["seed"] == 1, name
        rounds = {"base"} if method == "self-lengthen" else set()  # each goes on from the one before
        differing = {key for key in {*mine, *other} if mine.get(key) != other.get(key)}
        told = {"steps"} if "steps" in name else set()  # only where the claim says so
        told |= ({"lora_rank", "lr"} if "LoRA" in name else set()) | ({"lr"} if "rate" in name else set())
        assert differing <= {"input", "prompt", "writes", *rounds, *told}, name


@pytest.mark.parametrize("method", real.METHODS)
def test_nothing_learns_from_a_held_out_row(method: str, tmp_path: Path) -> None:
    known = lines_of(method, tmp_path)
    if not {"heldout", "seed"} <= {*known} or known["heldout"].given["input"] != known["seed"].given["input"]:
        return
    sides = [
        [parse_condition(one) for one in known[table].given["keep"] if one.startswith("chance")]
        for table in ("heldout", "seed")
    ]
    for number in range(300):
        row = {"id": f"row {number}", "response": f"response {number}"}
        assert sum(all(not one.reason(row) for one in side) for side in sides) < 2


def test_questions_and_answers_of_the_cycle_are_never_of_one_pair_nor_held_out(tmp_path: Path) -> None:
    known = lines_of("cycle", tmp_path)
    places = {"heldout": "response", "asked-pages": "answer", "answered-pages": "response", "seed": "response"}
    sides = {
        table: [parse_condition(one) for one in known[table].given["keep"] if one.startswith("chance")]
        for table in places
    }
    for number in range(300):
        row = dict.fromkeys(("response", "answer"), f"an answer {number}")
        kept = {table for table, side in sides.items() if all(not one.reason(row) for one in side)}
        assert not {"asked-pages", "answered-pages"} <= kept and ("heldout" not in kept or kept == {"heldout"})


def test_a_line_with_a_seed_stands_once_for_each_and_draws_in_another_order() -> None:
    text = real.lines(LINES, (3, 4), {"documents": "5"})
    assert re.findall(r"  (half-\S+): .*best: \"(.*?)\"", text) == [
        ("half-s3", "chance(id)"), ("half-s4", "chance(instruction)")
    ]  # fmt: skip
    assert text.count("  web:") == 1 and "count: 5}" in text


@pytest.mark.parametrize(
    ("text", "seeds", "words"),
    [
        ("  a: {count: $many}\n", (0,), r"\$many in .* which has seed"),
        ("", (0, 1, 2, 3), "4 seeds"),
        ("  a: $\n", (0,), "sign"),
    ],
)
def test_what_cannot_be_filled_in_is_one_line(text: str, seeds: tuple[int, ...], words: str) -> None:
    with pytest.raises(Problem, match=words):
        real.lines(text, seeds, {})


@pytest.mark.parametrize(
    ("low", "high", "rows", "lower", "verdict"),
    [
        (-0.2, -0.1, 50, True, "holds"), (0.1, 0.2, 50, True, "opposite"), (-0.1, 0.2, 50, True, "does not hold"),
        (0.1, 0.2, 50, False, "holds"), (-0.2, -0.1, 50, False, "opposite"), (-0.2, -0.1, 19, True, "too few rows"),
        (0.0, 0.0, 50, False, "no row differs"), (0.0, 0.0, 50, True, "no row differs"),
    ],
)  # fmt: skip
def test_a_claim_holds_when_the_whole_interval_is_on_the_better_side(
    low: float, high: float, rows: int, lower: bool, verdict: str
) -> None:
    assert figures.verdict(low, high, rows, lower) == verdict


def test_the_same_rows_in_more_seeds_are_no_more_rows() -> None:
    one = {str(n): (str(n), float(n)) for n in range(40)}
    low, high = figures.interval({0: one})
    thrice = figures.interval({0: one, 1: one, 2: one})
    assert thrice == pytest.approx((low, high), abs=1.0) and high - low > 5


def test_seeds_that_disagree_widen_the_interval() -> None:
    agree = {seed: {str(n): (str(n), 1.0) for n in range(40)} for seed in range(3)}
    apart = {seed: {str(n): (str(n), float(seed)) for n in range(40)} for seed in range(3)}
    assert figures.interval(agree) == (1.0, 1.0)
    assert figures.interval(apart) == (0.0, 2.0)


def test_only_seeds_of_which_both_tables_are_built_are_compared(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, loss in {"loss-all-s0": 1.0, "loss-few-s0": 3.0, "loss-all-s1": 1.0}.items():
        rows.write(str(tmp_path / f"data/{name}.parquet"), [{"id": str(n), "loss": loss} for n in range(30)])
    found = figures.difference(tmp_path, PAIR, (0, 1))
    assert (found["difference"], found["seeds"], found["rows"], found["verdict"]) == (-2.0, [0], 30, "holds")
    assert figures.difference(tmp_path, PAIR, (2,))["verdict"] == "not built"


IFEVAL = {  # of every claim that asks IFEval's prompts: strict and loose, at the level of prompts and of instructions
    "follows_all(instruction_id_list,kwargs,answer)",
    "follows_all_loosely(instruction_id_list,kwargs,answer)",
    "instructions_followed(instruction_id_list,kwargs,answer) / count(instruction_id_list)",
    "instructions_followed_loosely(instruction_id_list,kwargs,answer) / count(instruction_id_list)",
}


@pytest.mark.parametrize("method", real.METHODS)
def test_a_claim_by_ifeval_has_all_four_of_its_figures(method: str) -> None:
    made = real.claim(method)
    measures = {pair.measure for pair in (*made.pairs.values(), *made.later.values())}
    assert not measures & IFEVAL or measures >= IFEVAL


READ = {ifeval.graded: {ifeval.PROMPTS, ifeval.GRADED}}  # what functions read that make files of a project


def data_files(method: str) -> set[str]:
    """The files in the folder of the data that a claim reads."""
    found = set[str]()
    for project in real.claim(method).projects.values():
        found |= {word.removeprefix("$data/") for word in (*project.new, *project.files) if word.startswith("$data/")}
        found |= {name for make in project.made.values() for name in READ[make]}
    return found


def test_the_page_says_of_every_file_of_the_data_which_claims_read_it() -> None:
    text = (page.ROOT / "docs/methods.md").read_text(encoding="utf-8").partition("| file in `--data` |")[2]
    lines = [line.split(" | ") for line in text.partition("\n\n")[0].splitlines()[2:]]
    told = {first.strip("| `"): last.removesuffix(" |").split(", ") for first, _, _, last in lines}
    files = sorted({name for method in real.METHODS for name in data_files(method)})
    assert told == {name: [method for method in real.METHODS if name in data_files(method)] for name in files}
    assert all(origin and licence for _, origin, licence, _ in lines)


def test_what_was_recorded_of_ifeval_keeps_its_name_and_measure() -> None:
    known = json.loads((page.ROOT / page.RECORD).read_text(encoding="utf-8"))
    for method, recorded in known.items():
        pairs = {**real.claim(method).pairs, **real.claim(method).later}
        for name, one in ((name, one) for project in recorded.values() for name, one in project["differences"].items()):
            assert "measure" not in one or pairs[name].measure == one["measure"]


def test_a_ratio_is_of_the_sums_over_all_rows_and_a_row_is_drawn_whole(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    pair = Pair("more-s$seed", "less-s$seed", "right / count(asked)", lower=False)
    for name, right in {"more-s0": 1, "less-s0": 0}.items():  # of two in three rows a right one, of one in the others
        table = [{"id": str(n), "right": right, "asked": ["a", "b"][: 2 if n % 4 else 1]} for n in range(40)]
        rows.write(str(tmp_path / f"data/{name}.parquet"), table)
    found = figures.difference(tmp_path, pair, (0,))
    assert (found["difference"], found["rows"], found["verdict"]) == (round(40 / 70, 5), 40, "holds")
    assert found["low"] < 0.56 < 0.58 < found["high"]
    assert figures.arm(tmp_path, pair.better, pair, (0,), {})["mean"] == round(40 / 70, 4)


def test_arms_of_which_a_filter_kept_nothing_are_told_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, count in {"loss-all-s0": 30, "loss-few-s0": 0}.items():
        table = pa.table({"id": [str(n) for n in range(30)], "loss": [1.0] * 30})
        pq.write_table(table[:count], tmp_path / f"data/{name}.parquet")
        report = {"rows_out": count, "completion_tokens": 0}
        (tmp_path / f"data/{name}.json").write_text(json.dumps(report))
    found = figures.difference(tmp_path, PAIR, (0, 1))
    assert found == {"verdict": "no row in both arms", "seeds": [0]} and page.figure(found) == found["verdict"]
    assert figures.cut_off(tmp_path, ["loss-few-s0"]) == {}
    assert figures.arm(tmp_path, PAIR.other, PAIR, (0,), {})["mean"] is None


def test_an_arm_says_which_share_of_its_answers_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    reports: dict[str, dict[str, Any]] = {
        "answers-s0": {"rows_out": 60, "completion_tokens": 900, "kept_unread": {"truncated": 30}},
        "answers-s1": {"rows_out": 40, "completion_tokens": 500},
        "losses-s0": {"rows_out": 60},
    }
    for name, report in reports.items():
        (tmp_path / f"data/{name}.json").write_text(json.dumps(report))
    assert figures.cut_off(tmp_path, ["answers-s0", "answers-s1"]) == {"cut off": 0.3}
    assert figures.cut_off(tmp_path, ["answers-s1"]) == {"cut off": 0.0}
    assert figures.cut_off(tmp_path, ["losses-s0"]) == figures.cut_off(tmp_path, []) == {}


def test_pairs_are_chosen_by_a_word_and_those_for_later_only_so() -> None:
    made = Real({}, {"a over b": PAIR, "a over c": PAIR}, later={"IFEval: a over b": PAIR})
    assert [*made.of_pairs(["over b"]).pairs] == ["a over b", "IFEval: a over b"]
    with pytest.raises(Problem, match=r"no pair has a name with d; there are a over b; a over c; IFEval"):
        made.of_pairs(["d"])


def tiny_claim(folder: Path) -> tuple[Real, projects.Place]:
    """A claim on five documents under a tiny model."""
    texts = [f"The {word} is a thing that people have known for long and still use." * 8 for word in "abcdefg"]
    (folder / "corpus.jsonl").write_text("".join(f'{{"text": "{n} {text}"}}\n' for n, text in enumerate(texts)))
    local_models.write_folder(folder / "tiny")
    sections = TINY | {"origin": {"path": str(folder / "tiny")}}
    made = Real({"own": Project(CORPUS, names={"documents": "4"})}, {"all": PAIR}, sections, lines=LINES)
    return made, projects.Place(folder / "claims", folder, (1,))


def test_data_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    made, place = Real({"own": Project(CORPUS)}, {}, lines=LINES), projects.Place(tmp_path, tmp_path)
    with pytest.raises(
        Problem, match=r"no .*corpus\.jsonl; name the folder .* with --data; docs/methods.md says where"
    ):
        projects.write("tiny", made, "own", place)


@pytest.mark.slow
@pytest.mark.usefixtures("preloaded")
def test_a_claim_is_built_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    made, place = tiny_claim(tmp_path)
    place.folder.mkdir()
    folder = projects.build("tiny", made, "own", place)
    told = figures.results(made, folder, place.seeds)
    found = told["differences"]["all"]
    assert found["seeds"] == [1] and found["rows"] >= 20
    assert {name: (one["examples"], one["steps"]) for name, one in told["arms"].items()} == {
        "loss-all-s$seed, loss": (rows.size(folder / "data/seed.parquet"), 1),
        "loss-few-s$seed, loss": (10, 1),
    }
    (folder / "data/loss-all-s1.parquet").unlink()
    assert figures.difference(folder, PAIR, place.seeds)["verdict"] == "not built"
    before = (folder / "models/all-s1.json").stat().st_mtime_ns
    assert figures.results(made, projects.build("tiny", made, "own", place), place.seeds) == told
    assert (folder / "models/all-s1.json").stat().st_mtime_ns == before


def test_a_line_takes_the_place_of_one_of_its_name_under_any_rule_and_brings_its_prompt(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/sources.yaml").write_text("filter:\n  a: {input: x, count: 1}\n  b: {input: x}\n")
    (tmp_path / "dvc.yaml").write_text("vars:\n  - recipes/sources.yaml\n")
    text = "mix:\n  a: {input: x, other: b}\ngenerate:\n  c: {input: a, model: m, prompt: round-trip/text-to}\n"
    projects.add_lines(tmp_path, text)
    made = {line.name: line.rule for line in recipes.lines(sorted((tmp_path / "recipes").glob("*.yaml")))}
    assert made == {"a": "mix", "b": "filter", "c": "generate"}
    assert (tmp_path / "prompts/round-trip/text-to.md").is_file()
    assert "  - recipes/real.yaml\n" in (tmp_path / "dvc.yaml").read_text()
