"""Front matter: the settings that stand at the head of a Markdown file in YAML, TOML or JSON."""

import json
import re
import tomllib
from collections.abc import Iterator

import yaml

FENCES = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE),
}
MAX_HEAD = 20_000  # characters: parsers of YAML and TOML take quadratic time for deep nesting
MAX_DEPTH = 50  # mappings and lists in one another
DEEP_KEY = re.compile(r"""(?:[\w"'-]++[ \t]*+\.[ \t]*+){50}""")
# Many heads are no YAML in the strict sense ('title: A: B'): lines of keys and of what belongs to the key above.
KEY = re.compile(r"""["'\w$@][^\n:]*:(?:[ \t].*)?""")
BELOW = re.compile(r"[ \t\]}#].*|-(?!-).*|")
TITLE = re.compile(r"""^["']?title["']?:[ \t]+(.*)$""", re.MULTILINE)
MISREAD = (ValueError, RecursionError, yaml.YAMLError)


def split_front_matter(text: str) -> tuple[str, str]:
    """The title that the front matter states, '' for none, and the text below it; a text without any is all of it.

    A head is a mapping between two lines `---` (the second may be `...`) in YAML or `+++` in TOML, or one JSON object
    from the first character to the end of a line; it has at most 20,000 characters.
    """
    text = text.removeprefix("\ufeff")
    line = text[: text.find("\n") + 1].rstrip()
    try:
        if line in FENCES:
            return fenced_head(text, line)
        if text.startswith("{"):
            return json_head(text)
    except MISREAD:
        pass
    return "", text


def fenced_head(text: str, fence: str) -> tuple[str, str]:
    """Title and body of a text that begins with a fence; ValueError when no mapping and second fence follow."""
    start = text.index("\n") + 1
    end = FENCES[fence].search(text, start, start + MAX_HEAD)
    if not end:
        raise ValueError("the head has no end")
    head = text[start : end.start()]
    return (yaml_title if fence == "---" else toml_title)(head), text[end.end() + 1 :]


def json_head(text: str) -> tuple[str, str]:
    """Title and body of a text that begins with a JSON object; ValueError when it does not."""
    settings, end = json.JSONDecoder().raw_decode(text[:MAX_HEAD])
    line, _, body = text[end:].partition("\n")
    if not settings or line.strip():
        raise ValueError("no object, or text after it in its line")
    return one_line(settings.get("title")), body


def toml_title(head: str) -> str:
    """The title that a head in TOML states; ValueError when it is no TOML."""
    if DEEP_KEY.search(head):
        raise ValueError("a key is nested too deep")
    return one_line(tomllib.loads(head).get("title"))


def yaml_title(head: str) -> str:
    """The title that a head in YAML states; ValueError when it is no mapping."""
    try:
        return one_line(dict(yaml_scalars(head)).get("title"))
    except MISREAD:
        lines = [line for line in head.split("\n") if line.strip() and not line.startswith("#")]
        if not lines or not KEY.fullmatch(lines[0]) or not all(KEY.fullmatch(x) or BELOW.fullmatch(x) for x in lines):
            raise ValueError("the head is no mapping") from None
        return one_line(title[1].strip("\"' ")) if (title := TITLE.search(head)) else ""


def one_line(title: object) -> str:
    """A title on one line, '' when it is no text."""
    return " ".join(title.split()) if isinstance(title, str) else ""


def yaml_scalars(head: str) -> Iterator[tuple[str, str]]:
    """The keys of a YAML mapping with their values, '' for those that are no text; ValueError when it is no mapping.

    Values are not built, so that aliases multiply nothing. A key that begins with a dash is an option that the text
    speaks of, and a head of comments alone is headers of Markdown between two lines.
    """
    depth, mappings, key = 0, 0, ""
    for event in yaml.parse(head, Loader=yaml.CSafeLoader):
        opens = isinstance(event, yaml.CollectionStartEvent)
        mappings += depth == 0 and isinstance(event, yaml.MappingStartEvent)
        if depth == 0 and isinstance(event, yaml.NodeEvent) and not mappings:
            raise ValueError("the head is no mapping")
        if depth == 1 and isinstance(event, yaml.NodeEvent):
            value = getattr(event, "value", "")
            if key:
                yield key, value
            elif not value or value.startswith("-"):
                raise ValueError(f"{value!r} is no key of a head")
            key = "" if key else value
        depth += opens - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or mappings > 1:
            raise ValueError("the head is nested too deep, or is two")
    if not mappings and head.strip():
        raise ValueError("the head is no mapping")
