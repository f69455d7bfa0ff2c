"""Random weights under which a small model's logits still depend on everything."""

import torch


def randomize(model: torch.nn.Module) -> None:
    """Norms around 1, biases and embeddings small, linears of deviation 1 / sqrt(in). Draws from torch's own generator."""
    with torch.no_grad():
        for part, weights in model.named_parameters():
            noise = torch.randn_like(weights)
            if "norm" in part:
                weights.copy_(1 + 0.3 * noise)
            elif "bias" in part or "embed" in part:
                weights.copy_(0.3 * noise)
            else:
                weights.copy_(noise * weights.shape[1] ** -0.5)
