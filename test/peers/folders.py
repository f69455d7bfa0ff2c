"""Adapter folders of PEFT, TRL and transformers in many settings, over one random tiny Llama.

python folders.py OUT writes OUT/base/ (with a tokenizer), OUT/ids.json, and for each case OUT/<case>/ as the program saves it and
OUT/<case>.safetensors: the logits [T, vocab] of the adapter as PEFT loads it.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from datasets import Dataset
from peft import EvaConfig, LoraConfig, PeftModel, get_peft_model, initialize_lora_eva_weights
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from random_weights import randomize

warnings.filterwarnings("ignore")
out = Path(sys.argv[1])
torch.manual_seed(3)
SIZES = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
    vocab_size=259,
    max_position_embeddings=128,
    tie_word_embeddings=False,
    pad_token_id=0,
)
model = LlamaForCausalLM(LlamaConfig(**SIZES))
randomize(model)
model.save_pretrained(out / "base")
letters = Tokenizer(
    models.BPE(vocab={t: i for i, t in enumerate(["<pad>", "<s>", "</s>", *pre_tokenizers.ByteLevel.alphabet()])}, merges=[])
)
letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
letters.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=letters,
    pad_token="<pad>",
    bos_token="<s>",
    eos_token="</s>",
    chat_template="{% for m in messages %}{{ m.content + '</s>' }}{% endfor %}",
)
tokenizer.save_pretrained(out / "base")
ids = torch.randint(3, SIZES["vocab_size"], (24,)).tolist()
(out / "ids.json").write_text(json.dumps(ids))


def load() -> LlamaForCausalLM:
    return LlamaForCausalLM.from_pretrained(out / "base", dtype=torch.float32)


def write_logits(name: str, model: torch.nn.Module) -> None:
    with torch.no_grad():
        logits = model.eval()(torch.tensor([ids])).logits[0].float().contiguous()
    save_file({"logits": logits}, out / f"{name}.safetensors")


def as_loaded(name: str, folder: str | None = None) -> None:
    write_logits(name, PeftModel.from_pretrained(load(), out / (folder or name)))


def fill(model: torch.nn.Module, parts: str = "lora_", size: float = 0.1) -> torch.nn.Module:
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if parts in name:
                weights.copy_(size * torch.randn_like(weights))
    return model


def case(
    name: str, save: dict | None = None, dtype: torch.dtype | None = None, size: float = 0.1, **config
) -> None:
    model = fill(get_peft_model(load(), LoraConfig(task_type="CAUSAL_LM", **config)), size=size)
    (model.to(dtype) if dtype else model).save_pretrained(out / name, **(save or {}))
    as_loaded(name)


QV = ["q_proj", "v_proj"]
case("all-linear", r=4, target_modules="all-linear")
case(
    "patterns",
    r=6,
    lora_alpha=12,
    target_modules="all-linear",
    rank_pattern={r"^model\.layers\.[02]\.self_attn.*": 3, r"mlp\.(up|down)_proj": 5},
    alpha_pattern={"q_proj": 7, r".*layers\.1\.mlp\..*": 20},
)
case("stabilized", r=6, lora_alpha=12, use_rslora=True, target_modules=QV, rank_pattern={"v_proj": 2}, alpha_pattern={"q_proj": 3})
case("wide", size=0.02, r=256, lora_alpha=300, use_rslora=True, target_modules=["q_proj"])
case("targets-regex", r=4, target_modules=r".*\.layers\.(1|3)\.(self_attn\.(q|k)_proj|mlp\.gate_proj)")
case("exclude-regex", r=4, target_modules=QV, exclude_modules=r"model\.layers\.[12].*")
case("layers", r=4, target_modules=QV, layers_to_transform=[0, 3], layers_pattern=["layers"])
case("layer", r=4, target_modules=["q_proj", "model.layers.0.mlp.up_proj"], layers_to_transform=2)
case("mica", r=4, target_modules=QV, init_lora_weights="mica")
case("orthogonal", r=4, target_modules=QV, init_lora_weights="orthogonal")
case("bf16", r=4, target_modules=QV, dtype=torch.bfloat16)
case("f16", r=4, target_modules=QV, dtype=torch.float16)
case("embeddings", r=4, target_modules=QV, save=dict(save_embedding_layers=True))
case("modules", r=4, target_modules=QV, modules_to_save=["lm_head", "embed_tokens"])
for name, config in {
    "dora": dict(use_dora=True),
    "bias": dict(bias="lora_only"),
    "pissa": dict(init_lora_weights="pissa"),
    "olora": dict(init_lora_weights="olora"),
    "head": dict(target_modules=["lm_head", "q_proj"]),
    "tokens": dict(trainable_token_indices=[1, 2]),
}.items():
    case(name, **{"r": 4, "target_modules": QV, **config})

eva = LoraConfig(
    task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=[*QV, "up_proj"], init_lora_weights="eva", eva_config=EvaConfig(rho=2.0)
)
model = get_peft_model(load(), eva, low_cpu_mem_usage=True)
batch = lambda: {"input_ids": torch.randint(3, 259, (4, 24)), "attention_mask": torch.ones(4, 24, dtype=torch.long)}
initialize_lora_eva_weights(model, [batch() for _ in range(40)])
fill(model, "lora_B").save_pretrained(out / "eva")
as_loaded("eva")

model = get_peft_model(load(), LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=QV), adapter_name="a")
model.add_adapter("b", LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=QV))
fill(model).add_weighted_adapter(["a", "b"], [0.7, -0.3], "both", combination_type="cat")
model.save_pretrained(out / "named", selected_adapters=["both"])
as_loaded("named", "named/both")

model = load()
model.add_adapter(LoraConfig(r=4, target_modules=QV))
fill(model).save_pretrained(out / "transformers")
write_logits("transformers", model)

feature = LoraConfig(task_type="FEATURE_EXTRACTION", r=4, target_modules=QV)
fill(get_peft_model(AutoModel.from_pretrained(out / "base"), feature)).save_pretrained(out / "feature")
model = get_peft_model(load(), LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=QV))
own = dict(model.named_parameters())
with torch.no_grad():
    for name, weights in load_file(out / "feature" / "adapter_model.safetensors").items():
        own[name.replace("model.layers", "model.model.layers").replace(".weight", ".default.weight")].copy_(weights)
write_logits("feature", model)

get_peft_model(
    LlamaForSequenceClassification(LlamaConfig(**SIZES, num_labels=1)), LoraConfig(r=4, target_modules=QV)
).save_pretrained(out / "reward")

TRAIN = dict(
    per_device_train_batch_size=2, max_steps=2, save_steps=1, learning_rate=0.05, report_to=[], use_cpu=True, logging_steps=1
)
config = LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=16, target_modules="all-linear")
texts = Dataset.from_dict({"text": ["the cat sat", "a dog ran", "it is here", "no more"]})
SFTTrainer(
    model=load(), args=SFTConfig(output_dir=str(out / "sft"), max_length=64, **TRAIN), train_dataset=texts, processing_class=tokenizer, peft_config=config
).train()
as_loaded("sft", "sft/checkpoint-2")
pairs = Dataset.from_dict({"prompt": ["say", "tell"] * 2, "chosen": [" yes", " now"] * 2, "rejected": [" no", " never"] * 2})
DPOTrainer(
    model=load(), args=DPOConfig(output_dir=str(out / "dpo"), max_length=64, **TRAIN), train_dataset=pairs, processing_class=tokenizer, peft_config=config
).train()
as_loaded("dpo", "dpo/checkpoint-2")
