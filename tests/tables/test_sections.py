"""Documents fall into self-contained sections; every refusal has its reason."""

from html import unescape

import pytest

from baleen.tables.sections import Piece, Rules, document_text, is_poor_header, refusal, section_tree, segments

PAGE = "# Title\n\nIntro text.\n\n## Usage\n\n- one\n- two\n\n### Details\n\nMore text.\n\n## Notes\n\nLast words.\n"
HTML = """<html><head><title>T</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><header><h1>Site</h1></header>
<article><header><h1>Tea</h1></header><p>Boil <b>fresh</b>
water.<br>Wait.</p><ul><li>Green<ul><li>Sencha</li></ul></li><li><p>Black</p></li></ul>
<ol><li>Pour</li><li>Drink</li></ol>
<pre>def f():
    return 1
</pre><table><tr><th>kind</th><th>minutes</th></tr><tr><td>green</td><td>2</td></tr></table>
<h2>Storage</h2><div>Keep it dry.<!-- not this --><script>x()</script> And dark.</div></article>
<form><input>Search</form><aside>Ads</aside><footer>End</footer></body></html>"""
TEA = """# Tea

Boil fresh water.
Wait.

- Green

  - Sencha

- Black

1. Pour
2. Drink

```
def f():
    return 1
```

| kind | minutes |
| --- | --- |
| green | 2 |

## Storage

Keep it dry. And dark."""


def cut_text(text: str, markup: str = "markdown", **rules: float) -> list[Piece]:
    return list(segments(text, markup, Rules(**rules)))  # type: ignore[arg-type]


def test_a_document_that_fits_is_one_segment_as_written() -> None:
    assert cut_text(PAGE) == [Piece(PAGE.strip(), "Title")]


def test_the_largest_subtrees_that_fit_are_taken() -> None:
    found = [(piece.span, piece.text) for piece in cut_text(PAGE, max_chars=60)]
    assert found == [
        ("Title", "# Title\n\nIntro text."),
        ("Title > Usage", "## Usage\n\n- one\n- two\n\n### Details\n\nMore text."),
        ("Title > Notes", "## Notes\n\nLast words."),
    ]


def test_html_becomes_text_with_its_lists_code_and_tables() -> None:
    assert document_text(HTML, "html") == TEA


def test_html_is_cut_at_headers() -> None:
    assert [piece.span for piece in cut_text(HTML, "html", max_chars=160)] == ["Tea", "Tea > Storage"]
    assert cut_text(HTML, "html") == [Piece(TEA, "Tea")]


@pytest.mark.parametrize(
    "page, text",
    [
        ("<html><body><h1>A</h1></body></html><p>after</p><html><h1>B</h1></html>", "# A\n\nafter\n\n# B"),
        ("<p>The <acronym>WHO</acronym> says <o:p></o:p><x-y>two</x-y> <nobr>cups</nobr>.", "The WHO says two cups."),
        ("<p>See <a href='x>y'>the <b>page</b></a>, <code>a_b*c</code>, <kbd>k</kbd>.", "See the page, a_b*c, k."),
        ("<a href=x><h3>Card</h3><p>text</p></a><b><p>one<p>two</b>", "### Card\n\ntext\n\none\n\ntwo"),
        ("<p>one\r\ntwo\nthree<br>four</p>", "one two three\nfour"),
        ("<pre>make<br>cd x<br/>  go</pre>", "```\nmake\ncd x\n  go\n```"),
        ("<pre><code><div>def f():</div><div>    go()</div></code></pre>", "```\ndef f():\n    go()\n```"),
        ("<pre><span style='display: block'>a</span><span style='display:block'>b</span></pre>", "```\na\nb\n```"),
        ("<pre><b>a</b>\n\n\n\tb\\*</pre>", "```\na\n\n\n\tb\\*\n```"),
        ("<h2>First<br>second\npart</h2>t", "## First second part\n\nt"),
        ("<ol start=5><li>a<li>b<ul><li>c</ul></ol>", "5. a\n6. b\n   - c"),
        ("<ol><li value=3>a<li>b<li value='9'>c<ul><li value=4>d</ul><li>e</ol>", "3. a\n4. b\n\n9) c\n   - d\n10) e"),
        ("<ol><li value=1>a<li value=2>b</ol>", "1. a\n2. b"),
        ("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>を", "漢(かん)字(じ)を"),
        ("<ruby><rb>本気<rp>（</rp><rt> マジ </rt><rp>）</rp></ruby>だ<ruby>x<rt></ruby>", "本気(マジ)だx"),
        (
            "<p>10<sup>6</sup> x<sup>n+1</sup> (a)<SUP>-2</SUP> a<sup>[1]</sup> 1<sup>st</sup>",
            "10^6 x^(n+1) (a)^(-2) a[1] 1st",
        ),
        ("<p>the word<sup><a href=#n>1</a></sup> H<sub>2</sub>O", "the word1 H2O"),
        ("<table><tr><th>a<th>b|c<tr><td>1<td>2 | 3</table>", "| a | b\\|c |\n| --- | --- |\n| 1 | 2 \\| 3 |"),
        ("<p>a <output>b</output> <meter>c</meter> <progress>d</progress> e", "a b c d e"),
        ("<frameset cols='*'><frame src=a><noframes><body><p>The words</body></noframes></frameset>", "The words"),
        ("<blockquote><p>a<p>b</blockquote>", "a\n\nb"),
        ("<figure><img src=x alt=y><figcaption>words</figcaption></figure>", "words"),
        ("<p>a<script>s='</p>'</script>b<!-- <b> --> c<style>d</style><noscript>e</noscript>", "ab c"),
        ("<script src='x'/><p>a</p><script>never closed", "a"),
        ("<body><noscript><h1>T</h1><p>All the words.</p></noscript><div id=app></div>", "# T\n\nAll the words."),
        ("<?xml version='1.0'?><html><head><title/></head><body><p>a<a id='n'/> b<br/>c</p>", "a b\nc"),
        ("<p style='display:none'>a</p><p hidden>b</p>c", "a\n\nb\n\nc"),
        ("%PDF-1.4 \x01\x02\x03\x0cx", "%PDF-1.4 x"),
    ],
)
def test_html_reads_as_a_browser_shows_it(page: str, text: str) -> None:
    assert document_text(page, "html") == text


@pytest.mark.parametrize(
    "words",
    ["# no header", "1. one", "- a", "```", "~~~", "---", "===", "> a", "| a |", "<!-- a", "<pre>", r"\* \n \\"],
)
def test_marks_of_markdown_are_words_in_html(words: str) -> None:
    page = f"<h1>T</h1><p>t<br>{words.replace('<', '&lt;')}</p><h1>U</h1><p>u</p>"
    assert [piece.text for piece in cut_text(page, "html")] == [f"# T\n\nt\n{words}", "# U\n\nu"]
    assert cut_text(f"<h1>{words.replace('<', '&lt;')} x</h1><p>u</p>", "html")[0].span == f"{words} x"


TEX = r"\frac{a_1}{b} &lt; \{c\}"
MATHML = f"<math alttext='{TEX}'><semantics><mrow><mi>E</mi></mrow><annotation encoding='application/x-tex'>{TEX}"
MATHML += "</annotation></semantics></math>"


@pytest.mark.parametrize(
    "formula",
    [
        MATHML,
        f'<math alttext="{TEX}" display="block"><mi>E</mi></math>',
        f"<span style='display: none'>{MATHML}</span><img alt='{TEX}' src='x.svg'>",
        f"<span class='katex-mathml'>{MATHML}</span><span class='katex-html' aria-hidden='true'>E=mc2</span>",
        f"<script type='math/tex'>{unescape(TEX)}</script>",
        f"<span class='MathJax'>E{MATHML}</span><script id=a type=\"math/tex; mode=display\">{unescape(TEX)}</script>",
    ],
)
def test_a_formula_is_its_tex_once(formula: str) -> None:
    assert document_text(f"<p>That {formula} holds.</p>", "html") == f"That {unescape(TEX)} holds."


@pytest.mark.parametrize(
    "page, text",
    [
        (
            "<table><caption>Tea</caption><tr><td>a|b<td>c<tr><td>d</table>",
            "Tea\n\n| a\\|b | c |\n| --- | --- |\n| d |  |",
        ),
        ("<table><tr><td><h1>A</h1><p>b<p>c</td><td>d</table>", "# A\n\nb\n\nc\n\nd"),
        ("<table><tr><td>menu<td>one<br><br>two</table>", "menu\n\none\n\ntwo"),
        ("<table><tr><td><pre>1\n2</pre><td><pre>a\nb</pre></table>", "```\n1\n2\n```\n\n```\na\nb\n```"),
        ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", "| a | b |\n| --- | --- |\n\nc"),
    ],
)
def test_a_table_of_data_stays_a_table_and_one_that_lays_out_a_page_goes(page: str, text: str) -> None:
    assert document_text(page, "html") == text


@pytest.mark.parametrize(
    "page, text",
    [
        ("<form><input value=x><div><p>All of it.</div><button>Go</button></form>", "All of it."),
        ("<p>All of it, at length.</p><form><label>Search</label></form>", "All of it, at length."),
        ("<header><h1>Title</h1></header><p>text</p><pre># x</pre>", "# Title\n\ntext\n\n```\n# x\n```"),
        ("<header><h1>Title</h1></header><ul><li><pre># x</pre></ul>t", "# Title\n\n- ```\n  # x\n  ```\n\nt"),
        ("<body><header><h1>Site</h1></header><h1>Title</h1><p>text</p>", "# Title\n\ntext"),
        ("<div role=navigation>a</div><nav>b</nav><aside>c</aside><p>d</p><footer>e</footer>", "d"),
    ],
)
def test_what_surrounds_the_text_goes_and_the_text_stays(page: str, text: str) -> None:
    assert document_text(page, "html") == text


@pytest.mark.parametrize("page", ["", " ", "<!-- -->", "<html></html>", "<script>x</script>", '<?xml version="1.0"?>'])
def test_html_without_text_is_empty(page: str) -> None:
    assert document_text(page, "html") == ""
    assert [piece.reason for piece in cut_text(page, "html")] == ["empty"]


def test_html_with_an_encoding_declaration_or_deep_nesting_is_read() -> None:
    assert document_text('<?xml version="1.0" encoding="latin-1"?><html><p>世界</p></html>', "html") == "世界"
    assert document_text("<div>" * 500 + "deep", "html") == "deep"


@pytest.mark.parametrize(
    "text",
    ["```\n# no header\n```", "- a\n  # no header", "    # no header", "\\# no header", "#no header", "a # b"],
)
def test_a_hash_in_code_or_text_is_no_header(text: str) -> None:
    assert cut_text(f"# T\n\n{text}\n\nend", max_chars=8) == [Piece(f"# T\n\n{text}\n\nend", "T", "too long")]


def test_underlined_headers_count() -> None:
    assert [piece.span for piece in cut_text("One\n===\n\ntext\n\nTwo\n---\n\ntext", max_chars=20)] == [
        "One",
        "One > Two",
    ]


def test_text_without_headers_is_one_segment() -> None:
    assert cut_text("just\n\ntext") == [Piece("just\n\ntext")]
    assert cut_text("# not Markdown", "text") == [Piece("# not Markdown")]


@pytest.mark.parametrize(
    "page, refused",
    [
        ("# T\n\ntext\n\n## Related posts\n\n- a", [("## Related posts\n\n- a", "header")]),
        ("# T\n\ntext\n\n## Share this page\n\n### On\n\na", [("## Share this page\n\n### On\n\na", "header")]),
        ("# T\n\ntext\n\n## Nothing\n", [("## Nothing", "empty")]),
        ("# T\n\ntext\n\n##\n\nno title", []),
        ("BUY NOW\n\n# T\n\ntext", [("BUY NOW", "header")]),
        ("# Share\n\ntext", []),
        ("# T\n\ntext\n\n## Cookie recipes\n\ntext", []),
    ],
)
def test_navigation_empty_headers_and_what_has_no_header_go(page: str, refused: list[tuple[str, str]]) -> None:
    assert [(piece.text, piece.reason) for piece in cut_text(page) if piece.reason] == refused


def test_header_rules_can_be_off() -> None:
    page = "lead\n\n# LOUD\n\ntext\n\n## Related posts\n\n- a"
    assert cut_text(page, headers=False) == [Piece(page)]


def test_a_header_in_capitals_goes_but_sections_below_it_stay() -> None:
    found = [(piece.span, piece.reason) for piece in cut_text("# SHOUTING\n\ntext\n\n## Quiet\n\ntext")]
    assert found == [("SHOUTING", "header"), ("SHOUTING > Quiet", "")]


@pytest.mark.parametrize(
    "name",
    ["Related Articles", "Advertisement", "Quick Links", "Community forum", "Newsletter", "Subscribe now", 
     "Follow us on X", "Cookie policy", "Leave a reply", "12 comments", "» Menu", "Recent posts", "You may also like",
     "Sign up today", "Table of contents", "Share this:", "About the author", "All rights reserved 2020"],
)  # fmt: skip
def test_headers_for_navigation_are_known(name: str) -> None:
    assert cut_text(f"# T\n\ntext\n\n## {name}\n\n- a")[0].reason == "header"


@pytest.mark.parametrize(
    "name",
    ["Related work", "Cookies with nuts", "Forum shopping in law", "Searching a tree", "Menu planning", "Tagging files",
     "Sharing data", "Archive formats", "Comments in Python", "Registers of the CPU", "References"],
)  # fmt: skip
def test_headers_of_real_sections_stay(name: str) -> None:
    assert cut_text(f"# T\n\ntext\n\n## {name}\n\n- a")[0].reason == ""


@pytest.mark.parametrize(
    "title, poor",
    [("", True), ("ABOUT US", True), ("NASA and ESA", True), ("A Walk in the Park", False), ("tar", False),
     ("世界", False), ("2024", False), ("ÜBER UNS", True)],
)  # fmt: skip
def test_headers_in_capitals_are_poor(title: str, poor: bool) -> None:
    assert is_poor_header(title) is poor


@pytest.mark.parametrize(
    "text, rules, reason",
    [
        ("", Rules(), "empty"),
        (" \n", Rules(), "empty"),
        ("abc", Rules(min_chars=4), "too short"),
        (" abc ", Rules(min_chars=3, max_chars=3), ""),
        ("abcd", Rules(max_chars=3), "too long"),
        ("long enough\n\nno", Rules(min_line_chars=5), "short line"),
        ("long enough\n\nindeed", Rules(min_line_chars=5), ""),
        ("Read all of it. Read all of it.", Rules(max_repetition=0.8), "repetitive"),
        ("Read all of it. Read all of it.", Rules(), ""),
        ("Read all of it. Then write some more.", Rules(max_repetition=0.8), ""),
    ],
)
def test_rules_refuse_with_a_reason(text: str, rules: Rules, reason: str) -> None:
    assert refusal(text, rules) == reason


def test_levels_may_be_skipped() -> None:
    page = "### Deep\n\na\n\n# Top\n\nb\n\n#### Deeper\n\nc"
    assert [piece.span for piece in cut_text(page, max_chars=12)] == ["Deep", "Top", "Top > Deeper"]
    assert section_tree([]).text == ""
