"""LINGUIST: labelled utterances as benchmarks publish them, read into the columns of linguist.py.

SNIPS (Coucke et al., arXiv:1805.10190) is JSON: a list of utterances under the name of their intent, each a list of
texts of which some have an entity. BIO files have a token and its tag on a line, utterances apart by blank lines, the
intent on a line `# intent: NAME`. Both are read with `kind: text` and `passage_chars: 0`, one row a file. Tables have
columns `words` and `tags`, lists or texts with a space between items.
"""

import json
import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from baleen.methods.linguist_tags import spans, untagged
from baleen.tables.exports import transform
from baleen.tables.rows import TEXT, Row, row_id

__all__ = ["bio", "of_intent", "snips", "tokens"]
LABELLED = {"intent": TEXT, "utterance": TEXT, "slots": pa.list_(TEXT), "parse": TEXT}
INTENT = re.compile(r"#\s*intent\s*[:=]\s*(\S+)", re.IGNORECASE)
BRACKETS = "without a text, or with brackets in it"
Part = tuple[str, str]  # a text, and its label or ''


def labelled(intent: str, parts: Sequence[Part]) -> Row | None:
    """The columns of an utterance of these parts; None when its text holds brackets, which mark values, or nothing."""
    lines = [(re.sub(r"\s*[\n\r]+\s*", " ", text), label) for text, label in parts]
    text = "".join(text for text, _ in lines)
    if set("[]") & set(text) or not text.strip():
        return None
    tagged = "".join(tagged_part(*part) for part in lines).strip()
    slots = [f"{span.mark}={span.value}" for span in spans(tagged) or []]
    return {"intent": intent, "utterance": untagged(tagged), "slots": slots, "parse": f"{intent}\n{tagged}"}


def tagged_part(text: str, label: str) -> str:
    """A part in brackets after its label, white space round it outside of them."""
    value = text.strip()
    return text if not label or not value else text.replace(value, f"[{'_'.join(label.split())} {value} ]", 1)


def utterances(row: Row, read: Callable[[str], list[tuple[str, list[Part]]] | str]) -> list[tuple[Row, str]]:
    """The utterances of a file, each with the reason why it leaves or ''; `read` gives the intents and parts of its
    text, or why it cannot. The text of each row is its own utterance, not the whole file."""
    found, made = read(row["response"]), list[tuple[Row, str]]()
    if isinstance(found, str) or not found:
        return [(row | dict.fromkeys(LABELLED), str(found or "no utterance"))]
    for n, (intent, parts) in enumerate(found):
        text, one = "".join(text for text, _ in parts), labelled(intent, parts)
        own = row | {"id": row_id(str(row["id"]), str(n), text), "response": one["utterance"] if one else text}
        made.append((own | (one or dict.fromkeys(LABELLED)), "" if one else BRACKETS))
    return made


def snips_parts(text: str) -> list[tuple[str, list[Part]]] | str:
    try:
        pairs = [(str(intent), one["data"]) for intent, own in json.loads(text).items() for one in own]
        return [(intent, [(str(p["text"]), str(p.get("entity", ""))) for p in data]) for intent, data in pairs]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "not a file of SNIPS"


def bio_parts(text: str) -> list[tuple[str, list[Part]]] | str:
    made = list[tuple[str, list[Part]]]()
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line.split() for line in block.split("\n") if line.strip() and not line.startswith("#")]
        intent = INTENT.search(block)
        if intent is None or any(len(words) < 2 for words in lines):
            return "a block without '# intent: NAME', or a line without a token and a tag"
        numbered = all(words[0].isdigit() and len(words) > 2 for words in lines)  # CoNLL: the number of the token first
        made.append((intent[1], joined([words[numbered] for words in lines], [words[-1] for words in lines])))
    return made


@transform(("response", "language"), LABELLED, "whole")
def snips(table: list[Row]) -> list[tuple[Row, str]]:
    """The utterances of files of SNIPS."""
    return [pair for row in table for pair in utterances(row, snips_parts)]


@transform(("response", "language"), LABELLED, "whole")
def bio(table: list[Row]) -> list[tuple[Row, str]]:
    """The utterances of files with a token and a tag on every line: the first and the last word of the line."""
    return [pair for row in table for pair in utterances(row, bio_parts)]


@transform(("words", "tags", "intent", "language"), LABELLED)
def tokens(row: Row) -> list[Row] | str:
    """A row of words and tags as a labelled utterance; a column `tokens` would be a number of tokens."""
    texts, tags = (x.split() if isinstance(x, str) else list(x) for x in (row["words"], row["tags"]))
    if len(texts) != len(tags):
        return "words and tags differ in number"
    one = labelled(row["intent"], joined(texts, tags))
    return [row | one] if one else BRACKETS


def of_intent(intent: str, names: str) -> float:
    """1.0 when an utterance has one of these intents, which stand with commas between them; else 0.0."""
    return float(intent in [name.strip() for name in names.split(",")])


def joined(texts: Sequence[str], tags: Sequence[str]) -> list[Part]:
    """Tokens with a space between them, those of a span as one part. A span begins at B, S, U or another label, and
    ends after E, S or L; that is BIO, IOB, BIOES and BILOU."""
    parts, last = list[Part](), "O"
    for text, tag in zip(texts, tags, strict=True):
        kind, _, label = tag.partition("-") if tag != "O" else ("", "", "")
        ended = last[:2] in ("E-", "S-", "L-", "U-") or kind in ("B", "S", "U") or last.partition("-")[2] != label
        if label and not ended:
            parts[-1] = (f"{parts[-1][0]} {text}", label)
        else:
            parts += [(" ", "")] * bool(parts) + [(text, label)]
        last = tag
    return parts
