"""LoRA adapters between PEFT and us, over random tiny models.

python adapters.py make OUT writes OUT/<model>/: base/, ids.json, saved/ (an adapter as PEFT saves it) and
saved.safetensors (its logits, [T, vocab]).
python adapters.py load OUT lets PEFT load every OUT/<model>/ours-*/ over base/ and writes ours-*.safetensors and, named as
the adapter's own tensors, ours-*.gradient.safetensors: of the mean cross-entropy of the tokens from ANSWER_START on.
"""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from random_weights import randomize

ANSWER_START = 20
action, out = sys.argv[1], Path(sys.argv[2])

SIZES = dict(
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=300,
    max_position_embeddings=256,
    tie_word_embeddings=True,
)
MODELS = {
    "llama": (
        LlamaForCausalLM,
        LlamaConfig(**SIZES),
        dict(r=4, lora_alpha=8, target_modules="all-linear"),
    ),
    "qwen2": (
        Qwen2ForCausalLM,
        Qwen2Config(**SIZES),
        dict(
            r=3,
            lora_alpha=6,
            use_rslora=True,
            target_modules=["q_proj", "v_proj", "down_proj"],
            layers_to_transform=[1, 3],
        ),
    ),
    "qwen3": (
        Qwen3ForCausalLM,
        Qwen3Config(**SIZES, head_dim=32),
        dict(r=2, lora_alpha=5, target_modules=["q_proj", "k_proj", "o_proj", "gate_proj"]),
    ),
}


def logits_of(model: torch.nn.Module, ids: list[int]) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return {"logits": model.eval()(torch.tensor([ids])).logits[0].contiguous()}


def make() -> None:
    torch.manual_seed(1)
    for name, (kind, config, lora) in MODELS.items():
        folder = out / name
        model = kind(config)
        randomize(model)
        model.save_pretrained(folder / "base")
        ids = torch.randint(0, SIZES["vocab_size"], (48,)).tolist()
        (folder / "ids.json").write_text(json.dumps(ids))
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **lora))
        with torch.no_grad():
            for part, weights in model.named_parameters():
                if "lora_" in part:
                    weights.copy_(0.1 * torch.randn_like(weights))
        model.save_pretrained(folder / "saved")
        save_file(logits_of(model, ids), folder / "saved.safetensors")


def load() -> None:
    for name in MODELS:
        folder = out / name
        ids = json.loads((folder / "ids.json").read_text())
        for adapter in sorted(p for p in folder.glob("ours-*") if p.is_dir()):
            base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
            model = PeftModel.from_pretrained(base, adapter, is_trainable=True)
            save_file(logits_of(model, ids), folder / f"{adapter.name}.safetensors")
            logits = model(torch.tensor([ids])).logits[0, ANSWER_START - 1 : -1]
            torch.nn.functional.cross_entropy(logits, torch.tensor(ids[ANSWER_START:])).backward()
            gradient = {
                name.replace(".default", ""): weights.grad
                for name, weights in model.named_parameters()
                if weights.grad is not None
            }
            save_file(gradient, folder / f"{adapter.name}.gradient.safetensors")


{"make": make, "load": load}[action]()
