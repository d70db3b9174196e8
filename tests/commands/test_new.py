"""A new project holds what its methods need and nothing else; on own data nothing is of the generated world."""

import re
from contextlib import chdir
from pathlib import Path

import pytest
from project import set_yaml

from baleen.commands import add, check, new, own_data, own_requests, placing
from baleen.errors import Problem
from baleen.project import assemble, layers, recipes, shipped
from baleen.project.yaml_files import parse_yaml
from stages.filter import FilterOptions

METHODS = shipped.methods()
CORPUS = new.Own("data/raw/documents", {"columns": {"response": "text"}})
SEEDS = new.Own("data/raw/seeds.jsonl", {"columns": {"instruction": "question", "response": "answer"}})
WORLD_ONLY = {"linguist"}  # it reads what neither a corpus nor seed pairs are


def lines_of(folder: Path) -> dict[str, recipes.Line]:
    with chdir(folder):
        return {line.name: line for line in recipes.lines(recipes.files())}


def own(folder: Path, methods: list[str], profile: str) -> Path:
    new.on_own_data(folder, methods, profile, CORPUS, SEEDS)
    (folder / CORPUS.path).mkdir(parents=True)
    (folder / SEEDS.path).write_text("")
    return folder


@pytest.mark.parametrize("method", [name for name in METHODS if name != "evol-instruct"])
def test_a_project_of_one_method_has_its_recipe_its_arms_and_what_they_are_built_from(
    method: str, tmp_path: Path
) -> None:
    new.on_embedded_world(tmp_path / "p", [method], "pocket")
    lines = lines_of(tmp_path / "p")
    whole = {line.name for line in shipped.lines().values() if line.file == f"recipes/{method}.yaml"}
    assert whole <= {*lines}
    trained = {line.name for line in lines.values() if line.verb == "train"}
    assert not trained & ({*METHODS} - {method})
    with chdir(tmp_path / "p"):
        assert check.check([]).endswith("are well wired")


@pytest.mark.parametrize("method", [name for name in METHODS if name not in WORLD_ONLY])
def test_nothing_on_own_data_makes_or_measures_the_generated_world(method: str, tmp_path: Path) -> None:
    lines = lines_of(own(tmp_path / "p", [method], "small"))
    assert method in lines and not [line for line in lines.values() if assemble.of_world(line)]
    with chdir(tmp_path / "p"):
        assert check.check([]).endswith("are well wired")


@pytest.mark.parametrize("method", sorted(WORLD_ONLY))
def test_a_method_that_needs_other_tables_says_which(method: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=f"^{method} reads neither a corpus nor pairs but labelled utterances"):
        own(tmp_path / "p", [method], "small")


def test_a_method_whose_teacher_seeds_cannot_teach_needs_a_profile_with_one(tmp_path: Path) -> None:
    """It was built for hours, by a model that knew no instruction but the seeds'."""
    words = "evol-instruct: evol-instruct-chat must be an instruct model, and the profile has none"
    with pytest.raises(Problem, match=words):
        own(tmp_path / "p", ["evol-instruct"], "text")
    with pytest.raises(Problem, match=words):
        new.on_embedded_world(tmp_path / "q", ["evol-instruct"], "pocket")
    with chdir(own(tmp_path / "r", ["humpback"], "text")), pytest.raises(Problem, match=words):
        add.add(["evol-instruct"])
    assert "evol-instruct" in lines_of(own(tmp_path / "s", ["evol-instruct"], "laptop"))


def test_round_trips_of_own_data_go_through_languages_that_there_are(tmp_path: Path) -> None:
    lines = lines_of(own(tmp_path / "p", ["round-trip"], "small")).values()
    assert {line.given["set"]["pivot"] for line in lines if "pivot" in line.given.get("set", {})} == {"es", "zh"}
    asked = {line.name: line.given["input"] for line in lines if line.name.startswith("answers-rt-")}
    assert {"answers-rt-kept", "answers-rt-adaptive"} <= {*asked} and {*asked.values()} == {"rt-held-asked", "heldout"}


@pytest.mark.parametrize("profile", ["small", "8b", "paper"])
def test_requests_alone_begin_a_project_of_self_lengthen(tmp_path: Path, profile: str) -> None:
    requests = new.Own("data/raw/requests.jsonl", {"columns": {"instruction": "prompt"}})
    own_requests.on_requests(tmp_path / "p", profile, requests)
    (tmp_path / "p" / "data/raw").mkdir(parents=True)
    (tmp_path / "p" / requests.path).write_text('{"prompt": "Write a long story about rain."}\n')
    lines = lines_of(tmp_path / "p")
    assert lines["self-lengthen-asking"].given["input"] == "seed" and lines["answers-sl-2"].given["input"] == "asked"
    assert not [line for line in lines.values() if assemble.of_world(line)]
    with chdir(tmp_path / "p"):
        assert check.check([]).endswith("are well wired")


@pytest.mark.parametrize(
    ("profile", "knob"), [("text", "curate.gain.share"), ("paper", "curate.rating.share"), ("pocket", "curate.share")]
)
def test_the_share_to_sweep_is_that_of_the_scorer_in_force(profile: str, knob: str, tmp_path: Path) -> None:
    folder = own(tmp_path / "p", ["humpback"], profile)
    assert new.share_kept(folder) == knob
    set_yaml(folder / "params.yaml", knob, 0.123)
    line = lines_of(folder)["humpback-curate-1"]
    with chdir(folder):
        assert layers.resolved(FilterOptions, line, layers.current()).share == 0.123


@pytest.mark.parametrize(
    ("profile", "extras"), [("text", "train"), ("laptop", "laptop,train"), ("8b", "train,vllm"), ("small", "train")]
)
def test_a_colleague_installs_what_the_profile_needs(profile: str, extras: str, tmp_path: Path) -> None:
    folder = own(tmp_path / "p", ["humpback"], profile)
    assert (folder / "requirements.txt").read_text().startswith(f"baleen-build[{extras}]==")


def test_a_project_that_chooses_no_candidates_has_no_share_to_sweep(tmp_path: Path) -> None:
    own_requests.on_requests(tmp_path / "p", "small", new.Own("data/raw/requests.jsonl", {}))
    assert new.share_kept(tmp_path / "p") == ""


def test_a_method_that_asks_a_teacher_needs_a_profile_that_has_one(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="crab: crab-lessons is a table of the generated world.*such as --profile laptop"):
        own(tmp_path / "p", ["crab"], "text")


def test_seeds_are_held_out_and_every_arm_is_measured_on_them(tmp_path: Path) -> None:
    lines = lines_of(own(tmp_path / "p", ["humpback"], "text"))
    assert lines["seed"].given == {"input": "pairs", "keep": ["chance(instruction)>=0.3"]}
    assert lines["calibration"].given == {
        "input": "pairs",
        "keep": ["chance(instruction)>=0.2", "chance(instruction)<0.3"],
    }
    assert lines["heldout"].given == {"input": "pairs", "keep": ["chance(instruction)<0.2"]}
    scored = {
        line.given["model"] for line in lines.values() if line.verb == "score" and line.given["input"] == "heldout"
    }
    assert scored == {"reply", "random", "uncurated", "humpback-1", "humpback"}
    assert not [name for name in lines if "oracle" in name]


def test_the_report_names_the_rows_kept_and_each_model(tmp_path: Path) -> None:
    rules = (own(tmp_path / "p", ["humpback"], "text") / "dvc.yaml").read_text()
    [command] = re.findall(r"python -m stages.report (.*)", rules)
    models = ["reply", "random", "uncurated", "humpback-1", "humpback"]
    assert command.split() == ["humpback-curate-2", *(f"eval-loss-{model}" for model in models)]


def test_several_methods_share_what_they_start_from(tmp_path: Path) -> None:
    lines = lines_of(own(tmp_path / "p", ["humpback", "kun"], "text"))
    assert {"humpback", "kun", "humpback-augment"} <= {*lines}


def test_prompts_of_other_methods_stay_behind(tmp_path: Path) -> None:
    new.on_embedded_world(tmp_path / "p", ["kun"], "pocket")
    folders = {path.name for path in (tmp_path / "p/prompts").iterdir() if path.is_dir()}
    assert folders == {"kun", "zh"}  # translations too


@pytest.mark.slow
def test_adding_a_method_keeps_lines_that_were_edited(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    new.on_embedded_world(folder, ["back-and-forth"], "pocket")
    recipe = folder / "recipes/back-and-forth.yaml"
    recipe.write_text(recipe.read_text().replace("leak: 0.5", "leak: 0.4"))
    with chdir(folder):
        built = add.add(["humpback", "tegit"])
        assert check.check([]).endswith("are well wired")
    assert {"recipes/humpback.yaml", "recipes/tegit.yaml", "recipes/back-and-forth.yaml"} <= {*built}
    lines = lines_of(folder)
    assert lines["back-and-forth-augment"].given["leak"] == 0.4 and {"humpback", "tegit", "back-and-forth"} <= {*lines}


def test_adding_a_method_twice_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    new.on_embedded_world(folder, ["humpback"], "pocket")
    with chdir(folder):
        add.add(["kun"])
        before = {path: path.read_text() for path in sorted(folder.rglob("*.*")) if path.is_file()}
        add.add(["kun"])
    assert before == {path: path.read_text() for path in sorted(folder.rglob("*.*")) if path.is_file()}


def test_what_the_report_of_an_added_method_draws_has_its_templates(tmp_path: Path) -> None:
    new.on_embedded_world(tmp_path / "p", ["humpback"], "pocket")
    with chdir(tmp_path / "p"):
        add.add(["kun"])
    report = parse_yaml((tmp_path / "p/dvc.yaml").read_text())["stages"]["report"]
    templates = {given["template"] for plot in report["plots"] for given in plot.values()}
    assert templates == {path.stem for path in (tmp_path / "p" / shipped.PLOTS).glob("*.json")}
    assert {"models/kun.json", "data/humpback-calibration-1.json"} <= {*report["deps"]}


@pytest.mark.parametrize(("profile", "sections"), [("text", 3), ("laptop", 3), ("small", 1)])
def test_pages_are_cut_in_sections_that_fit_the_profile(profile: str, sections: int, tmp_path: Path) -> None:
    corpus = new.Own("data/raw/docs", {"columns": {"response": "text"}, "segment": True})
    new.on_own_data(tmp_path / "p", ["humpback"], profile, corpus, SEEDS)
    (tmp_path / "p/data/raw/docs").mkdir(parents=True)
    page = "".join(f"## Part {name}\n\n{' '.join(f'word{name}{n}' for n in range(70))}.\n\n" for name in "abc")
    (tmp_path / "p/data/raw/docs/page.md").write_text(f"# Page\n\n{page}")
    found = [row["response"] for row in own_data.read_in(tmp_path / "p", "web")]
    assert len(found) == sections and all(len(text) <= 1800 for text in found)


def test_the_root_project_is_a_project_to_which_methods_can_be_added(tmp_path: Path) -> None:
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).write_bytes((shipped.folder() / name).read_bytes())
    for name in ("recipes", "prompts", "profiles", ".dvc"):
        (tmp_path / name).symlink_to(shipped.folder() / name)
    before = {path: path.stat().st_mtime_ns for path in (shipped.folder() / "recipes").rglob("*.yaml")}
    with chdir(tmp_path):
        assert "recipes/kun.yaml" in add.add(["kun"])
        assert {f"recipes/{name}.yaml" for name in shipped.methods()} <= {*add.add(shipped.methods())}
    assert {path: path.stat().st_mtime_ns for path in before} == before
    listed = parse_yaml((tmp_path / "dvc.yaml").read_text())["vars"]
    assert {"recipes/humpback.yaml", "recipes/kun.yaml", "recipes/kun-arms.yaml"} <= {*listed[1:]}


@pytest.mark.parametrize(
    ("methods", "words"), [(["kunn"], "unknown method 'kunn'; did you mean 'kun'"), ([""], "unknown method ''")]
)
def test_an_unknown_method_is_refused(methods: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=words):
        new.on_embedded_world(tmp_path / "p", methods, "pocket")


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="is there already and not empty"):
        placing.place(tmp_path, replace=False)
    for name in ("dvc.yaml", "requirements.txt"):  # as any project under DVC may have them
        (tmp_path / name).write_text("torch\n")
    with pytest.raises(Problem, match="is no project that `baleen new` has written"):
        placing.place(tmp_path, replace=True)


@pytest.mark.parametrize("path", sorted(Path("recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_whole_recipe_taken_apart_and_put_together_says_the_same(path: Path) -> None:
    every = {key for key in shipped.texts(path)}
    assert parse_yaml(shipped.part(path, every, {})) == parse_yaml(path.read_text())


@pytest.mark.parametrize(
    "value",
    [{"a": "b c", "n": 1.5, "t": True, "l": ["x>=1", "no"], "e": ""}, {"q": 'say "x"\n\\'}, {"d": {"k": None}}],
)
def test_a_line_that_is_written_reads_back(value: dict[str, object]) -> None:
    assert parse_yaml(f"line: {assemble.flow(value)}") == {"line": value}


@pytest.mark.parametrize("method", [name for name in METHODS if name not in WORLD_ONLY])
def test_every_method_is_measured_on_held_out_seeds_beside_seeds_alone(method: str, tmp_path: Path) -> None:
    folder = own(tmp_path / "p", [method], "small")
    lines = lines_of(folder)
    scored = {line.given["model"] for line in lines.values() if line.verb == "score" and line.name.startswith("loss-")}
    alone = [name for name in scored if lines[name].given["input"] == "seed"]
    assert method in scored and alone
    losses = {line.name: line.given for line in lines.values() if line.given.get("settings") == "losses"}
    assert any(
        one["input"] == f"loss-{method}" and one["against"].removeprefix("loss-") in alone for one in losses.values()
    )
    answered = {
        line.given["model"] for line in lines.values() if line.rule == "answer" and line.given["input"] == "heldout"
    }
    assert scored <= answered
    teachers = {line.name for line in lines.values() if line.given.get("settings") in ("chat", "guide", "translator")}
    assert not scored & teachers
    assert all(f"data/{name}.json" in (folder / "dvc.yaml").read_text() for name in losses)


def test_the_curated_round_is_compared_with_random_pairs(tmp_path: Path) -> None:
    lines = lines_of(own(tmp_path / "p", ["humpback"], "text"))
    assert lines["eval-loss-humpback-1-over-random"].given["against"] == "loss-random"
    assert (
        lines["random-pool"].given["control"]
        and lines["random-pool"].given["input"] == lines["humpback-curate-1"].given["input"]
    )


def test_arms_are_trained_for_equally_many_steps(tmp_path: Path) -> None:
    fixed, counted = (lines_of(own(tmp_path / profile, ["humpback"], profile)) for profile in ("text", "small"))
    assert fixed["uncurated"].given["steps_of"] == counted["uncurated"].given["steps_of"] == "humpback-1"
    assert "seeds-alone" not in fixed and fixed["eval-loss-random"].given["against"] == "loss-reply"
    assert counted["seeds-alone"].rule == "arm" and counted["seeds-alone"].given["steps_of"] == "humpback-1"
    beside = {line.given["against"] for line in counted.values() if line.verb == "evaluate"}
    assert "loss-seeds-alone" in beside and not beside & {"loss-reply", "answers-reply"}


@pytest.mark.parametrize("profile", ["text", "small"])
def test_a_method_that_is_added_is_measured_too(profile: str, tmp_path: Path) -> None:
    folder = own(tmp_path / "p", ["humpback"], profile)
    with chdir(folder):
        add.add(["kun"])
    lines = lines_of(folder)
    alone = "reply" if profile == "text" else "seeds-alone"
    assert lines["eval-loss-kun"].given == {"input": "loss-kun", "against": f"loss-{alone}", "settings": "losses"}
    assert "data/eval-loss-kun.json" in (folder / "dvc.yaml").read_text()


@pytest.mark.parametrize("method", [name for name in METHODS if name not in {*WORLD_ONLY, "humpback"}])
def test_what_is_added_to_a_project_on_own_data_is_well_wired(method: str, tmp_path: Path) -> None:
    with chdir(own(tmp_path / "p", ["humpback"], "small")):
        if method in assemble.WITH_REFERENCE:
            with pytest.raises(Problem, match="recipes/sources.yaml: pairs: write reference: answer beside its other"):
                add.add([method])
            assert not Path(f"recipes/{method}.yaml").exists()
            set_yaml(Path("recipes/sources.yaml"), "ingest.pairs.columns.reference", "answer")
        add.add([method])
        assert check.check([]).endswith("are well wired")
        report = parse_yaml(Path("dvc.yaml").read_text())["stages"]["report"]["cmd"]
    assert "eval-loss-humpback" in report and "oracle" not in report


def test_what_the_measures_of_a_project_need_is_pinned(tmp_path: Path) -> None:
    more = new.Extras("data/raw/ifeval.jsonl")
    for name, asked in (("plain", new.NOTHING), ("verifiable", more)):
        new.on_own_data(tmp_path / name, ["humpback"], "small", CORPUS, SEEDS, more=asked)
    pins = [(tmp_path / name / "requirements.txt").read_text() for name in ("plain", "verifiable")]
    assert pins[0].startswith("baleen-build[train]==") and pins[1].startswith("baleen-build[metrics,train]==")


def test_verifiable_prompts_and_a_judge_are_lines_for_each_model(tmp_path: Path) -> None:
    more = new.Extras("data/raw/ifeval.jsonl", "chat")
    new.on_own_data(tmp_path / "p", ["humpback"], "small", CORPUS, SEEDS, more=more)
    lines = lines_of(tmp_path / "p")
    assert lines["verifiable"].given["columns"]["instruction"] == "prompt"
    models = ("reply", "random", "uncurated", "humpback-1", "humpback")
    assert all(lines[f"eval-verifiable-{name}"].given["against"] == "verifiable-seeds-alone" for name in models)
    assert lines["judge"].given["settings"] == "chat" and (tmp_path / "p/prompts/compare.md").is_file()
    assert lines["judged-random"].given == {
        "input": "orders-random", "model": "judge", "prompt": "compare", "min_readable": 0.0
    }  # fmt: skip
    assert lines["beside-random"].given["input"] == "answers-seeds-alone" and "judged-seeds-alone" not in lines


def test_a_judge_that_the_profile_does_not_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="judge 'chatt' is no section of the profile .* write one of chat, guide"):
        new.on_own_data(tmp_path / "p", ["humpback"], "small", CORPUS, SEEDS, more=new.Extras("", "chatt"))
