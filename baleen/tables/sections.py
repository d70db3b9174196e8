"""Sections: a Markdown or HTML document cut into self-contained segments, and the rules that refuse some.

A segment is the text under a header with its lower-level headers, as large as `max_chars` allows (Humpback, Li et al.
2023, section 2.1 and appendix on preprocessing: 600 to 3,000 characters, no repetitive sentences, no header that is
empty, in capitals or for navigation). Every character is in a piece that is kept or has a reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import lxml.html
from lxml import etree
from markdown_it import MarkdownIt

from baleen.tables.duplicates import repetition

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
MARKDOWN = MarkdownIt("commonmark").disable(["inline"])  # blocks only: the text inside a line is not parsed
MAX_CAPITALS = 0.5  # share of the cased letters of a header; ALL CAPS is 1
FRONT_MATTER = re.compile(r"\A---\n(?:[\w-]+:.*\n(?:[ \t-].*\n|#.*\n|\n)*)+(?:---|\.\.\.)(?:\n|\Z)")
DROPPED = "head script style nav aside footer noscript template iframe svg button select textarea object".split()
PARTS = "//header[not(ancestor::article|ancestor::main)] | //form[not(.//h1|.//h2|.//h3)] | //*[@role='navigation']"
INLINE = {*"a abbr b bdi bdo big br cite code data del dfn em font i img ins kbd label mark q s samp small".split()}
INLINE |= {*"span strike strong sub sup td th time tt u var wbr".split()}
VERBATIM = "pre h1 h2 h3 h4 h5 h6".split()


@dataclass(frozen=True)
class Rules:
    """Bounds in characters, 0 for none; repetition is a Jaccard index, 1 for no rule."""

    min_chars: int = 0
    max_chars: int = 0
    min_line_chars: int = 0
    max_repetition: float = 1.0
    headers: bool = True


@dataclass(frozen=True)
class Piece:
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


def plain(text: str, markup: str) -> str:
    """The text of a whole document: HTML as Markdown, Markdown without its front matter, anything else as it is."""
    if markup == "html":
        return outline(from_html(text)).text
    return FRONT_MATTER.sub("", text.replace("\r\n", "\n")) if markup == "markdown" else text


def from_markdown(text: str) -> Iterator[Block]:
    """Blocks of text and headers with their lines as written; '#' in a code fence or a list is no header."""
    text = re.sub(r"\r\n?", "\n", plain(text, "markdown"))
    lines, start = text.split("\n"), 0
    found = MARKDOWN.parse(text)
    for token, inline in pairwise(found):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield Block(0, "", "\n".join(lines[start : token.map[0]]).strip("\n"))
            start = token.map[1]
            title = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", inline.content[:500])
            yield Block(int(token.tag[1]), "\n".join(lines[token.map[0] : start]).rstrip(), title.strip())
    yield Block(0, "", "\n".join(lines[start:]).strip("\n"))


def page(text: str) -> Any:
    """The tree of a page without scripts and what surrounds the text; None when nothing is there."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        return None
    etree.strip_elements(root, *DROPPED, with_tail=False)
    for element in root.xpath(PARTS):
        element.drop_tree()
    return root


def flow(root: Any) -> Iterator[tuple[str, str]]:
    """('text', words), ('block', ''), ('item', marker), ('pre', code), ('h1', title) ... in reading order."""
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = element.tag
        if tag not in INLINE:
            yield "block", ""
        if event == "end":
            yield "text", re.sub(r"\s+", " ", element.tail or "")
        elif tag in VERBATIM:
            yield tag, element.text_content()
            walker.skip_subtree()
        else:
            yield marker(element)
            yield "text", re.sub(r"\s+", " ", element.text or "")


def marker(element: Any) -> tuple[str, str]:
    """What stands for an element itself: a line break, a bullet or number, a bar between cells, or nothing."""
    if element.tag == "li":
        deep, parent = len([*element.iterancestors("ul", "ol")]), element.getparent()
        return "item", "  " * (deep - 1) + (f"{parent.index(element) + 1}. " if parent.tag == "ol" else "- ")
    if element.tag in ("td", "th") and element.getprevious() is not None:
        return "text", " | "
    return ("item", "") if element.tag == "tr" else ("text", "\n" if element.tag == "br" else "")


def paragraphs(root: Any) -> Iterator[tuple[str, str]]:
    """('p', text), ('item', text with its bullet), ('pre', code), ('h1', title) ... in reading order."""
    words, mark = "", None
    for kind, value in flow(root):
        if kind == "text":
            words += value
            continue
        if words.strip():
            yield "p" if mark is None else "item", (mark or "") + re.sub(r" *\n *", "\n", words).strip()
            mark = None
        words, mark = "", value if kind == "item" else mark
        if kind in VERBATIM:
            yield kind, value


def from_html(text: str) -> Iterator[Block]:
    """Headers, paragraphs, lists and fenced code of a page as Markdown, without scripts and what is for navigation."""
    root, body, last = page(text), "", ""
    for kind, value in paragraphs(root) if root is not None else ():
        if kind in VERBATIM and kind != "pre":
            words = " ".join(value.split())
            yield from (
                Block(0, "", body),
                Block(int(kind[1]), f"{'#' * int(kind[1])} {words}" if words else "", words),
            )
            body = ""
        else:
            block = f"```\n{value.strip(chr(10))}\n```" if kind == "pre" else value
            body += ("" if not body else "\n" if kind == last == "item" else "\n\n") + block
        last = kind
    yield Block(0, "", body)


def outline(blocks: Iterable[Block]) -> Section:
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


def segments(text: str, markup: str, rules: Rules) -> Iterator[Piece]:
    """The pieces of one document in order, with the reason for each one that is refused."""
    if markup not in MARKUPS:
        yield judged(Piece(text), rules)
        return
    root = outline(MARKUPS[markup](text))
    if not (rules.headers and root.below):
        yield from cut(root, rules)
        return
    root, refused = pruned(root)
    if root.own:
        yield Piece("\n\n".join(root.own), None, "header")
    yield from refused
    for section in root.below:
        yield from cut(section, rules)


def pruned(section: Section) -> tuple[Section, list[Piece]]:
    """A section without what is for navigation and without headers that have nothing below them."""
    kept, refused = list[Section](), list[Piece]()
    for part in section.below:
        if navigation(part):
            refused.append(Piece(part.text, span(part), "header"))
            continue
        inner, out = pruned(part)
        refused += out
        if inner.body.strip():
            kept.append(inner)
        else:
            refused.append(Piece(inner.text, span(part), "empty"))
    return replace(section, below=kept), refused


def navigation(section: Section) -> bool:
    """True for a header such as 'Related posts'; a first-level header is the title of the page and never is."""
    return section.level > 1 and bool(NAVIGATION.fullmatch(section.title[:200]))


def cut(section: Section, rules: Rules) -> Iterator[Piece]:
    """The largest subtrees that fit; a section that is too long gives its own text, then its lower sections."""
    poor = rules.headers and bool(section.level) and poor_header(section.title)
    whole = Piece(section.text, span(section))
    if not poor and (not section.below or not rules.max_chars or len(whole.text) <= rules.max_chars):
        yield judged(whole, rules)
        return
    if section.own:
        own = replace(whole, text="\n\n".join(filter(None, [section.line, *section.own])))
        yield replace(own, reason="header") if poor else judged(own, rules)
    for part in section.below:
        yield from cut(part, rules)


def span(section: Section) -> str | None:
    return " > ".join(section.path) or None


def poor_header(title: str) -> bool:
    """True for an empty header and for capitals or mostly so; one letter and scripts without capitals never are."""
    cased = [letter for letter in title if letter.lower() != letter.upper()]
    return not title.strip() or sum(letter.isupper() for letter in cased) > max(1, MAX_CAPITALS * len(cased))


def judged(piece: Piece, rules: Rules) -> Piece:
    """The piece with the first reason that the rules find against it."""
    return replace(piece, reason=refusal(piece.text, rules))


def refusal(text: str, rules: Rules) -> str:
    """'empty', 'too short', 'too long', 'short line', 'repetitive', or '' for a text that may stay."""
    size = len(text.strip())
    if not size:
        return "empty"
    if size < rules.min_chars:
        return "too short"
    if rules.max_chars and size > rules.max_chars:
        return "too long"
    if any(0 < len(line.strip()) < rules.min_line_chars for line in text.split("\n")):
        return "short line"
    return "repetitive" if rules.max_repetition < 1 and repetition(text) > rules.max_repetition else ""


MARKUPS: dict[str, Callable[[str], Iterable[Block]]] = {"markdown": from_markdown, "html": from_html}
