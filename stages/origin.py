"""Write the pin of the model that everything starts from: python -m stages.origin origin [--profile pocket]"""

from pathlib import Path

from baleen.errors import Problem
from baleen.models import identity, pins
from baleen.project import command_line, layers, plan
from baleen.project.yaml_files import yaml_text


def pin_of(name: str, profile: str) -> dict[str, object]:
    """What pin.yaml says: from the plan in a stage of DVC, else from the profile."""
    planned = plan.for_stage(name)
    if planned:
        return planned.settings
    name = profile or layers.profile_in_force()
    return identity.noted(pins.origin_section(name), f"profiles/{name}.yaml: origin")


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    name, given = command_line.read(argv)
    if given.keys() - {"profile"}:
        raise Problem("usage: python -m stages.origin NAME [--profile PROFILE]")
    path = Path("models", name, "pin.yaml")
    text = yaml_text(pin_of(name, str(given.get("profile", ""))))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    command_line.run(main)
