"""Code: what can change the rows of a target, followed from statement to statement, and a hash of what it means.

From a function the search goes to every function, class and value that it mentions, in its own module and in those of
the project that it imports, and no further: a function that is added to a module, or another one that is edited there,
is not in the hash of those that do not mention it. Hashed are syntax trees without docstrings, so that comments and
layout count for nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

from baleen.errors import Problem
from baleen.project import inputs
from baleen.project.inputs import OWN, PACKAGES, module_path, silent
from baleen.project.statements import Place, Statement, statements


def module_file(dotted: str) -> str:
    """The path of a module or package of the project; '' when it is not one or holds nothing. An installed baleen lies
    beside every other package: those are none of the project's."""
    top = dotted.partition(".")[0]
    return file_in(dotted, module_path(OWN) if top == OWN else None) if top in PACKAGES else ""


@cache
def file_in(dotted: str, _: Path | None) -> str:
    path = Path(*dotted.split("."))
    files = {file.as_posix(): module_path(file) for file in (path.with_suffix(".py"), path / "__init__.py")}
    return next((name for name, file in files.items() if file.is_file() and file.stat().st_size), "")


@dataclass(frozen=True)
class Code:
    """A module of the project, ready to be followed."""

    file: str
    statements: list[Statement]
    binders: dict[str, list[int]]
    next_of: dict[int, list[Place]] = field(default_factory=dict)
    digest_of: dict[frozenset[int], str] = field(default_factory=dict)

    @cached_property
    def always(self) -> list[int]:
        """The statements that count for every function of the module: those that bind nothing."""
        return [at for at, one in enumerate(self.statements) if not one.binds]

    def of(self, name: str) -> list[int]:
        """The statements that bind a name; all of them for '' or a name that nothing here binds."""
        return self.binders.get(name) or [at for at, one in enumerate(self.statements) if one.digest]

    def next_places(self, at: int) -> list[Place]:
        """Where a statement leads, in this module and in others."""
        if at not in self.next_of:
            self.next_of[at] = list(dict.fromkeys(self.followed(at)))
        return self.next_of[at]

    def digest(self, places: frozenset[int]) -> str:
        """The hash of some of its statements, which many targets reach."""
        if places not in self.digest_of:
            found = [self.statements[at] for at in sorted(places)]
            lines = [one.digest for one in found if one.digest]
            imports = sorted(repr(item) for one in found for item in one.imports.items() if not one.digest)
            self.digest_of[places] = sha256("\n".join([*lines, *imports]).encode()).hexdigest()[:32]
        return self.digest_of[places]

    def followed(self, at: int) -> Iterator[Place]:
        one = self.statements[at]
        for name, place in sorted(one.imports.items()):  # of imports inside a function
            taken = sorted(attribute for base, attribute in one.mentions if base == name)
            yield from (found for attribute in taken or [""] for found in leads(place, attribute))
        for name, attribute in one.mentions:
            if name in self.binders:
                yield from self.bound_places(name, attribute, name in one.local)
            elif "." in name and (file := module_file(name)):
                yield file, attribute or program(file)
            elif name == "__file__":
                yield self.file, program(self.file)

    def bound_places(self, name: str, attribute: str, shadowed: bool) -> Iterator[Place]:
        """Where a name leads that this module binds: to what it imports under it, or to its own statement; a local
        variable may have the name of a module, and leads to none of it that the module has not."""
        imports = [
            self.statements[at].imports[name] for at in self.binders[name] if name in self.statements[at].imports
        ]
        found = (place for imported in imports for place in leads(imported, attribute))
        yield from (place for place in found if not shadowed or place[1] in code_of(place[0]).binders)
        if not imports:
            yield self.file, name


def program(file: str) -> str:
    """What runs of a module that is started as a program: its `main`, '' for all of it."""
    return "main" if "main" in code_of(file).binders else ""


def leads(place: Place, attribute: str) -> Iterator[Place]:
    """Where an import leads in the project: to a name of a module, or to an attribute of a module that it binds."""
    dotted, name = place
    whole = module_file(f"{dotted}.{name}" if name else dotted)
    if whole:
        yield whole, attribute
    elif name and (file := module_file(dotted)):
        yield file, name


def code_of(file: str) -> Code:
    """A module as it is now; parsed again when it was written."""
    path = module_path(file)
    return code_at(file, path, path.stat().st_mtime_ns)


@cache
def code_at(file: str, path: Path, _: int) -> Code:
    package = Path(file).parent.as_posix().replace("/", ".")
    own, binders = statements(inputs.reads(path).read_bytes(), package), defaultdict[str, list[int]](list)
    if package.partition(".")[0] == OWN:
        check_imports(file, own)
    for at, one in enumerate(own):
        for name in one.binds:
            binders[name].append(at)
    return Code(file, own, dict(binders))


def check_imports(file: str, own: list[Statement]) -> None:
    """A Problem for an import of a user's module that cannot be followed: an edit there would re-run nothing."""
    for name, (dotted, _) in (pair for one in own for pair in one.imports.items()):
        top = dotted.partition(".")[0]
        if name == "*":
            raise Problem(f"{file} imports * from {dotted}; write the names, so that their edits are noticed")
        if top not in PACKAGES and (Path(f"{top}.py").is_file() or any(Path(top or ".").glob("*.py"))):
            hint = f"move it into {OWN}/ and import {OWN}.{dotted}"
            raise Problem(f"{file} imports {dotted}, which lies outside {OWN}/ and is not watched; {hint}")


def places_of_package(file: str) -> list[Place]:
    """Where the package leads that is imported before a module, and that counts for whatever the module has."""
    package = module_file(Path(file).parent.as_posix().replace("/", "."))
    code = code_of(package) if package else None
    return [place for at in code.always for place in code.next_places(at)] if code else []


def reached(places: Iterable[Place]) -> dict[str, set[int]]:
    """The statements of every module that can be reached from these places; silent modules are not entered."""
    found, waiting, done = dict[str, set[int]](), list(places), set[Place]()
    codes = dict[str, Code | None]()
    while waiting:
        place = waiting.pop()
        if place in done:
            continue
        done.add(place)
        file, name = place
        if file not in codes:
            codes[file], found[file] = None if silent(Path(file)) else code_of(file), set()
            waiting += places_of_package(file) if codes[file] else []
        if code := codes[file]:
            new = {*code.of(name), *code.always} - found[file]
            found[file] |= new
            waiting += [place for at in new for place in code.next_places(at)]
    return {file: statements for file, statements in found.items() if codes[file]}


def roots(verb: str, named: Iterable[Place]) -> list[Place]:
    """Where the search begins for a line of a verb that names these things by dotted module and name."""
    return [(f"stages/{verb}.py", "main"), *((module_file(dotted), name) for dotted, name in named)]


def digests(verb: str, named: Iterable[Place] = ()) -> dict[str, str]:
    """The hash of what counts in each module, by its path in the project."""
    found = reached(roots(verb, named))
    return {file: code_of(file).digest(frozenset(found[file])) for file in sorted(found) if found[file]}


def at_start(verb: str) -> list[str]:
    """What the modules of a verb were when this program began: they run, whatever has been edited since."""
    return [f"{inputs.CODE_AT_START.get(module_path(file))}  {file}" for file in sorted(reached(roots(verb, ())))]


def written_since(files: Iterable[str], since: int) -> bool:
    """Whether one of these modules may have been written after a time in ns; parsing all takes half a second."""
    paths = [module_path(file) for file in files]
    return any(not path.is_file() or path.stat().st_mtime_ns >= since for path in paths)
