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
    if not (to / ".git").exists():
        run_in(to, "git", "init", "-q")
    if not (to / ".dvc").exists():
        run_in(to, "dvc", "init", "-q")
        (to / ".dvc/config").write_text(DVC_CONFIG, encoding="utf-8")
    shipped.copy_plots(to)
    if cache:
        run_in(to, "dvc", "config", "--local", "cache.dir", str(cache.absolute()))
    if tracked := [*tracked]:
        run_in(to, "dvc", "add", "-q", *tracked)
    run_in(to, "git", "add", "-A")
    run_in(to, "git", "commit", "-q", "--allow-empty", "-m", "New project")


def run_in(to: Path, *step: str) -> None:
    """Run a program in a project; a Problem with what it said when it fails."""
    program = shutil.which(step[0])
    if not program:
        raise Problem(f"{step[0]} is not installed; a project is kept by git and DVC")
    quiet = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run([program, *step[1:]], cwd=to, env=quiet, text=True, capture_output=True)
    if done.returncode:
        raise Problem(f"{' '.join(step)} failed in {to}: {' '.join((done.stderr or done.stdout).split())}")
