"""Stand-ins: a model that the settings of a line have in place of the one it names, such as a judge of another size.

Its pin lies in a folder of models/ that is named by its content, so that lines with the same one share it.
"""

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from baleen.models import identity, pins
from baleen.project.settings import Settings
from baleen.project.yaml_files import yaml_text

T = TypeVar("T", bound=Any)
FOLDER = Path("models", ".instead")


def check(given: Settings, where: str) -> None:
    """A Problem for a pin that cannot be meant."""
    if given:
        pins.declared(dict(given), f"{where}: instead")


def with_own_model(options: T, where: str) -> T:
    """The settings of a line that queries, its `model` being the stand-in where they have one."""
    if not options.instead:
        return options
    place = f"{where}: instead"
    text = yaml_text(identity.noted(pins.declared(dict(options.instead), place), place))
    folder = FOLDER / sha256(text.encode()).hexdigest()[:16]
    if not (folder / "pin.yaml").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"pin.yaml.{os.getpid()}"
        part.write_text(text, encoding="utf-8")
        os.replace(part, folder / "pin.yaml")
    return replace(options, model=str(folder), instead={})
