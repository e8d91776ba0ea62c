"""Writes a llama with random weights as a GGUF file: python make_model.py tiny.gguf

It speaks gibberish, and llama.cpp does not mind: tokenizer, sampler, server and stream are all real. Half of its
vocabulary are the 256 bytes, so its answers are full of invalid and of split UTF-8.
"""

import sys

import gguf
import numpy as np

VOCABULARY, WIDTH, HEADS, LAYERS, HIDDEN = 512, 64, 4, 2, 128

generator = np.random.default_rng(20_261_122)


def weights(*shape: int) -> np.ndarray:
    return (generator.standard_normal(shape) * 0.08).astype(np.float32)


def vocabulary() -> tuple[list[bytes], list[float], list[gguf.TokenType]]:
    special = [(b"<unk>", gguf.TokenType.UNKNOWN), (b"<s>", gguf.TokenType.CONTROL), (b"</s>", gguf.TokenType.CONTROL)]
    byte_tokens = [(f"<0x{byte:02X}>".encode(), gguf.TokenType.BYTE) for byte in range(256)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [(f"\u2581{one}{two}".encode(), gguf.TokenType.NORMAL) for one in letters for two in letters]
    tokens = (special + byte_tokens + words)[:VOCABULARY]
    return [text for text, _ in tokens], [-float(index) for index in range(VOCABULARY)], [kind for _, kind in tokens]


def main(path: str) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(VOCABULARY)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)

    texts, scores, kinds = vocabulary()
    writer.add_tokenizer_model("llama")
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    writer.add_tensor("token_embd.weight", weights(VOCABULARY, WIDTH))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", weights(VOCABULARY, WIDTH))
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}{norm}.weight", np.ones(WIDTH, np.float32))
        for matrix in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{block}{matrix}.weight", weights(WIDTH, WIDTH))
        writer.add_tensor(f"{block}ffn_gate.weight", weights(HIDDEN, WIDTH))
        writer.add_tensor(f"{block}ffn_up.weight", weights(HIDDEN, WIDTH))
        writer.add_tensor(f"{block}ffn_down.weight", weights(WIDTH, HIDDEN))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1])
