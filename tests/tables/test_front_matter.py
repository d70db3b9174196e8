"""The settings at the head of a Markdown file are no text; their title is the title of the document."""

import pytest

from baleen.tables.front_matter import split_front_matter
from baleen.tables.readers import document_title

HEADS = {  # the head of a file, and the title that it states
    "---\ntitle: A\n---\n": "A",
    "---\ntitle: A\n...\n": "A",
    "--- \ntitle: A\n--- \n": "A",
    "\ufeff---\ntitle: A\n---\n": "A",
    "---\n\n# how it is shown\n\ntitle: A\n---\n": "A",
    "---\nms.author: someone\nms.date: 01/01/2020\ntitle: A\n---\n": "A",
    "---\n'title': A\nlast modified: 2020\n\"a b\": c\n---\n": "A",
    "---\ntitle: >\n  A long\n  one\ntags:\n  - x\n  - y\n---\n": "A long one",
    "---\n$schema: x\n日本: 語\n1: one\n? key\n: value\n---\n": "",
    "---\ntitle: A: B {{ x }}\ntags:\n  - x\n- y\n---\n": "A: B {{ x }}",  # no YAML, and as common as YAML
    "---\ntitle: [A]\nbase: &b {x: y}\nother: *b\n---\n": "",
    "---\ntitle: No\n---\n": "No",
    "---\nrun: !!python/object:os.system x\n---\n": "",
    "---\n---\n": "",
    "+++\ntitle = 'A'\ndate = 2020-01-01\n[params]\nx.y = 1\n+++\n": "A",
    '{\n "title": "A",\n "tags": ["x"]\n}\n': "A",
    '{"title": "A"}\n': "A",
}
TEXTS = [
    "---\nno key\n---\n", "---\nkey: a\n\ntext\n---\n", "---\n--all: what it does\n--brief: and this\n---\n",
    "---\n# Header\n---\n", "---\n- a\n- b\n---\n", "---\n[a]: b\n---\n", "---\ntitle: A\n", "---\ntitle: A\n----\n",
    "----\ntitle: A\n----\n", "+++\ntitle\n+++\n", "+++\na = 1\n---\n", "{% raw %}\n", "{}\n", '{"a": 1} is JSON\n',
    "[1]\n", " ---\na: b\n---\n", "\n---\na: b\n---\n", "---\na: b\n--- c\nd: e\n---\n",
]  # fmt: skip


@pytest.mark.parametrize("head, title", HEADS.items(), ids=range(len(HEADS)))
def test_a_head_is_no_text_and_states_the_title(head: str, title: str) -> None:
    assert split_front_matter(f"{head}\n# Words\n\n---\ntext") == (title, "\n# Words\n\n---\ntext")


@pytest.mark.parametrize("text", TEXTS)
def test_what_only_looks_like_a_head_stays(text: str) -> None:
    assert split_front_matter(f"{text}text") == ("", f"{text}text")


@pytest.mark.parametrize(
    "text, title",
    [
        ("---\ntitle: A\n---\n# B", "A"),
        ("---\r\ntitle: A\r\n---\r\n# B", "A"),
        ("---\nlayout: x\n---\n\n# B #\n", "B"),
        ("---\nlayout: x\n---\n\ntext", "notes"),
        ("# B\n", "B"),
    ],
)
def test_the_title_of_a_document_is_the_stated_one_then_its_header_then_the_file(text: str, title: str) -> None:
    assert document_title(text, "markdown", "docs/notes.v2.md") == title
