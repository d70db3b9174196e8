"""YAML 1.2 read by libyaml, a parser in C: ten times as fast as `pure_yaml`, and only for texts both read the same.

libyaml follows YAML 1.1 in places: a text with a construct that the two read differently is left to the other.
"""

import re
from typing import Any

from yaml import CSafeLoader, Node, ScalarNode, YAMLError

TAG = "tag:yaml.org,2002:"
# Control characters and line ends other than \n, directives and document marks, tags, and block scalars that begin with
# a comment or with a line of spaces
UNSURE = re.compile(
    r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    r"|^(?:%|---|\.\.\.)|(?:^|[\s\[{,:?-])!|[|>][-+0-9]*(?:#| *\n +\n)",
    re.MULTILINE,
)
# What a scalar without quotes is, by its first character; the patterns are those of YAML 1.2 in ruamel, so that 010 is
# 10 and 1_000 a number. <<, which merges, and = have no constructor below.
SCALARS = [
    ("bool", "tTfF", r"true|True|TRUE|false|False|FALSE"),
    (
        "float",
        "-+0123456789.",
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    ),
    ("int", "-+0123456789", r"[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+"),
    ("merge", "<", r"<<"),
    ("null", ["~", "n", "N", ""], r"~|null|Null|NULL|"),
    ("value", "=", r"="),
]
BASES = {"0b": 2, "0o": 8, "0x": 16}


class UnsureError(Exception):
    """A text that libyaml may read otherwise than YAML 1.2, or refuses."""


class CoreLoader(CSafeLoader):
    """Constructs the types of the YAML 1.2 core schema; any other tag and a duplicate key are errors."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (so in the library)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        if len({str(key.value) for key, _ in node.value}) < len(node.value):
            raise UnsureError
        return {self.construct_object(key, deep=True): self.construct_object(value, deep) for key, value in node.value}

    def construct_integer(self, node: ScalarNode) -> int:
        digits = str(self.construct_scalar(node)).replace("_", "")
        sign, digits = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
        return int(sign + digits.removeprefix(digits[:2] if digits[:2] in BASES else ""), BASES.get(digits[:2], 10))

    def construct_boolean(self, node: ScalarNode) -> bool:
        return str(self.construct_scalar(node)).lower() == "true"

    def construct_text(self, node: Node) -> Any:
        return self.construct_scalar(node)  # type: ignore[arg-type]

    yaml_constructors = {  # noqa: RUF012
        **{f"{TAG}{name}": CSafeLoader.yaml_constructors[f"{TAG}{name}"] for name in ("null", "float", "seq", "map")},
        f"{TAG}bool": construct_boolean,
        f"{TAG}int": construct_integer,
        f"{TAG}str": construct_text,
        None: CSafeLoader.construct_undefined,
    }


for name, first, pattern in SCALARS:
    CoreLoader.add_implicit_resolver(f"{TAG}{name}", re.compile(f"^(?:{pattern})$"), list(first))


def read(text: str) -> Any:
    """The value of a YAML text; raises UnsureError where `pure_yaml` has to say what it is or what is wrong."""
    if UNSURE.search(text):
        raise UnsureError
    try:
        loader = CoreLoader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except (YAMLError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise UnsureError from error
