"""Fresh models: the words tokenizer keeps lines and counts a phrase once; a new model is the same every time."""

from pathlib import Path

import pytest

from baleen import prompts
from baleen.engines import chat
from baleen.models import identity, load, pins, scratch
from baleen.models.scratch import Fresh
from baleen.project import settings, shipped

TEXTS = ["the cat sat .\n- on a mat", "a dog ran . \n where ?"]
PHRASE = "Reply with the instruction alone."


@pytest.mark.parametrize(
    "text",
    ["the cat sat .", "a dog \n ran", "\n a", "a \n \n dog", "- on \n - a", ". \n"],
)
def test_words_decode_to_the_text_with_single_spaces(text: str) -> None:
    words = scratch.word_tokenizer(TEXTS, Fresh())
    assert words.decode(words.encode(text).ids) == text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a\ndog", ["a", "\n", "dog"]),
        ("a  dog ", ["a", "dog"]),
        ("a zebra", ["a", "<unk>"]),
        ("a horse", ["a", "horse"]),
        ("a\n\ndog", ["a", "\n", "\n", "dog"]),
    ],
)
def test_words_are_split_at_spaces_and_a_newline_is_a_word(text: str, tokens: list[str]) -> None:
    assert scratch.word_tokenizer(TEXTS, Fresh(words=["horse"])).encode(text).tokens == tokens


def test_a_small_vocabulary_keeps_the_words_used_most() -> None:
    words = scratch.word_tokenizer(["b a", "a", "c"], Fresh(vocab_size=len(scratch.SPECIAL) + 2))
    assert words.encode("a b c").tokens == ["a", "<unk>", "<unk>"]


@pytest.mark.parametrize("text", ["the cat", "  two  spaces\n", "Grüße, 中文 \t\x00", "🦙"])
def test_byte_pairs_give_back_every_byte(text: str) -> None:
    pairs = scratch.bpe_tokenizer(TEXTS, Fresh(vocab_size=300))
    assert pairs.decode(pairs.encode(text).ids) == text


@pytest.mark.slow
def test_the_choices_of_every_prompt_are_one_token_each_for_a_model_that_read_chinese() -> None:
    sizes = settings.load_yaml(shipped.profile("text"))["origin"]
    pairs = scratch.bpe_tokenizer(["请判断一条指令的质量。"], Fresh(**sizes))
    files = [path for path in (shipped.folder() / "prompts").rglob("*.md") if path.name != "README.md"]
    texts = [prompts.read_prompt(path, path.stem) for path in files]
    offered = {choice for prompt in texts for choice in prompt.choices}
    assert offered and {choice: len(pairs.encode(choice).ids) for choice in offered} == dict.fromkeys(offered, 1)


@pytest.fixture(scope="module")
def tokenizer() -> object:
    return scratch.new_tokenizer(TEXTS, Fresh(phrases=[PHRASE]))


@pytest.mark.slow
def test_the_chat_template_costs_one_token_a_message(tokenizer: load.Any) -> None:
    messages = [("system", PHRASE), ("user", f"{PHRASE}\n\na dog\n\n{PHRASE}")]
    asked, answer = chat.prompt_and_answer(tokenizer, messages, "", "the cat")
    tokens = tokenizer.convert_ids_to_tokens(tokenizer(asked, add_special_tokens=False)["input_ids"])
    shown = ["<s>", "<|system|>", "PHRASE", "<|user|>", "PHRASE", "a", "dog", "PHRASE", "<|assistant|>"]
    assert ["PHRASE" if PHRASE in token else token for token in tokens] == shown
    assert answer == "the cat</s>"


@pytest.mark.slow
def test_a_prefill_belongs_to_the_question(tokenizer: load.Any) -> None:
    asked, answer = chat.prompt_and_answer(tokenizer, [("user", "a")], "the ", "cat")
    assert (asked, answer) == ("<s><|user|>a<|assistant|>the ", "cat</s>")


@pytest.mark.slow
def test_chatml_ends_every_turn_with_the_tokenizers_own_end() -> None:
    pairs = scratch.new_tokenizer(TEXTS, Fresh(tokenizer="bpe", vocab_size=300))
    pairs.chat_template = pins.TEMPLATES["chatml"]
    asked, answer = chat.prompt_and_answer(pairs, [("user", "a")], "", " the cat\n")
    assert asked == "<|im_start|>user\na</s>\n<|im_start|>assistant\n"
    assert answer == " the cat\n</s>"


@pytest.mark.slow
def test_special_tokens_are_left_out_of_a_reply(tokenizer: load.Any) -> None:
    ids = tokenizer("<s><|user|>a dog<|assistant|>the cat \n sat</s>", add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "a dog the cat \n sat"


@pytest.mark.slow
def test_a_new_model_has_the_same_bytes_every_time_and_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALEEN_MEMO", str(tmp_path / "memo"))
    sizes = Fresh(
        hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1
    )
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        scratch.make(tmp_path / name, sizes, TEXTS, seed)
    identities = [identity.identity(str(tmp_path / name)) for name in "abc"]
    assert identities[0] == identities[1] != identities[2]
    model, tokenizer = load.load(str(tmp_path / "a"), load.Speed(device="cpu"))
    assert model.config.vocab_size == len(tokenizer)
    assert model.num_parameters() == scratch.count_parameters(sizes, len(tokenizer))
