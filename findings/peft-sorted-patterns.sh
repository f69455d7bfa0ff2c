#!/usr/bin/env bash
# PEFT 0.21.2: an adapter with `alpha_pattern` can be another function after save_pretrained and from_pretrained, without a word. Where
# two patterns match a module, the first one in the dict counts; save_pretrained writes adapter_config.json with sorted keys, so after
# loading another one is first. Expected: the same scaling and output, as for every other adapter. Here: layers.1.q has scaling 16
# (alpha 64) when it is trained and 1 (alpha 4) when it is loaded, no warning; with `rank_pattern` instead, loading fails on the
# sizes of the adapter's own file. Seen on CPU with torch 2.13.0, transformers 5.23.0. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-input torch==2.13.0 transformers==5.23.0 peft==0.21.2
cat > run.py <<'PY'
import json
import sys
import warnings
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model

warnings.simplefilter("error")


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q = torch.nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.q(x)


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = torch.nn.ModuleList([Block(), Block()])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def saved(folder: str, **patterns: dict) -> PeftModel:
    """q first, as it is written; sorted, the pattern of the layer comes first."""
    config = LoraConfig(r=4, lora_alpha=4, target_modules=["q"], init_lora_weights=False, **patterns)
    model = get_peft_model(Net(), config)
    model.save_pretrained(folder)
    return model


def scaling(model: PeftModel) -> float:
    return model.base_model.model.layers[1].q.scaling["default"]


x = torch.ones(1, 8)
trained = saved("alphas", alpha_pattern={"q": 64, r"layers\.1\.q": 4})
loaded = PeftModel.from_pretrained(Net(), "alphas")
difference = (trained(x) - loaded(x)).abs().max().item()
order = list(json.loads(Path("alphas/adapter_config.json").read_text())["alpha_pattern"])
print(f"patterns in the file: {order}; scaling {scaling(trained)} trained, {scaling(loaded)} loaded")
print(f"outputs differ by {difference:.2f}")

saved("ranks", rank_pattern={"q": 2, r"layers\.1\.q": 4})
try:
    PeftModel.from_pretrained(Net(), "ranks")
    problem = "none"
except RuntimeError as error:
    problem = str(error).split("\n")[1].strip()
print(f"ranks: {problem}")
is_seen = scaling(trained) == 16 and scaling(loaded) == 1 and difference > 0.1 and "size mismatch" in problem
sys.exit(0 if is_seen else 1)
PY
env/bin/python run.py
