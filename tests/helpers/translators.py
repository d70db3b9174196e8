"""Tiny translators with an encoder and a decoder: a Marian model that has learned to translate a few sentences, and an
M2M-100 model of several languages with random weights."""

import json
from pathlib import Path
from typing import Any

SENTENCES = {  # what the Marian model has learned
    "write a poem": "escribe un poema",
    "the sea is big": "el mar es grande",
    "add ⟦1⟧ to the list": "añade ⟦1⟧ a la lista",
}
SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
SIZES: dict[str, Any] = {
    "d_model": 48, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 64, "dropout": 0.0,
}  # fmt: skip


def write_pieces(folder: Path, texts: list[str]) -> Path:
    """A model of SentencePiece for these texts, character by character."""
    import sentencepiece

    (folder / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "texts.txt"), model_prefix=str(folder / "pieces"), model_type="char", vocab_size=60,
        hard_vocab_limit=False, minloglevel=2, character_coverage=1.0,
    )  # fmt: skip
    return folder / "pieces.model"


def vocabulary(pieces: Path) -> dict[str, int]:
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(pieces))
    names = [model.id_to_piece(n) for n in range(model.get_piece_size())]
    return SPECIAL | {name: n for n, name in enumerate((n for n in names if n not in SPECIAL), len(SPECIAL))}


def write_marian(folder: Path, steps: int = 150) -> Path:
    """A Marian model that has learned SENTENCES."""
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    pieces = write_pieces(folder, [*SENTENCES, *SENTENCES.values()])
    words = vocabulary(pieces)
    (folder / "vocab.json").write_text(json.dumps(words))
    tokenizer = MarianTokenizer(
        str(pieces), str(pieces), str(folder / "vocab.json"), source_lang="en", target_lang="es"
    )
    torch.manual_seed(0)
    ids = {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1, "forced_eos_token_id": 2}
    model = MarianMTModel(MarianConfig(vocab_size=len(words), **SIZES, **ids, num_beams=2))
    inputs = tokenizer(list(SENTENCES), text_target=list(SENTENCES.values()), return_tensors="pt", padding=True)
    inputs["labels"][inputs["labels"] == 1] = -100
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        model(**inputs).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_m2m(folder: Path) -> Path:
    """An M2M-100 model of random weights, which writes its target's languages differently."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    pieces = write_pieces(folder, [*SENTENCES, *SENTENCES.values()])
    (folder / "vocab.json").write_text(json.dumps(vocabulary(pieces)))
    tokenizer = M2M100Tokenizer(str(folder / "vocab.json"), str(pieces))
    torch.manual_seed(0)
    ids = {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    M2M100ForConditionalGeneration(M2M100Config(vocab_size=400, **SIZES, **ids)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
