"""Plain YAML: what PyYAML reads, without its silence about a key that stands twice (DVC refuses such a file)."""

from collections.abc import Iterator
from typing import Any

import yaml


def parsed(text: str) -> Any:
    """The value of a YAML text; a key that stands twice in one mapping is an error."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        for mapping in mappings(node):
            seen = dict[str, int]()
            for key, _ in mapping.value:
                line = key.start_mark.line + 1
                if (name := str(key.value)) in seen:
                    raise yaml.YAMLError(f"{name!r} stands in line {seen[name]} and again in line {line}; delete one")
                seen[name] = line
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def mappings(node: Any) -> Iterator[Any]:
    """Every mapping in a tree of YAML nodes."""
    if isinstance(node, yaml.MappingNode):
        yield node
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in child if isinstance(child, tuple) else (child,):
            yield from mappings(part)
