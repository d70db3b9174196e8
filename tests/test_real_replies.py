"""Replies as current instruct models write them, for every prompt: each is read rightly or refused, never misread."""

from pathlib import Path

import pytest

from baleen import prompts
from baleen.engines.protocol import Reply
from baleen.measures.ratings import written_choice
from baleen.memo.replies import outcome

Wanted = object  # the value of the column or columns, None for a reply that is refused
THOUGHT = "<think>\nThe user wants one. Maybe: a list?\n</think>\n\n"

REQUESTS = [  # a request alone
    ("How cold is ice?", "How cold is ice?"),
    (f"{THOUGHT}How cold is ice?", "How cold is ice?"),
    ('"How cold is ice?"', "How cold is ice?"),
    ("“How cold is ice?”", "How cold is ice?"),
    ("**How cold is ice?**", "How cold is ice?"),
    ("**Instruction:** How cold is ice?", "How cold is ice?"),
    ('**Instruction:** "How cold is ice?"', "How cold is ice?"),
    ("Question: How cold is ice?", "How cold is ice?"),
    ("### Instruction\nHow cold is ice?", "How cold is ice?"),
    ("Sure! Here is the instruction:\n\nHow cold is ice?", "How cold is ice?"),
    ("Here's a likely question:\n\n> How cold is ice?", "> How cold is ice?"),
    ('The most likely question is: "How cold is ice?"', "How cold is ice?"),
    ('Based on the text, the instruction was likely: "How cold is ice?"', "How cold is ice?"),
    ("The question is: How cold is ice?", "How cold is ice?"),
    ("How cold is ice?\n\nLet me know if you would like another one!", "How cold is ice?"),
    ("```\nHow cold is ice?\n```", "How cold is ice?"),
    ("1. How cold is ice?", "How cold is ice?"),
    ("问题：冰有多冷？", "冰有多冷？"),
    ("好的，以下是指令：\n\n冰有多冷？", "冰有多冷？"),
    ("「氷はどのくらい冷たいですか？」", "氷はどのくらい冷たいですか？"),
    ("¿Qué tan frío es el hielo?", "¿Qué tan frío es el hielo?"),
    ("Write two lines:\n1. on ice\n2. on snow", "Write two lines:\n1. on ice\n2. on snow"),
    ('Explain the word "cold" and the word "ice"', 'Explain the word "cold" and the word "ice"'),
    ("Here is a list: 3, 1, 2. Sort it.", "Here is a list: 3, 1, 2. Sort it."),
    ("1. How cold is ice?\n2. Why is ice cold?", None),
    ('"How cold is ice?" or "Why is ice cold?"', None),
    ("Sure! How cold is ice?", None),
    ("How cold is ice?\n\n**Explanation:** The text is about ice.", None),
    ("Question: How cold is ice?\nAnswer: Very.", None),
    ("I'm sorry, but I can't help with that.", None),
    ("<think>\nIt is about ice", None),
    ("", None),
]
TRANSLATIONS = [
    ("Das Eis ist kalt.", "Das Eis ist kalt."),
    (f"{THOUGHT}Das Eis ist kalt.", "Das Eis ist kalt."),
    ('"Das Eis ist kalt."', "Das Eis ist kalt."),
    ("„Das Eis ist kalt.“", "Das Eis ist kalt."),
    ("**Translation:** Das Eis ist kalt.", "Das Eis ist kalt."),
    ("Here is the translation:\n\nDas Eis ist kalt.", "Das Eis ist kalt."),
    ('Sure! The translation is: "Das Eis ist kalt."', "Das Eis ist kalt."),
    ("The translated text is:\n\nDas Eis ist kalt.", "Das Eis ist kalt."),
    ("译文：冰是冷的。", "冰是冷的。"),
    ("Das Eis ist kalt.\n\nLet me know if you need anything else!", "Das Eis ist kalt."),
    ("Frage: Ist das Eis kalt?", "Frage: Ist das Eis kalt?"),
    ("- das Eis\n- der Schnee", "- das Eis\n- der Schnee"),
    ("Das Eis [[0]] ist kalt.", "Das Eis [[0]] ist kalt."),
    ("Das Eis ist kalt.\n\nNote: 'Eis' may also mean ice cream.", None),
    ("I cannot translate this text.", None),
    ("Sure, das Eis ist kalt.", None),
    ("", None),
]
REFERENCES = [
    ("Ice is cold.\n\n- at 0 °C\n- and below", "Ice is cold.\n\n- at 0 °C\n- and below"),
    (f"{THOUGHT}Ice is cold.", "Ice is cold."),
    ("Here is the rewritten answer:\n\nIce is cold.", "Ice is cold."),
    ("Certainly! Here's the answer:\n\nIce is cold.", "Ice is cold."),
    ("**Answer:**\n\nIce is cold.", "Ice is cold."),
    ("Ice is cold.\n\nI hope this helps!", "Ice is cold."),
    ("1. Take ice.\n2. Wait.", "1. Take ice.\n2. Wait."),
    ("Ice is cold.\nNote: snow is, too.", "Ice is cold.\nNote: snow is, too."),
    ("冰是冷的。", "冰是冷的。"),
    ("```\nprint(0)\n```", "print(0)"),
    ("<think>\nonly this\n</think>", None),
    ("I'm sorry, but the document is missing.", None),
]
ANSWERS = [  # whatever the model answers is the answer, but for its reasoning
    ("Very cold.", "Very cold."),
    (f"{THOUGHT}Very cold.", "Very cold."),
    ("hm, cold?\n</think>\n\nVery cold.", "Very cold."),
    ("<reasoning>hm</reasoning>\nVery cold.", "Very cold."),
    ("<think>hm</think>\n<answer>Very cold.</answer>", "Very cold."),
    ("Sure! Very cold:\n\n- at 0 °C\n- and below", "Sure! Very cold:\n\n- at 0 °C\n- and below"),
    ("**Answer:** 0 °C", "**Answer:** 0 °C"),
    ('"0 °C"', '"0 °C"'),
    ("1. Very cold.\n2. Colder.", "1. Very cold.\n2. Colder."),
    ("非常冷。", "非常冷。"),
    ("Very cold.\n\nLet me know if you have questions!", "Very cold.\n\nLet me know if you have questions!"),
    ("Write `</think>` to end it.", "Write `</think>` to end it."),
    ("<think>\nhm\n</think>\n", None),
    (" \n", None),
]
CONTINUED = [  # a model that goes on with a page; what follows the stop is no part of the answer
    (" Very cold.\n\n{stop} and so on", "Very cold."),
    (" Very cold.", "Very cold."),
    (" Very cold.\n{stop}\n{stop}", "Very cold."),
    ("\nVery\ncold.\n", "Very\ncold."),
    (" 非常冷。{stop}", "非常冷。"),
    (' "Very cold."', '"Very cold."'),
    (" - very\n - cold", "- very\n - cold"),
    (" **Very** cold.", "**Very** cold."),
    ("<think>{stop}</think>Very cold.", "Very cold."),
    ("{stop} next", None),
    ("", None),
]
BOTH = ["at most 50 words", "in French"]
LISTS = [
    ("- at most 50 words\n- in French", BOTH),
    (f"{THOUGHT}- at most 50 words\n- in French", BOTH),
    ("<think>\n- be silly\n- or not\n</think>\n- at most 50 words\n- in French", BOTH),
    ("Here are the constraints:\n\n- at most 50 words\n- in French", BOTH),
    ("- at most 50 words\n- in French\n\nLet me know if you need more!", BOTH),
    ("* at most 50 words\n* in French", BOTH),
    ("• at most 50 words\n• in French", BOTH),
    ("1. at most 50 words\n2. in French", BOTH),
    ("Sure:\n1) at most 50 words\n2) in French", BOTH),
    ("1、不超过50字\n2、用法语", ["不超过50字", "用法语"]),
    ("  - at most 50 words\n  - in French", BOTH),
    ("- use 3. and 4. person", ["use 3. and 4. person"]),
    ("at most 50 words, in French", None),
    ("1. at most 50 words\n3. in French", None),
    ('["at most 50 words", "in French"]', None),
    ("None.", None),
    ("", None),
]
KIND = {"kind": "Tone", "addition": "Write it kindly."}
NOTHING = {"kind": "", "addition": ""}
CRITIQUES = [
    ("Kind: Tone\nAddition: Write it kindly.", KIND),
    (f"{THOUGHT}Kind: Tone\nAddition: Write it kindly.", KIND),
    ("**Kind:** Tone\n**Addition:** Write it kindly.", KIND),
    ("**Kind**: Tone\n**Addition**: Write it kindly.", KIND),
    ("kind: **Tone**\naddition: Write it kindly.", KIND),
    ("- Kind: Tone\n- Addition: Write it kindly.", KIND),
    ("1. Kind: Tone\n2. Addition: Write it kindly.", KIND),
    ("Answer 2 is rude.\n\nKind: Tone\n\nAddition: Write it kindly.", KIND),
    ("Kind: Tone\nAddition: Write it kindly.\n\nThis makes it better.", KIND),
    ("Kind：Tone\nAddition：写得友好一些。", {"kind": "Tone", "addition": "写得友好一些。"}),
    ("None", NOTHING),
    ("None.", NOTHING),
    ("**None**", NOTHING),
    ("None. Answer 2 lacks nothing.", NOTHING),
    ("Kind: None\nAddition: None", NOTHING),
    ("None\nKind: Tone\nAddition: Write it kindly.", None),
    ("Kind: Tone\nAddition: Write it kindly.\nKind: Length\nAddition: Be brief.", None),
    ("Kind: Tone\nAddition: Write it kindly.\nand well.", None),
    ("Addition: Write it kindly.", None),
    ("None of the kinds fits.", None),
    ("", None),
]
REWRITES = [
    ("<response>Very cold.</response>", "Very cold."),
    ("<response>\nVery cold.\n</response>", "Very cold."),
    (f"{THOUGHT}<response>\nVery cold.\n</response>", "Very cold."),
    ("Here is it:\n\n<response>Very cold.</response>", "Very cold."),
    ("<response>Very cold.</response>\n\nLet me know!", "Very cold."),
    ("```\n<response>Very cold.</response>\n```", "Very cold."),
    ("<response>1. **Very** cold.\n2. Colder.</response>", "1. **Very** cold.\n2. Colder."),
    ("<response>非常冷。</response>", "非常冷。"),
    ("<response>Very cold.", None),
    ("Very cold.", None),
    ("<response>Very cold.</response> or <response>Cold.</response>", None),
    ("<answer>Very cold.</answer>", None),
    ("<response></response>", None),
]
TASK = {"instruction": "Say why.", "input": "ice", "response": "It is cold."}
SHOWN = "#instruction#: Say why.\n#input#: ice\n#response#: It is cold."
TASKS = [
    (SHOWN, TASK),
    (THOUGHT + SHOWN, TASK),
    (f"Sure! Here is a task:\n\n{SHOWN}", TASK),
    ("**#instruction#:** Say why.\n**#input#:** ice\n**#response#:** It is cold.", TASK),
    ("**#instruction#**: Say why.\n\n**#input#**: ice\n\n**#response#**: It is cold.", TASK),
    ("#instruction#:\nSay why.\n\n#input#:\nice\n\n#response#:\nIt is cold.", TASK),
    ("#instruction#: Say why.\n#input#:\n#response#: It is cold.", TASK | {"input": ""}),
    ("#instruction#: 说明原因。\n#input#: ice\n#response#: It is cold.", TASK | {"instruction": "说明原因。"}),
    (f"{SHOWN}\n\nLet me know if you need another task!", None),
    ("#instruction#: Say why.\n#response#: It is cold.", None),
    ("Instruction: Say why.\nInput: ice\nResponse: It is cold.", None),
    (f"{SHOWN}\n\n{SHOWN}", None),
    ('{"instruction": "Say why.", "input": "ice", "response": "It is cold."}', None),
    ("", None),
]
UTTERANCES = [
    ("play [1 jazz ] on [2 monday ]", "play [1 jazz ] on [2 monday ]"),
    (f"{THOUGHT}play [1 jazz ]", "play [1 jazz ]"),
    ('"play [1 jazz ]"', "play [1 jazz ]"),
    ("Utterance: play [1 jazz ]", "play [1 jazz ]"),
    ("**Utterance:** play [1 jazz ]", "play [1 jazz ]"),
    ("1. play [1 jazz ]", "play [1 jazz ]"),
    ("- play [1 jazz ]", "play [1 jazz ]"),
    ("Here is a new utterance:\n\nplay [1 jazz ]", "play [1 jazz ]"),
    ("播放[1 爵士乐 ]", "播放[1 爵士乐 ]"),
    ("play [1 jazz ]\nplay [1 rock ]", None),
    ("play [jazz]", None),
    ("Sure! play [1 jazz ]", None),
    ("play [1 jazz", None),
    ("", None),
]
PARSED = "PlayMusic\nplay [genre jazz ]"
PARSES = [
    (PARSED, PARSED),
    (THOUGHT + PARSED, PARSED),
    ("Intent: PlayMusic\nUtterance: play [genre jazz ]", PARSED),
    ("**Intent:** PlayMusic\n**Utterance:** play [genre jazz ]", PARSED),
    ("PlayMusic\n\nplay [genre jazz ]", None),
    ("**PlayMusic**\nplay [genre jazz ]", PARSED),
    ('PlayMusic\n"play [genre jazz ]"', PARSED),
    ("播放音乐\n播放[genre 爵士乐 ]", "播放音乐\n播放[genre 爵士乐 ]"),
    (f"Here it is:\n\n{PARSED}", None),
    (f"{PARSED}\n\nHope this helps!", None),
    ("PlayMusic", None),
    ("PlayMusic: play [genre jazz ]", None),
    ("", None),
]
ASKED_FOR = {
    "air/ask": REQUESTS, "air/merge": REQUESTS, "ask": REQUESTS, "tegit/backward": REQUESTS,
    **{f"evol-instruct/{name}": REQUESTS for name in ("broaden", "concretise", "constrain", "deepen", "reasoning")},
    "linguist/back": TRANSLATIONS, "linguist/translate": TRANSLATIONS, "round-trip/from": TRANSLATIONS,
    "round-trip/to": TRANSLATIONS, "air/polish": REFERENCES,
    "crab/bare": ANSWERS, "kun/polish": ANSWERS, "reply": ANSWERS, "round-trip/abroad": ANSWERS,
    "round-trip/again": ANSWERS, "round-trip/text-from": ANSWERS, "round-trip/text-to": ANSWERS,
    "self-lengthen/extend": ANSWERS, "tegit/reply": ANSWERS,
    "cycle/answer": CONTINUED, "cycle/paragraph": CONTINUED, "cycle/question": CONTINUED,
    "crab/constrain": LISTS, "air/describe": LISTS, "air/critique": CRITIQUES, "back-and-forth/rewrite": REWRITES,
    "tegit/design": TASKS, "tegit/wrap": TASKS, "linguist/utter": UTTERANCES, "linguist/parse": PARSES,
}  # fmt: skip
CASES = [(name, *case) for name, cases in ASKED_FOR.items() for case in cases]


@pytest.mark.parametrize(("name", "reply", "wanted"), CASES)
def test_a_reply_is_read_rightly_or_refused(name: str, reply: str, wanted: Wanted) -> None:
    prompt = prompts.load(name)
    columns, reason = outcome("", Reply(reply.format(stop=prompt.stop) if prompt.stop else reply), prompt)
    if wanted is None:
        assert (columns, bool(reason)) == (None, True)
    else:
        assert columns == (wanted if isinstance(wanted, dict) else {prompt.writes[0]: wanted})


RATED = [  # {n} is the best of the prompt's numbers, {cue} its cue
    ("Good.\n{cue} {n}", True),
    ("**{cue}** {n}", True),
    ("**{cue} {n}**", True),
    ("### {cue} {n}/{n}", True),
    ("Final score: {n} out of {n}", True),
    ("评分：{n}分", True),
    ("{cue} {n}\n\nHope this helps!", True),
    ('{{"reason": "ok", "score": {n}}}', True),
    ("{cue} \\boxed{{{n}}}", True),
    ("It is good. {cue} {n}.", True),
    ("{cue} {n} or 1", False),
    ("{cue} 1\n{cue} {n}", False),
    ("{cue} 10502", False),
    ("{cue} {n}/10", False),
    ("{cue}", False),
    ("", False),
]
WORDS = [  # {last} is the second choice, {first} the first
    ("{cue} {last}", True),
    ("Good.\n{cue} {last}", True),
    ("**{cue}** {last}", True),
    ("**{cue} {last}**", True),
    ("**{last}**", True),
    ("{last}.", True),
    ("It is fine. {cue} {last}.", True),
    ("The answer is {last}.", True),
    ("{cue} {last}\n\nHope this helps!", True),
    ("{cue} “{last}”", True),
    ("{cue} {last} or {first}", False),
    ("{cue} {first}\n{cue} {last}", False),
    ("{cue} {last}\nAlthough {first} may do.", False),
    ("{cue} {last} or {first}\n{last}", False),
    ("{cue} maybe", False),
    ("Neither {first} nor {last}.", False),
    ("", False),
]
JUDGES = ["air/grade", "air/rate", "crab/verify", "evol-instruct/equal", "judge", "kun/pair", "kun/point"]


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_is_read_when_it_plainly_says_one_choice(name: str) -> None:
    prompt = prompts.load(name)
    words = {"cue": prompt.cue, "first": prompt.choices[0].strip(), "last": prompt.choices[-1].strip()}
    numbers = words["last"].isdigit()
    for reply, clear in RATED if numbers else WORDS:
        written = reply.format(n=words["last"], **words)
        wanted = (float(words["last"]) if numbers else 1.0) if clear else None
        assert written_choice(written, prompt.cue, prompt.choices) == wanted, written


def test_every_prompt_that_is_asked_has_ten_replies() -> None:
    names = {str(path.relative_to("prompts").with_suffix("")) for path in Path("prompts").rglob("*.md")}
    queried = {name for name in names if prompts.load(name).body or prompts.load(name).stop}
    assert queried == {*ASKED_FOR, *JUDGES}
    assert min(len(cases) for cases in [*ASKED_FOR.values(), RATED, WORDS]) >= 10
