"""Own requests: a project of Self-Lengthen on requests for long texts, which needs no corpus and no answers."""

from pathlib import Path

from baleen.commands import new, own_data
from baleen.commands.own_data import Own
from baleen.errors import Problem
from baleen.project import assemble, shipped
from baleen.project.recipes import Line
from baleen.project.settings import load_yaml

REQUESTED = "self-lengthen"  # the method that needs requests and nothing else


def on_requests(to: Path, profile: str, requests: Own) -> None:
    """Write a project of Self-Lengthen on requests for long texts, some of which are held out; they need no answers."""
    tables = [
        Line("requests", "ingest", {"source": requests.path, **requests.settings, "origin": "task"}, new.SOURCES),
        Line("seed", "filter", {"input": "requests", "keep": [f"chance(id)>={new.HELD_OUT}"]}, new.SOURCES),
        Line("asked", "filter", {"input": "requests", "keep": [f"chance(id)<{new.HELD_OUT}"]}, new.SOURCES),
    ]
    lines, sections = {line.name: line for line in tables}, load_yaml(shipped.profile(profile))
    new.write(to, assemble.on_own_data([REQUESTED], lines, sections), [REQUESTED], profile)


def on_request_files(wanted: new.Wanted, path: str, columns: dict[str, str]) -> str:
    """Look at requests for long texts, print how they would be read, and write a project on them; what check says."""
    if wanted.methods != [REQUESTED]:
        raise Problem(f"--requests is for --method {REQUESTED} alone, not {', '.join(wanted.methods)}")
    looked = own_data.proposal(Path(path), ["instruction"], columns, "--seed-columns")
    print(own_data.describe("requests", looked))
    columns = {"instruction": looked.settings["columns"]["instruction"]}
    with wanted.place() as part:
        mine = Own(own_data.bring(Path(path), part), looked.settings | {"columns": columns, "deduplicate": "exact"})
        chosen = wanted.profile or new.chosen_profile(lambda folder, name: on_requests(folder, name, mine))
        on_requests(part, chosen, mine)
        new.write_readme(part, wanted, "the requests")
        return new.begun(part, wanted, [mine.path])
