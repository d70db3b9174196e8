"""A tiny Llama with random weights in the forms in which people have models: a folder, and a GGUF file of the same."""

from pathlib import Path
from typing import Any

from tiny import PROSE, SIZES

from baleen.models import scratch
from baleen.models.scratch import Fresh
from baleen.project.settings import typed

BLOCK = {  # names of the weights of a layer: ours, and in a GGUF file
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def write_folder(folder: Path, seed: int = 0) -> Path:
    """A model with a byte-level tokenizer, which a GGUF file can hold too."""
    sizes = {"tokenizer": "bpe", "vocab_size": 400, "words": [], "max_position_embeddings": 1024}
    scratch.make(folder, typed(Fresh, "tiny", SIZES | sizes), PROSE, seed)
    return folder


def write_gguf(folder: Path, file: Path) -> Path:
    """The model of a folder as a GGUF file with 32-bit weights."""
    import gguf
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    writer = gguf.GGUFWriter(file, "llama")
    add_sizes(writer, model.config)
    add_tokenizer(writer, tokenizer)
    for name, tensor in gguf_tensors(model):
        writer.add_tensor(name, tensor.detach().float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def add_sizes(writer: Any, config: Any) -> None:
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)


def add_tokenizer(writer: Any, tokenizer: Any) -> None:
    import json

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    special = {token["content"] for token in state["added_tokens"]}
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([3 if word in special else 1 for word in words])
    writer.add_token_merges([" ".join(pair) for pair in state["model"]["merges"]])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_unk_token_id(tokenizer.unk_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_chat_template(tokenizer.chat_template)


def gguf_tensors(model: Any) -> list[tuple[str, Any]]:
    """The weights by their names in a GGUF file, where rows of queries and keys stand in another order."""
    weights, config = model.state_dict(), model.config
    pairs = [
        ("token_embd.weight", weights["model.embed_tokens.weight"]),
        ("output_norm.weight", weights["model.norm.weight"]),
    ]
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for layer in range(config.num_hidden_layers):
        for ours, theirs in BLOCK.items():
            tensor = weights[f"model.layers.{layer}.{ours}.weight"]
            pairs.append(
                (f"blk.{layer}.{theirs}.weight", interleaved(tensor, heads[theirs]) if theirs in heads else tensor)
            )
    return pairs


def interleaved(tensor: Any, heads: int) -> Any:
    """Rows of each head with its two halves taken in turn, as llama.cpp rotates them."""
    rows, columns = tensor.shape
    return tensor.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns).contiguous()
