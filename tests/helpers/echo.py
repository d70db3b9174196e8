"""An engine for tests of what lies around engines."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from baleen.engines.protocol import Reply, Request, Sampling


@dataclass
class Echo:
    """Answers with the question in capitals, one token a word, last request first; logs every request."""

    log: Path
    identity: str = "model"
    kind: str = "echo/1"
    fails_at: int = -1  # the reply before which it raises
    dies_at: int = -1  # the reply before which its process is killed
    skips: int = -1  # the request it forgets
    seconds: float = 0.0  # of each reply

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        for number, (index, request) in enumerate(reversed(list(enumerate(requests)))):
            time.sleep(self.seconds)
            if number == self.fails_at:
                raise ConnectionError("the server is gone")
            if number == self.dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if index != self.skips:
                with self.log.open("a") as file:
                    file.write(request.messages[0][1] + "\n")
                words = (request.prefill + request.messages[0][1].upper()).split(" ")
                text, finish = " ".join(words[: sampling.max_tokens]), "stop"
                if len(words) > sampling.max_tokens:
                    finish = "length"
                yield (
                    index,
                    Reply(text, finish, prompt_tokens=1, completion_tokens=min(len(words), sampling.max_tokens)),
                )

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        for index, request in enumerate(requests):
            with self.log.open("a") as file:
                file.write(request.answer + "\n")
            yield index, Reply(values=(len(request.answer) / 3, 0.1, float("inf")))

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        for index, request in enumerate(requests):
            yield index, Reply(values=tuple(1 / len(request.choices) for _ in request.choices), cached_tokens=index)
