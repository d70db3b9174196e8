"""Hub clones and folders that `load_dataset` reads have splits; their cards and sidecars are no documents."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from baleen.errors import Problem
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.splits import chosen_files

CONFIGS = b"""---
license: mit
configs:
- config_name: main
  data_files:
  - split: train
    path: main/train-*
  - split: test
    path: [main/test-*]
- config_name: socratic
  data_files: socratic/*.jsonl
- config_name: by_folder
  data_dir: folder
---
# A card
"""
GSM = ["README.md", "main/train-00000-of-00001.parquet", "main/test-00000-of-00001.parquet", "socratic/a.jsonl"]
GSM += ["folder/train.jsonl", "folder/dev.jsonl"]
SHARDS = ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-00000-of-00001.parquet"]


def chosen(names: list[str], card: bytes = b"", notes: Counter[str] | None = None, **settings: Any) -> list[str]:
    options = IngestOptions(source="set", origin="web", **settings)
    return chosen_files(names, lambda _: card, options, "set", Counter() if notes is None else notes)


@pytest.mark.parametrize(
    "names, splits",
    [
        (SHARDS, "train, test"),
        (["train.jsonl", "test.jsonl", "README.md"], "train, test"),
        (["train.csv", "valid.csv"], "train, validation"),
        (["my-train.jsonl.gz", "my-dev.jsonl.gz"], "train, validation"),
        (["train/a.parquet", "test/a.parquet"], "train, test"),
        (["training_set.tsv", "eval.tsv"], "train, test"),
        (["data/train_sft-00000-of-00001.parquet", "data/test_sft-00000-of-00001.parquet"], "train_sft, test_sft"),
        (["train.zip", "test.zip"], "train, test"),
        (["train.txt", "test.txt"], "train, test"),
        (["train/a.md", "validation/b.md"], "train, validation"),
    ],
)
def test_several_splits_are_never_read_as_one(names: list[str], splits: str) -> None:
    with pytest.raises(Problem, match=f"set: there are splits: {splits}; write --split <name>, or --split all"):
        chosen(names)
    first, second = splits.split(", ")
    assert chosen(names, split=first) + chosen(names, split=second) == [n for n in names if n != "README.md"]
    assert sorted(chosen(names, split="all")) == sorted(chosen(names, split=f"{first}+{second}"))


@pytest.mark.parametrize(
    "names",
    [
        ["a.jsonl", "b.jsonl"],
        ["train.jsonl", "extra.jsonl"],
        ["docs/testing.md", "docs/training.md", "README.md"],
        ["test/a.md", "guide/b.md"],
        ["contest.csv", "trainer.csv", "latest.csv"],
        ["a.txt", "LICENSE.txt"],
    ],
)
def test_what_has_no_splits_is_read_whole(names: list[str]) -> None:
    assert chosen(names) == names
    with pytest.raises(Problem, match="set"):
        chosen(names, split="validation")


@pytest.mark.parametrize(
    "name",
    "README.md LICENSE LICENSE.txt LICENCE.md COPYING NOTICE.txt dataset_infos.json dataset_info.json CITATION.bib "
    "data/README.md dataset_card.md croissant.json CHANGELOG.md state.json requirements.txt requirements-dev.txt "
    "package.json config.json schema.json stats.json tokenizer.json CODE_OF_CONDUCT.md".split(),
)
def test_sidecars_of_a_data_set_are_counted_and_not_read(name: str) -> None:
    notes = Counter[str]()
    assert chosen(["a.jsonl", name], notes=notes) == ["a.jsonl"]
    assert notes["files_passed_over"] == 1


@pytest.mark.parametrize("card", [b"", b"# Guide\n", b"---\ntitle: Guide\nlicense: mit\n---\nText", b"---\n: [\n---\n"])
def test_the_readme_of_a_folder_of_documents_is_a_document(card: bytes) -> None:
    assert chosen(["README.md", "a.md"], card) == ["README.md", "a.md"]


def test_the_readme_of_a_data_set_of_texts_is_its_card() -> None:
    assert chosen(["README.md", "a.txt"], b"---\r\npretty_name: Rivers\r\n---\r\n") == ["a.txt"]


@pytest.mark.parametrize(
    "settings, files",
    [
        ({"config": "main", "split": "train"}, GSM[1:2]),
        ({"config": "main", "split": "test"}, GSM[2:3]),
        ({"config": "main", "split": "all"}, GSM[1:3]),
        ({"config": "socratic"}, GSM[3:4]),
        ({"config": "by_folder", "split": "validation"}, GSM[5:]),
        ({"config": "main", "match": "*train*"}, GSM[1:2]),
    ],
)
def test_the_card_says_what_configurations_and_splits_there_are(settings: dict[str, str], files: list[str]) -> None:
    assert chosen(GSM, CONFIGS, **settings) == files


@pytest.mark.parametrize(
    "names, card, settings, words",
    [
        (GSM, CONFIGS, {}, "there are configurations: main, socratic, by_folder; write --config <name>"),
        (GSM, CONFIGS, {"config": "mian"}, "unknown configuration 'mian'; did you mean 'main'"),
        (GSM, CONFIGS, {"config": "main"}, "there are splits: train, test"),
        (SHARDS, b"", {"config": "main"}, "it has no configurations; correct --config"),
        (SHARDS, b"", {"split": "trian"}, "unknown split 'trian'; did you mean 'train'"),
        (SHARDS, b"", {"split": "train+dev"}, "unknown split 'dev'"),
        (["a.jsonl"], b"", {"split": "train"}, "set has no splits; take --split train out"),
    ],
)
def test_a_choice_that_is_missing_or_unknown_is_named(
    names: list[str], card: bytes, settings: dict[str, str], words: str
) -> None:
    with pytest.raises(Problem) as error:
        chosen(names, card, **settings)
    assert words in str(error.value)


def test_a_configuration_may_be_the_usual_one() -> None:
    card = CONFIGS.replace(b"- config_name: socratic\n", b"- config_name: socratic\n  default: true\n")
    assert chosen(GSM, card) == GSM[3:4]


def test_match_goes_before_splits() -> None:
    assert chosen(["README.md", "test.jsonl", "train.jsonl"], match="train*") == ["train.jsonl"]


def test_hidden_files_are_never_chosen(tmp_path: Path) -> None:
    assert chosen([".gitattributes", ".cache/huggingface/train.jsonl", "a.jsonl"]) == ["a.jsonl"]


@pytest.mark.parametrize(
    "names, missing",
    [
        (SHARDS[:1], "data/train-00001-of-00002"),
        (["a-00001-of-00003.jsonl", "a-00002-of-00003.jsonl"], "a-00000-of-00003"),
        (["x/a-00000-of-00002.csv", "y/a-00001-of-00002.csv"], "x/a-00001-of-00002"),
        (["a-00000-of-00002-0f3c.parquet"], "a-00001-of-00002"),
        (["b.jsonl", "a-00000-of-00010.jsonl.gz"], "a-00001-of-00010"),
    ],
)
def test_a_shard_that_is_missing_is_named(names: list[str], missing: str) -> None:
    with pytest.raises(Problem, match=f"set: {missing} is missing, of .* shards . are there; download the others"):
        chosen(names)
    assert chosen(names, match="*") == names


def test_shards_of_the_split_that_is_read_must_all_be_there() -> None:
    assert chosen(SHARDS[1:], split="test") == SHARDS[2:]
    assert chosen(SHARDS, split="train") == SHARDS[:2]
