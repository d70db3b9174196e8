"""The `apertium` engine: the rule-based translator Apertium, a programme of Debian and other systems, no model at all.

It translates the content of the last message as it stands, so it is asked with a prompt whose body is one column, such
as prompts/round-trip/text-to.md. A pin `apertium: eng-spa` in models/<name>/pin.yaml says which pair.
Install: apt-get install apertium apertium-eng-spa
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from baleen.engines.protocol import Reply, Request, Sampling
from baleen.errors import Problem
from baleen.models import identity, pins
from baleen.project.settings import Speed

SEMANTICS = "apertium-1"  # raise when the same request would get another reply
BREAK = re.compile(r"(\s*\n\s*)")  # what stands between lines comes back as it was
BLANKS = re.compile(r" {2,}")  # the programme adds some


def run(*words: str, said: str = "") -> str:
    """What the programme prints; a Problem when it is not there or fails."""
    if not shutil.which(words[0]):
        raise Problem(f"engine apertium needs the programme {words[0]}; install it: apt-get install apertium")
    done = subprocess.run(words, input=said, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise Problem(f"{' '.join(words)} failed: {' '.join((done.stderr or done.stdout).split())[:200]}")
    return done.stdout


def pairs() -> list[str]:
    """Pairs that are installed, such as eng-spa."""
    return run("apertium", "-l").split()


def installed(pair: str) -> str:
    """The version of the Debian package that holds a pair, '' where that cannot be told."""
    first, second = pair.split("_")[0].split("-")
    if not shutil.which("dpkg-query"):
        return ""
    names = [f"apertium-{first}-{second}", f"apertium-{second}-{first}"]
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", *names], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def texts(requests: Sequence[Request]) -> list[str]:
    """What is to be translated: of each request the last message."""
    if any(request.prefill or not request.messages for request in requests):
        raise Problem("apertium translates a message; use a prompt with a body and no prefill, such as $masked alone")
    return [request.messages[-1][1] for request in requests]


def translated(pair: str, lines: list[str]) -> list[str]:
    """Each line translated, from one run of the programme; a Problem unless as many lines come back."""
    if not lines:
        return []
    told = run("apertium", "-u", pair, said="\n".join(lines) + "\n").split("\n")[: len(lines)]
    if len(told) < len(lines):
        raise Problem(f"apertium {pair} gave {len(told)} lines for {len(lines)}; look for odd characters in the table")
    return [BLANKS.sub(" ", line).strip() for line in told]


class Apertium:
    """A pair of languages, one way. Asked often, it starts the programme once a batch."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed) -> None:
        pin = pins.pin(model)
        if pin is None or not pin.apertium:
            raise Problem(f"model {model} is no pair of Apertium; pin it with 'apertium: eng-spa' and its version")
        self.identity, self.pair = identity.identity(model), pin.apertium
        if self.pair not in (found := pairs()):
            raise Problem(f"Apertium has no pair {self.pair}, only {', '.join(found)}; apt-get install its package")
        if (version := installed(self.pair)) not in ("", pin.version):
            raise Problem(
                f"{self.pair} is installed in another version; write version: {version} in the pin of {model}"
            )

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        if sampling.temperature:
            raise Problem("Apertium has one translation of a text; write temperature: 0 in the recipe line")
        pieces = [BREAK.split(text) for text in texts(requests)]
        lines = [piece for split in pieces for piece in split[::2] if piece.strip()]
        told = iter(translated(self.pair, lines))
        for i, split in enumerate(pieces):
            back = [piece if place % 2 or not piece.strip() else next(told) for place, piece in enumerate(split)]
            yield i, Reply("".join(back), "stop", len(" ".join(split).split()), len(" ".join(back).split()))

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("Apertium translates and can do nothing else; use --engine hf")

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("Apertium translates and can do nothing else; use --engine hf")

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("Apertium translates and can do nothing else; use --engine hf")
