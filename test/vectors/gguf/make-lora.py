"""Layers 1 and 2 of ../tiny-llama/adapter as GGUF adapters, made with gguf-py the way llama.cpp's
convert_lora_to_gguf.py does: python make-lora.py writes lora-llama.gguf (F32, rows of q and k interleaved) and
lora-qwen2.gguf (F16, rows as they are)."""

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

HERE = Path(__file__).parent
ADAPTER = HERE.parent / "tiny-llama" / "adapter"
HEADS = {"q_proj": 4, "k_proj": 2}
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "mlp.down_proj": "ffn_down",
}


def permute(rows: np.ndarray, heads: int) -> np.ndarray:
    """LlamaModel.permute of llama.cpp's convert_hf_to_gguf.py."""
    return (
        rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
        .swapaxes(1, 2)
        .reshape(rows.shape)
    )


def write(arch: str, dtype: type) -> None:
    tensors = load_file(ADAPTER / "adapter_model.safetensors")
    config = json.loads((ADAPTER / "adapter_config.json").read_text())
    writer = gguf.GGUFWriter(str(HERE / f"lora-{arch}.gguf"), arch)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(config["lora_alpha"]))
    for layer in (1, 2):
        for linear, name in NAMES.items():
            prefix = f"base_model.model.model.layers.{layer}.{linear}"
            a = tensors[f"{prefix}.lora_A.weight"]
            b = tensors[f"{prefix}.lora_B.weight"]
            heads = HEADS.get(linear.split(".")[1])
            if arch == "llama" and heads:
                b = permute(b, heads)
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_a", a.astype(dtype))
            writer.add_tensor(f"blk.{layer}.{name}.weight.lora_b", b.astype(dtype))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


write("llama", np.float32)
write("qwen2", np.float16)
