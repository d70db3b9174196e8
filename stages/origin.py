"""Write the pin of the model that everything starts from: python -m stages.origin origin --profile pocket"""

from pathlib import Path

import yaml

from baleen.errors import Problem
from baleen.models import pins
from baleen.project import command_line, settings


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    name, given = command_line.read(argv)
    if set(given) != {"profile"}:
        raise Problem("usage: python -m stages.origin NAME --profile PROFILE")
    profile = str(given["profile"])
    found = pins.declared(settings.section(profile, "origin", needed=True), f"profiles/{profile}.yaml: origin")
    path = Path("models", name, "pin.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    command_line.run(main)
