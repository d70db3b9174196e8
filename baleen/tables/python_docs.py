"""Python's own documentation as records: public docstrings of the standard library and the topics of `help`."""

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from baleen.errors import Problem, unknown
from baleen.tables.records import Record

UNDOCUMENTED = {"test", "tests", "idlelib", "lib2to3", "turtledemo", "site-packages", "dist-packages"}


def python_docs(part: str) -> Iterator[Record]:
    """The documentation that comes with this Python: public docstrings of the standard library, then its topics."""
    if part != "docs":
        raise Problem(unknown("part of Python", part, ["docs"]))
    library = Path(sysconfig.get_path("stdlib"))
    for file in sorted(library.rglob("*.py"), key=Path.as_posix):
        inside = file.relative_to(library)
        parts = [part for part in inside.with_suffix("").parts if part != "__init__"]
        if not any(part in UNDOCUMENTED or part.startswith("_") for part in parts):
            tree = ast.parse(file.read_bytes())
            texts = help_topics(tree) if parts == ["pydoc_data", "topics"] else docstrings(tree, ".".join(parts))
            for line, title, text in texts:
                at = f"python{sysconfig.get_python_version()}/{inside.as_posix()}"
                yield Record(at, line, {"text": text, "title": title}, "text", "PSF-2.0")


def docstrings(node: ast.AST, name: str) -> Iterator[tuple[int, str, str]]:
    """(line, qualified name, name and dedented docstring) of a module, its public classes and their functions."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if text := ast.get_docstring(node):
        yield getattr(node, "lineno", 1), name, f"{name}\n\n{text}"
    for inner in node.body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ():
        public = not getattr(inner, "name", "_").startswith("_")
        yield from docstrings(inner, f"{name}.{inner.name}") if public else ()  # type: ignore[attr-defined]


def help_topics(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """(line, topic, text) of the help topics, which are one dictionary."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            topics: dict[str, str] = ast.literal_eval(node.value)
            yield from ((node.lineno, topic, text) for topic, text in sorted(topics.items()))
