"""The rules that methods have for English, Spanish and Chinese, on real pages in them (tldr-pages)."""

import re
import tarfile
from collections import Counter
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import pytest

from baleen.formats import FORMATS
from baleen.measures.overlap import grounded, supported
from baleen.measures.words import CJK, is_chinese, words
from baleen.methods import air, back_and_forth, constraints, kun, tegit
from baleen.methods.round_trip import masked, restored
from baleen.methods.self_lengthen import KINDS, demand, flaw, length_score, sound

DATA = Path(__file__).parents[3] / "shared" / "data"
PAGES = {
    "en": ("tldr-pages-en.tar.gz", "pages/"),
    "es": ("tldr-pages-zh-es.tar.gz", "pages.es/"),
    "zh": ("tldr-pages-zh-es.tar.gz", "pages.zh/"),
}
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data beside the project")
EVERY = pytest.mark.parametrize("code", PAGES)


@cache
def pages(code: str, count: int = 300) -> list[str]:
    archive, folder = PAGES[code]
    with tarfile.open(DATA / archive) as tar:
        named = (m for m in tar if m.name.startswith(folder) and m.name.endswith(".md"))
        return [tar.extractfile(m).read().decode() for m in islice(named, count)]  # type: ignore[union-attr]


@cache
def descriptions(code: str) -> list[str]:
    """What each page says of its command, a sentence or two, without code and addresses."""
    found = [[line[2:] for line in page.splitlines() if re.match(r"> [^<`]*$", line)] for page in pages(code)]
    return [" ".join(lines) for lines in found if lines and "http" not in " ".join(lines)]


@pytest.mark.slow
@EVERY
def test_every_measured_constraint_holds_on_the_page_it_was_measured_on(code: str) -> None:
    """Crab's own data are false in every row of one family."""
    families = set[str]()
    for at, page in enumerate(pages(code)):
        found = constraints.measure(page, Random(at))
        assert len(found) >= 3 and constraints.met(found, page) == 1.0
        assert all(bool(CJK.search(said)) == is_chinese(page) for said in found if "“" not in said)
        families |= {read.family for said in found if (read := constraints.parse_constraint(said))}
    assert families >= {
        "words about",
        "words between",
        "sentence length",
        "word length",
        "items",
        "bullets",
        "first word",
    }


@EVERY
def test_a_written_list_of_real_sentences_reads_back(code: str) -> None:
    some = descriptions(code)
    assert FORMATS["lines"].read(FORMATS["lines"].show({"constraints": some}, ["constraints"]), ["constraints"]) == {
        "constraints": [text.strip() for text in some]
    }


@EVERY
def test_what_ends_is_sound_and_said_twice_is_not(code: str) -> None:
    """Self-Lengthen's check: ten words or thirteen characters, in closing punctuation."""
    whole = [text for text in descriptions(code) if text.endswith((".", "。")) and words(text) >= 13]
    assert len(whole) >= 10
    assert sum(map(sound, whole)) >= 0.9 * len(whole)
    assert {flaw(f"{text} {text}") for text in whole} <= {"repeats itself", "speaks of revision"}
    assert {flaw(text[:-1] + "以及" if code == "zh" else text[:-1] + " and") for text in whole} == {"no end mark"}


@EVERY
def test_a_demand_is_in_the_language_of_the_request_and_holds_for_the_page(code: str) -> None:
    kinds = Counter[str]()
    for at, page in enumerate(pages(code)):
        made = demand({"id": str(at), "instruction": descriptions(code)[0], "response": page}, 10)
        assert isinstance(made, list)
        assert length_score(made[0]["limit"], page) == 1.0
        kinds[made[0]["limit"].split()[0]] += 1
        added = made[0]["instruction"].removeprefix(descriptions(code)[0])
        assert ("字" in added) == (code == "zh") and ("words" in added) == (code != "zh")
    shares = {kind: count / kinds.total() for kind, count in kinds.items()}
    assert all(abs(shares[kind] - share) < 0.1 for kind, share in KINDS.items()), shares


@EVERY
def test_a_marked_page_comes_back_whole(code: str) -> None:
    for page in pages(code):
        sent, spans = masked(page)
        assert restored(sent, sent, spans) == page
        assert not re.search(r"\d", re.sub(r"⟦\d+⟧", "", sent)) and not re.search(r"https?://", sent)


KUN = "新闻 材料 图片 链接 网址 根据 简历 资料 文章 摘要 文本 提取 关键词 网站".split()  # what must not be pointed at


def test_every_chinese_word_that_points_at_something_counts_and_nothing_else() -> None:
    counted = Counter(word for page in pages("zh", 2000) for word in KUN for _ in range(page.count(word)))
    assert len(counted) >= 8
    chinese_only = [re.sub(r"[A-Za-z]", "", page) for page in pages("zh", 2000)]
    assert sum(map(kun.elsewhere, chinese_only)) == sum(page.count(word) for page in chinese_only for word in KUN)
    assert all(kun.elsewhere(f"请{word}一下") == 1 for word in KUN)


def test_real_chinese_answers_stay_and_those_that_excuse_themselves_or_stutter_leave() -> None:
    plain = [text for text in descriptions("zh") if "根据" not in text and "作为" not in text and "2023" not in text]
    assert len(plain) > 200
    assert not any(kun.excuses(text) or kun.stutters(text) or back_and_forth.making(text) for text in plain if text)
    assert all(kun.excuses(f"抱歉，{text}") == 1 and kun.stutters(text * 7) == 1 for text in plain[:20])
    assert [kun.tidied(f"{text}\n{text}") for text in plain] == [text.strip() for text in plain]


@EVERY
def test_a_text_supports_itself_and_not_another_language(code: str) -> None:
    other = " ".join(descriptions("zh" if code != "zh" else "en")[:5])
    assert all(supported(text, text) == 1.0 for text in descriptions(code) if words(text) > 1)
    assert sum(supported(text, other) for text in descriptions(code)) / len(descriptions(code)) < 0.3


@EVERY
def test_a_sentence_of_a_page_is_grounded_in_it_and_designs_no_task(code: str) -> None:
    """TeGit's filters."""
    found = [(text, page) for text, page in zip(descriptions(code), pages(code), strict=False) if text in page]
    assert len(found) >= 10 and not any(tegit.designing(text) for text, _ in found)
    assert all(grounded(text, page) == 1.0 for text, page in found)
    others = [grounded(text, page) for (text, _), (_, page) in pairwise(found)]
    assert sum(others) / len(others) < 0.8


@EVERY
def test_a_judge_may_ask_for_what_a_page_has_and_for_nothing_else(code: str) -> None:
    """AIR's acceptance: constraints that were measured on the page, in its language, the other answer being another."""
    reasons = Counter[str]()
    for at, (page, other) in enumerate(pairwise(pages(code, 60))):
        row = air.exemplify(air.begin({"id": str(at), "instruction": descriptions(code)[at]})[0])[0]
        for text in constraints.measure(page, Random(at)):
            judged = {"kind": "inclusion", "addition": text, "reference": page, "answer": other}
            reasons[air.refusal(row | judged)] += 1
            reasons[air.refusal(row | judged | {"reference": other, "answer": page})] += 1
    assert not reasons["no open kind"] and reasons["no constraint"] <= 0.05 * reasons.total()
    assert reasons[""] >= 100 and reasons["false of the reference"] + reasons["met already"] >= 100


@EVERY
def test_no_real_sentence_speaks_of_the_two_answers(code: str) -> None:
    assert not [text for text in descriptions(code) if air.TALK.search(text)]
