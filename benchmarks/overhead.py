"""Rows a second of the generate and score stages over those of the bare engine: python -m benchmarks.overhead --json

`--model FOLDER --device auto` asks a real model where it is fast instead of a small one on a CPU.

The same 10,000 requests on both sides, in one process and with the same loaded model, one side after the other in every
repeat and each first in turn; the ratios are medians of the ratios of the repeats. Loading a model is in neither side:
the table of engines gives the stage the one that is loaded already. The stage does all it does in a build, in this
process: read the table, render, look up, ask, keep (the memo is empty at the start), parse and write. The bare side is
given the rendered prompts: `hf_*` is what one would write by hand with transformers (all requests sorted by length,
batches of as many tokens, the same warpers, one forward pass for a loss, no logits of what is prompt in all its rows),
`vllm_*` is vLLM's own `LLM.generate` in an engine of its own. The model is a random Llama of some 0.65 million weights;
one token in 25 ends a reply, so that half of the replies end before their 16th token. Prompts to answer are of 25 to 70
tokens, rows to grade of 50 to 150.
What the stage adds is some 80 us of the processor for a row, so the ratio is that much nearer 1 for any real model.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from baleen import prompts
from baleen.engines import table as engine_table
from baleen.engines.protocol import Request
from baleen.engines.vllm import installed_version, max_length
from baleen.models import load, scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import Speed
from baleen.project.yaml_files import yaml_text
from baleen.tables import rows
from baleen.tables.rows import Row
from stages import generate, score

SIZES = Fresh(tokenizer="bpe", vocab_size=500)
SPEED = Speed(device="cpu", batch_tokens=4096)  # what is fastest for both sides
FILES = {
    "prompts/ask.md": "---\nwrites: [instruction]\n---\nWhat does this answer?\n$response\n",
    "prompts/reply.md": "---\nwrites: [response]\n---\n$instruction\n",
    "params.yaml": "profile: bench\n",
}
NEW = 16  # tokens of a reply at most
DRAWN = ["--temperature", "0.7", "--top-p", "0.9", "--keep-unreadable", "--min-readable", "0"]


@dataclass(frozen=True)
class Setup:
    """Who answers: a model of somebody's own ('' is a small one with random weights), how fast, and tokens of a reply
    at most."""

    model: str = ""
    speed: Speed = field(default_factory=lambda: SPEED)
    new: int = NEW


SMALL = Setup()


def random_words(random: Random, few: int, many: int) -> str:
    return " ".join(
        "".join(random.choices("etaoinshrdlu", k=random.randint(2, 4))) for _ in range(random.randint(few, many))
    )


def documents(number: int) -> list[Row]:
    """Rows of 12 to 30 words of instruction and 6 to 22 of response, all different."""
    random = Random(0)
    pairs = [(random_words(random, 12, 30), f"{random_words(random, 6, 22)} {n}") for n in range(number)]
    return [{"id": rows.row_id(a), "origin": "web", "instruction": q, "response": a} for q, a in pairs]


def project(table: list[Row], setup: Setup = SMALL) -> None:
    """A model, two prompts and a table in the current folder."""
    pin = {"models/tiny/pin.yaml": yaml_text({"path": setup.model})} if setup.model else {}
    for name, text in (FILES | pin | {"profiles/bench.yaml": yaml_text({"speed": asdict(setup.speed)})}).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    rows.write("web", table)
    if not setup.model:
        small_model(table)


def small_model(table: list[Row]) -> None:
    """A random Llama whose replies end after 25 tokens on average."""
    scratch.make(Path("models/tiny"), SIZES, (row["response"] for row in table[:2000]), seed=0)
    ends = Path("models/tiny/generation_config.json")
    config = json.loads(ends.read_text(encoding="utf-8"))
    ends.write_text(json.dumps(config | {"eos_token_id": [2, *range(25, SIZES.vocab_size, 25)]}), encoding="utf-8")


def stage(verb: Callable[[list[str]], None], kind: str, flags: Sequence[str]) -> None:
    """A verb as a build runs it, with a memo of its own."""
    with TemporaryDirectory(dir=".") as memo:
        os.environ["BALEEN_MEMO"] = memo
        verb(["out", "--input", "web", "--model", "tiny", "--engine", kind, "--profile", "bench", *flags])


def requests_of(name: str, table: list[Row]) -> list[Request]:
    """What the stages ask of each row."""
    prompt = prompts.load(name)
    conversations = [prompt.messages(row) for row in table]
    return [Request(m, answer=row[prompt.writes[0]]) for m, row in zip(conversations, table, strict=True)]


def by_length(lengths: Sequence[int], extra: int, tokens: int) -> list[list[int]]:
    """Indices in order of length, in batches of at most so many tokens."""
    batches, order = [list[int]()], sorted(range(len(lengths)), key=lengths.__getitem__)
    for index in order:
        if batches[-1] and (lengths[index] + extra) * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(index)
    return batches


def hf_generate(engine: Any, texts: list[str], setup: Setup = SMALL) -> list[str]:
    """Replies by hand: padded on the left, sampled by transformers."""
    import torch

    model, words = engine.model, engine.tokenizer
    ids = words(texts, add_special_tokens=False)["input_ids"]
    texts_out = [""] * len(texts)
    for batch in by_length([len(i) for i in ids], setup.new, setup.speed.batch_tokens):
        given = words.pad({"input_ids": [ids[i] for i in batch]}, padding_side="left", return_tensors="pt")
        given = given.to(model.device)
        with torch.inference_mode():
            drawn = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "top_k": 0, "pad_token_id": 0}
            out = model.generate(**given, **drawn, max_new_tokens=setup.new)
        replies = words.batch_decode(out[:, given["input_ids"].shape[1] :], skip_special_tokens=True)
        for index, reply in zip(batch, replies, strict=True):
            texts_out[index] = reply
    return texts_out


def hf_score(engine: Any, texts: list[str], replies: list[str], setup: Setup = SMALL) -> list[tuple[float, float]]:
    """Mean and max token loss of each reply by hand."""
    starts, ends = (engine.tokenizer(part, add_special_tokens=False)["input_ids"] for part in (texts, replies))
    lengths = [len(a) + len(b) for a, b in zip(starts, ends, strict=True)]
    pairs = [(0.0, 0.0)] * len(texts)
    for batch in by_length(lengths, 0, setup.speed.batch_tokens):
        graded = losses(engine, [starts[i] + ends[i] for i in batch], [len(starts[i]) for i in batch])
        for index, pair in zip(batch, graded, strict=True):
            pairs[index] = pair
    return pairs


def losses(engine: Any, whole: list[list[int]], starts: list[int]) -> list[tuple[float, float]]:
    """One forward pass, padded on the right and so without a mask, which no token before the padding would need. No
    logits of what is prompt in all rows, and those of the others are freed before the next pass."""
    import torch

    ids = engine.tokenizer.pad({"input_ids": whole}, padding_side="right", return_tensors="pt")["input_ids"]
    ids = ids.to(where := engine.model.device)
    first, last = (torch.tensor(n, device=where)[:, None] for n in (starts, [len(tokens) for tokens in whole]))
    begin, width = min(starts), ids.shape[1]
    with torch.inference_mode():
        logits = engine.model(ids, use_cache=False, logits_to_keep=width - begin + 1).logits[:, :-1].float()
        lost = logits.logsumexp(-1) - logits.gather(-1, ids[:, begin:, None])[..., 0]
    places = torch.arange(begin, width, device=where)
    lost = lost.masked_fill((places < first) | (places >= last), 0.0)
    means = lost.sum(1) / (last - first)[:, 0]
    return list(zip(means.tolist(), lost.max(1).values.tolist(), strict=True))


def bare_vllm(setup: Setup = SMALL) -> Any:
    """vLLM's own class in an engine of its own, as it comes on a GPU. On a CPU with as many tokens in a forward pass,
    and prompts are not read in parts, because the CPU build then stops at a seed."""
    vllm: Any = import_module("vllm")
    where, dtype = load.source("tiny")[0], load.checkpoint_dtype("tiny")
    if not installed_version()[1]:
        return vllm.LLM(where, dtype=dtype, gpu_memory_utilization=setup.speed.gpu_memory)
    tokens = max(setup.speed.batch_tokens, max_length("tiny"))
    slow = {"enforce_eager": True, "enable_chunked_prefill": False}
    return vllm.LLM(where, dtype=dtype, max_num_batched_tokens=tokens, **slow)


def vllm_generate(llm: Any, texts: list[str], ends: list[int], new: int = NEW) -> list[str]:
    draw: Any = import_module("vllm").SamplingParams
    settings = [
        draw(temperature=0.7, top_p=0.9, max_tokens=new, seed=n, stop_token_ids=ends) for n in range(len(texts))
    ]
    return [output.outputs[0].text for output in llm.generate(texts, settings, use_tqdm=False)]


def vllm_score(llm: Any, texts: list[str], replies: list[str]) -> list[tuple[float, float]]:
    draw: Any = import_module("vllm").SamplingParams
    words = llm.get_tokenizer()
    starts, ends = (words(part, add_special_tokens=False)["input_ids"] for part in (texts, replies))
    whole = [{"prompt_token_ids": a + b} for a, b in zip(starts, ends, strict=True)]
    pairs = []
    settings = draw(temperature=0.0, max_tokens=1, prompt_logprobs=0, detokenize=False)
    for output, begin in zip(llm.generate(whole, settings, use_tqdm=False), map(len, starts), strict=True):
        losses = [-next(iter(place.values())).logprob for place in output.prompt_logprobs[begin:]]
        pairs.append((sum(losses) / len(losses), max(losses)))
    return pairs


@dataclass(frozen=True)
class Sides:
    """Two ways to answer the same requests, and what makes them start alike."""

    stage: Callable[[], object]
    bare: Callable[[], object]
    fresh: Callable[[], object]


def sides(kind: str, table: list[Row], setup: Setup = SMALL) -> dict[str, Sides]:
    """The comparisons of one engine, loaded for both sides."""
    semantics, make = engine_table.ENGINES[kind]()
    ready: Any = make("tiny", setup.speed)
    engine_table.ENGINES[kind] = lambda: (semantics, lambda model, speed: ready)
    texts = [ready.renderer.prompt(request) for request in requests_of("ask", table)]
    turns = [ready.renderer.prompt_and_answer(request) for request in requests_of("reply", table)]
    starts, replies = [prompt for prompt, _ in turns], [answer for _, answer in turns]
    ours = {
        "generate": lambda: stage(generate.main, kind, ["--prompt", "ask", "--max-tokens", str(setup.new), *DRAWN]),
        "score": lambda: stage(score.main, kind, ["--prompt", "reply"]),
    }
    if kind == "hf":
        bare = {
            "generate": lambda: hf_generate(ready, texts, setup),
            "score": lambda: hf_score(ready, starts, replies, setup),
        }
        return {f"hf_{verb}": Sides(ours[verb], bare[verb], int) for verb in ours}
    llm = bare_vllm(setup)
    bare = {
        "generate": lambda: vllm_generate(llm, texts, ready.ends, setup.new),
        "score": lambda: vllm_score(llm, starts, replies),
    }
    emptied = [ready.engine.reset_prefix_cache, llm.llm_engine.reset_prefix_cache]
    return {f"vllm_{verb}": Sides(ours[verb], bare[verb], lambda: [empty() for empty in emptied]) for verb in ours}


def seconds(work: Callable[[], object], fresh: Callable[[], object]) -> tuple[float, float]:
    """On the clock, and of the processor."""
    fresh()
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def measured(both: Sides, repeats: int, name: str) -> Row:
    """Medians over the repeats: rows a second of the stage over those of the bare engine, seconds of each, and the
    ratio again by processor time, which other work on the machine disturbs less."""
    took = []
    for number in range(-1, repeats):  # the first warms up
        order = [both.stage, both.bare][:: -1 if number % 2 else 1]
        spent = {work: seconds(work, both.fresh) for work in order}
        took.append((*spent[both.stage], *spent[both.bare]))
    ours, our_cpu, bare, bare_cpu = zip(*took[1:], strict=True)
    ratios = {name: (bare, ours), f"{name}_cpu": (bare_cpu, our_cpu)}
    medians_of_ratios = {
        key: statistics.median(b / o for b, o in zip(*pair, strict=True)) for key, pair in ratios.items()
    }
    medians = {f"{name}_seconds": [round(statistics.median(ours), 2), round(statistics.median(bare), 2)]}
    return {key: round(value, 3) for key, value in medians_of_ratios.items()} | medians


def figures(kinds: Sequence[str], number: int, repeats: int, setup: Setup = SMALL) -> Row:
    """The ratios of every engine and verb, and the median seconds of the stage and of the bare engine."""
    table = documents(number)
    project(table, setup)
    result: Row = {"requests": number, "repeats": repeats}
    for kind in kinds:
        for name, both in sides(kind, table, setup).items():
            result |= measured(both, repeats, name)
    return result


def main() -> None:
    cli = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    cli.add_argument("--requests", type=int, default=10_000)
    cli.add_argument("--repeats", type=int, default=5)
    cli.add_argument("--engines", nargs="+", default=["hf", *(["vllm"] if find_spec("vllm") else [])])
    cli.add_argument("--model", default="", help="folder of safetensors; without it a small one with random weights")
    cli.add_argument("--device", default="cpu")
    cli.add_argument("--words", type=int, default=NEW, help="tokens of a reply at most")
    cli.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    given, home = cli.parse_args(), Path.cwd()
    speed = SPEED if given.device == "cpu" else Speed(device=given.device, gpu_memory=0.4)  # two engines share a GPU
    setup = Setup(str(Path(given.model).resolve()) if given.model else "", speed, given.words)
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        result = figures(given.engines, given.requests, given.repeats, setup)
        os.chdir(home)
    print(json.dumps(result) if given.json else "\n".join(f"{name:<24} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
