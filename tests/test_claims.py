"""What a claim compares is built by its targets, has the columns its measures read, and no arm is built for nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from baleen.commands import check
from baleen.measures.expressions import parse_condition, parse_value
from baleen.project import graph, layers, recipes, settings
from baleen.tables import rows
from benchmarks import claims
from benchmarks.claims import Claim, Pair, _seeds
from benchmarks.claims.__main__ import METHODS, claim

RULES = {name: rule for name, rule in settings.load_yaml(Path("dvc.yaml"), plain=False)["stages"].items()}
ARMS = sorted([*Path("recipes").glob("*-arms.yaml"), *Path("recipes/more").glob("*.yaml")])
NUMBERS = {
    Path("recipes/humpback-loss-arms.yaml"),
    Path("recipes/humpback-calibration-arms.yaml"),
}  # what every project reports, of no paper's claim
PROJECT = layers.current()


def claim_lines(made: Claim) -> list[recipes.Line]:
    return recipes.lines([Path(f"recipes/{name}.yaml") for name in ("sources", "constraints", *made.recipes)])


def claim_stages(made: Claim) -> graph.Stages:
    """The stages that are built for a claim."""
    rules = {name: rule for name, rule in RULES.items() if name != "report"}
    found = graph.stages(rules, claim_lines(made), PROJECT.params)
    return graph.needed(found, made.targets or found)


def claim_tables(made: Claim) -> Iterator[tuple[str, list[str]]]:
    """The tables that a claim reads, with the columns it needs of them."""
    for pair in made.pairs.values():
        needs = [*parse_value(pair.measure).columns, *(parse_condition(pair.keep).value.columns if pair.keep else [])]
        yield from ((table, needs) for table in (pair.better, pair.other))
    yield from ((table, ["truth", "answer"]) for sizes in made.fits.values() for table in sizes.values())
    yield from ((table, [column]) for table, column in made.trigrams.values())


@pytest.mark.parametrize("method", METHODS)
def test_what_a_claim_reads_is_built_for_it(method: str) -> None:
    made = claim(method)
    outs = {out for stage in claim_stages(made).values() for out in stage.outs}
    assert [table for table, _ in claim_tables(made) if f"data/{table}.parquet" not in outs] == []
    files = {file for file, *_ in made.figures.values()}
    assert [file for file in files if not {f"data/{file}.json", f"{file}.json"} & outs] == []


@pytest.mark.parametrize("method", METHODS)
def test_its_tables_have_the_columns_that_its_measures_read(method: str) -> None:
    made = claim(method)
    columns = check.columns_of(check.book(claim_lines(made), PROJECT))
    assert [(table, needs) for table, needs in claim_tables(made) if set(needs) - (columns(table) or set(needs))] == []


@pytest.mark.parametrize("method", METHODS)
def test_a_figure_of_an_evaluation_is_one_of_its_measures(method: str) -> None:
    made = claim(method)
    book = check.book(claim_lines(made), PROJECT)
    evaluations = {line.name: book.line_settings(line) for line in claim_lines(made) if line.verb == "evaluate"}
    for file, *keys in made.figures.values():
        if file in evaluations and keys[0] == "groups":
            assert keys[2] in evaluations[file].mean, (file, keys)
            assert keys[1] == "all" or evaluations[file].by


def test_every_evaluation_of_arms_is_part_of_a_claim() -> None:
    targets = {target for method in METHODS for target in claim(method).targets}
    whole = {name for method in METHODS if not claim(method).targets for name in claim(method).recipes}
    arms = [line for path in ARMS if path not in NUMBERS for line in recipes.lines_of(path)]
    idle = [line.name for line in arms if line.rule == "evaluate" and f"evaluate@{line.name}" not in targets]
    assert [name for name in idle if not any(name in Path(f"recipes/{r}.yaml").read_text() for r in whole)] == []


@pytest.mark.parametrize("path", ARMS, ids=lambda path: path.stem)
def test_every_arm_that_is_trained_is_compared(path: Path) -> None:
    models = [line.name for line in recipes.lines_of(path) if line.rule == "train" and not line.ends_method]
    asked = "\n".join(repr(line.given) for line in recipes.lines_of(path))
    assert [name for name in models if not re.search(rf"'(?:model|base)': '{re.escape(name)}'", asked)] == []


UNLIKE = {  # who is compared with what it began as, or with what has another task
    ("air", "air-student"), ("air-chat", "air"), ("cycle-reply-1", "cycle-base"), ("cycle-reply-2", "cycle-reply-1"),
    ("cycle-ask-1", "cycle-ask-2"), ("cycle-reply-1", "cycle-reply-2"), ("tegit-designer", "tegit-blind"),
    ("self-lengthen-generator-2", "self-lengthen-chat"), ("self-lengthen-generator-3", "self-lengthen-chat"),
    ("self-lengthen-generator-1", "self-lengthen-chat"), ("self-lengthen", "self-lengthen-chat"),
    ("self-lengthen-generator-2", "self-lengthen-generator-1"),
    ("self-lengthen-generator-3", "self-lengthen-generator-2"),
    ("sl-true-generator-1", "self-lengthen-chat"), ("sl-true-generator-2", "self-lengthen-chat"),
    ("sl-true-generator-3", "self-lengthen-chat"), ("sl-true-generator-3", "self-lengthen-generator-3"),
    ("sl-few-generator-2", "self-lengthen-chat"), ("sl-few-generator-3", "self-lengthen-chat"),
    ("ask-preferring", "ask"), ("bf-preferring", "bf-both"),
    ("crab-longer", "crab-forward"), ("crab-forward-longer", "crab-forward"), ("crab-shown-longer", "crab-alone"),
    ("rt-meant-all-model", "rt-meant-model"),
    ("bf-filter", "reply"),  # Humpback's forward model, on a linear schedule
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_arms_that_are_compared_learn_as_long_from_the_same_base(method: str) -> None:
    whole = {(line.verb == "train", line.name): line.given for line in claim_lines(claim(method))}
    for name, pair in claim(method).pairs.items():
        models = tuple(str(whole[False, table].get("model")) for table in (pair.better, pair.other))
        if models not in UNLIKE and models[0] != models[1] and all((True, model) in whole for model in models):
            first, second = ([whole[True, model].get(key) for key in ("base", "settings")] for model in models)
            assert first == second, name


def test_a_row_that_cannot_be_measured_counts_for_no_arm(tmp_path: Path) -> None:
    """It counted as 0: for a loss, the best there is."""
    (tmp_path / "data").mkdir()
    for name, losses in {"a": [3.0, None, 5.0], "b": [1.0, 2.0, None]}.items():
        table = [{"id": str(n), "loss": loss} for n, loss in enumerate(losses)]
        rows.write(str(tmp_path / f"data/{name}.parquet"), table)
    found = claims.difference({0: tmp_path}, Pair("a", "b", "loss"))
    assert (found["all"]["points"], found["all"]["rows"]) == (200.0, 1)
    assert claims.difference({0: tmp_path}, Pair("a", "b", "loss", times=1.0))["all"]["points"] == 2.0
    assert (
        claims.mean(tmp_path, "a", "loss", "test") == 400.0 and claims.mean(tmp_path, "a", "loss", "test", "", 1) == 4.0
    )


def test_a_pair_may_be_of_some_rows_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, told in {"a": [1.0, 0.0], "b": [0.0, 0.0]}.items():
        table = [{"id": str(n), "hard": float(n), "right": x, "text": "one two three"} for n, x in enumerate(told)]
        rows.write(str(tmp_path / f"data/{name}.parquet"), table)
    found = [claims.difference({0: tmp_path}, Pair("a", "b", "right", keep=keep)) for keep in ("", "hard>=1")]
    assert [one["all"]["points"] for one in found] == [50.0, 0.0]
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/constraints.yaml").write_text("map: {}\n")
    (tmp_path / "recipes/sources.yaml").write_text(
        "train:\n  m: {input: s}\ngenerate:\n  a: {model: m}\n  b: {model: hub}\n"
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "models/m.json").write_text('{"examples": 7}')
    made = Claim((), (), {"p": Pair("a", "b", "right", keep="hard>=1")}, trigrams={"t": ("a", "text")})
    told = claims.results(made, {0: tmp_path})
    assert told["means"] == {"a right, hard>=1": {"world 0": 0.0}, "b right, hard>=1": {"world 0": 0.0}}
    assert told["figures"] == {"t": {"world 0": 1}} and told["learned from"] == {"world 0": {"m": 7}}


def test_an_arm_is_trained_again_with_each_other_seed_and_asked_the_same() -> None:
    made = claim("crab")
    tables = [table for pair in made.pairs.values() for table in (pair.better, pair.other)]
    known = {(line.verb, line.name): line for line in claim_lines(made)}
    lines = _seeds.copies(known.values(), tables, 3)
    assert {line.given["seed"] for line in lines if line.verb == "train"} == {1, 2}
    for line in lines:
        first = known[line.verb, line.name.rpartition("-s")[0]]
        other = {"seed"} if line.verb == "train" else {"model"}
        assert {**line.given, **dict.fromkeys(other)} == {**first.given, **dict.fromkeys(other)}
    assert {f"{table}-s2" for table in tables} == {
        line.name for line in lines if line.name.endswith("-s2") and line.verb != "train"
    }
    assert _seeds.copies(known.values(), tables, 1) == []


def test_what_a_model_wrote_before_is_written_by_the_same_seed() -> None:
    """The second answers of a model were compared with the first ones of another."""
    rules = {
        "train": {"m": {"input": "rows", "seed": 0}, "n": {"input": "rows"}},
        "generate": {
            "first": {"input": "asked", "model": "m"},
            "again": {"input": "some", "model": "m"},
            "others": {"input": "first", "model": "n"},
        },
        "filter": {"some": {"input": "first"}, "asked": {"input": "rows"}},
    }
    lines = [recipes.Line(name, rule, given, "x") for rule, part in rules.items() for name, given in part.items()]
    made = {line.name: line.given for line in _seeds.copies(lines, ["again", "others"], 2)}
    assert made == {
        "m-s1": {"input": "rows", "seed": 1},
        "n-s1": {"input": "rows", "seed": 1},
        "first-s1": {"input": "asked", "model": "m-s1"},
        "some-s1": {"input": "first-s1"},
        "again-s1": {"input": "some-s1", "model": "m-s1"},
        "others-s1": {"input": "first", "model": "n-s1"},
    }


@pytest.mark.parametrize("method", METHODS)
def test_arms_of_other_seeds_are_planned_by_the_rules_there_are(method: str, tmp_path: Path) -> None:
    made, paths = claim(method), claims.recipe_files(claim(method), Path())
    (tmp_path / "recipes").mkdir()
    (tmp_path / "dvc.yaml").write_text("vars:\n  - recipes/sources.yaml\n")
    stages = _seeds.add(tmp_path, paths, [table for p in made.pairs.values() for table in (p.better, p.other)], 2)
    found = recipes.lines([*paths, tmp_path / _seeds.FILE])
    assert stages and {line.name for line in found if line.rule in RULES} >= {
        stage.partition("@")[2] for stage in stages
    }
    assert ("  - recipes/claim-seeds.yaml\n" in (tmp_path / "dvc.yaml").read_text()) == bool(stages)
    assert all(line.given["model"].endswith("-s1") for line in found if f"{line.rule}@{line.name}" in stages)


def seeded_tables(folder: Path, gains: list[float]) -> None:
    """Answers of two arms to 40 questions, the first better by so much with each seed."""
    (folder / "data").mkdir()
    for seed, gain in enumerate(gains):
        for arm, value in {"a": 0.5 + gain, "b": 0.5}.items():
            table = [{"id": str(n), "loss": value + 0.01 * (n % 3)} for n in range(40)]
            rows.write(str(folder / f"data/{_seeds.named(arm, seed)}.parquet"), table)


def test_an_interval_over_seeds_of_training_is_of_them_too(tmp_path: Path) -> None:
    seeded_tables(tmp_path, [0.1, -0.1, 0.15])
    one, three = (claims.difference({0: tmp_path}, Pair("a", "b", "loss"), seeds)["all"] for seeds in (1, 3))
    assert one["points"] == one["low"] == one["high"] == 10.0 and "by seed" not in one
    assert three["points"] == 5.0 and three["low"] < 0 < three["high"] and three["by seed"] == [10.0, -10.0, 15.0]
    assert three["rows"] == one["rows"] == 40


def test_a_pair_without_trainings_of_other_seeds_has_one(tmp_path: Path) -> None:
    seeded_tables(tmp_path, [0.1])
    assert claims.difference({0: tmp_path}, Pair("a", "b", "loss"), 3) == claims.difference(
        {0: tmp_path}, Pair("a", "b", "loss")
    )


@pytest.mark.parametrize("method", METHODS)
def test_each_line_of_a_claim_reads_what_a_recipe_of_it_makes(method: str) -> None:
    lines = claim_lines(claim(method))
    made = {line.name for line in lines} | {"origin"}
    read = {str(line.given[key]) for line in lines for key in ("input", "other", "base", "model") if key in line.given}
    assert read - made == set()


def test_another_share_of_noise_and_another_width_are_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "FOLDER", tmp_path)
    made = claim("back-and-forth-noise")
    changes = [claims.Change(), claims.Change(noise=0.2), claims.Change(width=256), claims.Change(0.2, 256)]
    folders = [claims.copy(1, made, change) for change in changes]
    assert [path.name for path in folders] == [
        "world-1", "world-1-noise-0.2", "world-1-width-256", "world-1-noise-0.2-width-256"
    ]  # fmt: skip
    lines = [recipes.lines([folder / "recipes/sources.yaml"]) for folder in folders]
    noises = [next(line.given["noise"] for line in found if line.name == "web") for found in lines]
    shapes = [settings.load_yaml(folder / "profiles/pocket.yaml")["origin"] for folder in folders]
    assert noises == [0.5, 0.2, 0.5, 0.2]
    assert [(s["hidden_size"], s["intermediate_size"]) for s in shapes] == [(128, 336)] * 2 + [(256, 672)] * 2
    assert "  - recipes/constraints.yaml\n" in (tmp_path / "world-1/dvc.yaml").read_text(encoding="utf-8")
