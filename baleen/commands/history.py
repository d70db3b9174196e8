"""history: a new project put under git and DVC, and what both of them ignore."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from baleen.errors import Problem
from baleen.project import shipped

# Every name in models/ that does not end in .dvc. DVC passes over .dvc files that one pattern ignores, even if another
# takes it back: no pattern may meet data/raw or models/NAME.dvc
MODELS = "".join(f"/models/{name}\n" for name in ("?", "??", "???", "*[!.]???", "*.[!d]??", "*.d[!v]?", "*.dv[!c]"))
IGNORED = (
    f"/.venv/\n/.memo/\n/data/*.*\n/data/plan\n{MODELS}/profiles/.weights/\n/exports/\n/report.html\n"
    "__pycache__/\n/dvc_plots/\n"
)
IGNORED_BY_DVC = ".venv\n.memo\n__pycache__\n"
DVC_CONFIG = """\
[core]
    analytics = false
    autostage = false
    check_update = false
[cache]
    type = "reflink,hardlink,symlink,copy"
"""


def begin(to: Path, tracked: Iterable[str] = (), cache: Path | None = None) -> None:
    """Put a project under git and DVC, with these files tracked by DVC and all others in a first commit."""
    track(to, [*tracked], cache)
    run_in(to, "git", "add", "-A")
    run_in(to, "git", "commit", "-q", "--allow-empty", "-m", "New project")


def go_on(to: Path, tracked: list[str], cache: Path | None, files: list[Path], gone: list[Path]) -> None:
    """A commit of files that were written over those of a project, and of what DVC says of those that it tracks; other
    files are left as they are."""
    track(to, tracked, cache)
    of_dvc = [".dvc", *(f"{path}.dvc" for path in tracked), *{f"{Path(path).parent}/.gitignore" for path in tracked}]
    run_in(to, "git", "add", "-A", "--", *map(str, files), *of_dvc)
    if gone:
        run_in(to, "git", "rm", "-q", "--cached", "--ignore-unmatch", "--", *map(str, gone))
    run_in(to, "git", "commit", "-q", "--allow-empty", "-m", "Project written anew")


def track(to: Path, tracked: list[str], cache: Path | None) -> None:
    """Let there be git and DVC in a project, with the templates of plots, and let DVC track these files."""
    if not (to / ".git").exists():
        run_in(to, "git", "init", "-q")
    if not (to / ".dvc").exists():
        run_in(to, "dvc", "init", "-q")
        (to / ".dvc/config").write_text(DVC_CONFIG, encoding="utf-8")
    shipped.copy_plots(to)
    if cache:
        run_in(to, "dvc", "config", "--local", "cache.dir", str(cache.absolute()))
    if tracked:
        run_in(to, "dvc", "add", "-q", *tracked)


def run_in(to: Path, *step: str) -> str:
    """Run a program in a project; what it prints, a Problem with what it said when it fails."""
    program = shutil.which(step[0])
    if not program:
        raise Problem(f"{step[0]} is not installed; a project is kept by git and DVC")
    quiet = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run([program, *step[1:]], cwd=to, env=quiet, text=True, capture_output=True)
    if done.returncode:
        raise Problem(f"{' '.join(step)} failed in {to}: {' '.join((done.stderr or done.stdout).split())}")
    return done.stdout
