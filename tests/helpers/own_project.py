"""A project of a user's own: some rows, a filter and a transform of theirs, and nothing that needs a model."""

import shutil
import subprocess
from pathlib import Path

import project

from baleen.project.yaml_files import parse_yaml

RULES = ("plan", "ingest", "map", "filter")
ROWS = "".join(f'{{"text": "{text}"}}\n' for text in ("LOUD AND CLEAR", "quiet", "Half LOUD", "so so"))
MINE = '''"""Mine."""

from baleen.tables.exports import transform
from baleen.tables.rows import TEXT

__all__ = ["shout", "upper", "unused"]


def shout(text):
    return share(text)


def share(text):
    return sum(c.isupper() for c in text) / max(1, len(text))


def unused(text):
    return 1.0


@transform(("response",), {"response": TEXT})
def upper(row):
    return [row | {"response": row["response"].upper()}]
'''
RECIPE = """ingest:
  web: {source: web.jsonl, columns: {response: text}, origin: web}
map:
  loud:  {input: web, apply: mine.upper}
  plain: {input: web, apply: document}
filter:
  calm:  {input: web, keep: ["mine.shout(response)<=0.1"]}
  short: {input: web, keep: ["chars(response)<=9"]}
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def create(folder: Path) -> Path:
    """The project with links to the code of this checkout; nothing is built."""
    folder.mkdir(exist_ok=True)
    for name in ("stages", "baleen", "pocket"):
        (folder / name).symlink_to(project.CHECKOUT / name)
    for name in ("profiles", "prompts"):
        shutil.copytree(project.CHECKOUT / name, folder / name)
    shutil.copy(project.CHECKOUT / ".gitignore", folder)
    rules = parse_yaml((project.CHECKOUT / "dvc.yaml").read_text())["stages"]
    whole = {"vars": ["params.yaml", "recipes/own.yaml"], "stages": {name: rules[name] for name in RULES}}
    project.dump(folder / "dvc.yaml", whole)
    write(folder, {"methods/mine.py": MINE, "recipes/own.yaml": RECIPE, "web.jsonl": ROWS})
    write(folder, {"params.yaml": "profile: pocket\n"})
    return folder


def start(folder: Path) -> Path:
    """The same project under git and DVC."""
    create(folder)
    project.git(folder, "init", "-q")
    project.dvc(folder, "init", "-q")
    return folder


def run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a project, with more variables of the environment, whatever its exit code."""
    return subprocess.run(words, cwd=folder, env=project.environment(folder) | more, text=True, capture_output=True)
