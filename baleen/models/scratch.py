"""A new model: a small Llama with random weights, and a tokenizer trained on the texts of its first training."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any

from baleen.errors import Problem, unknown
from baleen.models.libraries import import_transformers
from baleen.project.settings import ENDLESS, setting, within

OFTEN = 100_000  # times that each of `words` is said to a tokenizer that learns by counting, more than texts say any
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (  # one token before each message, the end token after the assistant's, nothing else
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@dataclass
class Fresh:
    """Sizes of a new model and the kind of its tokenizer."""

    hidden_size: int = setting(128, "width")
    intermediate_size: int = setting(336, "width of the feed-forward layers")
    num_hidden_layers: int = setting(3, "layers")
    num_attention_heads: int = setting(4, "attention heads")
    num_key_value_heads: int = setting(4, "heads of keys and values")
    max_position_embeddings: int = setting(512, "longest sequence in tokens")
    tokenizer: str = setting("words", "words (one token a word, split at spaces) or bpe (byte-level)")
    vocab_size: int = setting(32000, "tokens at most, phrases not counted")
    phrases: list[str] = setting([], "sentences that are one token each; white space around them is lost")
    words: list[str] = setting([], "words that are one token each, beside those of the texts")


SIZES = {one.name: (1, ENDLESS) for one in fields(Fresh) if one.type is int}  # smallest and largest value


def checked(sizes: Fresh, where: str) -> Fresh:
    """The sizes; a Problem, which says where they stand, for a model that cannot be made with them."""
    heads, groups = sizes.num_attention_heads, sizes.num_key_value_heads
    within(sizes, where, SIZES)
    if sizes.tokenizer not in KINDS:
        raise Problem(f"{where}: {unknown('tokenizer', sizes.tokenizer, list(KINDS))}")
    if sizes.hidden_size % (2 * heads):
        why = f"must be a multiple of {2 * heads}, twice the {heads} heads"
        raise Problem(f"{where}: hidden_size {sizes.hidden_size} {why}")
    if heads % groups:
        raise Problem(f"{where}: num_attention_heads {heads} must be a multiple of num_key_value_heads {groups}")
    least = len(SPECIAL) + (256 if sizes.tokenizer == "bpe" else 1 + len(sizes.words))
    if sizes.vocab_size <= least:
        raise Problem(f"{where}: vocab_size {sizes.vocab_size} must be above {least}, the tokens that are always there")
    return sizes


def word_tokenizer(texts: Iterable[str], sizes: Fresh) -> Any:
    """One token per word, split at single spaces; a newline is a word. Decoding puts one space between any two."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    counts = Counter(word for text in texts for word in text.replace("\n", " \n ").split(" ") if word)
    fixed = dict.fromkeys([*SPECIAL, "\n", *sizes.words])
    frequent = [word for word, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if word not in fixed]
    vocabulary = [*fixed, *frequent][: sizes.vocab_size]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(vocabulary)}, unk_token="<unk>"))
    lines = pre_tokenizers.Split("\n", "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([lines, pre_tokenizers.Split(" ", "removed")])
    return tokenizer


def bpe_tokenizer(texts: Iterable[str], sizes: Fresh) -> Any:
    """A byte-level BPE tokenizer over all 256 bytes: no text is unknown, and decoding returns every byte."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=sizes.vocab_size, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(chain(texts, (f"{word}\n" * OFTEN for word in sizes.words)), trainer)
    return tokenizer


def new_tokenizer(texts: Iterable[str], sizes: Fresh) -> Any:
    """A tokenizer with a chat template, ready to be saved with a model."""
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    core = KINDS[sizes.tokenizer](texts, sizes)
    core.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    core.add_tokens([AddedToken(phrase, lstrip=True, rstrip=True, normalized=False) for phrase in sizes.phrases])
    pad, bos, eos, unk = SPECIAL[:4]
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=pad,
        bos_token=bos,
        eos_token=eos,
        unk_token=unk,
        model_max_length=sizes.max_position_embeddings,
        clean_up_tokenization_spaces=False,
        chat_template=TEMPLATE,
    )


def llama_config(vocabulary: int, sizes: Fresh) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=sizes.hidden_size,
        intermediate_size=sizes.intermediate_size,
        num_hidden_layers=sizes.num_hidden_layers,
        num_attention_heads=sizes.num_attention_heads,
        num_key_value_heads=sizes.num_key_value_heads,
        max_position_embeddings=sizes.max_position_embeddings,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )


def make(folder: Path, sizes: Fresh, texts: Iterable[str], seed: int) -> None:
    """Write a new model into a folder: the same texts, sizes and seed give the same bytes."""
    import_transformers()
    import torch
    from transformers import LlamaForCausalLM

    tokenizer = new_tokenizer(texts, sizes)
    torch.manual_seed(seed)
    LlamaForCausalLM(llama_config(len(tokenizer), sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def grow(base: Path, folder: Path, texts: Iterable[str], lines: list[str], seed: int) -> None:
    """Write the base with an extended vocabulary: when its tokens are words, one token more for each of `lines` and for
    each word of `texts` that it lacks.

    Ids and weights of the old tokens stay; the new embeddings are random with the standard deviation of the old ones.
    """
    import torch
    from tokenizers import AddedToken
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(base), AutoModelForCausalLM.from_pretrained(base)
    if tokenizer_kind(tokenizer) == "words":
        tokenizer.add_tokens(
            [AddedToken(line, lstrip=True, rstrip=True, normalized=False) for line in dict.fromkeys(lines)]
        )
        pieces = (piece for text in texts for piece in split_at_lines(text, lines))
        lacking = {
            word for piece in pieces for word in piece.replace("\n", " \n ").split(" ")
        } - tokenizer.get_vocab().keys()
        tokenizer._tokenizer = add_words(tokenizer.backend_tokenizer, sorted(lacking - {""}))
    torch.manual_seed(seed)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def tokenizer_kind(tokenizer: Any) -> str:
    """The kind of a tokenizer: a name in KINDS."""
    return "words" if type(tokenizer.backend_tokenizer.model).__name__ == "WordLevel" else "bpe"


def add_words(tokenizer: Any, lacking: list[str]) -> Any:
    """A copy of a word tokenizer with more words, whose ids come after all others."""
    state, vocabulary = json.loads(tokenizer.to_str()), tokenizer.get_vocab()
    # with the added tokens: loading the file would otherwise give those that are no words new ids
    state["model"]["vocab"] = vocabulary | {word: len(vocabulary) + i for i, word in enumerate(lacking)}
    return type(tokenizer).from_str(json.dumps(state))


def split_at_lines(text: str, lines: list[str]) -> list[str]:
    """The pieces of a text between the given lines."""
    return re.split("|".join(map(re.escape, lines)), text) if lines else [text]


def count_parameters(sizes: Fresh, vocabulary: int) -> int:
    """Number of weights of the model; the tied embeddings count once."""
    width, head = sizes.hidden_size, sizes.hidden_size // sizes.num_attention_heads
    attention = 2 * width * width + 2 * width * head * sizes.num_key_value_heads
    layer = attention + 3 * width * sizes.intermediate_size + 2 * width
    return vocabulary * width + sizes.num_hidden_layers * layer + width


KINDS: dict[str, Callable[[Iterable[str], Fresh], Any]] = {"words": word_tokenizer, "bpe": bpe_tokenizer}
