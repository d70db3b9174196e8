"""Sections: a Markdown or HTML document cut into self-contained segments, and the rules that refuse some.

A segment is the text under a header with its lower-level headers, as large as `max_chars` allows (Humpback, Li et al.
2023, section 2.1 and appendix on preprocessing: 600 to 3,000 characters, no repetitive sentences, no header that is
empty, in capitals or for navigation). A document without headers that is longer than `max_chars` is cut into passages
(baleen.tables.passages), and so is what stands under one header of a document of more than LARGE characters. Every
character is in a piece that is kept or has a reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Literal, NamedTuple

from baleen.tables import markdown_lines
from baleen.tables.duplicates import repetition
from baleen.tables.front_matter import split_front_matter
from baleen.tables.pages import page_markdown
from baleen.tables.passages import passages

NAVIGATION = re.compile(
    r"""(\W|\d)*(
    (site\s)?(navigation|nav|menu|map) | side\s?bar | footer | (table\sof\s)?contents | on\sthis\spage | skip\sto\s.*
    | advert\w* | ads? | sponsor(s|ed(\s\w+)?) | promotions? | special\soffers? | shop\snow
    | (\w+\s)?forums?(\s(index|topics|posts))? | quick\s?links? | (useful|external|related|important)\slinks?
    | (\w+\s)?newsletters?(\s.*)? | subscri(be|ption)s?(\s.*)? | sign\s?(up|in)(\s.*)? | log\s?(in|out) | register
    | related(\s(posts?|articles?|pages?|content|topics?|stories|news|products?|items?|questions?|resources|videos?))?
    | (share|like|tweet|pin)(\s(this|it|on|with|via)\b.*)? | follow\s(us|me)\b.* | (social(\smedia)?|connect\swith\sus)
    | (you\s)?(may|might)\salso\s(like|enjoy).* | (more|read\smore)(\s(from|in|on|about|posts|articles|news)\b.*)?
    | (recent|latest|popular|trending|top|featured|most\sread)\s(posts?|articles?|stories|news|comments?|topics?|tags?)
    | comments? | (leave|post|add)\sa\s(comment|reply).* | replies | categor(y|ies) | archives? | tags?
    | search(\sresults)? | about\sthe\sauthor | contact(\s(us|info\w*))? | get\sin\stouch | download\sour\sapp.*
    | cookies?(\s(policy|settings|notice|preferences|consent))? | we\suse\scookies.* | privacy(\s(policy|notice))?
    | terms(\s(of|and|&)\s\w+)? | disclaimer | copyright.* | all\srights\sreserved.*
    )(\W|\d)*""",
    re.IGNORECASE | re.VERBOSE,
)
LARGE = 100_000  # characters; no row of this length can be trained on
Cut = Literal["headers", "large", "never"]  # every document at its headers; one that is too large for a row; none
MAX_CAPITALS = 0.5  # share of the cased letters of a header; ALL CAPS is 1
LIMITS = {  # reason -> setting
    "too large": "max_document_mb", "too short": "min_chars", "too long": "max_chars", "short line": "min_line_chars",
    "repetitive": "max_repetition", "header": "header_rules",
}  # fmt: skip
INLINE = re.compile(r"\[([^\]]*)\]\([^)]*\)|[`*]")  # a link and its words, marks of code and stress
ESCAPED_IN_TABLE = re.compile(r"\\([!-/:-@\[-`{}~])")  # a bar that stays escaped is no border of a cell
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")  # CommonMark 0.31, section 2.4
MARK = itemgetter(1)  # of a match; Python 3.11 takes four times as long to fill in the template r"\1"


@dataclass(frozen=True)
class Rules:
    """Bounds in characters, 0 for none; repetition is a Jaccard index, 1 for no rule."""

    min_chars: int = 0
    max_chars: int = 0
    min_line_chars: int = 0
    max_repetition: float = 1.0
    headers: bool = True
    passage_chars: int = 0


class Piece(NamedTuple):
    """A segment: its text, the headers above it, and the reason why it is refused ('' when it is not)."""

    text: str
    span: str | None = None
    reason: str = ""


class Block(NamedTuple):
    """A header (level 1 to 6, its line, its words) or the text below it (level 0, no line)."""

    level: int
    line: str
    text: str


@dataclass
class Section:
    """A header line as written, the text below it and the lower-level sections; the root has no header."""

    level: int
    line: str
    title: str
    path: tuple[str, ...]
    own: list[str] = field(default_factory=list)
    below: list["Section"] = field(default_factory=list)

    @property
    def body(self) -> str:
        return "\n\n".join([*self.own, *(section.text for section in self.below)])

    @property
    def text(self) -> str:
        return "\n\n".join(filter(None, [self.line, self.body]))


def document_text(text: str, markup: str) -> str:
    """The text of a whole document: HTML as Markdown, Markdown without its front matter, anything else as it is."""
    if markup == "html":
        return section_tree(html_blocks(text)).text
    return split_front_matter(text.replace("\r\n", "\n"))[1] if markup == "markdown" else text


def markdown_blocks(text: str) -> Iterator[Block]:
    """Headers and text between them, with their lines as written."""
    whole = re.sub(r"\r\n?", "\n", document_text(text, "markdown"))
    return split_blocks(whole, str, lambda title: INLINE.sub(r"\1", title))


def split_blocks(text: str, line_text: Callable[[str], str], title_text: Callable[[str], str]) -> Iterator[Block]:
    """Blocks of Markdown, each line outside code through `line_text`, the words of a header through `title_text`."""
    written, blocks = text.split("\n"), [*markdown_lines.blocks(text)]
    code = {line for block in blocks if block.fenced for line in range(block.first, block.end)}
    lines = [line if at in code else line_text(line) for at, line in enumerate(written)]
    start = 0
    for block in (block for block in blocks if block.level):
        yield Block(0, "", "\n".join(lines[start : block.first]).strip("\n"))
        start, title = block.end, markdown_lines.header_words(written[block.first : block.end])
        line = "\n".join(lines[block.first : start]).rstrip()
        yield Block(block.level, line, title_text(title[:500]).strip())
    yield Block(0, "", "\n".join(lines[start:]).strip("\n"))


def html_blocks(text: str) -> Iterator[Block]:
    """Headers, paragraphs, lists, tables and fenced code of a page as Markdown, without markup inside a line."""
    return split_blocks(page_markdown(text), lambda line: unescaped(line).rstrip(), unescaped)


def unescaped(line: str) -> str:
    """A line without the backslashes before marks of Markdown."""
    return (ESCAPED_IN_TABLE if line.startswith("| ") else ESCAPED).sub(MARK, line) if "\\" in line else line


def section_tree(blocks: Iterable[Block]) -> Section:
    """The tree of sections; a header belongs to the last header above it that has a lower number."""
    above = [Section(0, "", "", ())]
    for block in blocks:
        if block.level:
            while above[-1].level >= block.level:
                above.pop()
            above.append(Section(block.level, block.line, block.text, (*above[-1].path, block.text)))
            above[-2].below.append(above[-1])
        elif block.text.strip():
            above[-1].own.append(block.text)
    return above[0]


def pieces(text: str, markup: str, rules: Rules, cut: Cut) -> Iterator[Piece]:
    """A document as pieces that the rules have judged: its segments, or the whole."""
    if cut == "headers":
        yield from segments(text, markup or "markdown", rules)
    elif cut == "large" and len(text) > LARGE:
        yield from segments(text, markup, replace(rules, headers=False))
    else:
        yield checked_piece(Piece(document_text(text, markup)), rules)


def segments(text: str, markup: str, rules: Rules) -> Iterator[Piece]:
    """The pieces of one document in order, with the reason for each one that is refused."""
    large = len(text) > LARGE
    if large and not rules.max_chars:
        rules = replace(rules, max_chars=rules.passage_chars)
    root = section_tree(MARKUPS[markup](text)) if markup in MARKUPS else Section(0, "", "", (), [text])
    if not root.below:
        yield from cut_text(Piece(root.text), "markdown" if markup in MARKUPS else "text", rules)
        return
    pieces = cut_document(root, rules) if rules.headers else cut_section(root, rules)
    for piece in pieces:
        yield from cut_text(piece, "markdown", rules) if large else [piece]


def cut_text(piece: Piece, markup: str, rules: Rules) -> Iterator[Piece]:
    """A text without lower-level headers, in passages when it is too long."""
    if piece.reason in ("", "too long") and rules.passage_chars and 0 < rules.max_chars < len(piece.text.strip()):
        for number, text in enumerate(passages(piece.text, markup, rules.max_chars), 1):
            span = " > ".join(filter(None, [piece.span, f"passage {number}"]))
            yield checked_piece(Piece(text, span), rules)
    else:
        yield piece if piece.reason else checked_piece(piece, rules)


def cut_document(root: Section, rules: Rules) -> Iterator[Piece]:
    """The pieces of a document with headers."""
    root, refused = prune_navigation(root)
    if root.own:
        yield Piece("\n\n".join(root.own), None, "header")
    yield from refused
    for section in root.below:
        yield from cut_section(section, rules)


def prune_navigation(section: Section) -> tuple[Section, list[Piece]]:
    """A section without navigation and without headers that have no text below them, and the pieces left out."""
    kept, refused = list[Section](), list[Piece]()
    for part in section.below:
        if is_navigation(part):
            refused.append(Piece(part.text, header_path(part), "header"))
            continue
        inner, out = prune_navigation(part) if part.below else (part, [])
        refused += out
        if inner.body.strip():
            kept.append(inner)
        else:
            refused.append(Piece(inner.text, header_path(part), "empty"))
    return replace(section, below=kept), refused


def is_navigation(section: Section) -> bool:
    """True for a header such as 'Related posts'; a first-level header is the title of the page and never is."""
    return section.level > 1 and bool(NAVIGATION.fullmatch(section.title[:200]))


def cut_section(section: Section, rules: Rules) -> Iterator[Piece]:
    """The largest subtrees that fit; a section that is too long gives its own text, then its lower sections."""
    poor = rules.headers and bool(section.level) and is_poor_header(section.title)
    whole = Piece(section.text, header_path(section))
    if not poor and (not section.below or not rules.max_chars or len(whole.text) <= rules.max_chars):
        yield checked_piece(whole, rules)
        return
    if section.own:
        own = whole._replace(text="\n\n".join(filter(None, [section.line, *section.own])))
        yield own._replace(reason="header") if poor else checked_piece(own, rules)
    for part in section.below:
        yield from cut_section(part, rules)


def header_path(section: Section) -> str | None:
    """'Title > Section > Subsection', None for text under no header."""
    return " > ".join(section.path) or None


def is_poor_header(title: str) -> bool:
    """True for an empty header and for capitals or mostly so; one letter and scripts without capitals never are."""
    cased = [letter for letter in title if letter.lower() != letter.upper()]
    return not title.strip() or sum(letter.isupper() for letter in cased) > max(1, MAX_CAPITALS * len(cased))


def checked_piece(piece: Piece, rules: Rules) -> Piece:
    """The piece with the first reason to refuse it, if the rules have one."""
    reason = refusal(piece.text, rules)
    return piece if reason == piece.reason else piece._replace(reason=reason)


def refusal(text: str, rules: Rules) -> str:
    """'empty', 'too short', 'too long', 'short line', 'repetitive', or '' for a text that may stay."""
    size = len(text.strip())
    if not size:
        return "empty"
    if size < rules.min_chars:
        return "too short"
    if rules.max_chars and size > rules.max_chars:
        return "too long"
    if rules.min_line_chars and any(0 < len(line.strip()) < rules.min_line_chars for line in text.split("\n")):
        return "short line"
    return "repetitive" if rules.max_repetition < 1 and repetition(text) > rules.max_repetition else ""


MARKUPS: dict[str, Callable[[str], Iterable[Block]]] = {"markdown": markdown_blocks, "html": html_blocks}
