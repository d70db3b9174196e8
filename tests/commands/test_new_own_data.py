"""`baleen new` on files of a user's own, on all of them or on some; what is missing is told before it writes."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from baleen.commands import own_data
from baleen.commands.command import app
from baleen.errors import Problem
from baleen.measures.expressions import parse_condition
from baleen.project import recipes


def under_dvc(test: Callable[..., None]) -> Callable[..., None]:
    """A test that begins a project, for which git and DVC start several times."""
    return pytest.mark.slow(pytest.mark.usefixtures("preloaded")(test))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "a@b")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/one.md").write_text("# One\n\nA text.\n")
    pairs = (f'{{"instruction": "Why {n}?", "response": "So {n}."}}\n' for n in range(30))
    (tmp_path / "seeds.jsonl").write_text("".join(pairs))
    return tmp_path


def new(*words: str) -> dict[str, dict[str, Any]]:
    """The lines of a new project by their names."""
    ended = CliRunner().invoke(app, ["new", "mine", "--profile", "text", *words], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return {
        line.name: {"rule": line.rule} | line.given for line in recipes.lines(sorted(Path("mine/recipes").glob("*")))
    }


@under_dvc
def test_a_corpus_and_seeds_are_copied_into_the_project() -> None:
    lines = new("--corpus", "pages", "--seeds", "seeds.jsonl")
    assert lines["web"]["source"] == "data/raw/pages" and lines["pairs"]["source"] == "data/raw/seeds.jsonl"
    assert lines["seed"]["input"] == lines["heldout"]["input"] == "pairs"
    assert lines["web"]["segment"] is True and lines["web"]["deduplicate"] == "near"


@under_dvc
def test_a_project_whose_writing_was_killed_is_written_by_the_same_command() -> None:
    """`make real` said that the folder was no project, or that git was running."""
    given = ("--corpus", "pages", "--seeds", "seeds.jsonl", "--replace")
    Path(".mine.part/data/raw").mkdir(parents=True)  # what is left of a first writing
    Path("mine").mkdir()
    lines = new(*given)
    assert not Path(".mine.part").exists() and Path("mine/.git/index").is_file()
    Path("mine/.git/index.lock").touch()  # and of one over a project that is there
    for part in ("recipes", "prompts", "profiles"):
        shutil.rmtree(f"mine/{part}")
    assert new(*given) == lines


OWN = ("recipes/mine.yaml", "prompts/mine.md", "profiles/mine.yaml", "methods/mine.py", "notes.txt")


@under_dvc
def test_a_project_that_is_written_anew_keeps_what_is_the_users_own() -> None:
    given = ("--corpus", "pages", "--seeds", "seeds.jsonl", "--replace")
    new(*given, "--method", "kun")
    for name in OWN:
        Path("mine", name).write_text("{}\n" if name.endswith("yaml") else "\n")
    new(*given)
    assert all(Path("mine", name).is_file() for name in OWN) and not Path("mine/recipes/kun.yaml").exists()
    said = subprocess.run(["git", "status", "--porcelain"], cwd="mine", text=True, capture_output=True).stdout
    assert sorted(said.split()) == sorted([*OWN, *["??"] * len(OWN)]), "nothing of theirs is committed, all of ours is"


@under_dvc
def test_a_project_stays_as_it_is_when_it_cannot_be_written_anew() -> None:
    given = ("--corpus", "pages", "--seeds", "seeds.jsonl", "--replace")
    new(*given)
    before = {
        path: path.read_bytes() for path in Path("mine").rglob("*.*") if path.is_file() and ".git" not in str(path)
    }
    with pytest.raises(Problem, match="evol-instruct-chat must be an instruct model"):
        new(*given, "--method", "evol-instruct")
    assert {path: path.read_bytes() for path in before} == before and not Path(".mine.part").exists()


@under_dvc
def test_edits_that_are_written_over_are_in_git() -> None:
    given = ("--corpus", "pages", "--seeds", "seeds.jsonl", "--replace")
    new(*given)
    edited = Path("mine/params.yaml").read_text().replace("share: 0.3", "share: 0.2")
    Path("mine/params.yaml").write_text(edited)
    new(*given)
    kept = subprocess.run(["git", "show", "HEAD~1:params.yaml"], cwd="mine", text=True, capture_output=True).stdout
    assert kept == edited and Path("mine/params.yaml").read_text() != edited


@under_dvc
def test_trees_of_messages_are_seeds() -> None:
    reply = {"text": "So.", "role": "assistant", "lang": "en", "rank": 0, "replies": []}
    trees = ({"prompt": {"text": f"Why {n}?", "role": "prompter", "lang": "en", "replies": [reply]}} for n in range(30))
    Path("oasst.trees.jsonl").write_text("".join(json.dumps(tree) + "\n" for tree in trees))
    pairs = new("--corpus", "pages", "--seeds", "oasst.trees.jsonl")["pairs"]
    assert (pairs["trees"], pairs["origin"]) == ("en", "seed")


@under_dvc
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (30, r"held out, too few to choose by some and test on others \(20 each at the least\)"),
        (500, r"held out: [2-7]\d to choose by \(dev\), [2-7]\d to test on"),
    ],
)
def test_held_out_seeds_are_to_choose_by_and_to_test_on_where_there_are_enough(number: int, words: str) -> None:
    pairs = (f'{{"instruction": "Why {n}?", "response": "So {n}."}}\n' for n in range(number))
    Path("seeds.jsonl").write_text("".join(pairs))
    words_ = ["new", "mine", "--profile", "text", "--corpus", "pages", "--seeds", "seeds.jsonl"]
    ended = CliRunner().invoke(app, words_, catch_exceptions=False)
    assert re.search(words, ended.output)


def test_seeds_of_which_none_would_be_held_out_are_too_few() -> None:
    Path("seeds.jsonl").write_text('{"instruction": "Why?", "response": "So."}\n')
    with pytest.raises(Problem, match="of 1 seeds . would be to train on, . to calibrate scores on and . held out"):
        new("--corpus", "pages", "--seeds", "seeds.jsonl")
    assert not Path("mine").exists()


@under_dvc
def test_some_documents_of_the_corpus_are_drawn_by_chance() -> None:
    texts = ("too short", *(f"# {n}\n\n{f'Page {n} says a word. ' * 20}\n" for n in range(3)), f"{'Long. ' * 300}\n")
    for n, text in enumerate(texts):
        Path(f"pages/{n}.md").write_text(text)
    lines = new("--corpus", "pages", "--seeds", "seeds.jsonl", "--documents", "500")
    assert lines["corpus"]["source"] == "data/raw/pages"
    assert (lines["web"]["rule"], lines["web"]["count"], lines["web"]["best"]) == ("filter", 500, "chance(id)")


@under_dvc
def test_a_question_with_two_answers_is_on_one_side_alone() -> None:
    """Held-out questions were taught with another answer: the split was by the pair."""
    pairs = (f'{{"instruction": "Why {n}?", "response": "{so} {n}."}}\n' for n in range(60) for so in ("So", "Thus"))
    Path("seeds.jsonl").write_text("".join(pairs))
    lines = new("--corpus", "pages", "--seeds", "seeds.jsonl")
    keeps = {
        name: [parse_condition(text) for text in lines[name]["keep"]] for name in ("seed", "heldout", "calibration")
    }
    for n in range(60):
        rows = [{"id": f"{n} {so}", "instruction": f"Why {n}?"} for so in ("So", "Thus")]
        sides = [{name for name, keep in keeps.items() if not any(one.reason(row) for one in keep)} for row in rows]
        assert sides[0] == sides[1] and len(sides[0]) == 1


@pytest.mark.parametrize(
    ("folder", "words", "message"),
    [
        ("pages/mine", [], "pages/mine lies inside pages, which is copied into it; name a folder outside"),
        ("mine", ["--documents", "-4"], "--documents is -4; write how many to draw"),
        ("mine", ["--corpus-columns", "response=body"], "^pages/one.md:1 has no field 'body'; there are"),
        ("mine", ["--seed-columns", "instruction=q,response=response"], "^seeds.jsonl:1 has no field 'q'; there are"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_by_the_names_that_were_given(folder: str, words: list[str], message: str) -> None:
    given = ["new", folder, "--profile", "text", "--corpus", "pages", "--seeds", "seeds.jsonl", *words]
    with pytest.raises(Problem, match=message):
        CliRunner().invoke(app, given, catch_exceptions=False)
    assert not Path(folder).exists() and not [*Path(folder).parent.glob(".mine*")]


@pytest.mark.parametrize("text", ["# One\n\nA text.\n", "# Long\n\n" + "A long text. " * 200])
def test_a_corpus_without_documents_of_the_drawn_length_is_refused(text: str) -> None:
    """Every document left with its reason, hours later, and nothing was built."""
    Path("pages/one.md").write_text(text)
    words = "pages: 0 of the first 1 documents have 300 to 1200 characters, of which --documents draws"
    with pytest.raises(Problem, match=words):
        new("--corpus", "pages", "--seeds", "seeds.jsonl", "--documents", "5")
    assert not Path("mine").exists()


@under_dvc
def test_the_documentation_of_python_is_a_corpus() -> None:
    lines = new("--corpus", "python:docs", "--seeds", "seeds.jsonl")
    assert lines["web"] == {"rule": "load", "python": "docs", "origin": "web"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--corpus", "pages"], r"--seeds is missing \(some are held out to measure every model on\); name both"),
        (["--corpus", "pagess", "--seeds", "seeds.jsonl"], "no file or folder pagess"),
        (["--corpus", "pages", "--seeds", "seed.jsonl"], "no file or folder seed.jsonl"),
    ],
    ids=str,
)
def test_what_is_missing_is_told_and_nothing_is_written(words: list[str], message: str) -> None:
    with pytest.raises(Problem, match=message):
        new(*words)
    assert not Path("mine").exists()


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        (
            "# ack\n\n> 一个类似 grep 的搜索工具，专为开发者优化。\n\n- 查找文件：\n\n`ack {{search_pattern}}`",
            True,
        ),
        ("ファイルの内容を検索する。正規表現を使うことができます。", False),
        ("A search tool like grep, for developers (开发者).", False),
        ("1 + 1 = 2", False),
    ],
)
def test_a_corpus_in_chinese_is_told(text: str, chinese: bool) -> None:
    assert own_data.is_chinese([{"response": text}]) is chinese


VERIFIABLE = '{"prompt": "Say yes.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}], "key": 1}\n'


@under_dvc
def test_verifiable_prompts_are_copied_into_the_project() -> None:
    Path("ifeval.jsonl").write_text(VERIFIABLE)
    lines = new("--corpus", "pages", "--seeds", "seeds.jsonl", "--verifiable", "ifeval.jsonl")
    assert lines["verifiable"]["source"] == "data/raw/ifeval.jsonl" and Path("mine/data/raw/ifeval.jsonl.dvc").is_file()
    assert lines["eval-verifiable-humpback"]["settings"] == "verifiable"


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("", ["--verifiable", "none.jsonl"], "no file none.jsonl; name prompts in the form of IFEval"),
        ('{"prompt": "Say yes."}\n', ["--verifiable", "ifeval.jsonl"], "has no field 'instruction_id_list'"),
        ("", ["--judge", "chat"], "judge 'chat' is no section of the profile that names an instruct model"),
    ],
)
def test_what_cannot_be_measured_is_told_and_nothing_is_written(text: str, words: list[str], message: str) -> None:
    Path("ifeval.jsonl").write_text(text)
    with pytest.raises(Problem, match=message):
        new("--corpus", "pages", "--seeds", "seeds.jsonl", *words)
    assert not Path("mine").exists()


def test_the_world_has_measures_of_its_own() -> None:
    with pytest.raises(Problem, match="--verifiable and --judge are for your own data"):
        new("--judge", "chat")


def test_a_column_may_join_several_fields() -> None:
    joined = own_data.mapping("instruction=question,context, response = answer")
    assert joined == {"instruction": "question,context", "response": "answer"}
    for wrong in ("context", "=a", "instruction=", "instruction=a,=b"):
        with pytest.raises(Problem, match="is no mapping"):
            own_data.mapping(wrong)


@under_dvc
def test_links_to_nothing_are_left_behind() -> None:
    Path("pages/gone.md").symlink_to("nowhere.md")
    new("--corpus", "pages", "--seeds", "seeds.jsonl")
    assert sorted(path.name for path in Path("mine/data/raw/pages").iterdir()) == ["one.md"]
