"""Mistakes that people make: a command line, the files it finds, and the one line that it answers."""

import gzip
import io
import tarfile
from dataclasses import dataclass, field
from typing import Any

TABLE = [{"id": "a", "response": "A text.", "rating": 3.0}, {"id": "b", "response": "Another.", "rating": None}]
ASK = "--input in --model m --prompt ask"
PAIRS = [{"id": "a", "origin": "seed", "instruction": "Say it.", "response": "It."}]


@dataclass(frozen=True)
class Case:
    """`files` are written first: text, bytes or the rows of a table; data/in.parquet holds TABLE unless given."""

    command: str
    words: str
    files: dict[str, Any] = field(default_factory=dict)


def damaged_tar(damaged: int) -> bytes:
    """A tar archive of one document, cut off after so many bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("a.txt")
        entry.size = 3000
        archive.addfile(entry, io.BytesIO(b"word " * 600))
    return buffer.getvalue()[:damaged]


INGEST = {
    "a missing file": Case(
        "ingest out --source no.jsonl --origin web", "no file or folder no.jsonl .*correct --source"
    ),
    "an empty corpus": Case(
        "ingest out --source c.jsonl --origin web", "no row left from c.jsonl .*it is empty.*correct", {"c.jsonl": ""}
    ),
    "an empty folder": Case(
        "ingest out --source c --origin web", r"nothing to read in c \(no files\); known are", {"c/.hidden": "x"}
    ),
    "a folder of unknown files": Case(
        "ingest out --source c --origin web", r"nothing to read in c \(1 .xyz\).*set --kind", {"c/a.xyz": "x"}
    ),
    "a glob without match": Case(
        "ingest out --source c/*.md --origin web", r"no file or folder c/\*\.md", {"c/a.txt": "x"}
    ),
    "a malformed JSON line": Case(
        "ingest out --source c.jsonl --origin web --columns.response text",
        r"c\.jsonl:2 is not JSON \(.*\); fix or delete the line",
        {"c.jsonl": '{"text": "one"}\n{"text": "two\n'},
    ),
    "a missing field": Case(
        "ingest out --source c.jsonl --origin web --columns.response text",
        r"c\.jsonl:1 has no field 'text'; there are body; correct the columns",
        {"c.jsonl": '{"body": "one"}\n'},
    ),
    "a mapping where text belongs": Case(
        "ingest out --source c.jsonl --origin web --columns.response text",
        r"c\.jsonl:1: text = .* is dict, not text, which column response needs; map a field inside it",
        {"c.jsonl": '{"text": {"value": "one"}}\n'},
    ),
    "a number where text belongs": Case(
        "ingest out --source c.jsonl --origin web --columns.response text",
        r"c\.jsonl:1: text = '3' is int, not text",
        {"c.jsonl": '{"text": 3}\n'},
    ),
    "text where a number belongs": Case(
        "ingest out --source c.jsonl --origin web --columns.response text --columns.rating stars",
        r"c\.jsonl:1: stars = 'many' is no number, which column rating needs",
        {"c.jsonl": '{"text": "one", "stars": "many"}\n'},
    ),
    "a seed with an empty response": Case(
        "ingest out --source c.jsonl --origin seed --columns.instruction q --columns.response a",
        r"c\.jsonl:2: the seed has an empty response; write one or delete the seed",
        {"c.jsonl": '{"q": "Why?", "a": "So."}\n{"q": "How?", "a": " "}\n'},
    ),
    "bytes that are not UTF-8": Case(
        "ingest out --source c.txt --origin web",
        r"c\.txt: byte 3 is not UTF-8; .*--encoding cp1252",
        {"c.txt": b"caf\xe9"},
    ),
    "a Parquet file that is none": Case(
        "ingest out --source c.parquet --origin web", r"c\.parquet is not a whole Parquet file", {"c.parquet": b"PAR2"}
    ),
    "a truncated gz": Case(
        "ingest out --source c.txt.gz --origin web",
        r"c\.txt\.gz is damaged or locked .*download it again",
        {"c.txt.gz": gzip.compress(b"word " * 500)[:40]},
    ),
    "a corrupt tar": Case(
        "ingest out --source c.tar --origin web", r"c\.tar!?.* is damaged or locked", {"c.tar": damaged_tar(700)}
    ),
    "a tar that is none": Case(
        "ingest out --source c.tar --origin web", r"c\.tar is damaged", {"c.tar": b"no tar" * 300}
    ),
    "ragged lines in a CSV": Case(
        "ingest out --source c.csv --origin web --columns.response text",
        r"c\.csv:3: 3 cells where the header has 2 \(name, text\); quote cells that hold ','",
        {"c.csv": "name,text\na,b\nc,d,e\n"},
    ),
    "a misspelt setting": Case(
        "ingest out --source c.txt --orgin web", "unknown setting 'orgin'; did you mean 'origin'", {"c.txt": "x"}
    ),
    "a setting of the wrong type": Case(
        "ingest out --source c.txt --origin web --limit many",
        "setting 'limit': Value 'many' of type 'str'",
        {"c.txt": "x"},
    ),
    "an impossible value": Case(
        "ingest out --source c.txt --origin web --near-threshold 2", "near_threshold 2.0 must be above 0 and at most 1"
    ),
    "a misspelt part of the world": Case(
        "ingest out --origin web --part wbe --rows 3",
        "unknown pocket part 'wbe'; did you mean 'web'",
    ),
}

TABLES = {
    "a table that is not built": Case("filter out --input no --keep rating>=4", r"no table data/no\.parquet; build it"),
    "a table that is no table": Case(
        "filter out --input in --keep rating>=4", r"data/in\.parquet is not a Parquet table", {"data/in.parquet": b"no"}
    ),
    "a missing column": Case("filter out --input in --best worst --share 0.5", "has no column worst; it has id, resp"),
    "no row survives": Case(
        "filter out --input in --keep rating>=4",
        r"no row is left of 2 \(1 rating unreadable, 1 not rating>=4\); loosen",
    ),
    "a misspelt condition": Case(
        "filter out --input in --keep rating=>4", "cannot read condition 'rating=>4'; write it like"
    ),
    "a misspelt measure": Case(
        "filter out --input in --keep chasr(response)>4", "unknown measure 'chasr'; did you mean 'chars'"
    ),
    "a measure of too few columns": Case(
        "filter out --input in --keep copied(response)>0", r"has 1 columns; write copied\(text,source\)"
    ),
    "text compared with a number": Case(
        "filter out --input in --keep response>=4", r"response needs a number; row a has response = 'A text\.'"
    ),
    "a measure of the wrong column": Case(
        "filter out --input in --keep chars(rating)>=4", r"chars\(rating\) needs texts; row a has rating = '3\.0'"
    ),
    "an impossible share": Case("filter out --input in --best rating --share 30", r"share 30\.0 must lie in \(0, 1\]"),
    "a share of no rank": Case("filter out --input in --share 0.5", "a share or count needs a rank; write best"),
    "a flag without its dashes": Case(
        "filter out input in", "'input' has no setting before it; write --<setting> input"
    ),
    "no target": Case("filter --input in", "the first word must be the name of the target to build"),
    "a required setting left out": Case("filter out", "filter out: setting 'input' is missing"),
    "a misspelt transform": Case(
        "map out --input in --apply mesages", "unknown transform 'mesages'; did you mean 'messages'"
    ),
    "a transform of a column that is not there": Case(
        "map out --input in --apply messages", "has no column instruction; it has id, response, rating"
    ),
    "a mix with an empty table": Case(
        "mix out --input in --other in --share 0.4", "data/in.parquet has no rows", {"data/in.parquet": []}
    ),
    "nothing to average": Case("evaluate out --input in --against in --mean", "nothing to average; write mean"),
    "an evaluation by a column that is not there": Case(
        "evaluate out --input in --against in --mean rating --by split", "has no column split"
    ),
    "a report of what was not evaluated": Case(
        "report eval-x", r"no evaluation data/eval-x\.json; build it with: dvc repro"
    ),
    "a report of nothing": Case("report", "name the evaluations to report"),
    "an origin of a misspelt setting": Case("origin origin --profil p", "usage: python -m stages.origin NAME"),
}

PROMPT = "---\nwrites: [instruction]\n---\n"
MODELS = {
    "a misspelt prompt": Case(
        "generate out --input in --model m --prompt aks", "unknown prompt 'aks'; did you mean 'ask'"
    ),
    "a misspelt model": Case(
        "generate out --input in --model n --prompt ask", "unknown model 'n'; there are: m", {"models/m/x": ""}
    ),
    "a misspelt engine": Case(f"generate out {ASK} --engine hff", "unknown engine 'hff'; did you mean 'hf'"),
    "a misspelt profile": Case(f"generate out {ASK} --profile smal", "unknown profile 'smal'; did you mean 'small'"),
    "a misspelt section of a profile": Case(
        f"generate out {ASK} --profile small --settings gen", "unknown section 'gen'"
    ),
    "an impossible temperature": Case(
        f"generate out {ASK} --temperature -1", r"temperature is -1\.0; it must lie between 0"
    ),
    "an impossible preview": Case(f"generate out {ASK} --limit -3", "limit is -3; it must lie between 0"),
    "a prompt that reads a column its input lacks": Case(
        "generate out --input in --model m --prompt reply", "has no column instruction; it has id, response, rating"
    ),
    "a prompt with a misspelt setting": Case(
        f"generate out {ASK}",
        r"prompts/ask\.md: unknown setting 'write'; did you mean 'writes'",
        {"prompts/ask.md": PROMPT.replace("---\nw", "---\nwrite: x\nw", 1)},
    ),
    "a prompt with a dollar too many": Case(
        f"generate out {ASK}",
        r"prompts/ask\.md has a '\$' that names no column; write '\$\$'",
        {"prompts/ask.md": f"{PROMPT}It costs $ 5: $response"},
    ),
    "a prompt without a head": Case(
        f"generate out {ASK}", r"prompts/ask\.md must begin with a line '---'", {"prompts/ask.md": "Ask $response"}
    ),
    "a row without the text to ask about": Case(
        f"generate out {ASK}",
        r"prompts/ask\.md reads \$response, but row a has none",
        {
            "data/in.parquet": [{"id": "a", "response": None}, {"id": "b", "response": "x"}],
            "models/m/pin.yaml": "{hub: a/b, revision: 0123456789abcdef0123456789abcdef01234567}",
        },
    ),
    "a model without a tokenizer": Case(
        f"generate out {ASK}", "models/m has no tokenizer; copy tokenizer.json", {"models/m/model.safetensors": "x"}
    ),
    "a model that has no weights yet": Case(
        f"generate out {ASK}",
        "model m has no weights yet: it is made when it is first trained",
        {"models/m/pin.yaml": "fresh: {hidden_size: 8}"},
    ),
    "a pin without a commit": Case(
        f"generate out {ASK}",
        "revision 'main' of a/b must be the commit, 40 hex digits",
        {"models/m/pin.yaml": "{hub: a/b, revision: main}"},
    ),
    "a base that is not there": Case(
        "train out --input in --base m --prompt ask", "unknown model 'm'", {"data/in.parquet": PAIRS}
    ),
    "a rate that cannot be": Case(
        "train out --input in --base m --prompt ask --lr 3", r"lr is 3\.0; it must lie between 0 and 1"
    ),
}

RULE = """vars: [recipes/r.yaml]
stages:
  map: {foreach: "${map}", do: {cmd: "${item}", deps: ["data/${item.input}.parquet"], outs: ["data/${key}.parquet"]}}
"""


def with_recipe(text: str, **files: str) -> dict[str, Any]:
    return {"dvc.yaml": RULE, "recipes/r.yaml": text} | files


LINE = "{input: in, apply: messages}"
RECIPES = {
    "a recipe with a number for a name": Case(
        "check", r"recipes/r\.yaml: map\.1 must be a quoted name", with_recipe(f"map:\n  1: {LINE}\n")
    ),
    "two targets of one name": Case(
        "check",
        r"recipes/r\.yaml is not YAML: 'a' stands in line 2 and",
        with_recipe(f"map:\n  a: {LINE}\n  a: {LINE}\n"),
    ),
    "a circle": Case(
        "check",
        r"map\.[ab] needs itself: map@[ab] -> map@[ab] -> map@[ab]",
        with_recipe(f"map:\n  a: {LINE.replace('in,', 'b,')}\n  b: {LINE.replace('in,', 'a,')}\n"),
    ),
    "an interpolation in params.yaml": Case(
        "check",
        r"params\.yaml:2 holds a '\$\{': write the plain value",
        with_recipe("map: {}\n") | {"params.yaml": "a: 1\nb: ${a}\n"},
    ),
    "a recipe that is no YAML": Case("check", r"recipes/r\.yaml is not YAML: ", with_recipe("map: {a: [}\n")),
    "a misspelt table in a recipe": Case(
        "check", "map.a: unknown table 'in'; there are: a", with_recipe(f"map:\n  a: {LINE}\n")
    ),
}
CASES = INGEST | TABLES | MODELS | RECIPES
