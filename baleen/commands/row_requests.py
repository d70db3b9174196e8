"""row_requests: what a model was sent about a row, made again from the plan of its target and the row that it read.

The memo key in a lineage is a hash of the whole request, so it says which request was this one: a prompt that was
edited since, the second request of a gain and a later turn are told apart.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from baleen import prompts
from baleen.engines import table
from baleen.engines.protocol import Reply, Request, Sampling
from baleen.memo import generation, turns
from baleen.memo.keys import QuerySettings, look_up
from baleen.memo.queries import Pair
from baleen.memo.replies import Answered
from baleen.memo.store import Memo
from baleen.project.plan import Planned
from baleen.prompts import Prompt
from baleen.tables.rows import Row
from stages import score, verbs

Messages = list[tuple[str, str]]


def messages_of(step: Row, number: int, row: Row, planned: Planned, memo: Memo | None) -> Messages | None:
    """What a step of a lineage sent, the `number`-th of its target about this row, in order from 0; None when it can
    not be made again. Where no request has the step's key, as with an engine that was changed since, the one of this
    number stands for it if the prompt is the same."""
    options = verbs.options_of_plan(planned)
    prompt = prompts.load(options.prompt, str(planned.settings.get("writes") or "") * (planned.verb == "generate"))
    if planned.verb == "score":
        scorer = score.scorer(options)
        query, requests = query_of(step, options, scorer.kind, scorer.sampling), scorer.requests(row)
    else:
        query = query_of(step, options, "generate", generation.sampling_of(options, prompt))
        requests = generated(row, prompt, options, query, memo)
    sent = next((one for one in requests if step["key"] in keys_of(one, query)), None)
    if sent is None and prompt.digest == step["prompt"] and number < len(requests):
        sent = requests[number]
    return shown(sent) if sent else None


def query_of(step: Row, options: Any, kind: str, sampling: Sampling | None) -> QuerySettings:
    """What all requests of the step's target shared; the model need not be here."""
    return QuerySettings(semantics(options.engine), step["model"], kind, sampling if kind == "generate" else None)


def semantics(engine: str) -> str:
    """The kind of an engine and its version, as a memo key has it; '' for one that is not here."""
    module = table.module_of(engine)
    return str(table.declared(module)["SEMANTICS"]) if module else ""


def keys_of(request: Request, query: QuerySettings) -> tuple[str, str]:
    """The keys that the record of a reply can have: of a finished one, and of one that was cut off."""
    key = query.key(request)
    return key, query.cut_key(key)


def generated(row: Row, prompt: Prompt, options: Any, query: QuerySettings, memo: Memo | None) -> list[Request]:
    """The requests of `generate` about a row: one for each reply, and with `again` one for each turn as far as the memo
    has the replies before it."""
    copies = [*generation.copies([row], prompt, options.n)]
    if not options.again:
        return [generation.request(drafted, copy, prompt, options) for drafted, copy in copies]
    asked = list[Request]()

    def ask(pairs: list[Pair]) -> Iterator[Answered]:
        for one, request in pairs:
            asked.append(request)
            key, reply = replied(query.key(request), query, memo)
            yield Answered(one, reply, key)

    for pair in copies:
        try:
            turns.taken([pair], turns.Turns(ask, prompt, options, {}), Counter())
        except LookupError:
            continue
    return asked


def replied(key: str, query: QuerySettings, memo: Memo | None) -> tuple[str, Reply]:
    """The key of a record and its reply; a LookupError when it is not in the memo."""
    found = look_up(memo, query, [key]) if memo else {}
    return found[key]


def shown(request: Request) -> Messages:
    """The messages, and what else stands in a request: how the answer begins, the answer that is graded, or the choices
    whose probabilities are read."""
    more = {
        "assistant, begun": request.prefill,
        "assistant, graded": request.answer,
        "choices": listed(request.choices),
    }
    return [*request.messages, *((name, text) for name, text in more.items() if text)]


def listed(choices: Iterable[str]) -> str:
    return ", ".join(repr(choice) for choice in choices)
