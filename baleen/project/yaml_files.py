"""YAML 1.2 as DVC reads it, and stricter: no duplicate key, no tag outside the core schema; a date stays text."""

import io
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

CORE = [f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")]
DATE = "tag:yaml.org,2002:timestamp"


class InvalidYaml(ValueError):
    """A text that is not YAML; the message is one line with the line number."""


class CoreConstructor(SafeConstructor):
    """Constructs the types of the YAML 1.2 core schema; any other tag is an error."""

    yaml_constructors = {  # noqa: RUF012 (declared without ClassVar in the library)
        **{tag: SafeConstructor.yaml_constructors[tag] for tag in CORE},
        DATE: SafeConstructor.construct_yaml_str,
        None: SafeConstructor.construct_undefined,
    }


class UniqueKeyComposer(Composer):
    """Refuses a duplicate key and names both lines; the library's own error names the second only."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        mapping = super().compose_mapping_node(anchor)
        lines = dict[str, int]()
        for key, _ in mapping.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines:
                raise YAMLError(f"{name!r} stands in line {lines[name]} and again in line {line}; delete one")
            lines[name] = line
        return mapping


def parse_yaml(text: str) -> Any:
    """The value of a YAML text, None when it is empty; raises InvalidYaml."""
    return copied(shared_value(text))


def copied(value: Any) -> Any:
    """A value of YAML with mappings and lists of its own, in a fifth of the time of `deepcopy`."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


@lru_cache(maxsize=256)  # parsing takes 4 ms a KB, and one command reads the same files several times
def shared_value(text: str) -> Any:
    """The value of a YAML text, the same object for the same text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    yaml.Constructor, yaml.Composer = CoreConstructor, UniqueKeyComposer
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidYaml(f"line {mark.line + 1}: {error.problem or error.context}" if mark else str(error)) from None
    except YAMLError as error:
        raise InvalidYaml(" ".join(str(error).split())) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:  # of a constructor, such as for '!!int x'
        raise InvalidYaml(f"a value that cannot be read: {error}") from None


def yaml_text(value: Any) -> str:
    """A value as YAML in block style, keys in their order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = False, 1000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()
