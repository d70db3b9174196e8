"""The `apertium` engine: the rule-based translator Apertium, a program of Debian and other systems.

It translates the content of the last message, so its prompt must have one column as body and nothing else, such as
prompts/round-trip/text-to.md. A pin `apertium: eng-spa` in models/<name>/pin.yaml names the pair of languages.
Install: apt-get install apertium apertium-eng-spa
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from baleen.engines.protocol import Ability, Make, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.models import identity, pins
from baleen.project.settings import Speed

SEMANTICS = "apertium-1"  # raise it when the same request gets another reply
ABILITIES: tuple[Ability, ...] = ("workers",)
BREAK = re.compile(r"(\s*\n\s*)")  # the text between lines is copied
BLANKS = re.compile(r" {2,}")  # the program adds some


def run_program(*words: str, text: str = "") -> str:
    """The output of a program for `text` as its input; a Problem when the program is missing or fails."""
    if not shutil.which(words[0]):
        raise Problem(f"engine apertium needs the program {words[0]}; install it: apt-get install apertium")
    done = subprocess.run(words, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise Problem(f"{' '.join(words)} failed: {' '.join((done.stderr or done.stdout).split())[:200]}")
    return done.stdout


def installed_pairs() -> list[str]:
    """The installed pairs of languages, such as eng-spa."""
    return run_program("apertium", "-l").split()


def package_version(pair: str) -> str:
    """The version of the Debian package that holds a pair, '' on a system without dpkg."""
    first, second = pair.split("_")[0].split("-")
    if not shutil.which("dpkg-query"):
        return ""
    names = [f"apertium-{first}-{second}", f"apertium-{second}-{first}"]
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", *names], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def source_texts(requests: Sequence[Request]) -> list[str]:
    """The text to translate: the last message of each request."""
    if any(request.prefill or not request.messages for request in requests):
        raise Problem("apertium translates a message; use a prompt with a body and no prefill, such as $masked alone")
    return [request.messages[-1][1] for request in requests]


def translate_lines(pair: str, lines: list[str]) -> list[str]:
    """Each line translated, in one run of the program; a Problem unless as many lines come back."""
    if not lines:
        return []
    translated = run_program("apertium", "-u", pair, text="\n".join(lines) + "\n").split("\n")[: len(lines)]
    if len(translated) < len(lines):
        raise Problem(
            f"apertium {pair} returned {len(translated)} lines for {len(lines)}; "
            "look for control characters in the table"
        )
    return [BLANKS.sub(" ", line).strip() for line in translated]


class Apertium:
    """One direction of a pair of languages. One run of the program translates all requests of a call."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        pin = pins.pin(model)
        if pin is None or not pin.apertium:
            raise Problem(f"model {model} is no pair of Apertium; write a pin with 'apertium: eng-spa' and its version")
        self.identity, self.pair = identity.identity(model), pin.apertium
        if self.pair not in (available := installed_pairs()):
            raise Problem(f"Apertium has no pair {self.pair}, only {', '.join(available)}; apt-get install its package")
        if (version := package_version(self.pair)) not in ("", pin.version):
            raise Problem(
                f"{self.pair} is installed in version {version}, not {pin.version}; "
                f"write version: {version} in the pin of {model}"
            )

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        if sampling.temperature:
            raise Problem(
                f"Apertium does not sample, but temperature is {sampling.temperature}; "
                "write temperature: 0 in the recipe line"
            )
        pieces = [BREAK.split(text) for text in source_texts(requests)]
        lines = [piece for split in pieces for piece in split[::2] if piece.strip()]
        translated = iter(translate_lines(self.pair, lines))
        for i, split in enumerate(pieces):
            back = [piece if place % 2 or not piece.strip() else next(translated) for place, piece in enumerate(split)]
            yield i, Reply("".join(back), "stop", len(" ".join(split).split()), len(" ".join(back).split()))

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("Apertium cannot compute losses; write another model and engine: hf")

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("Apertium cannot compute probabilities; write another model and engine: hf")

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("Apertium cannot compute embeddings; write another model and engine: hf")


ENGINE: Make = Apertium
