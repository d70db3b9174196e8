"""Pages: HTML as Markdown: headers, lists, code and tables are marked, nothing inside a line is.

What surrounds the text of a page is left out: scripts, navigation, footers, forms. A form stays when it holds most
of the page; the header of a page stays when the page has no first-level header elsewhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

AROUND = "nav aside footer button select textarea object iframe svg noscript [role=navigation]".split()
# a formula as it looks, beside the same formula as MathML or TeX
AROUND += [
    ".katex-html",
    ".MathJax_Preview",
    "span.MathJax",
    ".MathJax_Display",
    "span.MathJax_SVG",
    "span.MathJax_CHTML",
]
INLINE = "a abbr acronym b cite code del dfn em i ins kbd mark meter output progress rb rtc ruby s samp small".split()
INLINE += "strike strong tt u var".split()
LINES = "blockquote caption figcaption legend summary".split()
LISTS = "ul ol li".split()
DEEPEST = 20  # lists in lists; an indent for each of many levels would make a page a thousand times longer
CELLS = "col colgroup table tbody td tfoot th thead tr".split()
NOTED = ["span", "p", "h[1-6]", "pre", *INLINE, *LINES, *LISTS, *CELLS]
BLOCKS = {"h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table", "br"}
# Each pattern reaches the end of the page where its own end is missing, so that no character is read twice.
FORMULA = r"""<script\b[^>]{,200}?\stype=["']?math/tex[^>]{,200}+>(?P<formula>.*?)(?:</script[^>]*+(?:>|\Z)|\Z)"""
# 10<sup>6</sup> is not 106; an ordinal's letters and the number of a note stay as they are.
POWER = r"(?<=[\w)])<sup\b[^>]{,200}+>(?!(?:st|nd|rd|th|tm|sm)<)(?P<power>[-+−]?+\w[-+*/\w]{,11}+)</sup\s*+>"
INVISIBLE = (
    r"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?P<unseen>script|style)\b[^>]*+(?:(?<=/)>|.*?(?:</(?P=unseen)[^>]*+(?:>|\Z)|\Z))"
)
# What is read beside a word stands behind it in brackets; the brackets of the page are for browsers that know no ruby.
READING = r"<rp\b[^>]*+>[^<]*+|<rt\b[^>]*+>\s*+(?P<reading>[^<]*+)|</r[pt]\b[^>]*+(?:>|\Z)"
XHTML = re.compile(r"""<\?xml\b|xmlns\s*=\s*["']http://www\.w3\.org/1999/xhtml""", re.IGNORECASE)
SWALLOWS = "title|textarea|iframe|noscript|noframes|xmp|select|object|button|svg|nav|aside|footer|header|form"
EMPTY = re.compile(rf"<(?:{SWALLOWS})(?:\s[^<>]{{,2000}})?/>", re.IGNORECASE)
NUMBER = re.compile(r"""\s(?:start|value)\s*=\s*["']?(\d{1,9})\b""", re.IGNORECASE)
MATH = r"<math\b.*?(?:</math[^>]*+(?:>|\Z)|\Z)"
BREAKS = r"(?:<br\s*/?>\s*+){2,}"
VALUE = r"""=\s*+(?>"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?"""
NAMED = rf"<(?P<end>/?)(?P<name>{'|'.join(NOTED)})(?=[\s/>])(?>[^>=]|{VALUE})*+(?:>|\Z)"
TAG = re.compile(
    rf"(?P<tex>{FORMULA})|(?P<invisible>{INVISIBLE})|(?P<math>{MATH})|(?P<raised>{POWER})|(?P<beside>{READING})|{BREAKS}|{NAMED}",
    re.IGNORECASE | re.DOTALL,
)
TEX = re.compile(
    r"""\salttext=(["'])(.*?)(?:\1|\Z)|<annotation\s+encoding=["'][^"'<>]*tex["'][^>]*+>(.*?)(?:</annotation|\Z)""",
    re.IGNORECASE | re.DOTALL,
)
FENCED = re.compile(r"^[ \d.)-]*+(`{3,}).*?^ *\1$", re.MULTILINE | re.DOTALL)
PAGE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
CONTROL: dict[int, str | None] = dict.fromkeys([*range(9), 0x0B, *range(0x0E, 0x20)]) | {0x0C: " "}


@dataclass
class Table:
    """Counts of a table up to the current tag; one that lays out a page has one cell, or blocks in its cells."""

    cells: int = 0
    rows: int = 1
    widest: int = 0  # cells of a row
    begun: int = 0  # cells before the last row
    paragraphs: int = 0  # in the last cell
    blocks: bool = False

    @property
    def layout(self) -> bool:
        """Also true for rows that differ so much that filling them up would make the page many times longer."""
        return self.blocks or self.cells < 2 or self.rows * self.widest > 20 * self.cells

    def count_tag(self, name: str) -> None:
        """Count an opening tag inside the table."""
        if name == "tr":
            self.rows, self.begun = self.rows + 1, self.cells
        if name in ("td", "th"):
            self.cells, self.paragraphs = self.cells + 1, 0
            self.widest = max(self.widest, self.cells - self.begun)
        self.paragraphs += name == "p"
        self.blocks |= name in BLOCKS or self.paragraphs > 1


def page_markdown(page: str) -> str:
    """The text of a page as Markdown; marks of Markdown that are words of the page have a backslash before them."""
    if XHTML.search(page[:2000]):  # where <title/> is an empty title; in HTML it begins one that never ends
        page = EMPTY.sub("", page)
    page = "<!doctype html>" + normalize_lines(re.sub(r"\r\n?", "\n", page).translate(CONTROL))
    around, found = [*AROUND, "form"], convert_page(page, [*AROUND, "form"], False)
    if re.search("<form", page, re.IGNORECASE) and 2 * len(found) < len(whole := convert_page(page, AROUND, False)):
        around, found = AROUND, whole
    if not found.strip() and re.search("<noscript", page, re.IGNORECASE):
        page = re.sub(r"<(/?)noscript\b[^>]*+>", r"<\1div>", page, flags=re.IGNORECASE)
        found = convert_page(page, around, False)
    if has_title(found) or not re.search("<header", page, re.IGNORECASE):
        return found
    headed = convert_page(page, around, True)
    return headed if has_title(headed) else found


def begins_as_page(text: str) -> bool:
    """True for a text that begins with the tags of a whole page."""
    return bool(PAGE.match(text))


def convert_page(page: str, around: list[str], header: bool) -> str:
    """A page as Markdown without some of its elements, with or without its header."""
    options = ConversionOptions(
        extract_metadata=False,
        bullets="-",
        compact_tables=True,
        autolinks=False,
        skip_images=True,
        include_blockquote_citations=False,
        escape_misc=True,
        escape_asterisks=True,
        escape_underscores=True,
        hidden_content="reachable",
        exclude_selectors=around,
        preprocessing=PreprocessingOptions(remove_navigation=not header, remove_forms=False),
    )
    return convert(page, options).content or ""


def has_title(text: str) -> bool:
    """True for Markdown with a first-level header."""
    return bool(re.search("^# ", FENCED.sub("", text), re.MULTILINE))


def normalize_lines(page: str) -> str:
    """A page whose text has lines only in code, without comments, scripts and tags that stay inside a line."""
    parts, at, code, lists = list[str](), 0, False, Lists()
    for tag, name, table in [*page_tags(page)]:  # all of them first: what a table is shows at its end
        text, deep = page[at : tag.start()], len(lists.next_numbers) > DEEPEST
        parts += (
            text if code else text.replace("\n", " "),
            lists.restart(tag, name),
            tag_replacement(tag, name, table, deep),
        )
        at, code = tag.end(), not tag["end"] if name == "pre" else code
    return "".join([*parts, page[at:] if code else page[at:].replace("\n", " ")])


@dataclass
class Lists:
    """The lists that are open at the current tag: the number of each one's next item, 0 in a list without numbers."""

    next_numbers: list[int] = field(default_factory=list)

    def restart(self, tag: re.Match[str], name: str) -> str:
        """Count a tag of a list; the tags that begin the list anew where an item states another number."""
        stated = int(number[1]) if not tag["end"] and name in LISTS and (number := NUMBER.search(tag[0])) else 0
        if name in ("ol", "ul"):
            if tag["end"]:
                self.next_numbers = self.next_numbers[:-1]
            else:
                self.next_numbers.append((stated or 1) * (name == "ol"))
        elif name == "li" and not tag["end"] and self.next_numbers and (expected := self.next_numbers[-1]):
            self.next_numbers[-1] = (stated or expected) + 1
            return f"</ol><ol start={stated}>" if stated not in (0, expected) else ""
        return ""


def page_tags(page: str) -> Iterator[tuple[re.Match[str], str, Table]]:
    """Every tag that matters, its name and its table; outside tables an empty one, which counts as layout."""
    within = [Table()]
    for tag in TAG.finditer(page):
        kind, end = tag.lastgroup or "br", bool(tag["end"])
        name = (tag["name"] or kind).lower()
        if not end:
            within[-1].count_tag(name)
        within += [Table()] if name == "table" and not end else []
        yield tag, name, within[-1]
        if name == "table" and end and len(within) > 1:
            within.pop()


def tag_replacement(match: re.Match[str], name: str, table: Table, deep: bool) -> str:
    """The replacement of a tag: nothing, TeX, a line break, a paragraph, or the tag as it is."""
    tag = match[0]
    if name == "math":
        return (tex[2] or tex[3] or "") if (tex := TEX.search(tag)) else tag
    if name == "tex":
        space = " " * match.string[: match.start()].endswith(
            "</span>"
        )  # the library takes the space before a span with it
        return space + escape(match["formula"], quote=False)
    if name == "raised":
        return f"^{power}" if (power := match["power"]).isalnum() else f"^({power})"
    if name == "beside":
        return f"({reading})" if (reading := (match["reading"] or "").strip()) else ""
    if name == "span":
        return "<br>" if re.search(r"display:\s*block", tag) else tag
    if name in LINES or (table.layout and name in CELLS) or (deep and name in LISTS):
        return "<p>"
    return "" if name in ("invisible", *INLINE) else tag
