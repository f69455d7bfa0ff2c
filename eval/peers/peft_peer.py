"""PEFT as its documentation uses it: LoRA on all seven linears, AdamW, float32 on the CPU. Speaks JSON lines (peer-process.ts).

Nothing is cached, packed or skipped, and gradient checkpointing is off: it would halve the speed.
"""

import time

from peer_program import serve  # isort: skip

import torch  # noqa: E402
from peft import get_peft_model  # noqa: E402
from peft_lora import lora_config  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

model = optimizer = None


def open_model(request):
    global model, optimizer
    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(request["folder"], dtype=torch.float32)
    config = lora_config(request)
    model = get_peft_model(base, config)
    model.train()
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=request["learningRate"], weight_decay=0.0)
    return {}


def step(loss):
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def complete(request):
    """One step on sequences of equal length; every token but the first is predicted."""
    ids = torch.tensor(request["ids"])
    return step(model(input_ids=ids, labels=ids, use_cache=False).loss)


def pooled(answer):
    """Mean of the last layer's states over the answer, before the final norm, as the device pools its own."""
    inner = model.get_base_model().model
    kept = []
    hook = inner.layers[-1].register_forward_hook(
        lambda _, __, out: kept.append(out[0] if isinstance(out, tuple) else out)
    )
    inner(input_ids=torch.tensor([answer["ids"]]), use_cache=False)
    hook.remove()
    return kept[0][0, answer["answerStart"] :].mean(dim=0)


def reward(request):
    """Bradley-Terry steps, a pair each."""
    head = torch.tensor(request["head"])
    losses = [
        step(
            -pair["weight"]
            * torch.nn.functional.logsigmoid(
                (pooled(pair["chosen"]) - pooled(pair["rejected"])) @ head + pair["offset"]
            )
        )
        for pair in request["pairs"]
    ]
    return sum(losses) / len(losses)


def states(request):
    """What a head is fitted on after the training."""
    with torch.no_grad():
        return [pooled(answer).tolist() for answer in request["answers"]]


TASKS = {"complete": complete, "reward": reward}


def perform(request):
    if request["do"] == "open":
        return open_model(request)
    if request["do"] == "states":
        return {"states": states(request)}
    began = time.perf_counter()
    loss = TASKS[request["do"]](request)
    return {"loss": loss, "seconds": time.perf_counter() - began}

serve(perform)
