"""A federation as Flower and PEFT make it: LoRA on all seven linears, devices that train both factors
with AdamW, and Flower's weighted mean of array records. Speaks JSON lines (peer-process.ts).

One process does the work of all devices in turn, so nothing is sent, and no time is taken by Flower's
network or its simulation engine.
"""

import time

from peer_program import serve  # isort: skip

import torch  # noqa: E402
from flwr.app import ArrayRecord, MetricRecord, RecordDict  # noqa: E402
from flwr.serverapp.strategy.strategy_utils import aggregate_arrayrecords  # noqa: E402
from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict  # noqa: E402
from peft_lora import lora_config  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

folder = config = model = released = None
rate = 0.0


def open_model(request):
    global folder, config
    torch.set_num_threads(request["threads"])
    folder = request["folder"]
    config = lora_config(request)
    load(1)
    return {}


def load(seed):
    global model, released
    torch.manual_seed(seed)
    if model is not None:
        model = model.unload()
    base = model if model is not None else AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = get_peft_model(base, config)
    released = {name: value.clone() for name, value in get_peft_model_state_dict(model).items()}


def start(request):
    """A new federation, from a new adapter."""
    global rate
    rate = request["learningRate"]
    load(request["seed"])
    return {}


def train(batches):
    """What one device does in a round; the record that it replies with."""
    set_peft_model_state_dict(model, released)
    model.train()
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=rate, weight_decay=0.0)
    for batch in batches:
        ids = torch.tensor(batch)
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(moving, 1.0)
        optimizer.step()
    state = {name: value.detach().clone() for name, value in get_peft_model_state_dict(model).items()}
    count = sum(len(batch) for batch in batches)
    return RecordDict({"arrays": ArrayRecord(state), "metrics": MetricRecord({"num-examples": count})})


def federated_round(request):
    global released
    began = time.perf_counter()
    replies_of_devices = [train(batches) for batches in request["batches"]]
    on_devices = time.perf_counter() - began
    began = time.perf_counter()
    released = aggregate_arrayrecords(replies_of_devices, "num-examples").to_torch_state_dict()
    on_server = time.perf_counter() - began
    sent = sum(value.numel() * value.element_size() for value in released.values())
    return {"seconds": on_devices / len(request["batches"]) + on_server, "sentBytes": sent}


def loss(request):
    """Nats a token, over sequences of one length."""
    set_peft_model_state_dict(model, released)
    model.eval()
    with torch.no_grad():
        found = []
        for i in range(0, len(request["ids"]), 8):
            ids = torch.tensor(request["ids"][i : i + 8])
            found += [model(input_ids=ids, labels=ids, use_cache=False).loss.item()] * len(ids)
    return {"loss": sum(found) / len(found)}


TASKS = {"open": open_model, "start": start, "round": federated_round, "loss": loss}

serve(lambda request: TASKS[request["do"]](request))
