"""python auto_peft.py ADAPTER HF_HOME IDS lets PEFT open an adapter by its own words alone and writes ADAPTER/logits.safetensors."""

import json
import os
import sys
from pathlib import Path

os.environ |= {"HF_HOME": sys.argv[2], "HF_HUB_OFFLINE": "1"}

import torch  # noqa: E402
from peft import AutoPeftModelForCausalLM  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

model = AutoPeftModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
ids = json.loads(Path(sys.argv[3]).read_text())
with torch.no_grad():
    save_file({"logits": model(torch.tensor([ids])).logits[0].contiguous()}, Path(sys.argv[1]) / "logits.safetensors")
