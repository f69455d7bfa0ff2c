"""Random tiny models as transformers saves them, their logits, and tokenizers with what they make of many texts.

python models.py OUT writes OUT/<model>/ (weights, config.json, ids.json, reference.safetensors: logits [T, vocab]), the same
model as OUT/<model>/model.gguf, quantized, with gguf.safetensors: the logits of the quantized weights, and
OUT/tokenizers/<rule>/ (tokenizer.json, cases.json: [text, ids] pairs).
"""

import json
import math
import random
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from random_weights import randomize

out = Path(sys.argv[1])
torch.manual_seed(0)

SIZES = dict(
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=300,
    max_position_embeddings=512,
)
LLAMA3 = dict(
    rope_type="llama3",
    rope_theta=10000.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=64,
)
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES, tie_word_embeddings=True), torch.float32, None),
    "llama-untied": (
        LlamaForCausalLM,
        LlamaConfig(**SIZES, head_dim=24, tie_word_embeddings=False),
        torch.bfloat16,
        "40KB",
    ),
    "llama3-scaled": (
        LlamaForCausalLM,
        LlamaConfig(**SIZES, rope_parameters=LLAMA3, tie_word_embeddings=True),
        torch.float16,
        None,
    ),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True), torch.bfloat16, None),
    "qwen2-untied": (
        Qwen2ForCausalLM,
        Qwen2Config(
            **SIZES, tie_word_embeddings=False, rope_parameters=dict(rope_type="default", rope_theta=1e6)
        ),
        torch.float32,
        "50KB",
    ),
    "qwen3": (
        Qwen3ForCausalLM,
        Qwen3Config(**SIZES, head_dim=32, tie_word_embeddings=True),
        torch.float32,
        None,
    ),
    "qwen3-untied": (
        Qwen3ForCausalLM,
        Qwen3Config(**SIZES, head_dim=16, tie_word_embeddings=False),
        torch.bfloat16,
        "50KB",
    ),
}


def write_models() -> None:
    ids = torch.randint(0, SIZES["vocab_size"], (1, 90))
    for name, (kind, config, dtype, shard) in MODELS.items():
        model = kind(config)
        randomize(model)
        folder = out / name
        model.to(dtype).save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
        model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        (folder / "ids.json").write_text(json.dumps(ids[0].tolist()))
        save_logits(model, ids, folder / "reference.safetensors")
        write_gguf(folder / "model.gguf", model, gguf.GGMLQuantizationType[TYPES[name]])
        save_logits(model, ids, folder / "gguf.safetensors")


def save_logits(model: torch.nn.Module, ids: torch.Tensor, path: Path) -> None:
    with torch.no_grad():
        save_file({"logits": model(ids).logits[0].contiguous()}, path)


TYPES = {
    "llama": "Q8_0",
    "llama-untied": "F32",
    "llama3-scaled": "Q5_1",
    "qwen2": "Q4_1",
    "qwen2-untied": "BF16",
    "qwen3": "Q5_0",
    "qwen3-untied": "Q4_0",
}
LINEARS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
}
TOP = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}


def permute(rows: np.ndarray, heads: int) -> np.ndarray:
    """LlamaModel.permute of llama.cpp's convert_hf_to_gguf.py."""
    return (
        rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
        .swapaxes(1, 2)
        .reshape(rows.shape)
    )


def rope_factors(rope: dict, head_dim: int) -> np.ndarray:
    """Llama 3's factors, as convert_hf_to_gguf.py writes them into rope_freqs.weight."""
    factors = []
    low, high = (
        rope["original_max_position_embeddings"] / rope[f"{end}_freq_factor"] for end in ("low", "high")
    )
    for i in range(0, head_dim, 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (i / head_dim)
        if wavelength < high:
            factors.append(1)
        elif wavelength > low:
            factors.append(rope["factor"])
        else:
            smooth = (rope["original_max_position_embeddings"] / wavelength - rope["low_freq_factor"]) / (
                rope["high_freq_factor"] - rope["low_freq_factor"]
            )
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def write_gguf(path: Path, model: torch.nn.Module, kind: gguf.GGMLQuantizationType) -> None:
    """Matrices in this format; the model's own become what they are once they are read again."""
    config = model.config
    arch = config.model_type
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer = gguf.GGUFWriter(str(path), arch)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if config.rope_parameters["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_factors(config.rope_parameters, head_dim))
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, weights in model.named_parameters():
        own = TOP.get(name)
        rotary = None
        if own is None:
            _, _, layer, linear, end = name.replace("self_attn.", "self_attn/").replace("mlp.", "mlp/").split(".")
            linear = linear.replace("/", ".")
            own = f"blk.{layer}.{LINEARS[linear]}.{end}"
            rotary = heads.get(linear.split(".")[-1]) if arch == "llama" else None
        rows = weights.detach().numpy()
        if rows.ndim == 2:
            packed = gguf.quants.quantize(rows, kind)
            weights.data.copy_(torch.from_numpy(gguf.quants.dequantize(packed, kind).copy()))
            rows = permute(packed, rotary) if rotary else packed
            writer.add_tensor(own, np.ascontiguousarray(rows), raw_dtype=kind)
        else:
            writer.add_tensor(own, rows)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
byte_level = pre_tokenizers.ByteLevel


def split(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            byte_level(add_prefix_space=False, use_regex=False),
        ]
    )


RULES = {
    "gpt-2": (None, byte_level(add_prefix_space=False), False),
    "prefix-space": (None, byte_level(), False),
    "smollm": (
        None,
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), byte_level(add_prefix_space=False)]
        ),
        False,
    ),
    "llama-3": (None, split(WORDS), True),
    "qwen": (normalizers.NFC(), split(WORDS.replace(r"\p{N}{1,3}", r"\p{N}")), False),
}
PIECES = [
    *"abcXYZ  \t\n\r'’.,!?<>|_-+=0123456789",
    *["'s", "'LL", "'\u017f", "\u0085", "\ufeff", "\u00a0", "\u2028", "\u3000", "é", "e\u0301"],
    *["½", "²", "٣", "一", "日本", "🎉", "👩‍👩‍👧", "ﬁ", "İ", "\u0000", "\u200b", "\u180e", "𝔘"],
    *["<|im_start|>", "<tool>", "thing", "  \n", "\r\n"],
]


def write_tokenizers() -> None:
    source = [p.read_text(errors="ignore") for p in Path(__file__).parent.glob("*.*")]
    source += ["Ünïcödé naïve café 12345 ½ ² 一二三 日本語テキスト हिन्दी 🎉🎉 ﬁ İ"] * 5
    rnd = random.Random(1)
    texts = ["".join(rnd.choice(PIECES) for _ in range(rnd.randint(1, 40))) for _ in range(1500)]
    texts += ["Hello world", "I'LL don't we'Ve", "12345678", "a  b   c", "line\n\n  next\n", "", " "]
    for name, (normalizer, rule, is_whole) in RULES.items():
        tokenizer = Tokenizer(models.BPE(ignore_merges=is_whole))
        if normalizer:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = rule
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=1200,
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=byte_level.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(source, trainer)
        tokenizer.add_tokens(
            [AddedToken(text, special=False, normalized=False) for text in ("<tool>", "thing")]
        )
        folder = out / "tokenizers" / name
        folder.mkdir(parents=True)
        tokenizer.save(str(folder / "tokenizer.json"))
        cases = [[text, tokenizer.encode(text, add_special_tokens=False).ids] for text in texts]
        (folder / "cases.json").write_text(json.dumps(cases))


write_models()
write_tokenizers()
