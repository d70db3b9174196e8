"""Bring your own data, as the README says it: a profile and the lines of recipes/sources.yaml, in every format people
have."""

import csv
import gzip
import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import project
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from project import CHECKOUT, append, replace_once, repro, run_command
from tokenizers import Tokenizer

from baleen.tables import rows

pytestmark = pytest.mark.slow
KITCHEN = "salt bread onion butter lentil garlic pepper barley honey cabbage walnut plum".split()
DRAWN = [Random(n).sample(KITCHEN, 6) for n in range(12)]
TEXTS = ["Take {}, {} and {}. Cook {} with {}, then add {}.".format(*words) for words in DRAWN]
PAIRS = [(f"What can I cook with {words[0]} and {words[-1]}?", text) for words, text in zip(DRAWN, TEXTS, strict=True)]


def jsonl_text(texts: list[str]) -> str:
    return "".join(json.dumps({"text": text, "page": n}) + "\n" for n, text in enumerate(texts))


def csv_text(texts: list[str]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([["page", "text"], *enumerate(texts)])
    return file.getvalue()


def write_folder(at: Path, suffix: str, shape: str) -> None:
    at.mkdir(parents=True)
    for n, text in enumerate(TEXTS):
        (at / f"{n:02}{suffix}").write_text(shape.format(text), encoding="utf-8")


def write_tar(at: Path) -> None:
    with tarfile.open(at, "w:gz") as archive:
        for n, text in enumerate(TEXTS):
            content = f"# Keeping\n\n{text}\n".encode()
            member = tarfile.TarInfo(f"docs/{n:02}.md")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def save_dataset(at: Path) -> None:
    from datasets import Dataset

    Dataset.from_dict({"text": TEXTS, "page": list(range(len(TEXTS)))}).save_to_disk(at)


CORPORA: dict[str, Callable[[Path], object]] = {
    "docs.jsonl": lambda at: at.write_text(jsonl_text(TEXTS)),
    "docs.jsonl.gz": lambda at: at.write_bytes(gzip.compress(jsonl_text(TEXTS).encode())),
    "docs.parquet": lambda at: pq.write_table(pa.table({"text": TEXTS}), at),
    "docs.csv": lambda at: at.write_text(csv_text(TEXTS)),
    "notes": lambda at: write_folder(at, ".txt", "{}\n"),
    "guide": lambda at: write_folder(at, ".md", "# Keeping\n\n{}\n"),
    "page.html": lambda at: at.write_text(f"<html><body>{''.join(f'<p>{t}</p>' for t in TEXTS)}</body></html>"),
    "docs.tar.gz": write_tar,
    "saved": save_dataset,
}
SEEDS: dict[str, Callable[[Path], object]] = {
    "seeds.jsonl": lambda at: at.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in PAIRS)),
    "seeds.csv": lambda at: at.write_text("question,answer\n" + "".join(f'{q},"{a}"\n' for q, a in PAIRS)),
    "seeds.parquet": lambda at: pq.write_table(
        pa.table({"question": [q for q, _ in PAIRS], "answer": [a for _, a in PAIRS]}), at
    ),
}


def readme_lines() -> tuple[dict[str, str], list[str]]:
    """The lines the README gives, by their names, and the commands under them."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("## Bring your own data")[2]
    profile, lines, commands = re.findall(r"```\w+\n(.*?)```", text, re.DOTALL)[:3]
    return {line.split(":")[0].strip(): line for line in (profile + lines).splitlines()}, commands.splitlines()


def use_own_data(folder: Path, corpus: str, seeds: str) -> None:
    """Put the README's lines in the place of ours, with the names of the files that are there."""
    for name, line in readme_lines()[0].items():
        path = folder / ("params.yaml" if name == "profile" else "recipes/sources.yaml")
        new = line.replace("my/corpus", f"my/{corpus}").replace("my/seeds.jsonl", f"my/{seeds}")
        if old := re.findall(rf"^ *{name}: .*$", path.read_text(encoding="utf-8"), re.MULTILINE):
            replace_once(path, old[0], new if name == "profile" else "  # a line of load that is gone")
        if name != "profile":
            append(path, new)
    (folder / "my").mkdir(exist_ok=True)
    CORPORA[corpus](folder / "my" / corpus)
    SEEDS[seeds](folder / "my" / seeds)


def table_of(folder: Path, name: str) -> list[rows.Row]:
    return list(rows.read(folder / f"data/{name}.parquet"))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The checkout as it is, under git."""
    return project.init_git(project.copy_checkout(tmp_path / "project"))


@pytest.mark.parametrize(("corpus", "seeds"), [(corpus, list(SEEDS)[n % 3]) for n, corpus in enumerate(CORPORA)])
def test_every_format_is_read_through_the_lines_of_the_readme(corpus: str, seeds: str, sources: Path) -> None:
    use_own_data(sources, corpus, seeds)
    run_command(sources, "bash", "-ec", readme_lines()[1][0])
    wanted = {"ingest@web", "ingest@seed", "ingest@prose"}
    assert repro(sources, *wanted) == wanted
    pairs = {(row["instruction"], row["response"]) for row in table_of(sources, "seed")}
    assert pairs == set(PAIRS)
    for name in ("web", "prose"):
        found = "\n".join(row["response"] for row in table_of(sources, name))
        assert all(text in found for text in TEXTS)


def test_the_documentation_of_python_is_a_corpus(sources: Path) -> None:
    path = sources / "recipes/sources.yaml"
    [old] = re.findall(r"^  web: .*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    replace_once(path, old, "  web: {python: docs, deduplicate: exact, origin: web}")
    run_command(sources, "python", "-m", "stages.check")
    assert repro(sources, "load@web") == {"load@web"}
    assert project.load_json(sources, "data/web.json")["rows_out"] > 1000


def test_the_lines_and_two_commands_build_humpback_on_own_data(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = project.copy_project(project.built_small(tmp_path_factory), tmp_path / "project")
    for name in ("humpback", "sources"):
        shutil.copy(CHECKOUT / f"recipes/{name}.yaml", folder / f"recipes/{name}.yaml")
    project.set_yaml(folder / "params.yaml", "curate.share", 0.5)
    use_own_data(folder, "docs.jsonl", "seeds.jsonl")
    for section in ("pretrain", "train"):
        project.set_yaml(folder / "profiles/text.yaml", f"{section}.steps", 30)
    for line in readme_lines()[1]:
        run_command(folder, "bash", "-ec", line)
    pairs = table_of(folder, "humpback-dataset")
    assert {row["origin"] for row in pairs} == {"seed", "web"} and all(row["messages"] for row in pairs)
    assert (folder / "models/humpback/model.safetensors").is_file()
    known = Tokenizer.from_file(str(folder / "models/humpback/tokenizer.json"))
    assert not [text for text in TEXTS if "<unk>" in known.encode(text).tokens]
