"""mlx-lm adapters in many settings over OUT/base: OUT/<case>/ as mlx-lm saves it, OUT/<case>.safetensors with mlx's logits.

python mlx_folders.py OUT (after folders.py, which makes OUT/base and OUT/ids.json)
"""

import json
import sys
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters
from mlx_lm.utils import load_model, save_config

mx.set_default_device(mx.cpu)
out = Path(sys.argv[1])
ids = json.loads((out / "ids.json").read_text())


def case(name: str, num_layers: int = -1, kind: str = "lora", dtype: mx.Dtype | None = None, **lora) -> None:
    parameters = {"rank": 4, "dropout": 0.0, "scale": 2.0, **lora}
    model, _ = load_model(out / "base")
    model.freeze()
    if kind == "full":
        model.layers[-1].unfreeze()
    else:
        linear_to_lora_layers(model, num_layers, parameters, use_dora=kind == "dora")
    mx.random.seed(5)
    weights = dict(tree_flatten(model.trainable_parameters()))
    if kind != "full":
        weights = {n: (0.1 * mx.random.normal(w.shape)).astype(dtype or w.dtype) for n, w in weights.items()}
    folder = out / name
    folder.mkdir()
    mx.save_safetensors(str(folder / "adapters.safetensors"), weights)
    config = {"fine_tune_type": kind, "num_layers": num_layers, "lora_parameters": parameters, "model": str(out / "base")}
    save_config(config, folder / "adapter_config.json")
    model = load_adapters(load_model(out / "base")[0], str(folder))
    model.eval()
    mx.save_safetensors(str(out / f"{name}.safetensors"), {"logits": model(mx.array([ids]))[0].astype(mx.float32)})


case("mlx-all")
case("mlx-last", num_layers=1)
case("mlx-zero", num_layers=0)
case("mlx-keys", rank=3, dropout=0.1, scale=5.5, keys=["self_attn.q_proj", "mlp.down_proj"])
case("mlx-name", keys=["model.layers.0.self_attn.q_proj"])
case("mlx-f16", dtype=mx.float16)
case("mlx-bf16", dtype=mx.bfloat16)
case("mlx-negative", scale=-1.5)
case("mlx-dora", kind="dora")
case("mlx-full", kind="full")
case("mlx-embedding", keys=["model.embed_tokens", "self_attn.q_proj"])
