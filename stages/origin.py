"""Write the pin of the model that everything starts from: python -m stages.origin origin --profile pocket"""

from dataclasses import asdict
from pathlib import Path

import yaml

from baleen import models, problems, settings
from baleen.fresh import Fresh
from baleen.problems import Problem


def pin(section: settings.Settings, where: str) -> settings.Settings:
    """The pin of a profile's `origin` section: a model elsewhere stays as it is, sizes are a model to be made."""
    if "hub" not in section and "endpoint" not in section:
        return {"fresh": asdict(settings.typed(Fresh, where, section))}
    found = models.checked(Path(where), settings.typed(models.Pin, where, section))
    return {key: value for key, value in asdict(found).items() if value}


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    name, given = settings.flags(argv)
    if set(given) != {"profile"}:
        raise Problem("usage: python -m stages.origin NAME --profile PROFILE")
    profile = str(given["profile"])
    found = pin(settings.section(profile, "origin", needed=True), f"profiles/{profile}.yaml: origin")
    path = Path("models", name, "pin.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    problems.run(main)
