"""The plan: what one target depends on, in a file of its own, data/plan/<target>.yaml.

The stage `plan` (stages/plan.py) writes one for every recipe line: each setting with its value, the digest of each
prompt, and the hash of each module that can change the target's rows. The stage of the target depends on that file
alone, reads its settings from it, and does not begin when a prompt or a module is another by then.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from baleen.errors import Problem
from baleen.project import code_hashes, inputs, statements
from baleen.project.settings import Settings, load_yaml

STAGE, FOLDER = "plan", Path("data/plan")
ANEW = f"dvc repro --force --single-item {STAGE}"  # also where the code that changed lies outside of the project


@dataclass(frozen=True)
class Planned:
    """What a target depends on beside its tables and models: its settings, the functions and modules that these name,
    and digests by the name of a prompt and by the path of a module from the project's folder."""

    verb: str
    settings: Settings
    named: list[str] = field(default_factory=list)
    prompts: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)

    @property
    def places(self) -> list[statements.Place]:
        """The things that `named` holds as module:name."""
        pairs = (text.partition(":") for text in self.named)
        return [(module, name) for module, _, name in pairs]


def path_of(target: str) -> Path:
    return FOLDER / f"{target}.yaml"


def text_of(planned: Planned) -> str:
    """The content of a plan file: YAML with a value of JSON on every line."""
    lines = [f"verb: {json.dumps(planned.verb)}", f"named: {json.dumps(planned.named)}"]
    for name in ("settings", "prompts", "code"):
        section = getattr(planned, name)
        lines += [f"{name}:", *(f"  {json.dumps(key)}: {json.dumps(section[key])}" for key in section)]
        lines[-1] += "" if section else " {}"
    return "\n".join(lines) + "\n"


def planned(target: str) -> Planned | None:
    """The plan of a target; None when there is none."""
    path = path_of(target)
    return Planned(**load_yaml(path, plain=False)) if path.is_file() else None


def stage_name() -> str:
    """The DVC stage in which this process runs, such as train@humpback; '' outside of DVC."""
    return os.environ.get("DVC_STAGE", "").rpartition(":")[2]


def stage_target() -> str:
    """The target of the DVC stage in which this process runs, such as humpback of train@humpback; '' outside of DVC."""
    return stage_name().rpartition("@")[2]


def for_stage(target: str) -> Planned | None:
    """The plan of a target, noted as read, if this process runs in its stage of DVC; else None."""
    if not target or target != stage_target() or not inputs.reads(path_of(target)).is_file():
        return None
    return planned(target)


def check_prompt(name: str, digest: str) -> None:
    """A Problem in a stage of DVC whose plan has another digest of a prompt: dvc.lock would tell of the older one."""
    found = for_stage(stage_target())
    if found and found.prompts.get(name) != digest:
        raise Problem(f"prompts/{name}.md was edited after it was planned; run `dvc repro plan`, then the same command")


def outdated() -> str:
    """A module that is not as it was when the stage of DVC in which this process runs was planned, or ''."""
    target = stage_target()
    found = for_stage(target)
    if not found or not code_hashes.written_since(found.code, path_of(target).stat().st_mtime_ns):
        return ""
    now = code_hashes.digests(found.verb, found.places)
    return next((name for name in sorted(now.keys() | found.code) if now.get(name) != found.code.get(name)), "")
