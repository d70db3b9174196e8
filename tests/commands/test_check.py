"""check finds every kind of mistake in what people edit, before anything is built, and loads no model to do so."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import project
import pytest

from baleen.commands import check as verb
from baleen.commands import check_settings
from baleen.errors import Problem
from baleen.project import graph, layers, recipes, settings
from baleen.project.yaml_files import parse_yaml, yaml_text
from baleen.tables import rows
from stages import generate, origin, score, train

CHECKOUT = Path(__file__).parents[2]
DVC = [sys.executable, "-m", "dvc"]
README = project.guide()
PROFILES = [path.stem for path in sorted((CHECKOUT / "profiles").glob("*.yaml"))]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all that people edit, with the code of this checkout."""
    project.link_checkout(tmp_path)
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / ".memo"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(file: str, path: str, value: Any) -> None:
    """Set a value deep in a YAML file (None deletes it), or add text to the end of any file when the path is empty."""
    text = Path(file).read_text() if Path(file).exists() else ""
    if not path:
        Path(file).write_text(f"{text}{value}\n")
        return
    whole = parse_yaml(text)
    *above, last = path.split("/")
    place = whole
    for name in above:
        place = place[name]
    place[last] = value
    if value is None:
        del place[last]
    Path(file).write_text(yaml_text(whole))


def all_stages() -> graph.Stages:
    rules = settings.load_yaml(Path("dvc.yaml"), plain=False)["stages"]
    return graph.stages(rules, recipes.lines(recipes.all_files()), settings.load_yaml(Path("params.yaml")))


@pytest.mark.slow
def test_this_project_is_well_wired(home: Path) -> None:
    lines = recipes.lines(recipes.all_files())
    assert verb.check([]) == f"{len(lines) + 3} stages of {len(recipes.all_files())} recipes are well wired"


@pytest.mark.slow
def test_check_loads_no_model_library(home: Path) -> None:
    heavy = "{'torch', 'transformers', 'trl', 'datasets', 'dvc', 'vllm', 'openai'}"
    looks = "from baleen.commands.check import check_here; check_here([])"
    code = f"import sys; {looks}; print(sorted({heavy} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_dvc_sees_the_stages_that_check_sees(home: Path) -> None:
    edit(RULES, "vars", [*parse_yaml(Path(RULES).read_text())["vars"][:2], *map(str, recipes.all_files())])
    for words in (["git", "init", "-q"], [*DVC, "init", "-q"]):
        subprocess.run(words, check=True)
    names = subprocess.run([*DVC, "stage", "list", "--all", "--name-only"], text=True, capture_output=True, check=True)
    assert set(names.stdout.split()) == set(all_stages())


def test_a_stage_reads_and_writes_what_its_rule_says(home: Path) -> None:
    made = all_stages()["train@humpback"]
    assert {"data/humpback-mix-2.parquet", "models/base", "data/plan/humpback.yaml"} == set(made.deps)
    assert made.outs == ("models/humpback", "models/humpback.json")


def test_targets_are_checked_with_all_they_are_built_from_and_nothing_else(home: Path) -> None:
    names = list(graph.needed(all_stages(), ["train@humpback-1"]))
    assert names.index("load@web") < names.index("score@humpback-judge-1") < names.index("train@humpback-1")
    assert not {"train@humpback", "load@heldout", "report"} & set(names)


def own_data(home: Path) -> None:
    """The two lines that README says to change."""
    (home / "my/corpus").mkdir(parents=True)
    (home / "my/seeds.jsonl").write_text('{"question": "Why?", "answer": "So."}\n')
    pair = {"instruction": "question", "response": "answer"}
    web = {"source": "my/corpus", "columns": {"response": "text"}, "origin": "web"}
    edit("recipes/sources.yaml", "load/web", None)
    edit("recipes/sources.yaml", "load/seed", None)
    seed = {"source": "my/seeds.jsonl", "columns": pair, "origin": "seed"}
    edit("recipes/sources.yaml", "ingest", {"web": web, "seed": seed})


def write_pin(home: Path, name: str) -> None:
    """A pin as README writes it."""
    pin = next(pin for pin in re.findall(r"`(\{\w+: [^`]+\})`", README) if name in pin)
    (home / f"models/{name}").mkdir(parents=True)
    (home / f"models/{name}/pin.yaml").write_text(pin)


def test_readmes_server_can_be_asked(home: Path) -> None:
    write_pin(home, "endpoint")
    line = "generate/back-and-forth-draft"
    edit("recipes/back-and-forth.yaml", f"{line}/model", "endpoint")
    edit("recipes/back-and-forth.yaml", f"{line}/engine", "openai")
    assert "are well wired" in verb.check(["train@back-and-forth"])


def put_at_server(engine: str, **more: str) -> None:
    """Make `reply`, which the first judge asks, a model at a server."""
    edit("profiles/pocket.yaml", "score", {"engine": engine})
    edit("recipes/humpback.yaml", "score/humpback-judge-1/model", "teacher")
    Path("models/teacher").mkdir(parents=True)
    Path("models/teacher/pin.yaml").write_text(yaml_text({"endpoint": "http://localhost:8000/v1", "model": "m"} | more))


@pytest.mark.parametrize("engine", ["hf", "vllm"])
def test_a_model_at_a_server_is_not_loaded(home: Path, engine: str) -> None:
    put_at_server(engine)
    words = f"score.humpback-judge-1: model teacher is at http://localhost:8000/v1, which engine {engine} cannot load"
    with pytest.raises(Problem, match=f"^recipes/humpback.yaml: {words}; write engine: openai"):
        verb.check(["score@humpback-judge-1"])


def test_an_encoder_in_the_place_of_a_model_is_not_asked_at_a_server(home: Path) -> None:
    at = {"endpoint": "http://localhost:8000/v1", "model": "m"}
    edit("recipes/cycle.yaml", "score/cycle-original/instead", at)
    edit("recipes/cycle.yaml", "score/cycle-original/engine", "encoder")
    with pytest.raises(Problem, match=r"score\.cycle-original: model .* which engine encoder cannot load"):
        verb.check(["score@cycle-original"])


def test_a_teacher_that_the_profile_has_at_a_server_is_not_loaded_by_what_asks_it(home: Path) -> None:
    at = {"endpoint": "http://localhost:8000/v1", "model": "m"}
    edit("recipes/sources.yaml", "train/reply/instead", at)
    with pytest.raises(Problem, match="model reply is at http://localhost:8000/v1, which engine hf cannot load"):
        verb.check(["score@humpback-judge-1"])


def test_a_model_at_a_server_is_not_trained(home: Path) -> None:
    put_at_server("openai")
    edit("recipes/humpback.yaml", "train/humpback-1/base", "teacher")
    words = "train.humpback-1: base teacher is at http://localhost:8000/v1: it can be queried, not trained"
    with pytest.raises(Problem, match=words):
        verb.check(["train@humpback-1"])


def test_a_likelihood_of_a_server_that_may_not_be_vllm_is_told_of(home: Path) -> None:
    put_at_server("openai")
    told = verb.check(["score@humpback-judge-1"])
    assert "are well wired; recipes/humpback.yaml: score.humpback-judge-1: only a vLLM server gives the likeli" in told
    assert told.endswith("if http://localhost:8000/v1 is one, write server: vllm in the pin of teacher")


def test_a_cue_for_a_server_that_may_not_be_vllm_is_told_of_with_the_way_that_needs_none(home: Path) -> None:
    put_at_server("openai")
    edit("recipes/humpback.yaml", "score/humpback-judge-1/prompt", "judge")
    told = verb.check(["score@humpback-judge-1"])
    assert "only a vLLM server gives the choices after the cue of prompts/judge.md (rating: written needs none)" in told


def test_a_server_that_is_vllm_is_asked_for_likelihoods(home: Path) -> None:
    put_at_server("openai", server="vllm")
    assert verb.check(["score@humpback-judge-1"]).endswith("are well wired")


def test_readmes_translators_are_those_of_the_recipe_and_can_be_asked(home: Path) -> None:
    lines = {line.name: line for line in recipes.lines_of(Path("recipes/more/round-trip-translators.yaml"))}
    told = re.findall(r"its\s+line `(\w+)` has\s+`instead: (\{apertium: .*?\})`", README)
    assert {name: parse_yaml(pin) for name, pin in told} == {n: lines[n].given["instead"] for n in ("there", "back")}
    assert "are well wired" in verb.check(["train@round-trip-translators"])
    for line in ("translated-there", "translated-back"):
        edit("recipes/more/round-trip-translators.yaml", f"generate/{line}/engine", "seq2seq")
    assert "are well wired" in verb.check(["train@round-trip-translators"])


def test_own_data_pass_for_the_targets_that_need_no_pocket_world(home: Path) -> None:
    own_data(home)
    assert "are well wired" in verb.check(["map@humpback-dataset", "train@humpback"])


def test_own_data_make_the_arms_fail_with_a_line_that_says_why(home: Path) -> None:
    own_data(home)
    with pytest.raises(Problem, match=r"recipes/humpback-arms.yaml: filter.oracle-pool: .*against the pocket world"):
        verb.check([])


DOCUMENTS = [{"python": "docs"}, {"source": "my/page.md"}, {"source": "my/corpus", "kind": "text"}]
RECORDS = [{"source": "my/seeds.jsonl"}, {"source": "my/corpus"}]  # a folder may hold files of records


def evaluate_web(home: Path, source: dict[str, str]) -> str:
    """What check says of an evaluation of a table that comes from a source; it averages what texts have, and wants the
    different word pairs of answers."""
    own_data(home)
    (home / "my/page.md").write_text("# A page\n")
    edit("recipes/sources.yaml", "ingest/web", None)
    edit("recipes/sources.yaml", f"{'ingest' if 'source' in source else 'load'}/web", source | {"origin": "web"})
    line = {"input": "web", "against": "web", "mean": ["words(response)"], "distinct": ["answer"], "cluster": "id"}
    edit("recipes/sources.yaml", "evaluate", {"of-web": line | {"by": ""}})
    return verb.check(["evaluate@of-web"])


@pytest.mark.parametrize("source", DOCUMENTS, ids=str)
def test_documents_have_a_response_and_nothing_else_that_a_line_could_read(home: Path, source: dict[str, str]) -> None:
    with pytest.raises(Problem, match="evaluate.of-web: it reads answer, but web has id, origin, response, source"):
        evaluate_web(home, source)


@pytest.mark.parametrize("source", RECORDS, ids=str)
def test_what_records_have_is_known_when_they_are_read(home: Path, source: dict[str, str]) -> None:
    assert "are well wired" in evaluate_web(home, source)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_method_is_well_wired_on_own_data_under_every_profile(home: Path, profile: str) -> None:
    own_data(home)
    edit("recipes/sources.yaml", "load/prose", None)
    edit(
        "recipes/sources.yaml", "ingest/prose", {"source": "my/corpus", "columns": {"response": "text"}, "origin": "p"}
    )
    edit("params.yaml", "profile", profile)
    assert "are well wired" in verb.check(["map@humpback-dataset", "train@humpback"])


def test_the_papers_rating_can_replace_the_likelihood(home: Path) -> None:
    edit("params.yaml", "scorer", "judge")
    edit("params.yaml", "curate", {"keep": ["rating>=4.5"]})
    assert "are well wired" in verb.check(["map@humpback-dataset", "train@humpback"])


SOURCES, HUMPBACK, ARMS = (f"recipes/{name}.yaml" for name in ("sources", "humpback", "humpback-arms"))
PARAMS, RULES, POCKET, SMALL = "params.yaml", "dvc.yaml", "profiles/pocket.yaml", "profiles/small.yaml"
POOL, AUGMENT, DATASET = "filter/humpback-pool", "generate/humpback-augment", "map/humpback-dataset"
X = "  x: {input: web, model: ask, prompt: ask}"
MISTAKES = {  # file, place in it, what a person writes there, and what they are told
    "a key that is no text": (HUMPBACK, "", "  7: {input: web}", r"map\.7 must be a quoted name"),
    "a name that is no file name": (HUMPBACK, "", "  a/b: {input: web}", "'a/b' is no name for a file"),
    "a listed recipe that is not there": (RULES, "vars/0", "recipes/arm.yaml", "no file recipes/arm.yaml"),
    "two targets of one name": (
        ARMS,
        "map",
        {"web": {}},
        r"load.web: recipes/humpback-arms.yaml: map.web already builds a target",
    ),
    "two lines of one name": (HUMPBACK, "", f"{X}\n{X}", r"'x' stands in line \d+ and again in line \d+; delete one"),
    "a circle of tables": (HUMPBACK, f"{POOL}/input", "humpback-judge-1", "needs itself: .*filter@humpback-pool"),
    "a circle over a model": (SOURCES, "train/ask/input", "humpback-mix-1", "needs itself: .*train@ask"),
    "an interpolation in the knobs": (
        PARAMS,
        "",
        "other: ${none}",
        r"params\.yaml:\d+ holds a '\$\{': write the plain",
    ),
    "knobs under the name of a rule": (
        PARAMS,
        "filter",
        {"share": 0.1},
        "params.yaml: 'filter' is a section of recipes",
    ),
    "a rule that dvc.yaml has not": (RULES, "stages/map", None, r"map\.[\w-]+: dvc\.yaml has no rule 'map'"),
    "a verb that is none": (HUMPBACK, "", f"genrate:\n{X}", "unknown rule 'genrate'; did you mean 'generate'"),
    "a rule without lines": (HUMPBACK, "", "ingest:", "ingest has no lines; write some, or delete"),
    "a setting that dvc.yaml fills in left out": (
        SOURCES,
        "train/ask/base",
        None,
        "setting 'base' is missing, and dvc",
    ),
    "knobs of another verb": (
        HUMPBACK,
        f"{DATASET}/knobs",
        "pool",
        "map.humpback-dataset: params.yaml: pool: unknown setting 'keep'",
    ),
    "misspelt knobs": (HUMPBACK, f"{POOL}/knobs", "pol", "humpback-pool: params.yaml: unknown section 'pol'; did you"),
    "settings of another verb": (
        HUMPBACK,
        "score/humpback-judge-1/settings",
        "sft",
        "score.humpback-judge-1: settings 'sft' are of train lines, not of score lines",
    ),
    "steps of another model without the rule that waits for it": (
        HUMPBACK,
        "train/humpback/steps_of",
        "humpback-1",
        "train.humpback: steps_of is a setting of lines under arm:",
    ),
    "steps of no model": (
        "recipes/humpback-arms.yaml",
        "arm/uncurated/steps_of",
        "humpback-11",
        "arm.uncurated: unknown model 'humpback-11'; did you mean 'humpback-1'",
    ),
    "settings that stand nowhere": (
        HUMPBACK,
        "train/humpback/settings",
        "sfft",
        "train.humpback: no recipe and no profile has settings 'sfft'",
    ),
    "settings of no verb": (HUMPBACK, "settings", {"sft2": {"stepps": 3}}, "settings.sft2: no line names it, and no"),
    "one name for two groups of settings": (
        HUMPBACK,
        "settings",
        {"sft": {}},
        "already has settings 'sft'; rename one",
    ),
    "a required setting left out": (HUMPBACK, f"{DATASET}/apply", None, "setting 'apply' is missing; add it"),
    "a misspelt setting": (HUMPBACK, f"{DATASET}/aply", "x", "unknown setting 'aply'; did you mean 'apply'"),
    "a setting of the wrong type": (SOURCES, "load/web/noise", "much", "load.web: setting 'noise': Value 'much'"),
    "an impossible threshold": (
        SOURCES,
        "load/web/near_threshold",
        2,
        r"load\.web: near_threshold 2\.0 must be above 0",
    ),
    "an impossible share": (PARAMS, "curate/share", 30, r"params\.yaml: curate: share 30\.0 must lie in \(0, 1\]"),
    "an impossible rate": (POCKET, "train/lr", 7, r"lr is 7\.0; it must lie between 0 and 1"),
    "an impossible temperature": (POCKET, "generate/temperature", -1, r"temperature is -1\.0; it must lie between 0"),
    "a misspelt table": (
        HUMPBACK,
        f"{DATASET}/input",
        "humpback-mix2",
        "unknown table '.*'; did you mean 'humpback-mix-2'",
    ),
    "a misspelt model": (HUMPBACK, f"{AUGMENT}/model", "aks", "unknown model 'aks'; did you mean 'ask'"),
    "a misspelt base": (SOURCES, "train/reply/base", "bse", "unknown model 'bse'; did you mean 'base'"),
    "a misspelt prompt": (HUMPBACK, f"{AUGMENT}/prompt", "aks", "unknown prompt 'aks'; did you mean 'ask'"),
    "a misspelt scorer": (PARAMS, "scorer", "rely", "params.yaml: scorer: unknown scorer 'rely'; did you mean 'reply'"),
    "a misspelt engine": (POCKET, "generate/engine", "hff", "unknown engine 'hff'; did you mean 'hf'"),
    "an engine of another profile that gives no vectors": (
        "recipes/air.yaml",
        "score/air-vectors/settings",
        None,
        "profiles/8b.yaml: score air-vectors: engine vllm gives no vectors; write engine: encoder or hf",
    ),
    "a misspelt transform": (HUMPBACK, f"{DATASET}/apply", "mesages", "'mesages'; did you mean 'messages'"),
    "a misspelt profile": (PARAMS, "profile", "poket", "unknown profile 'poket'; did you mean 'pocket'"),
    "a misspelt section of a profile": (SMALL, "stf", {}, "unknown section 'stf'; did you mean 'sft'"),
    "a misspelt section whose settings are right": (
        SMALL,
        "generat",
        {"max_tokens": 9},
        "profiles/small.yaml: unknown section 'generat'; did you mean 'generate'",
    ),
    "a misspelt key": (PARAMS, "langage", "zh", "params.yaml: unknown key 'langage'; did you mean 'language'"),
    "a misspelt setting of params.yaml": (
        PARAMS,
        "curate/shares",
        0.3,
        "params.yaml: curate: unknown setting 'shares'; did you mean 'share'",
    ),
    "a setting of the wrong type in params.yaml": (
        PARAMS,
        "curate/share",
        "many",
        "params.yaml: curate: setting 'share': Value 'many'",
    ),
    "no profile": (PARAMS, "profile", None, "params.yaml names no profile; write one of profiles/, as profile: pocket"),
    "a misspelt setting of a profile": (SMALL, "speed/devic", "x", r"small\.yaml: speed: unknown setting 'devic'; did"),
    "an impossible speed": (SMALL, "speed/train_rows", 0, r"small\.yaml: speed: train_rows is 0; it must lie"),
    "a misspelt device": (
        SMALL,
        "speed/device",
        "gpu",
        "small.yaml: speed: unknown device 'gpu'; did you mean 'cpu'",
    ),
    "a model whose width its heads do not share": (
        POCKET,
        "origin/num_attention_heads",
        5,
        "pocket.yaml: origin: hidden_size 128 must be a multiple of 10, twice the 5 heads",
    ),
    "a model whose heads are not shared equally": (
        POCKET,
        "origin/num_key_value_heads",
        3,
        "pocket.yaml: origin: num_attention_heads 4 must be a multiple of num_key_value_heads 3",
    ),
    "a model without layers": (POCKET, "origin/num_hidden_layers", 0, "origin: num_hidden_layers is 0; it must lie"),
    "a vocabulary of nothing": (
        POCKET,
        "origin/vocab_size",
        10,
        r"origin: vocab_size 10 must be above \d\d, the tokens",
    ),
    "a misspelt tokenizer": (
        POCKET,
        "origin/tokenizer",
        "wrods",
        "origin: unknown tokenizer 'wrods'; did you mean 'words'",
    ),
    "an origin without a commit": (SMALL, "origin/revision", "main", "profiles/small.yaml: origin: revision 'main'"),
    "a misspelt measure": (
        PARAMS,
        "pool/keep",
        ["chasr(response)>=1"],
        "unknown measure 'chasr'; did you mean 'chars'",
    ),
    "a misspelt condition": (PARAMS, "pool/keep", ["rating=>4"], "cannot read condition 'rating=>4'; write it like"),
    "a measure of too many columns": (PARAMS, "pool/keep", ["chars(a,b)>1"], r"has 2 columns; write chars\(text\)"),
    "a column that is not there": (HUMPBACK, f"{POOL}/input", "web", "it reads instruction, but web has"),
    "a rank by what is not there": (PARAMS, "curate/best", "rating", "it reads rating, but back-and-forth-judge has"),
    "a prompt that reads what nobody writes": (
        "prompts/ask.md",
        "",
        "$respons",
        "prompts/ask.md reads respons, but seed has",
    ),
    "a column that decides about asking and is not there": (
        "recipes/air.yaml",
        "generate/air-critique-1/only",
        "kind",
        "generate.air-critique-1: it reads kind, but air-answer-1 has",
    ),
    "a draft of a column that is not there": (
        "recipes/back-and-forth.yaml",
        "generate/back-and-forth-draft/writes",
        "better",
        "generate.back-and-forth-draft: it reads better, but back-and-forth-curate has",
    ),
    "a scorer without what is measured": (
        PARAMS,
        "scorer",
        "judge",
        "eval-scorer-1: it reads worst, but humpback-judge-1",
    ),
    "a source that is not there": (
        SOURCES,
        "ingest",
        {"web2": {"source": "my", "origin": "web"}},
        "ingest.web2: no file or folder my; write the path",
    ),
    "a source that DVC cannot watch": (
        SOURCES,
        "ingest",
        {"web2": {"source": "my/*.md", "origin": "web"}},
        "DVC watches files and folders, not my/",
    ),
    "a misspelt part of the world": (
        SOURCES,
        "load/web/part",
        "wbe",
        "unknown pocket part 'wbe'; did you mean 'web'",
    ),
    "a report of what nobody evaluates": (RULES, "stages/report/deps", ["data/e.json"], "nothing builds data/e.json"),
    "a rule with a misspelt name": (
        RULES,
        "stages/map/do/cmd",
        "${scoer}",
        "unknown name 'scoer'; did you mean 'scorer'",
    ),
    "a rule with a misspelt file": (RULES, "stages/mix/do/deps", ["stages/mixx.py"], "nothing builds stages/mixx.py"),
}


@pytest.mark.parametrize(("file", "place", "value", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(home: Path, file: str, place: str, value: Any, words: str) -> None:
    if file == RULES and place == "vars/0":
        edit(RULES, "vars", [value, *parse_yaml(Path(RULES).read_text())["vars"]])
    else:
        edit(file, place, value)
    with pytest.raises(Problem, match=words):
        verb.check([])


def test_a_prompt_by_which_every_row_asks_the_same_is_refused(home: Path) -> None:
    Path("prompts/ask.md").write_text("---\nwrites: [instruction]\n---\nWhich question has this answer?\n")
    with pytest.raises(Problem, match=r"prompts/ask\.md shows the model no column, so that every row asks the same"):
        verb.check(["generate@humpback-augment"])


@pytest.mark.parametrize("source", ["s3://bucket/documents", "https://example.org/documents.jsonl"])
def test_a_source_that_lies_on_no_disk_here_is_well_wired(home: Path, source: str) -> None:
    edit(SOURCES, "ingest", {"web2": {"source": source, "columns": {"response": "text"}, "origin": "web"}})
    assert "are well wired" in verb.check(["ingest@web2"])


def test_a_language_that_nothing_identifies_is_refused_before_it_is_translated_into(home: Path) -> None:
    pytest.importorskip("lingua", reason="the extra languages is not installed")
    edit("recipes/round-trip.yaml", "filter/round-trip-good", {
        "input": "round-trip-after", "keep": ["speaks(abroad,pivot)==1"],
    })  # fmt: skip
    assert "are well wired" in verb.check(["filter@round-trip-good"])
    edit("recipes/round-trip.yaml", "map/round-trip-far/set/pivot", "tlh")
    with pytest.raises(Problem, match="filter.round-trip-good: unknown language 'tlh'"):
        verb.check(["filter@round-trip-good"])


def test_a_draft_that_is_there_is_read_as_it_is(home: Path) -> None:
    edit("recipes/back-and-forth.yaml", "generate/again", {
        "input": "back-and-forth-draft", "model": "back-and-forth-chat", "prompt": "back-and-forth/rewrite",
        "writes": "better", "settings": "rewrite",
    })  # fmt: skip
    assert "are well wired" in verb.check(["generate@again"])


def test_a_misspelt_target_is_answered_with_the_closest(home: Path) -> None:
    with pytest.raises(Problem, match="unknown target 'train@humpbak'; did you mean 'train@humpback'"):
        verb.check(["train@humpbak"])


PAIRS = [{"id": c, "origin": "seed", "instruction": f"Say {c * 20}.", "response": f"{c * 40}."} for c in "abc"]
COUNTED = {
    "generate": (
        generate,
        "x --input seed --model {model} --prompt ask",
        r"3 rows, .*, 3 to query; about \d+ tokens to read",
    ),
    "score": (
        score,
        "x --input seed --model {model} --prompt judge",
        r"3 rows, .*, 3 to query; about \d+ tokens to read",
    ),
    "train": (
        train,
        "x --input seed --base origin --prompt reply --settings sft",
        r"3 rows, about \d+ tokens .*\d+ steps of \d",
    ),
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("counted", COUNTED)
@pytest.mark.parametrize("model", ["origin", "ask"])
def test_a_dry_run_counts_without_a_model(
    home: Path, profile: str, counted: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("params.yaml", "profile", profile)
    rows.write("seed", PAIRS)
    origin.main(["origin", "--profile", profile])
    module, line, words = COUNTED[counted]
    module.main([*line.format(model=model).split(), "--profile", profile, "--dry-run"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"{counted} x: ") and re.search(words, shown) and shown.count("\n") == 1, shown
    assert ("model ask is not built yet" in shown) == (model == "ask" and counted != "train")
    assert not Path("data/x.parquet").exists() and json.loads(Path("data/seed.json").read_text())["rows_out"] == 3


@pytest.mark.slow
def test_a_section_that_another_profile_lacks_is_found_before_it_is_chosen(home: Path) -> None:
    edit("recipes/humpback-arms.yaml", "settings/curation", None)
    with pytest.raises(
        Problem, match=r"^profiles/8b.yaml: evaluate eval-[a-z-]*scorer[0-9-]*: setting 'mean' is missing"
    ):
        verb.check([])


@pytest.mark.parametrize("profile", PROFILES)
def test_recipes_that_are_built_for_claims_alone_have_possible_settings_under_every_profile(
    home: Path, profile: str
) -> None:
    for path in sorted(Path("recipes/more").glob("*.yaml")):
        found = [*recipes.lines_of(path)]
        check_settings.check_under([Path(f"profiles/{profile}.yaml")], found, layers.current())
