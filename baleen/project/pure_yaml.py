"""YAML 1.2 read by ruamel's parser in Python: slow, strict, and with an error that says what is wrong in which line."""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

CORE = [f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")]
DATE = "tag:yaml.org,2002:timestamp"


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


def read(text: str) -> Any:
    """The value of a YAML text; raises ValueError, whose message is one line with the line number."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    yaml.Constructor, yaml.Composer = CoreConstructor, UniqueKeyComposer
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ValueError(f"line {mark.line + 1}: {error.problem or error.context}" if mark else str(error)) from None
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:  # of a constructor, such as for '!!int x'
        raise ValueError(f"a value that cannot be read: {error}") from None
