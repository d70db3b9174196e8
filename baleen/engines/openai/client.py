"""The `openai` engine: any server that speaks OpenAI's HTTP interface, such as vLLM's, at the endpoint of a pin.

Every server can be asked to `generate`. Prefills, top_k, repetition_penalty and `loss` need a vLLM server, which is
recognised by its list of models. The key comes from BALEEN_API_KEY or OPENAI_API_KEY and goes nowhere else.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from baleen.engines.openai import messages
from baleen.engines.openai.messages import Json, conversation
from baleen.engines.openai.rate_limit import RateLimit, limits_file
from baleen.engines.openai.retries import FEW, KEYS, Failure, Patience, Retries
from baleen.engines.openai.servers import Connection, Post, connect, is_vllm
from baleen.engines.protocol import TOO_LONG, Ability, Make, Reply, Request, Sampling
from baleen.errors import Problem
from baleen.models import identity, pins
from baleen.project.settings import Speed

T = TypeVar("T")
Ask = Callable[[Post, Request], Awaitable[Reply]]
SEMANTICS = "openai-1"  # raise when the same request would get another reply
ABILITIES: tuple[Ability, ...] = ("structured", "template")
TOP = 20  # log-probabilities a server gives at most
STOPS = 4  # texts in `stop` that servers take
SEEDS = (1 << 31) - 1  # servers take 31 bits at least; a prime brings all bits of ours into them


def valid_endpoint(model: str, endpoint: str) -> str:
    """The address, if it carries no user name, password or query: it may stand in lineage and in memo keys."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.query:
        raise Problem(
            f"the endpoint of model {model} must be an address such as http://localhost:8000/v1 and nothing else; "
            f"a key belongs in the environment variable {KEYS[0]}"
        )
    return endpoint.rstrip("/")


class OpenAI:
    """The engine at one endpoint. Replies come as they arrive, `concurrency` requests at a time."""

    kind = SEMANTICS

    def __init__(self, model: str, speed: Speed, patience: Patience | None = None) -> None:
        pin = pins.pin(model)
        if pin is None or not pin.endpoint:
            raise Problem(f"model {model} is not at a server; use --engine hf, or pin it with 'endpoint' and 'model'")
        self.endpoint, self.model = valid_endpoint(model, pin.endpoint), pin.model
        self.identity = identity.identity(model)
        self.speed, self.patience = speed, patience or Patience()
        self.vllm: bool | None = None  # whether the server is vLLM, once that is known
        self.turn: tuple[str, str] | None = None  # what the chat template writes round an answer, once that is known
        self.choices: dict[tuple[str, tuple[str, ...]], list[int]] = {}  # tokens after a prefill
        self.repeated, self.answered = 0, 0  # requests sent again, and usable replies, so far
        self.may_send: Callable[[int], bool] = lambda in_flight: True

    @property
    def root(self) -> str:
        return self.endpoint.removesuffix("/v1")

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, Reply]]:
        options: Json = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
        }
        vllm_only: Json = {"top_k": sampling.top_k, "repetition_penalty": sampling.repetition_penalty, "min_p": 0.0}
        vllm_only |= {"structured_outputs": {"regex": sampling.shape}} if sampling.shape else {}
        options |= {"stop": list(sampling.stop)} if sampling.stop else {}

        async def ask(post: Post, request: Request) -> Reply:
            if not self.vllm and (sampling.top_k or sampling.repetition_penalty != 1):
                raise self.only_vllm("top_k and repetition_penalty")
            if not self.vllm and sampling.shape:
                raise self.only_vllm("structured: true")
            if not self.vllm and len(sampling.stop) > STOPS:
                raise self.only_vllm(f"more than {STOPS} texts in stop")
            more = vllm_only if self.vllm else {}  # sent even when off: vLLM has defaults of the model's own
            return await self.chat_reply(
                post, request, options | more | {"seed": request.seed % SEEDS}, messages.text_reply
            )

        return as_they_arrive(self.stream(requests, ask))

    def embed(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        raise Problem("engine openai gives no vectors; write engine: hf in the recipe line that embeds")

    def choose(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """vLLM is asked for the tokens of the choices; elsewhere a choice must be among the TOP likeliest tokens."""
        options = {"temperature": 1.0, "top_p": 1.0, "max_tokens": 1, "logprobs": True, "top_logprobs": TOP, "seed": 0}
        probabilities = messages.choice_probabilities

        async def ask(post: Post, request: Request) -> Reply:
            if not self.vllm:
                return await self.chat_reply(post, request, options, partial(probabilities, choices=request.choices))
            tokens = await self.choice_tokens(post, request.prefill, request.choices)
            exact = options | {"logprob_token_ids": tokens, "return_tokens_as_token_ids": True}
            names = [f"token_id:{token}" for token in tokens]
            return await self.chat_reply(post, request, exact, partial(probabilities, choices=names))

        return as_they_arrive(self.stream(requests, ask))

    async def choice_tokens(self, post: Post, prefill: str, choices: tuple[str, ...]) -> list[int]:
        """The token of each choice after the prefill; a Problem when one takes more than one token."""
        if (prefill, choices) not in self.choices:
            words = {"add_special_tokens": False}
            start = await self.tokenize(post, {"prompt": prefill} | words) if prefill else []
            whole = [await self.tokenize(post, {"prompt": prefill + choice} | words) for choice in choices]
            if any(tokens[:-1] != start for tokens in whole):
                raise Problem(
                    f"the choices {', '.join(choices)} are not one token each for {self.model}; choose others"
                )
            self.choices[prefill, choices] = [tokens[-1] for tokens in whole]
        return self.choices[prefill, choices]

    def loss(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        async def ask(post: Post, request: Request) -> Reply:
            if not self.vllm:
                raise self.only_vllm("loss")
            self.turn = self.turn or await self.around_answer(post, request.template)
            start, end = self.turn
            words = {"add_special_tokens": False}
            prompt = await self.tokenize(post, conversation(request))
            if start and not request.prefill:
                prompt += await self.tokenize(post, {"prompt": start} | words)
            answer = await self.tokenize(post, {"prompt": request.answer + end} | words)
            sent = {"model": self.model, "prompt": prompt + answer, "echo": True, "logprobs": 1, "max_tokens": 0}
            body = await post("/completions", sent, len(prompt + answer))
            return messages.answer_loss(body, len(prompt))

        return as_they_arrive(self.stream(requests, ask))

    async def chat_reply(self, post: Post, request: Request, options: Json, reader: Callable[[Json], Reply]) -> Reply:
        sent = {"model": self.model} | conversation(request) | options
        if request.prefill and not self.vllm:
            raise self.only_vllm("a prompt that begins the reply (prefill, or the cue of a rating)")
        try:
            reply = reader(await post("/chat/completions", sent, messages.tokens_to_reserve(sent)))
        except Failure as failure:
            if failure.kind != "filtered":
                raise
            reply = Reply(finish="refused")
        return messages.with_estimates(reply, sent)

    def only_vllm(self, what: str) -> Problem:
        return Problem(f"{what} needs a vLLM server, and {self.endpoint} is another; use --engine hf or vllm")

    async def tokenize(self, post: Post, sent: Json) -> list[int]:
        tokens = (await post(f"{self.root}/tokenize", {"model": self.model} | sent, 0)).get("tokens")
        if not isinstance(tokens, list):
            raise Failure("flawed", "/tokenize gave no tokens")
        return tokens

    async def around_answer(self, post: Post, template: str) -> tuple[str, str]:
        """What the server's chat template writes round an answer, such as an empty block of reasoning, and its end."""
        example = Request((("user", "a"),), template=template)
        prompt, whole = [await self.tokenize(post, conversation(example, answer)) for answer in ("", "b")]
        written = await post(f"{self.root}/detokenize", {"model": self.model, "tokens": whole[len(prompt) :]}, 0)
        start, _, end = str(written.get("prompt", "")).rstrip("\n").partition("b")
        if whole[: len(prompt)] != prompt or not end:
            raise Problem(f"the chat template of {self.model} at {self.endpoint} does not end turns; use --engine hf")
        return start, end

    async def stream(self, requests: Sequence[Request], ask: Ask) -> AsyncGenerator[tuple[int, Reply]]:
        """Replies as they arrive, each with the number of its request; requests that fail for good are a Problem once
        all others are answered. None is sent once `may_send` says no, and none is in flight: those are left out."""
        a_minute = self.speed.requests_per_minute, self.speed.tokens_per_minute
        limit = RateLimit(*a_minute, limits_file(self.endpoint), self.patience.clock, self.patience.sleep)
        connection = connect(self.endpoint, limit, self.patience)
        retries = Retries(self.patience, self.endpoint, self.answered, max(FEW, self.speed.concurrency))
        todo = iter(enumerate(requests))
        running: dict[asyncio.Task[Reply], int] = {}
        failed = Counter[str]()
        try:
            if self.vllm is None:
                self.vllm = await is_vllm(connection, retries, self.endpoint, self.model)
            while True:
                while self.has_room(retries, len(running)) and (following := next(todo, None)):
                    again = retries.until_answered(partial(ask, connection.post, following[1]))
                    running[asyncio.create_task(again)] = following[0]
                if not running:
                    break
                for task in (await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))[0]:
                    index = running.pop(task)
                    try:
                        reply = task.result()
                    except Failure as failure:
                        if failure.kind != "too long":
                            failed[str(failure)] += 1
                            continue
                        reply = replace(TOO_LONG, passing=True)  # the limit is the server's
                    yield index, reply
        finally:
            await close(running, connection)
            self.repeated, self.answered = self.repeated + retries.repeated, retries.answered
        self.raise_failures(len(requests), len(list(todo)), failed, retries.ended)

    def has_room(self, retries: Retries, in_flight: int) -> bool:
        """Whether another request is worth sending now."""
        return not retries.ended and in_flight < self.speed.concurrency and self.may_send(in_flight)

    def raise_failures(self, sent: int, left: int, failed: Counter[str], ended: str) -> None:
        """A Problem when requests went without a reply; every reply that came has been handed on by then."""
        if ended:
            kept = "all that came is kept, run the same command to go on"
            raise Problem(
                f"{self.model} at {self.endpoint}: {ended}; {left + failed.total()} of {sent} requests have no reply; "
                f"{kept if self.answered else 'run the same command once that is mended'}"
            )
        if failed:
            why = ", ".join(f"{count} x {failure}" for failure, count in failed.most_common(3))
            raise Problem(
                f"{failed.total()} of {sent} requests to {self.model} at {self.endpoint} failed: {why}; the other "
                "replies are kept, run the same command to ask for these again"
            )


ENGINE: Make = OpenAI


def as_they_arrive(stream: AsyncGenerator[T]) -> Generator[T]:
    """The items of a stream, from an event loop that runs while the caller waits. Ctrl-C ends the stream and is a
    KeyboardInterrupt; an item that came in the same moment is yielded before it."""
    arrived = deque[T]()

    async def next_arrives() -> bool:
        async for item in stream:
            arrived.append(item)
            return True
        return False

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        try:
            while runner.run(next_arrives()):
                yield arrived.popleft()
        except KeyboardInterrupt:
            loop = runner.get_loop()  # where the interrupt came before its stop, that stop is still due
            loop.call_soon(loop.stop)
            loop.run_forever()
            yield from arrived
            raise


async def close(running: Mapping[asyncio.Task[Reply], int], connection: Connection) -> None:
    """Cancel the requests that still run, and close the connection."""
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await connection.close()
