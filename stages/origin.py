"""Write the pin of the model that everything starts from: python -m stages.origin origin --profile pocket"""

from pathlib import Path

import yaml

from baleen import flags, models, problems, settings
from baleen.problems import Problem


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    name, given = flags.read(argv)
    if set(given) != {"profile"}:
        raise Problem("usage: python -m stages.origin NAME --profile PROFILE")
    profile = str(given["profile"])
    found = models.declared(settings.section(profile, "origin", needed=True), f"profiles/{profile}.yaml: origin")
    path = Path("models", name, "pin.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    problems.run(main)
