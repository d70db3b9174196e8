"""Splits: which files of a folder or an archive are read, where it may be a data set with a card and splits.

What `load_dataset` does with the same files decides (datasets 5, data_files.py): the `configs` of the card, else shards
named `train-00000-of-00003`, else a word such as `train` or `validation` in the name of a file or a folder. Nothing is
read from several splits unless it is said.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project.yaml_files import InvalidYaml, parse_yaml
from baleen.tables.archives import PACKED, is_archive
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.readers import RECORDS, SUFFIXES

WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
SPLITS = {word: split for split, words in WORDS.items() for word in words}
TEXT_WORDS = ("train", "validation", "valid", "val", "dev", "test")
WORD = re.compile(rf"(?:^|[-._ /0-9])({'|'.join(SPLITS)})(?=$|[-._ /0-9])")
SHARD = re.compile(r"(?:^|/)([\w.-]+?)-(\d{5})-of-(\d{5})(?!\d)")
SIDECAR = re.compile(
    r"(?:readme|licen[cs]e|copying|notice|dataset_?card|datasheet|citation|changelog|contributing)(?:[.-][\w.-]*)?"
    r"|dataset_infos?\.json|dataset_dict\.json|state\.json|croissant\.json"
    r"|(?:requirements|code_of_conduct)(?:[.-][\w.-]*)?"
    r"|(?:package(?:-lock)?|config|schema|stats|statistics|tokenizer|tokenizer_config)\.json",
    re.IGNORECASE,
)
CARD = {"annotations_creators", "configs", "dataset_info", "pretty_name", "size_categories", "source_datasets"}
CARD |= {"task_categories", "task_ids"}  # keys of the head of a card that the head of a document has not
Splits = dict[str, list[str]]


def file_kind(name: str) -> str:
    """The kind by the suffix of a file name, also under a suffix for compression; '' when it is unknown."""
    path = PurePosixPath(name.lower())
    return SUFFIXES.get(PurePosixPath(path.stem).suffix if path.suffix in PACKED else path.suffix, "")


def is_visible(name: str) -> bool:
    """False for dot files, what is in dot folders, and what macOS adds to archives."""
    parts = [part for part in PurePosixPath(name).parts if part not in (".", "..")]
    return not any(part.startswith(".") or part == "__MACOSX" for part in parts)


def matches_pattern(name: str, pattern: str) -> bool:
    """True when the pattern is empty or fits the path inside the source or the file's own name."""
    return not pattern or fnmatchcase(name, pattern) or fnmatchcase(PurePosixPath(name).name, pattern)


def chosen_files(
    names: Sequence[str], card: Callable[[str], bytes], o: IngestOptions, where: str, notes: Counter[str]
) -> list[str]:
    """The names of the files that are read of those in a folder or an archive; `card` reads one of them.

    Cards, licences and other sidecars of a data set, and the files of other splits and configurations, are counted.
    """
    visible = [name for name in names if is_visible(name)]
    matching = [name for name in visible if is_archive(name) or matches_pattern(name, o.match)]
    head = card_head(next((card(name) for name in visible if name.lower() == "readme.md"), b""))
    files = matching
    if (
        CARD & head.keys()
        or "dataset_infos.json" in names
        or any(holds_records(name, o.file_kind) for name in matching)
    ):
        files = [name for name in matching if not SIDECAR.fullmatch(PurePosixPath(name).name)]
    files, patterns = configured(head, files, o.config, where)
    splits = {split: [name for name in files if fits(name, globs)] for split, globs in patterns.items()}
    splits = {split: inside for split, inside in splits.items() if inside} or inferred_splits(files, o.file_kind)
    if o.hub and not splits:
        splits = {"train": files}  # as load_dataset names them
    if len(splits) > 1 or o.split:
        kept = chosen_split(splits, o.split, where)
        files = [name for name in files if name in kept]
    notes["files_passed_over"] += len(matching) - len(files)
    if not (o.match or any(letter in o.place for letter in "*?[")):
        check_shards(files, where)
    return files


def check_shards(files: Sequence[str], where: str) -> None:
    """A Problem for shards `name-00000-of-00003` of which not all are there."""
    shards = [(name, shard) for name in files if (shard := SHARD.search(name))]
    series = {(name[: shard.start(2)], shard[3]) for name, shard in shards}
    for start, total in sorted(series):
        numbers = {int(shard[2]) for name, shard in shards if (name[: shard.start(2)], shard[3]) == (start, total)}
        if missing := sorted({*range(int(total))} - numbers):
            first = f"{start}{missing[0]:05}-of-{total}"
            raise Problem(
                f"{where}: {first} is missing, of {int(total)} shards {len(numbers)} are there; download the others, "
                "or choose these with --match"
            )


def holds_records(name: str, kind: str) -> bool:
    """Whether a file is no document but a table of records, as far as its name and the kind that is set say."""
    return is_archive(name) or (kind or file_kind(name)) in RECORDS


def card_head(card: bytes) -> dict[str, Any]:
    """The YAML between the two lines `---` with which a data set's card begins; {} when there is none."""
    _, mark, rest = card.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").partition("---\n")
    try:
        head = parse_yaml(rest.partition("\n---")[0]) if mark and not _ else {}
    except InvalidYaml:
        return {}
    return head if isinstance(head, dict) else {}


def configured(
    head: Mapping[str, Any], files: list[str], config: str, where: str
) -> tuple[list[str], dict[str, list[str]]]:
    """The files of the configuration that is named or the usual one, and the globs of its splits, as the card says."""
    listed = head.get("configs")
    configs = [c for c in listed if isinstance(c, dict)] if isinstance(listed, list) else []
    by_name = {str(c.get("config_name", "default")): c for c in configs}
    if config and config not in by_name:
        known = unknown("configuration", config, [*by_name]) if by_name else "it has no configurations"
        raise Problem(f"{where}: {known}; correct --config")
    usual = [name for name, c in by_name.items() if c.get("default") is True or name == "default"]
    if len(by_name) > 1 and not config and not usual:
        known, first = ", ".join(by_name), next(iter(by_name))
        raise Problem(f"{where}: there are configurations: {known}; write --config <name>", {"config": first})
    chosen = by_name.get(config or next(iter(usual or by_name), ""), {})
    base = str(chosen.get("data_dir") or "").strip("./")
    patterns = split_patterns(chosen.get("data_files"), f"{base}/" if base else "")
    globs = [glob for inside in patterns.values() for glob in inside] or ([f"{base}/**"] if base else [])
    inside = [name for name in files if fits(name, globs)]
    return (inside, patterns) if inside else (files, {})


def split_patterns(data_files: Any, base: str) -> dict[str, list[str]]:
    """The globs of each split in the `data_files` of a card: a glob, a list of globs, or a list of split and path."""
    if isinstance(data_files, dict):
        data_files = [{"split": split, "path": path} for split, path in data_files.items()]
    items = data_files if isinstance(data_files, list) else [data_files] if data_files else []
    patterns: dict[str, list[str]] = {}
    for item in items:
        split, path = (str(item.get("split", "train")), item.get("path")) if isinstance(item, dict) else ("train", item)
        patterns.setdefault(split, []).extend(
            base + str(glob).removeprefix("./") for glob in (path if isinstance(path, list) else [path])
        )
    return patterns


def fits(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob.replace("**/", "*")) for glob in globs)


def inferred_splits(files: Sequence[str], kind: str) -> Splits:
    """The files of each split by their names; of documents only where folders or files are named just so."""
    splits: Splits = {}
    for name in files:
        if split := split_of(name) if holds_records(name, kind) else split_of_document(name):
            splits.setdefault(split, []).append(name)
    tables = any(holds_records(name, kind) for names in splits.values() for name in names)
    return splits if tables or "train" in splits else {}


def split_of(name: str) -> str:
    """The split of a table: the name before the number of a shard, else a word in the file's name, then in its path."""
    if shard := SHARD.search(name):
        return SPLITS.get(shard[1], shard[1])
    path = PurePosixPath(name)
    word = WORD.search(path.name.lower()) or WORD.search(path.parent.as_posix().lower())
    return SPLITS[word[1]] if word else ""


def split_of_document(name: str) -> str:
    """The split of a text: `train.txt`, or a file in a folder at the top that is named so."""
    path = PurePosixPath(name.lower())
    word = path.parts[0] if len(path.parts) > 1 else path.name.partition(".")[0]
    return SPLITS[word] if word in TEXT_WORDS else ""


def chosen_split(splits: Splits, split: str, where: str) -> list[str]:
    """The files of the split that is named, of several (`train+test`), or of `all`; a Problem for an unknown one."""
    if not splits:
        raise Problem(f"{where} has no splits; take --split {split} out")
    if not split:
        known, first = ", ".join(splits), "train" if "train" in splits else next(iter(splits))
        raise Problem(f"{where}: there are splits: {known}; write --split <name>, or --split all", {"split": first})
    names = [*splits] if split == "all" else split.split("+")
    if odd := next((name for name in names if name not in splits), ""):
        raise Problem(f"{where}: {unknown('split', odd, [*splits])}; write --split <name>")
    return [file for name in names for file in splits[name]]
