"""Random blocks of each GGUF tensor format and what gguf-py makes of them: python make-blocks.py > blocks.json"""

import base64
import json

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

# Where a block holds float16 numbers, which must be finite (byte offsets).
HALVES = {
    "F16": [0],
    "BF16": [],
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q2_K": [80, 82],
    "Q3_K": [108],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
    "IQ4_NL": [0],
    "IQ4_XS": [0],
}


def text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


rng = np.random.default_rng(7)
out = {}
for name, halves in HALVES.items():
    kind = GGMLQuantizationType[name]
    numbers, size = GGML_QUANT_SIZES[kind]
    count = 64 if numbers == 1 else 4 if numbers == 32 else 2
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    if name == "BF16":
        blocks[:, 1] &= 0xBF
    for at in halves:
        # Any sign, any size below 2048, subnormal numbers included.
        blocks[:, at + 1] &= 0xEB
    values = quants.dequantize(blocks, kind).astype(np.float32)
    assert np.isfinite(values).all()
    out[name] = {"bytes": text(blocks), "values": text(values)}
print(json.dumps(out, indent=1))
