"""Prompts: a question about a row, and the place where the answer goes.

A prompt file says which columns it reads (`$name` in the body), which it writes and in what format. `generate` asks
it, `score` grades the answer that the row has, `train` teaches it: a model is always asked the way it was trained.
"""

from dataclasses import dataclass, field, fields, replace
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Any

from baleen.errors import Problem, unknown
from baleen.formats import FORMATS
from baleen.project import inputs, plan, settings
from baleen.project.yaml_files import InvalidYaml, parse_yaml
from baleen.tables.rows import Row

KEYS: dict[str, type] = {
    "writes": list, "format": str, "system": dict, "prefill": str, "choices": list, "cue": str, "stop": str
}  # fmt: skip
NATIVE = "en"  # the language of the prompts that lie in no folder of a language
SAME = ("writes", "format", "choices", "cue", "prefill", "stop")  # what a translation has in common with its prompt
WRITTEN: dict[type, str] = {
    list: "a list, like [a, b]",
    dict: "a mapping of origins to texts, like {seed: text}",
    str: "a text",
}


@dataclass(frozen=True, eq=False)
class Prompt:
    """`system` gives the system message of each origin, `prefill` the start of the reply, and `stop` what no longer
    belongs to it; `score` gets the probabilities of the `choices` (lowest first) right after the `cue`,
    without generated reasons. Without a body the model continues the text of the prefill, and that is the reply."""

    name: str
    body: str
    writes: tuple[str, ...]
    format: str = "text"
    system: dict[str, str] = field(default_factory=dict)
    prefill: str = ""
    choices: tuple[str, ...] = ()
    cue: str = ""
    stop: str = ""

    @cached_property
    def reads(self) -> list[str]:
        """Columns that the body and the prefill use, in order."""
        return Template(f"{self.body}\n{self.prefill}").get_identifiers()

    @cached_property
    def opening(self) -> str:
        """The text of the body before the first column: the same for every row."""
        return self.body.partition("$")[0]

    @property
    def scores(self) -> tuple[str, ...]:
        """Columns that `score` writes, the score itself first; `worst` is the max token loss."""
        if not self.choices:
            return ("loss", "worst", "tokens")
        return ("rating" if len(self.choices) > 2 else "probability", "mass")

    @cached_property
    def digest(self) -> str:
        """Hash of the whole prompt, 16 hex digits."""
        names = {field.name: field.name for field in fields(self)} | {"choices": "marks"}  # its name in older hashes
        values = ", ".join(f"{as_hashed}={getattr(self, name)!r}" for name, as_hashed in names.items())
        return sha256(f"Prompt({values})".encode()).hexdigest()[:16]

    @property
    def has_shape(self) -> bool:
        """Whether replies can be held to a format: it has a regular expression, and the reply has no start already."""
        return FORMATS[self.format].shape is not None and not self.prefill

    @cached_property
    def shape(self) -> str:
        """The regular expression of the reply (`Sampling.shape`); a Problem when the format has none, or when a prefill
        is the reply's start."""
        shape = FORMATS[self.format].shape
        if shape is None or self.prefill:
            shaped = ", ".join(name for name, known in FORMATS.items() if known.shape)
            why = "a prefill" if shape else f"format {self.format}"
            raise Problem(
                f"prompts/{self.name}.md has {why}, which structured output cannot have; leave out structured: true, "
                f"or choose one of the formats {shaped}"
            )
        return shape(list(self.writes))

    def messages(self, row: Row, tag: str = "") -> tuple[tuple[str, str], ...]:
        """The conversation up to the reply, role and content of each message; `tag` stands in for the row's origin when
        it chooses the system message."""
        if missing := [column for column in self.reads if row.get(column) is None]:
            raise Problem(f"prompts/{self.name}.md reads ${missing[0]}, but row {row.get('id')} has none")
        system_text = self.system.get(tag or str(row.get("origin", "")), self.system.get("default", ""))
        system = (("system", system_text),) if system_text else ()
        if not self.body:
            return system
        question = self.fill(self.body, row).rstrip("\n")  # an empty last column leaves no blank lines
        return (*system, ("user", question))

    def fill(self, text: str, row: Row) -> str:
        return Template(text).substitute({column: column_text(row[column]) for column in self.reads})

    def start(self, row: Row) -> str:
        """The prefill of this row."""
        return self.fill(self.prefill, row) if self.prefill else ""

    def parse_reply(self, reply: str) -> Row | None:
        """The columns in a reply, or None when it does not have the stated shape."""
        return FORMATS[self.format].read(reply, list(self.writes))

    def format_reply(self, row: Row) -> str:
        """The reply that would have produced the columns of this row."""
        return FORMATS[self.format].show(row, list(self.writes))


def column_text(value: object) -> str:
    """A value as a prompt shows it: a list as one line '- item' each."""
    return "\n".join(f"- {item}" for item in value) if isinstance(value, list) else str(value)


def constant_lines(prompt: Prompt) -> list[str]:
    """The lines of a prompt that are the same for every row: those of the body and of the system messages."""
    lines = [*prompt.body.splitlines(), *prompt.prefill.splitlines(), prompt.cue, *prompt.system.values()]
    return [line.strip() for line in lines if line.strip() and not Template(line).get_identifiers()]


def language() -> str:
    """What params.yaml has as `language`: the folder of prompts/ that goes before the others; '' for none."""
    path = Path("params.yaml")
    return str(settings.loaded(path, path.read_bytes()).get("language") or "") if path.is_file() else ""


def load(name: str, writes: str = "", folder: Path = Path("prompts")) -> Prompt:
    """prompts/<name>.md, or its translation into the project's language where there is one; `writes` replaces the
    prompt's own single column."""
    path = folder / f"{name}.md"
    if not inputs.reads(path).is_file():
        raise Problem(
            unknown("prompt", name, [str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.md")])
        )
    prompt = translated(read_prompt(path, name), folder)
    plan.check_prompt(name, prompt.digest)
    return replace(prompt, writes=(writes,)) if writes else prompt


def read_prompt(path: Path, name: str) -> Prompt:
    """The prompt in a file."""
    prompt = prompt_of(path, name, text_of(path))
    if prompt.format not in FORMATS:
        raise Problem(f"{path}: {unknown('format', prompt.format, list(FORMATS))}")
    return prompt


@cache
def prompt_of(path: Path, name: str, text: str) -> Prompt:
    """The prompt in a file that holds this text: a hundred lines ask for the same one."""
    head, body = split_head(path, text)
    return check_dollar_signs(path, build_prompt(name, body.strip("\n"), parse_head(path, head)))


def translated(prompt: Prompt, folder: Path) -> Prompt:
    """The prompt in the project's language, itself where it has no translation; a Problem for one that reads or writes
    otherwise, because recipes, lessons and readers of replies are the same in all languages."""
    code = language()
    path = folder / code / f"{prompt.name}.md"
    if not code or not (folder / code).is_dir():
        if code and code != NATIVE:
            known = sorted({NATIVE, *(other.name for other in folder.glob("*/") if (other / "judge.md").is_file())})
            raise Problem(f"params.yaml: {unknown('language', code, known)}")
        return prompt
    if not inputs.reads(path).is_file():
        return prompt
    other = read_prompt(path, f"{code}/{prompt.name}")
    for key in SAME:
        if getattr(other, key) != getattr(prompt, key):
            raise Problem(f"{path}: {key} is {getattr(other, key)!r}, in {folder}/{prompt.name}.md it is another one")
    if {*other.reads} != {*prompt.reads}:
        raise Problem(f"{path} reads {', '.join(other.reads)}, and {folder}/{prompt.name}.md {', '.join(prompt.reads)}")
    return other


def parse_head(path: Path, head: str) -> dict[str, Any]:
    """The settings at the top of a prompt file, each of its type."""
    try:
        fields = parse_yaml(head) or {}
    except InvalidYaml as error:
        raise Problem(f"{path}: its head is not YAML: {error}") from None
    if not isinstance(fields, dict):
        raise Problem(f"{path}: its head must be settings such as 'writes: [instruction]'")
    for key, value in fields.items():
        check_setting(path, key, value)
    if "writes" not in fields:
        raise Problem(f"{path}: its head must say which columns the reply becomes, such as 'writes: [instruction]'")
    return fields


def check_setting(path: Path, key: object, value: object) -> None:
    """A Problem for a setting that does not exist or is of another type. A number, true, false or null among texts is
    one too: read as YAML and written again it may be another text than the one in the file."""
    if key == "marks":  # its former name
        raise Problem(f"{path}: setting 'marks' is called 'choices'; rename it")
    if key not in KEYS:
        raise Problem(f"{path}: {unknown('setting', str(key), list(KEYS))}")
    kind = KEYS[str(key)]
    if not isinstance(value, kind):
        raise Problem(f"{path}: setting {key!r} must be {WRITTEN[kind]}, not {value!r}")
    texts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    if odd := [text for text in texts if not isinstance(text, str)]:
        raise Problem(f"{path}: setting {key!r} has {odd[0]!r}, which is no text; write it in quotes")
    if key == "writes" and (not texts or len({*texts}) < len(texts)):
        raise Problem(f"{path}: setting 'writes' must name at least one column, and none twice, not {value!r}")


def build_prompt(name: str, body: str, fields: dict[str, Any]) -> Prompt:
    return Prompt(name, body, **fields | {key: tuple(fields[key]) for key in ("writes", "choices") if key in fields})


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def split_head(path: Path, text: str) -> tuple[str, str]:
    """The head between two lines that are `---` and nothing else but spaces after it, and the body."""
    lines = text.lstrip().split("\n")
    rules = [index for index, line in enumerate(lines) if line.startswith("---") and not line[3:].strip(" \t")]
    if rules[:1] != [0] or len(rules) < 2:
        raise Problem(f"{path} must begin with a line '---', settings such as 'writes: [instruction]', and '---'")
    return "\n".join(lines[1 : rules[1]]), "\n".join(lines[rules[1] + 1 :])


def check_dollar_signs(path: Path, prompt: Prompt) -> Prompt:
    """The prompt, if its `$` signs are all names of columns or doubled."""
    if not Template(f"{prompt.body}\n{prompt.prefill}").is_valid():
        raise Problem(f"{path} has a '$' that names no column; write '$$' for a dollar sign")
    return prompt
