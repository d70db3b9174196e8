"""What an edit costs: replies newly paid by a real model after it, beside those of the first build.

python -m benchmarks.rebuild --json

A tiny Llama with random weights answers documents of the pocket world through the hf engine; replies are counted in the
memo. The keys are shares and counts, so the figures do not depend on the machine.
"""

import json
import os
import shutil
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from baleen import formats, memo, rows
from baleen.formats import Format
from baleen.fresh import Fresh, make
from baleen.pocket import records
from baleen.rows import Row
from stages import filter as filter_verb
from stages import generate, score

PROMPT = "---\nwrites: [instruction]\n---\nWhich question does this answer?\n$response\n"
PROFILE = (
    "generate: {{temperature: 1.0, max_tokens: 12}}\nscore: {{}}\nspeed: {{device: cpu, batch_tokens: {tokens}}}\n"
)


def paid() -> int:
    """Records in the memo: replies paid for so far."""
    return memo.Memo(memo.root()).run(lambda found: int(found.execute("SELECT COUNT(*) FROM reply").fetchone()[0]))


def project(documents: list[Row]) -> None:
    """A model, a prompt and a table in the current folder."""
    for folder in ("models", "prompts", "profiles", "data"):
        Path(folder).mkdir(exist_ok=True)
    sizes = Fresh(hidden_size=32, intermediate_size=64, num_hidden_layers=2)
    make(Path("models/tiny"), sizes, (row["response"] for row in documents), seed=0)
    Path("prompts/ask.md").write_text(PROMPT, encoding="utf-8")
    Path("params.yaml").write_text("profile: pocket\n", encoding="utf-8")
    speed(4096)
    rows.write("web", documents)


def speed(tokens: int) -> None:
    Path("profiles/pocket.yaml").write_text(PROFILE.format(tokens=tokens), encoding="utf-8")


LINE = ["--model", "tiny", "--prompt", "ask", "--profile", "pocket"]


def augment() -> None:
    generate.main(["asked", "--input", "web", *LINE, "--min-readable", "0", "--keep-unreadable"])


def build() -> None:
    """Augment and score the table."""
    augment()
    score.main(["scored", "--input", "asked", *LINE])


def cost(edit: Callable[[], object], again: Callable[[], object] = build) -> int:
    """Replies newly paid when everything is built again after an edit."""
    before = paid()
    edit()
    again()
    return paid() - before


def threshold() -> None:
    filter_verb.main(["kept", "--input", "scored", "--best", "worst", "--share", "0.2"])


def reworded() -> None:
    """One word of the prompt, so that every row's rendered prompt changes."""
    Path("prompts/ask.md").write_text(PROMPT.replace("Which", "What"), encoding="utf-8")


def parser() -> None:
    text = formats.FORMATS["text"]
    formats.FORMATS["text"] = Format(lambda reply, columns: {columns[0]: reply.strip(" .") or "none"}, text.show)


def measured(count: int) -> Row:
    """The figures of one project of `count` documents."""
    drawn = ({"id": rows.row_id(r["response"]), "origin": "web", **r} for r in records("web", 0, 20 * count))
    distinct = list(islice({row["id"]: row for row in drawn}.values(), count + count // 100))
    project(distinct[:count])
    first = cost(lambda: None)
    appended = cost(lambda: rows.write("web", distinct))
    found = {"documents": count, "first_calls": first, "append_share": round(appended / first, 4)}
    found |= {"threshold_calls": cost(lambda: None, threshold)}
    found |= {"knob_calls": cost(lambda: speed(1024))}
    new = cost(reworded)
    found |= {"prompt_calls": new, "prompt_extra_calls": new - 2 * len(distinct)}
    # scoring is left out: a better parser may read other instructions, and those are new questions
    found |= {"parser_calls": cost(parser, augment)}
    return found


def main() -> None:
    cli = ArgumentParser(description=__doc__)
    cli.add_argument("--documents", type=int, default=1000)
    cli.add_argument("--json", action="store_true", help="print one JSON object")
    args = cli.parse_args()
    home, folder = Path.cwd(), Path(tempfile.mkdtemp())
    os.environ["BALEEN_MEMO"] = str(folder / ".memo")
    os.chdir(folder)
    try:
        found = measured(args.documents)
    finally:
        os.chdir(home)
        shutil.rmtree(folder)
    print(json.dumps(found) if args.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
